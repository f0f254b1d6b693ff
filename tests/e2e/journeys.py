"""Whole journeys: somebody with a telephone in one hand and a page in the other, an agent at the desk, and a stage.

The telephone is the emulator's, the page and the desk are Chromium's, the server is `ivr serve` as it is installed.
Journeys of one stage are played by several threads, each with a browser of its own, because callers mostly wait.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue
from string import ascii_uppercase

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from biometrics import Voiceprint
from ivr.emulator.phone import Call
from ivr.people import set_pace
from ivr.store.contacts import Contact
from tests.wire.smartphone import digits_of, link_of
from tests.wire.system import PASSWORD, PIN, System, running

SOON_SECONDS = 60.0  # only a failing journey waits so long
SOON = SOON_SECONDS * 1000  # milliseconds
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK = {"viewport": {"width": 900, "height": 900}}
SPEED = 6.0  # of the emulator's clock, where nothing else is said
AT_ONCE = 2  # journeys of one stage that need no queue
_NAMES = (f"Morgan {letter}{more}" for letter in ascii_uppercase for more in ascii_uppercase)
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


class Stage(Enum):
    """Where a journey is played. Whoever may be put through needs the queue for themselves."""

    MENUS = "menus"
    QUEUE = "queue"
    REAL_SPEED = "real speed"


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

    def types_code(self, code: str) -> None:
        self.page.goto("/v")
        self.types("The six digits", code)
        self.presses("Open my call")

    def types_pin(self, pin: str = PIN) -> None:
        self.page.locator("input[type=password]").fill(pin)
        self.page.locator("form.ask button[type=submit]").click()

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
            with self.page.expect_navigation():
                self.page.locator(f".languages button[value={language}]").click()
            if self.page.locator("html").get_attribute("lang") == language:
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


@dataclass
class Journey:
    """What a test is given: who calls, and everybody else whom it takes."""

    system: System
    browser: Browser
    caller: Contact = None
    call: Call = None
    number: str = ""  # that the caller dials from
    tabs: list[Page] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)  # from the pages, for whoever reads a failure

    # -- who takes part ---------------------------------------------------------------------------------------------

    def customer(self, *, known_voice: bool = False, hurried: bool = False) -> None:
        """Somebody on file. They are given more time to answer, unless ``hurried``: the clock runs fast, browsers do not."""
        voice = Voiceprint(np.eye(1, 192, dtype=np.float32), "0" * 64, LONG_AGO, 12.0) if known_voice else None
        self.caller = self.system.contact(f"Alice {next(_NAMES)}", voiceprint=voice)
        self.number = self.caller.number
        if not hurried and self.system.speed > 1:
            set_pace(self.system.database, self.caller.customer_number, "slow")

    def smartphone(self, **options: object) -> Smartphone:
        return Smartphone(self._tab(**PHONE, **options))

    def agent(self) -> Desk:
        number = self.system.number()
        name = f"sam{number[-5:]}"
        self.system.agent(name, number)
        self.system.carrier.phone(number, presses="1")
        desk = Desk(self._tab(**DESK))
        desk.page.goto("/desk")
        desk.types("Name", name)
        desk.types("Password", PASSWORD)
        desk.presses("Sign in")
        return desk

    def _tab(self, **options: object) -> Page:
        context = self.browser.new_context(base_url=self.system.url, **options)
        context.set_default_timeout(SOON)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: asked.method == "POST" and self._noted(f"POST {asked.url}"))
        page.on("response", lambda reply: reply.request.method == "POST" and self._noted(f"{reply.status} {reply.url}"))
        self.tabs.append(page)
        return page

    def _noted(self, what: str) -> None:
        self.sent.append(f"  {datetime.now(UTC):%X} {what}")

    # -- the telephone ----------------------------------------------------------------------------------------------

    def dials(self) -> None:
        self.call = self.system.dials(self.number)

    def hears(self, words: str | re.Pattern[str]) -> str:
        entry = self.call.hears(words, within_seconds=SOON_SECONDS)
        return entry["text"] or entry["url"]

    def hears_persian(self) -> None:
        """Sound of ours: the carrier has no such voice."""
        self.hears(re.compile("/prompt/"))

    def presses(self, keys: str) -> None:
        assert self.call.presses(keys, wait_seconds=SOON_SECONDS), f"nobody listened for {keys}"

    def says(self, words: str) -> None:
        assert self.call.says(words, wait_seconds=SOON_SECONDS), f"nobody listened to {words!r}"

    def hangs_up(self) -> None:
        self.call.hangs_up()

    def is_hung_up_on(self) -> None:
        self.call.waits_until("completed", within_seconds=SOON_SECONDS)

    def talks_to_the_agent(self) -> Call:
        """Returns the agent's leg."""
        return self.call.is_connected(within_seconds=SOON_SECONDS)[0]

    # -- what callers do all the time -------------------------------------------------------------------------------

    def gets_link(self, after: str | None = None) -> str:
        """Of the newest message to the number on file; not the one of ``after``."""

        def newest() -> str | None:
            link = link_of(self.system, self.caller.number)
            return link if link != after else None

        return self.until(newest, "a message with a new link")

    def digits(self) -> str:
        """That open the link, as the phone has said them."""
        return digits_of(self.call)

    def opens_link(self, **options: object) -> Smartphone:
        """With the digits that the phone says."""
        self.hears(re.compile(r"enter \d ?\d"))
        return self._opens(**options)

    def opens_link_for_proof(self) -> Smartphone:
        """Once the phone asks for it."""
        self.hears("First I need to be sure that it is you")
        return self._opens()

    def _opens(self, **options: object) -> Smartphone:
        phone = self.smartphone(**options)
        phone.opens(self.gets_link(), self.digits())
        return phone

    def has_menu_in_hand(self, **options: object) -> Smartphone:
        """The customer dials and opens the page: phone and page are at the main menu."""
        if self.caller is None:
            self.customer()
        self.dials()
        phone = self.opens_link(**options)
        phone.offers("Balance", "Speak to a person")
        return phone

    def hears_code(self) -> str:
        return "".join(re.findall(r"\d", self.hears(re.compile(r"enter the code (\d ){5}\d")).partition("code")[2]))

    def answers(self) -> dict[str, str]:
        return self.system.session(self.call).answers

    def until(self, holds: Callable[[], object], what: str) -> object:
        ends = time.monotonic() + SOON_SECONDS
        while not (found := holds()):
            assert time.monotonic() < ends, f"not within {SOON_SECONDS:g} s: {what}"
            time.sleep(0.05)
        return found

    # -- afterwards -------------------------------------------------------------------------------------------------

    def story(self) -> str:
        """For whoever reads the failure: what was heard, what the server took, what stands on the pages."""
        if self.call is None:
            return "no call was made"
        taken = "\n".join(f"  {row.revision} turn {row.turn} {row.at:%X} {row.input}" for row in self.system.log(self.call))
        pages = [f"{page.url}\n{page.locator('body').inner_text(timeout=2000)}" for page in self.tabs]
        return "\n\n".join([self.call.transcript(), taken, "\n".join(self.sent), *pages])

    def leaves_nothing_behind(self) -> None:
        if self.call is not None and self.call.status in ("in-progress", "ringing"):
            self.call.hangs_up()
        for page in self.tabs:
            page.context.close()


Plot = Callable[[Journey], None]
PLOTS: dict[str, tuple[Stage, Plot]] = {}  # by what a customer calls them


def journey(name: str, stage: Stage = Stage.MENUS) -> Callable[[Plot], Plot]:
    """Adds a journey to the table."""

    def add(plot: Plot) -> Plot:
        assert name not in PLOTS, f"two journeys are called {name!r}"
        PLOTS[name] = (stage, plot)
        return plot

    return add


class Playing:
    """Plays the named journeys; ``result(name)`` waits for one and raises what went wrong in it."""

    def __init__(self, names: list[str], directory: Path, chromium: str, arguments: list[str]) -> None:
        self._outcomes: dict[str, Future[None]] = {name: Future() for name in names}
        self._launch = {"executable_path": chromium, "args": arguments}
        self._stopped = threading.Event()
        real = [name for name in names if PLOTS[name][0] is Stage.REAL_SPEED]
        halls = [("quick", SPEED, [name for name in names if name not in real]), ("real", 1.0, real)]
        self._halls = [
            threading.Thread(target=self._hall, args=(directory / hall, speed, wanted), name=hall)
            for hall, speed, wanted in halls if wanted
        ]  # fmt: skip
        for hall in self._halls:
            hall.start()

    def result(self, name: str) -> None:
        self._outcomes[name].result()

    def stop(self) -> None:
        """What has begun ends first."""
        self._stopped.set()
        for hall in self._halls:
            hall.join()

    def _hall(self, directory: Path, speed: float, names: list[str]) -> None:
        """One system, and a thread for every lane of it."""
        directory.mkdir()
        try:
            with running(directory, speed=speed) as system:
                lanes = [threading.Thread(target=self._lane, args=(system, queue)) for queue in _lanes(names)]
                for lane in lanes:
                    lane.start()
                for lane in lanes:
                    lane.join()
        except BaseException as error:  # a system that does not start or stop: told by every journey without an outcome
            self._fail(names, error)

    def _lane(self, system: System, names: SimpleQueue[str]) -> None:
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**self._launch)
                for name in _drained(names):
                    if self._stopped.is_set():
                        return
                    self._play(name, Journey(system, browser))
        except BaseException as error:
            self._fail(list(_drained(names)), error)

    def _play(self, name: str, journey: Journey) -> None:
        with ExitStack() as stack:
            stack.callback(journey.leaves_nothing_behind)
            try:
                PLOTS[name][1](journey)
                assert not journey.errors, journey.errors
            except BaseException as error:
                error.add_note(journey.story())
                self._outcomes[name].set_exception(error)
            else:
                self._outcomes[name].set_result(None)

    def _fail(self, names: list[str], error: BaseException) -> None:
        for name in names:
            if not self._outcomes[name].done():
                self._outcomes[name].set_exception(error)


def _lanes(names: list[str]) -> list[SimpleQueue[str]]:
    """The queue is a lane of its own; the other lanes share their journeys, and so do those at real speed."""
    queued, others = SimpleQueue(), SimpleQueue()
    for name in names:
        (queued if PLOTS[name][0] is Stage.QUEUE else others).put(name)
    return [queued, *[others] * AT_ONCE]


def _drained(names: SimpleQueue[str]) -> Iterator[str]:
    while True:
        try:
            yield names.get_nowait()
        except Empty:
            return


@contextmanager
def playing(names: list[str], directory: Path, chromium: str, arguments: list[str]) -> Iterator[Playing]:
    started = Playing(names, directory, chromium, arguments)
    try:
        yield started
    finally:
        started.stop()
