"""What has to be said aloud, in a real browser: large, in reading order, with the time there is."""

from __future__ import annotations

import re

from catalogue import SCREENS, show
from msgspec.structs import replace
from playwright.sync_api import expect
from tabs import tab
from test_page_browser import open_page

from ivr.flow.inputs import By
from ivr.flow.steps import Factor

WAIT = SCREENS["challenge"].wait


def spent(page) -> float:
    """Milliseconds of the bar's time that had gone when it was drawn."""
    return float(page.locator(".seconds").evaluate("each => -parseFloat(each.style.getPropertyValue('--spent'))"))


def drawn_again(services) -> None:
    """Something else has changed: the same turn, another revision."""
    session = services.sessions["call1"]
    services.saves(replace(session, revision=session.revision + 1), ("Please say the digits on your screen.",))


def test_the_digits_are_large_and_in_order_and_the_page_says_once_what_to_do(services, phone) -> None:
    open_page(phone, services)
    show(services, "challenge")
    expect(phone.get_by_role("heading", name="Say this aloud on the phone now")).to_be_visible()
    digits = phone.locator(".words li")
    assert re.sub(r"\s", "", "".join(digits.all_text_contents())) == "471290"
    size = phone.evaluate("parseFloat(getComputedStyle(document.querySelector('.words li')).fontSize)")
    assert size >= 48
    expect(phone.locator("#status")).to_have_text("Say this aloud on the phone now")
    assert phone.locator("#status").get_attribute("aria-live") == "polite"
    expect(phone.locator("input, textarea").locator("visible=true")).to_have_count(0)


def test_the_bar_goes_on_when_the_same_question_is_drawn_again_and_starts_anew_with_another(services, phone) -> None:
    open_page(phone, services)
    show(services, "challenge")
    phone.wait_for_function("() => (document.querySelector('.seconds i')?.getAnimations()[0]?.currentTime ?? 0) > 400")
    drawn_again(services)
    expect(phone.locator("#screen")).to_have_attribute("data-revision", str(services.sessions["call1"].revision))
    assert spent(phone) >= 400
    services.waits(
        "call1",
        replace(WAIT, words=("9", "9", "0", "3")),
        "Please say 9 9 0 3.",
        step="challenge",
        factors=(Factor.PAGE,),
    )
    expect(phone.locator(".words")).to_contain_text("3")
    assert spent(phone) == 0


def test_nothing_moves_for_whoever_wants_no_motion(services, chromium, address) -> None:
    for phone in tab(chromium, base_url=address, viewport={"width": 390, "height": 844}, reduced_motion="reduce"):
        open_page(phone, services)
        show(services, "challenge")
        expect(phone.get_by_text("The phone listens for 6 seconds after it has asked.")).to_be_visible()
        expect(phone.locator(".seconds")).to_be_hidden()


def test_digits_run_from_left_to_right_in_persian_and_words_have_a_line_each(services, phone) -> None:
    services.flow = replace(services.flow, language="fa")
    services.rings()
    phone.goto(services.sends_link())
    phone.locator("#digits").fill("47")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/v/call")
    show(services, "challenge")
    expect(phone.locator(".words li").first).to_have_text("۴")
    left = [box["x"] for box in (one.bounding_box() for one in phone.locator(".words li").all())]
    assert left[:3] == sorted(left[:3])
    show(services, "challenge, words")
    expect(phone.locator(".words li").first).to_have_text("درخت")
    boxes = [one.bounding_box() for one in phone.locator(".words li").all()]
    assert [box["y"] for box in boxes] == sorted({box["y"] for box in boxes})


def test_a_person_is_one_tap_away(services, phone) -> None:
    open_page(phone, services)
    show(services, "challenge")
    phone.get_by_role("button", name="Speak to a person").tap()
    phone.wait_for_function("() => document.readyState === 'complete'")
    expect(phone.locator("#screen")).to_be_visible()
    assert [(one.keys, one.by) for one in services.inputs[-1:]] == [("0", By.TAP)]


def test_a_page_that_proves_nothing_shows_none_of_it(services, phone) -> None:
    open_page(phone, services)
    services.waits("call1", WAIT, "Please say 4 7 1 2 9 0.", step="challenge")
    expect(phone.get_by_role("heading", name="Say what the phone asks you to say")).to_be_visible()
    assert "4 7 1" not in phone.content() and "words" not in phone.locator("main").inner_html()
