"""The caller's smartphone and the agent's desk side by side, in two real browsers."""

from __future__ import annotations

from conversation import talks
from playwright.sync_api import expect
from test_desk_browser import sign_in

from ivr.flow.waits import TalkingToAgent


def natural_width(picture) -> int:
    return picture.evaluate("image => image.decode().then(() => image.naturalWidth)")


def test_an_agent_looks_shows_and_asks_and_the_caller_stops_it(services, phone, computer):
    services.dispatch.add("sam", "right")
    talks(services)
    phone.goto(services.sends_link())
    phone.get_by_role("textbox").fill("47")
    phone.get_by_role("button").click()
    expect(phone.locator(".looking p")).to_have_text("Sam is looking at this screen with you.")

    sign_in(computer, "sam")
    handset = computer.locator(".handset")
    expect(handset).to_contain_text("You are connected.")
    assert handset.locator("button, a, input, form").count() == 0  # it can only be looked at
    services.waits("call1", TalkingToAgent(agent="sam", room="room"), "Thank you for holding.")
    services.dispatch.moved("sam")
    expect(handset).to_contain_text("Thank you for holding.")

    computer.get_by_label("Note").fill("wants the address")
    computer.get_by_label("Show on the caller's page").select_option("house")
    computer.get_by_role("button", name="Show", exact=True).click()
    picture = phone.get_by_role("img", name="The house")
    expect(picture).to_be_visible()
    assert natural_width(picture) == natural_width(handset.get_by_role("img", name="The house")) == 720
    expect(phone.locator("#status")).to_have_text("Sam shows you this The house")
    expect(computer.get_by_label("Note")).to_have_value("wants the address")

    computer.get_by_label("Show on the caller's page").select_option("sure")
    computer.get_by_role("button", name="Show", exact=True).click()
    phone.get_by_role("button", name="Yes").click()
    expect(phone.get_by_text("You answered: yes", exact=True)).to_be_visible()
    expect(computer.locator(".asked")).to_contain_text("Shall Riverside Bank call you? – Yes")

    expect(computer.locator("#status")).to_have_text("Shall Riverside Bank call you? – Yes")
    phone.get_by_role("button", name="Stop").click()
    expect(phone.locator(".looking p")).to_have_text("Only you see this screen.")
    expect(computer.locator(".nothing")).to_have_text("The caller has stopped sharing the screen.")
    expect(handset).to_have_count(0)
    phone.get_by_role("button", name="Let my agent look").click()
    expect(handset).to_be_visible()

    computer.get_by_label("Show on the caller's page").select_option("terms")
    computer.get_by_role("button", name="Show", exact=True).click()
    with phone.expect_download() as begun:
        phone.get_by_role("link", name="Open: Terms").click()
    assert begun.value.suggested_filename == "terms.pdf"
    services.hangs_up()
    services.dispatch.offers("sam", None)
    expect(handset).to_have_count(0)
    expect(phone.get_by_role("heading", name="The call has ended")).to_be_visible()


def test_without_javascript_stopping_is_a_form(services, plain_phone):
    services.dispatch.add("sam", "right")
    talks(services)
    plain_phone.goto(services.sends_link())
    plain_phone.get_by_role("textbox").fill("47")
    plain_phone.get_by_role("button").click()
    plain_phone.get_by_role("button", name="Stop").click()
    expect(plain_phone.locator(".looking p")).to_be_visible()
    assert services.sessions["call1"].sharing_stopped
