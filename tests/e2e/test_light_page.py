"""What the page costs and needs: few bytes, nothing of others, no script."""

from __future__ import annotations

import re

import pytest
from catalogue import SCREENS, show
from playwright.sync_api import expect

from ivr.flow.inputs import PaceChosen
from ivr.flow.waits import AwaitAnswer, AwaitChoice, AwaitConfirmation, AwaitDigits, AwaitSecret, AwaitSpeech

FIRST_LOAD_BYTES = 60 * 1024
ASKS = (
    AwaitChoice | AwaitDigits | AwaitSpeech | AwaitSecret | AwaitAnswer | AwaitConfirmation
)  # screens that wait for the caller need no reload


def opens(page, services) -> None:
    services.rings()
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill("47")
    page.get_by_role("button", name="Open my call").click()
    expect(page.get_by_text("How can I help?")).to_be_visible()


def test_the_first_load_is_small_and_all_ours(services, address, phone) -> None:
    """From the link to the menu: heads and bodies as they came over the wire, without compression."""
    developer = phone.context.new_cdp_session(phone)
    developer.send("Network.enable")
    received: list[float] = []
    developer.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    policies: list[str] = []
    phone.on("response", lambda reply: policies.append(reply.headers.get("content-security-policy", "")))
    opens(phone, services)
    expect(phone.get_by_role("button", name="Read out")).to_be_visible()
    scripts = [url for url in asked if url.endswith(".js")]
    assert len(scripts) >= 2 and len(received) >= 5, "the count missed something"
    print(f"first load: {sum(received):.0f} bytes in {len(received)} answers")
    assert sum(received) <= FIRST_LOAD_BYTES, f"{sum(received):.0f} bytes"
    assert all(url.startswith((address, "data:")) for url in asked)
    drawn = [policy for policy in policies if policy]
    assert drawn and all("unsafe" not in policy and "script-src 'self'" in policy for policy in drawn)


@pytest.mark.parametrize("name", SCREENS)
def test_nothing_is_inline(services, browse, name) -> None:
    services.rings()
    link = services.sends_link()
    assert "How can I help?" in browse.post(link, data={"digits": "47"}, follow_redirects=True).text
    show(services, name)
    page = browse.get("/v/call").text
    assert "<style" not in page and " style=" not in page
    assert page.count("<script") == len(
        re.findall(r'<script (?:type="module"|async) src="/assets/[^"]+"></script>', page)
    )
    assert not [word for word in page.replace(">", " ").split() if word.startswith("on") and '="' in word]


def test_every_kind_of_screen_works_without_a_script(services, plain_phone) -> None:
    page = plain_phone
    opens(page, services)
    page.get_by_role("button", name="Report a lost card").click()  # choices
    page.get_by_label("Last four digits of the card").fill("12")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("4 digits")  # a mistake is told, nothing is lost
    page.get_by_label("Last four digits of the card").fill("1234")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Back to the start").click()
    page.get_by_role("button", name="Leave a message").click()  # words
    page.get_by_label("What should we pass on?").fill("Please call")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Back to the start").click()
    page.get_by_role("button", name="Balance and payments").click()  # a PIN
    page.get_by_label("Your PIN").fill("2468")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Is there anything else?")).to_be_visible()
    assert services.secrets == ["2468"]
    page.get_by_role("button", name="More time to answer").click()
    expect(page.get_by_role("button", name="More time to answer")).to_have_attribute("aria-pressed", "true")
    assert [one.pace for one in services.inputs if isinstance(one, PaceChosen)] == [3]
    expect(page.get_by_role("button", name="Read out")).to_have_count(0)  # what needs a script is not shown


@pytest.mark.parametrize("name", [name for name, shown in SCREENS.items() if not isinstance(shown.wait, ASKS)])
def test_a_screen_that_waits_looks_again_by_itself_without_a_script(services, browse, name) -> None:
    """Checking, queue, conversation: the browser is told to load them again, for whoever has no script."""
    services.rings()
    browse.post(services.sends_link(), data={"digits": "47"})
    show(services, name)
    page = browse.get("/v/call").text
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert (refresh in page) == (name != "ended")
    assert "Show where the call is now" in page


def test_a_double_click_without_a_script_is_one_tap(services, browse) -> None:
    services.rings()
    drawn = browse.post(services.sends_link(), data={"digits": "47"}, follow_redirects=True).text
    token = drawn.split('name="form_token" value="')[1].split('"')[0]
    first, second, other = (
        browse.post("/v/call/1", data={"form_token": token, "keys": keys}) for keys in ("2", "2", "3")
    )
    assert first.location == second.location == "/v/call"
    assert other.location == "/v/call?moved"  # another choice came too late, and is told so
    assert len([one for one in services.lines if one.input is not None]) == 1
