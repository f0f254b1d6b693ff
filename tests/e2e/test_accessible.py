"""The page for everyone: WCAG 2.2 AA, keyboard only, large text, small windows, what a screen reader is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from axe import axe_source, violations
from catalogue import SCREENS, show, translated
from msgspec.structs import replace
from playwright.sync_api import expect
from tabs import PATIENCE

import ivr
from ivr.authentication.held import ConsentHeld, Held, VoiceprintHeld
from ivr.flow.beginning import begin
from ivr.flow.definition import Flow, in_language
from ivr.flow.loader import load_bundle
from ivr.visual.labels import direction_of
from ivr.web.doors import BegunPage

LANGUAGES = ("en-GB", "fa")  # left to right, right to left
SCHEMES = ("light", "dark")
TEXTS = (100, 200)  # per cent
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}  # WCAG 2.2, 1.4.10


@pytest.fixture(scope="module")
def axe() -> str:
    return axe_source()


def pairwise(*choices: tuple) -> list[tuple]:
    """Rows in which every two values of two different choices meet, found greedily."""
    places = list(itertools.combinations(range(len(choices)), 2))
    open_pairs = {((i, a), (j, b)) for i, j in places for a in choices[i] for b in choices[j]}
    rows = []
    while open_pairs:
        best = max(
            itertools.product(*choices),
            key=lambda row: sum(((i, row[i]), (j, row[j])) in open_pairs for i, j in places),
        )
        open_pairs -= {((i, best[i]), (j, best[j])) for i, j in places}
        rows.append(best)
    return rows


BANK = Path(ivr.__file__).parents[1] / "flows/bank.yaml"


class Beginnings:
    """What a visitor can begin, one already begun, and a link for one more screen."""

    line = "+441632960000"

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.caller_end: str | None = None

    def flows(self):
        return (self.flow,)

    def beginning(self, name, keys, language):
        flow = in_language(self.flow, language)
        return flow, begin(flow, keys)

    def begun(self, cookie, now):
        return BegunPage(flow=self.flow, language="", chosen=(), code="123456", caller_end=self.caller_end)

    def device_link(self, cookie, now):
        return "https://bank.example/v/abc"


PAIRS = pairwise(tuple(SCREENS), LANGUAGES, SCHEMES, TEXTS)


def test_every_screen_meets_every_language_scheme_and_text_size() -> None:
    for index, values in ((1, LANGUAGES), (2, SCHEMES), (3, TEXTS)):
        assert {(row[0], row[index]) for row in PAIRS} == set(itertools.product(SCREENS, values))


def opened(chromium, services, address, **options):
    context = chromium.new_context(base_url=address, viewport=PHONE, **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    services.rings()
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill("47")
    page.keyboard.press("Enter")
    page.wait_for_url("**/v/call")
    return page


def shows(page, services, name: str) -> None:
    """A fresh load, so that the page's language is that of the flow."""
    show(services, name)
    page.goto("/v/call")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_screen_breaks_a_rule(chromium, services, address, axe, scheme) -> None:
    """WCAG 2.2 AA by axe-core, no scrolling sideways, no target below 24 px, pairwise and at 320 px with 200 % text."""
    page = opened(chromium, services, address, color_scheme=scheme, reduced_motion="reduce")
    wrong = {}
    for name, language, _, text in (row for row in PAIRS if row[2] == scheme):
        page.goto("about:blank")  # an open page would load itself again in the other language
        services.sessions["call1"] = replace(services.sessions["call1"], ended=None)
        services.flow = replace(services.flow, language=language, title=translated("Riverside Bank", language))
        page.set_viewport_size(NARROW if text == 200 else PHONE)
        shows(page, services, name)
        page.evaluate("percent => document.documentElement.style.fontSize = percent + '%'", text)
        if problems := [*violations(page, axe), *measured(page)]:
            wrong[f"{name}, {language}, {text} %"] = problems
    page.context.close()
    assert not wrong, wrong


MEASURE = """() => {
  const problems = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) problems.push(`scrolls sideways: ${wide} px`);
  for (const each of document.querySelectorAll('a, button, input:not([type=hidden]), textarea, select, summary')) {
    const box = each.getBoundingClientRect();
    if (box.width && (box.width < 24 || box.height < 24)) problems.push(`${each.outerHTML} is ${box.width} by ${box.height} px`);
    if (box.right > innerWidth + 1 || box.left < -1) problems.push(`${each.outerHTML} is cut off`);
  }
  return problems;
}"""


def measured(page) -> list[str]:
    return page.evaluate(MEASURE)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fa", "dark")])
def test_the_pages_around_the_call_break_no_rule(chromium, services, address, axe, language, scheme) -> None:
    """The gate, its refusal, what is over, the code form, beginning before a call, one more screen, the desk's door."""
    context = chromium.new_context(base_url=address, viewport=NARROW, color_scheme=scheme, locale=language)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "duet_begun", "value": "x", "url": address}])
    page, bank = context.new_page(), load_bundle(BANK).flows["bank"]
    services.rings()
    link = services.sends_link()
    services.joining = Beginnings(bank)
    wrong = {}

    def looks(name: str, direction: str = direction_of(language)) -> None:
        wrong[name] = [*violations(page, axe), *measured(page)]
        assert page.evaluate("getComputedStyle(document.documentElement).direction") == direction, name
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wrong[f"{name}, 200 %"] = measured(page)

    for name, path in {
        "gate": link, "dead link": "/v/none", "no call": "/v/call", "code": "/v", "begin": "/v/start/bank",
        "chosen": "/v/start/bank?chosen=1", "begun": "/v/started",
    }.items():  # fmt: skip
        page.goto(path)
        looks(name)
    services.joining.caller_end = "01"
    page.goto("/v/started")
    looks("called")
    page.goto(link)
    page.locator("#digits").fill("11")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    looks("wrong digits")
    services.flow = replace(services.flow, language=language)
    page.locator("#digits").fill("47")
    page.keyboard.press("Enter")
    page.wait_for_url("**/v/call")
    page.locator("form.device button").click()
    expect(page.locator(".scan")).to_be_visible()
    looks("one more screen")
    page.goto("/desk/sign-in")
    looks("sign-in", "ltr")
    context.close()
    assert not any(wrong.values()), {name: problems for name, problems in wrong.items() if problems}


def test_what_is_held_breaks_no_rule(chromium, services, address, axe) -> None:
    at = services.clock()
    held = Held(
        contact="c", name="Ada Marsh", number_end="101", customer_number_end="101", has_pin=True, facts=("balance",),
        opted_out_at=None, voiceprint=VoiceprintHeld(at, "0a1b2c3d4e5f", at, at), slow=True,
        consent=ConsentHeld("2026-11", "We keep numbers made from your voice. Do you agree?", at, None),
    )  # fmt: skip
    page = opened(chromium, services, address)
    page.set_viewport_size(NARROW)
    wrong = {}
    for name, path in {"locked": "/v/about", "held": "/v/about", "sure": "/v/about?sure=delete"}.items():
        services.held = (lambda session: None) if name == "locked" else (lambda session: held)
        page.goto(path)
        wrong[name] = [*violations(page, axe), *measured(page)]
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        wrong[f"{name}, 200 %"] = measured(page)
    page.context.close()
    assert not any(wrong.values()), wrong


def test_the_checker_is_awake(chromium, services, address, axe) -> None:
    page = opened(chromium, services, address)
    page.evaluate("document.querySelector('.choice').insertAdjacentHTML('beforebegin', '<img src=\"data:,\">')")
    assert any(one.startswith("image-alt") for one in violations(page, axe))
    page.context.close()


def test_with_forced_colours_and_more_contrast_nothing_vanishes(chromium, services, address, axe) -> None:
    for options in ({"forced_colors": "active"}, {"contrast": "more"}):
        page = opened(chromium, services, address, **options)
        for name in ("choices", "digits"):
            shows(page, services, name)
            found = violations(page, axe)
            if "forced_colors" in options:  # the system chooses the colours, and axe-core sees ours
                found = [one for one in found if not one.startswith("color-contrast")]
            assert found == []
            border = page.locator(".choice").first.evaluate("each => getComputedStyle(each).borderTopStyle")
            assert border == "solid"
        page.context.close()


def test_nothing_moves_for_whoever_wants_it_still(chromium, services, address) -> None:
    page = opened(chromium, services, address, reduced_motion="reduce")
    shows(page, services, "checking")
    assert page.evaluate("document.getAnimations().length") == 0
    page.context.close()


# -- keyboard and screen reader ------------------------------------------------------------------------------------------


def focused(page) -> str:
    return page.evaluate("(document.activeElement.innerText || document.activeElement.id || '').trim()")


def test_a_whole_journey_by_keyboard(services, computer) -> None:
    page = computer
    services.rings()
    page.goto(services.sends_link())
    expect(page.get_by_label("The two digits")).to_be_focused()
    page.keyboard.type("47")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Read out")).to_be_visible()
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(focused(page).split("\n")[-1])
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", f"the focus on {order[-1]!r} cannot be seen"
    assert order == [
        "Balance and payments", "Report a lost card", "Set up voice recognition", "Leave a message",
        "Speak to a person", "More time to answer", "Read out what the phone says", "What we hold about you",
    ]  # fmt: skip
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    field = page.get_by_label("Last four digits of the card")
    expect(field).to_be_focused()
    page.keyboard.type("1234")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Is there anything else?")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Back to the start")).to_be_focused()


def test_the_focus_is_not_stolen_when_the_phone_moves_the_screen(services, computer) -> None:
    page = computer
    services.rings()
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill("47")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Read out")).to_be_visible()
    services.goes("call1", "card")
    expect(page.get_by_label("Last four digits of the card")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")  # nothing had the focus, nothing has it now
    more = page.get_by_role("button", name="More time to answer")
    more.focus()
    services.goes("call1", "message")
    expect(page.get_by_label("What should we pass on?")).to_be_visible()
    expect(more).to_be_focused()  # a switch that is on every screen keeps the focus
    page.keyboard.press("Space")
    expect(more).to_have_attribute("aria-pressed", "true")
    expect(more).to_be_focused()


def test_captions_are_read_out_only_to_whoever_asked(services, phone) -> None:
    services.rings()
    phone.goto(services.sends_link())
    phone.get_by_label("The two digits").fill("47")
    phone.keyboard.press("Enter")
    aloud, heard = phone.get_by_role("button", name="Read out what the phone says"), phone.locator("#heard")
    expect(aloud).to_have_attribute("aria-pressed", "false")
    services.goes("call1", "card")
    expect(phone.get_by_role("status")).to_have_text("Last four digits of the card")
    expect(heard).to_be_empty()
    expect(heard).to_have_attribute("aria-live", "off")
    aloud.tap()
    expect(phone.locator("#screen")).to_have_attribute("data-aloud", "yes")  # the call knows that another voice talks
    services.goes("call1", "message")
    expect(heard).to_have_attribute("aria-live", "polite")
    expect(heard).to_have_text("What should we pass on?")
    expect(phone.get_by_role("status")).to_be_empty()  # not said twice
    phone.reload()
    expect(aloud).to_have_attribute("aria-pressed", "true")
    expect(phone.get_by_label("What the phone says")).to_have_attribute("aria-live", "off")


def test_what_is_announced_is_short(services, phone) -> None:
    services.rings()
    phone.goto(services.sends_link())
    phone.get_by_label("The two digits").fill("47")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("button", name="Read out")).to_be_visible()
    for name in SCREENS:
        if name == "choices":
            continue
        turn = show(services, name)
        expect(phone.locator("#screen")).to_have_attribute("data-turn", str(turn))
        assert len(phone.get_by_role("status").inner_text()) <= 60
