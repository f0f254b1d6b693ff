"""What people do in a browser during a call: the caller on the page, the agent at the desk, in words that stand there."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect

from ivr.store.contacts import Contact
from tests.wire.system import PIN

SOON_SECONDS = 60.0  # only a failing journey waits so long
SOON = SOON_SECONDS * 1000  # milliseconds
TRIES = 4  # of a tap that the call had already moved past


class Tab:
    """One page in a browser; every name is what a person reads on it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def presses(self, name: str) -> None:
        self.button(name).first.click()

    def _option(self, label: str) -> Locator:
        return self.page.get_by_role("radio", name=label, exact=True)

    def follows(self, link: str) -> None:
        self.page.get_by_role("link", name=link).first.click()

    def types(self, label: str, text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def picks(self, label: str) -> None:
        self._option(label).check()

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        for text in texts:
            expect(self.page.get_by_text(text).first).to_be_visible(timeout=SOON)

    def offers(self, *buttons: str) -> None:
        for name in buttons:
            expect(self.button(name).first).to_be_visible(timeout=SOON)

    def does_not_offer(self, name: str) -> None:
        expect(self.button(name)).to_have_count(0, timeout=SOON)

    def has_typed(self, label: str, text: str) -> None:
        expect(self.page.get_by_label(label).first).to_have_value(text, timeout=SOON)

    def has_picked(self, label: str) -> None:
        expect(self._option(label)).to_be_checked(timeout=SOON)

    def reads(self, text: str) -> None:
        """Among what the phone has said."""
        expect(self.page.locator(".captions")).to_contain_text(text, timeout=SOON)

    def is_told(self, text: str) -> None:
        """By an alert, as a screen reader speaks it."""
        expect(self.page.get_by_role("alert").first).to_contain_text(text, timeout=SOON)

    def shows_picture(self, name: str) -> None:
        expect(self.page.get_by_role("img", name=name)).to_be_visible(timeout=SOON)

    def reloads(self) -> None:
        self.page.reload()

    def goes_offline(self) -> None:
        self.page.context.set_offline(True)

    def comes_back_online(self) -> None:
        self.page.context.set_offline(False)

    def is_switched_on(self, name: str) -> None:
        expect(self.button(name)).to_have_attribute("aria-pressed", "true", timeout=SOON)

    def shows_the_end(self) -> None:
        self.sees("The call has ended")
        expect(self.page.locator("#screen button")).to_have_count(0, timeout=SOON)


class Smartphone(Tab):
    """The caller's page."""

    def opens(self, link: str, digits: str) -> None:
        self.page.goto(link)
        self.types("The two digits", digits)
        self.presses("Open my call")

    def is_all_there(self) -> None:
        """Its scripts too: before that the page is a plain form, and a tap without a network a browser's error."""
        expect(self.page.locator("html")).to_have_attribute("data-works", "yes", timeout=SOON)

    def types_code(self, code: str) -> None:
        self.page.goto("/v")
        self.types("The six digits", code)
        self.presses("Open my call")

    def types_pin(self, pin: str = PIN) -> None:
        def types() -> None:
            self.page.locator("input[type=password]").fill(pin)
            self.page.locator("form.ask button[type=submit]").click()

        self._until_taken(types)

    def taps(self, choice: str) -> None:
        """A choice that leads on to another step of the flow."""
        self._until_taken(lambda: self.presses(choice))

    def _until_taken(self, act: Callable[[], None]) -> None:
        """As people do: where the phone was quicker and the page asks the same anew, they do it once more."""
        screen = self.page.locator("#screen")
        for _ in range(TRIES):
            turn, step = screen.get_attribute("data-turn"), screen.get_attribute("data-step")
            act()
            expect(screen).not_to_have_attribute("data-turn", turn, timeout=SOON)
            if screen.get_attribute("data-step") != step or "not right" in screen.inner_text():
                return
        raise AssertionError(f"tried {TRIES} times, and the page still asks at step {step!r}")

    def taps_key(self, key: str) -> None:
        """The button of this key, whatever language it is in."""
        self.page.locator(f"button[name=keys][value='{key}']").first.click()

    def is_in(self, language: str, direction: str) -> None:
        page = self.page.locator("html")
        expect(page).to_have_attribute("lang", language, timeout=SOON)
        expect(page).to_have_attribute("dir", direction, timeout=SOON)

    def chooses_language(self, language: str) -> None:
        """Once more where the phone was quicker and the page showed the present instead."""
        for _ in range(5):
            self.page.locator(f".languages button[value={language}]").click()
            with suppress(AssertionError):
                expect(self.page.locator("html")).to_have_attribute("lang", language, timeout=5000)
                return
        raise AssertionError(f"the page stays in {self.page.locator('html').get_attribute('lang')}")


class Desk(Tab):
    """An agent, signed in."""

    def takes_calls(self) -> None:
        self.presses("Available")
        self.sees("Ready for the next caller")

    def is_busy(self) -> None:
        self.presses("Busy")
        self.sees("You are busy")

    def is_offered(self, name: str) -> None:
        expect(self.page.locator(".who h2")).to_have_text(name, timeout=SOON)
        self.offers("Accept")

    def accepts(self) -> None:
        self.presses("Accept")
        expect(self.page.locator(".stage strong")).to_have_text("Connected", timeout=SOON)

    def puts_on_page(self, card: str) -> None:
        self.page.get_by_label("Show on the caller's page").select_option(card)
        self.button("Show").click()

    def looks_at(self, text: str) -> None:
        expect(self.page.locator(".handset")).to_contain_text(text, timeout=SOON)

    def keeps_promise_to(self, caller: Contact) -> None:
        """Takes the call back that stands on the desk, and has talked with them."""
        row = self.page.locator(".promise", has_text=caller.name)
        row.get_by_role("button", name="Take it").click()
        expect(row.get_by_role("link", name=f"Call {caller.number}")).to_be_visible(timeout=SOON)
        row.get_by_role("button", name="We have talked").click()
        expect(row).to_have_count(0, timeout=SOON)

    def finishes(self) -> None:
        self.page.get_by_label("How did it go?").select_option("resolved")
        self.presses("Finish")
        expect(self.button("Finish")).to_have_count(0, timeout=SOON)

    def goes_home(self) -> None:
        self.presses("Sign out")
        self.sees("Sign in")
