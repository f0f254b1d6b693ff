"""Whole journeys: somebody with a telephone in one hand and a page in the other, and perhaps an agent at the desk.

The telephone is the emulator's, the page and the desk are Chromium's, the server is `ivr serve` as it is installed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from string import ascii_uppercase

import numpy as np
from hands import SOON, SOON_SECONDS, TRIES, Desk, Smartphone
from playwright.sync_api import Browser, Page

from biometrics import Voiceprint
from ivr.emulator.phone import Call
from ivr.flow.inputs import Answer, NoInput
from ivr.people import set_pace
from ivr.store.contacts import Contact
from tests.wire.smartphone import digits_of, link_of
from tests.wire.system import PASSWORD, System

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESK = {"viewport": {"width": 900, "height": 900}}
_NAMES = (f"Morgan {letter}{more}" for letter in ascii_uppercase for more in ascii_uppercase)
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


class Stage(Enum):
    """Where a journey is played. Whoever may be put through needs the queue for themselves."""

    MENUS = "menus"
    QUEUE = "queue"
    REAL_SPEED = "real speed"


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
        page.on("requestfailed", lambda asked: self._noted(f"{asked.failure} {asked.method} {asked.url}"))
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
        self._until_taken(lambda: self.call.presses(keys, wait_seconds=SOON_SECONDS), keys)

    def says(self, words: str) -> None:
        self._until_taken(lambda: self.call.says(words, wait_seconds=SOON_SECONDS), words)

    def _until_taken(self, act: Callable[[], bool], what: str) -> None:
        """As people do: whoever was too late, and is asked the same again, answers once more."""
        for _ in range(TRIES):
            turn = self.system.session(self.call).turn
            assert act(), f"nobody listened for {what!r}"
            answer = self.until(partial(self._answer_at, turn), f"an answer to turn {turn}")
            if not isinstance(answer, NoInput):
                return
        raise AssertionError(f"{what!r} came too late {TRIES} times")

    def _answer_at(self, turn: int) -> Answer | None:
        answers = (row.input for row in self.system.log(self.call) if isinstance(row.input, Answer))
        return next((answer for answer in answers if answer.turn == turn), None)

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
        taken = "\n".join(
            f"  {row.revision} turn {row.turn} {row.at:%X} {row.input}" for row in self.system.log(self.call)
        )
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
