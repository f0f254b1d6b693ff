"""While waiting, on a real smartphone's browser: the queue card, how long to keep talking, what is held about me."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from axe import axe_source, violations
from double import Double
from msgspec.structs import replace
from playwright.sync_api import expect
from tabs import PATIENCE
from test_accessible import NARROW, measured
from test_page_browser import open_page

from ivr.authentication.held import ConsentHeld, Held, VoiceprintHeld
from ivr.dispatch import Promised
from ivr.flow.inputs import By, Outcome, VoiceWish, Wish
from ivr.flow.session import Voice
from ivr.flow.waits import AwaitAgent, AwaitFact, Offered
from ivr.visual.hearing import Hearing
from ivr.visual.screen import Live

MADE = datetime(2026, 11, 1, tzinfo=UTC)
HELD = Held(
    contact="ada", name="Ada Marsh", number_end="101", customer_number_end="101", has_pin=True, facts=("balance",),
    opted_out_at=None, voiceprint=VoiceprintHeld(MADE, "8fe6605266bf", None, MADE + timedelta(days=1095)),
    consent=ConsentHeld("2026-11", "May we keep a voiceprint?", MADE, None),
)  # fmt: skip
IN_QUEUE = AwaitAgent(request="r", queue="q", waiting="", choices=(Offered("1", "Call me back instead"),))
COMPARING = AwaitFact(request="v", about="verdict", choices=(Offered("0", "Speak to a person"),))


def test_the_queue_card_tells_place_time_and_estimate_and_offers_a_call_back(services: Double, phone) -> None:
    open_page(phone, services)
    services.facts = Live(place=3, waited_seconds=70, estimate_minutes=6)
    services.waits("call1", IN_QUEUE, "You are number 3 in the queue.")
    card = phone.locator(".card.queue")
    for words in ("3", "You are in the queue", "waited so far", "About 6 more minutes"):
        expect(card).to_contain_text(words)
    phone.get_by_role("button", name="Call me back instead").click()
    expect(card).to_have_count(0)
    assert (services.inputs[-1].keys, services.inputs[-1].by) == ("1", By.TAP)


def test_without_enough_known_there_is_no_estimate(services: Double, phone) -> None:
    open_page(phone, services)
    services.facts = Live(place=1, waited_seconds=2)
    services.waits("call1", IN_QUEUE, "You are number 1 in the queue.")
    expect(phone.locator(".card.queue")).to_contain_text("You are next")
    expect(phone.locator(".estimate")).to_have_count(0)


def test_once_the_agent_comes_nothing_else_can_be_chosen(services: Double, phone) -> None:
    open_page(phone, services)
    coming = AwaitAgent(request="r", queue="q", waiting="", choices=IN_QUEUE.choices, agent="dana", room="x")
    services.waits("call1", coming, "You are next.")
    expect(phone.get_by_role("heading", name="Putting you through…")).to_be_visible()
    expect(phone.locator(".choice")).to_have_count(0)


def test_the_page_counts_down_how_long_to_keep_talking_and_tells_the_verdict_in_words(services: Double, phone) -> None:
    open_page(phone, services)
    services.facts = Live(hearing=Hearing(2.1, 5.0))
    services.waits("call1", COMPARING, "Please tell me what you would like to do.", step="prove")
    heard = phone.locator("[data-heard] span")
    expect(heard).to_have_text("Keep talking… 3 s")
    services.facts = Live(hearing=Hearing(4.2, 5.0))  # no turn, no push: the page asks while it listens
    expect(heard).to_have_text("Keep talking… 1 s")
    services.facts = Live(hearing=Hearing(5.1, 5.0))
    expect(heard).to_have_text("That is enough. One moment…")
    services.waits("call1", IN_QUEUE, "Thank you.", voice=Voice(verdict=Outcome.ACCEPTED, net_speech_seconds=5.1))
    expect(phone.locator(".verdict")).to_have_text("Your voice was recognised.")
    assert "5.1" not in phone.content()


def deletes(browser, services: Double) -> None:
    """From the call's page and back to it."""
    services.holding = HELD
    browser.get_by_role("link", name="What we hold about you").click()
    expect(browser.get_by_text("Ada Marsh")).to_be_visible()
    browser.get_by_text("What you agreed to").click()
    expect(browser.get_by_text("May we keep a voiceprint?")).to_be_visible()
    browser.get_by_role("link", name="Delete my voiceprint").click()  # the first tap
    expect(browser.get_by_text("Delete your voiceprint now?")).to_be_visible()
    assert services.holding.voiceprint is not None, "one tap only asks"
    browser.get_by_role("button", name="Yes").click()  # the second
    expect(browser.get_by_text("Your voiceprint has been deleted.")).to_be_visible()
    expect(browser.get_by_text("We hold no voiceprint of you.")).to_be_visible()
    wish = services.inputs[-1]
    assert isinstance(wish, VoiceWish) and (wish.contact, wish.wish) == ("ada", Wish.DELETE)
    browser.get_by_role("link", name="Back to your call").click()
    expect(browser.locator("#screen")).to_be_visible()


def test_a_voiceprint_is_deleted_in_two_taps(services: Double, phone) -> None:
    open_page(phone, services)
    deletes(phone, services)


def test_a_voiceprint_is_deleted_in_two_taps_without_javascript(services: Double, plain_phone) -> None:
    open_page(plain_phone, services)
    deletes(plain_phone, services)


def test_what_is_held_is_not_shown_before_who_it_is_about_has_proven_it(services: Double, phone) -> None:
    open_page(phone, services)
    phone.get_by_role("link", name="What we hold about you").click()
    expect(phone.get_by_text("First show that it is you")).to_be_visible()
    expect(phone.get_by_role("link", name="Delete my voiceprint")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_new_pages_break_no_rule_of_access(chromium, address, services: Double, scheme: str) -> None:
    """WCAG 2.2 AA by axe-core at 320 px (a caller's pages with 200 % text); nothing scrolls sideways or is hard to hit."""
    axe = axe_source()
    context = chromium.new_context(base_url=address, viewport=NARROW, color_scheme=scheme, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    services.facts = Live(place=3, waited_seconds=70, estimate_minutes=6, hearing=Hearing(2.1, 5.0))
    services.dispatch.add("dana", "right")
    services.promises.waiting = [promise("p1", agent="dana"), promise("p2", contact_name=None, overdue=True)]
    open_page(page, services)
    page.context.add_cookies([{"name": "duet_desk", "value": services.dispatch._cookie("dana"), "url": address}])
    wrong = {}

    def look(name: str, path: str, percent: int = 200) -> None:
        page.goto(path)
        page.evaluate("percent => document.documentElement.style.fontSize = percent + '%'", percent)
        wrong[name] = [*violations(page, axe), *measured(page)]

    look("locked", "/v/about")
    services.holding = HELD
    for name, path in {"held": "", "sure": "?sure=delete", "out": "?sure=opt_out", "done": "?done=deleted"}.items():
        look(name, f"/v/about{path}")
    services.waits("call1", IN_QUEUE, "You are number 3 in the queue.")
    look("queue", "/v/call")
    services.waits("call1", COMPARING, "Please tell me.", voice=Voice(verdict=Outcome.INCONCLUSIVE))
    look("hearing", "/v/call")
    look("desk", "/desk", percent=100)
    services.waits("call1", None, "Goodbye.", ended="flow_finished", promised="+441632960101")
    look("promised", "/v/call")
    context.close()
    assert not any(wrong.values()), wrong


def promise(id: str, **changes: object) -> Promised:
    return replace(
        Promised(
            id=id, number="+441632960101", contact_name="Ada Marsh", level=0, reason="Report a lost card",
            waited_seconds=840, place=2, due_at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC), overdue=False, tries=1,
            agent=None,
        ),
        **changes,
    )  # fmt: skip


@pytest.fixture
def dana(services: Double, computer):
    services.dispatch.add("dana", "right")
    computer.goto("/desk/sign-in")
    computer.get_by_label("Name").fill("dana")
    computer.get_by_label("Password").fill("right")
    computer.get_by_role("button", name="Sign in").click()
    return computer


def test_an_agent_takes_a_promised_call_back_and_keeps_it(services: Double, dana) -> None:
    expect(dana.get_by_text("Promised call backs")).to_have_count(0)
    services.promises.waiting = [promise("p1")]
    services.dispatch.moved("dana")
    row = dana.locator(".promise")
    for words in ("Ada Marsh", "Not verified", "Report a lost card", "waiting for 14 min", "within 24 h", "tried 1×"):
        expect(row).to_contain_text(words)
    expect(row.get_by_role("link")).to_have_count(0)
    row.get_by_role("button", name="Take it").click()
    expect(row.get_by_role("link", name="Call +441632960101")).to_have_attribute("href", "tel:+441632960101")
    expect(dana.get_by_text("You are busy")).to_be_visible()
    row.get_by_role("button", name="We have talked").click()
    expect(row).to_have_count(0)
