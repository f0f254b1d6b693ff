"""Plays an interleaving over the real wire and checks it at every quiet point.

python -m tests.wire.play "contact: key 1, open, tap 0, late 2, race 1/0, hang up"
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from ivr.emulator.phone import Call
from ivr.flow.inputs import Answer, LanguageChoice
from tests.wire.interleaving import FAULTS, Interleaving
from tests.wire.smartphone import Drawn, Smartphone, digits_of, link_of
from tests.wire.system import System, running

SETTLE_SECONDS = 10.0  # real time without any change after which voice and screen must stand in the same turn
MEETING_SECONDS = 60.0  # real time in which they must have met once, though the call goes on meanwhile
OPENING_SECONDS = 1.5  # real time for which a caller waits for the message with the link
SILENCE_SECONDS = 15.0  # carrier time; longer than any question waits for keys
_TURN = re.compile(r"/voice/c/\w+/(\d+)")
_OVER = {"completed", "busy", "failed", "no-answer", "canceled"}


class Divergence(AssertionError):
    """Voice and screen are not in the same turn, or the log is not that of exactly one course of events."""


class Playing:
    """One interleaving on one call."""

    def __init__(self, system: System, interleaving: Interleaving) -> None:
        self.system = system
        self.interleaving = interleaving
        match interleaving.caller:
            case "contact":
                self.number = system.contact().number
            case "enrolled":
                self.number = system.contact(enrolled=True).number
            case _:
                self.number = system.number()
        self.call: Call = system.dials(self.number)
        self.page: Smartphone | None = None
        self._earlier: list[Drawn] = []
        self.quiet_points = 0
        self.happened: list[str] = []

    def play(self) -> None:
        """Raises Divergence."""
        try:
            self._meet("the first turn")
            for act in self.interleaving.acts:
                self._act(*act.partition(" ")[::2], act)
                self._meet(act)
            if self.call.status not in _OVER:
                self.call.hangs_up()
            self._meet("the end")
            check_log(self.system, self.call)
            self._check_debugger()
        finally:
            if self.page is not None:
                self.page.close()

    # -- what happens ---------------------------------------------------------------------------------------------

    def _act(self, verb: str, rest: str, act: str) -> None:
        match verb:
            case "key":
                self.call.presses(rest, wait_seconds=1.0)
            case "rush":
                self.call.presses(rest, wait_seconds=0)
            case "tap":
                self._tap(self.page and self.page.drawn, int(rest))
            case "old":
                old = self._earlier[-2] if len(self._earlier) > 1 else None
                self._tap(old, int(rest.removeprefix("tap ")))
            case "race":
                key, button = rest.split("/")
                pressing = threading.Thread(target=self.call.presses, args=(key, 0))
                pressing.start()
                self._tap(self.page and self.page.drawn, int(button))
                pressing.join()
            case "silence":
                time.sleep(SILENCE_SECONDS / self.system.speed)
            case "wait":
                time.sleep(2.0 / self.system.speed)
            case "say":
                self.call.says(rest, wait_seconds=0.5)
            case "talk":
                self.call.plays(self.system.voices.sounds[rest])
            case "secret":
                digits, _, by = rest.partition(" by ")
                if by == "keypad":
                    self.call.presses(f"{digits}#", wait_seconds=1.0)
                elif self.page is not None and self.page.drawn and self.page.drawn.kind == "secret":
                    self._saw(self.page.sends_secret(digits))
            case "again":
                self._deliver_again(1)
            case "late":
                self._deliver_again(int(rest))
            case "open":
                self._open()
            case "reload":
                if self.page is not None:
                    self._saw(self.page.reloads())
            case "reconnect":
                if self.page is not None:
                    self._saw(self.page.reconnects())
            case "language" | "pace" | "fill" | "wish" | "sharing":
                if self.page is not None and self.page.drawn and not self.page.drawn.ended:
                    self._saw(self._chooses(self.page, verb, rest))
            case "hang":
                self.call.hangs_up()
            case _:
                raise ValueError(f"{act!r} is nothing that can happen; see drawn_at_random")

    def _tap(self, drawn: Drawn | None, number: int) -> None:
        if self.page is not None and drawn is not None and drawn.buttons:
            self._saw(self.page.taps(drawn.buttons[number % len(drawn.buttons)], drawn))

    def _chooses(self, page: Smartphone, verb: str, rest: str) -> Drawn | None:
        """What the page offers beside the question, and the whole form at once."""
        match verb:
            case "language":
                return page.speaks("en-GB" if 'dir="rtl"' in page.html.partition("<main")[2][:200] else "fa-IR")
            case "pace":
                return page.takes_time()
            case "fill":
                return page.fills_in()
            case "wish":
                return page.wishes(rest)
            case _:
                return page.lets_look(False)

    def _open(self) -> None:
        """As a caller does it: when the message has come and the digits have been said, which takes a while."""
        link, digits, ends = None, None, time.monotonic() + OPENING_SECONDS
        while self.page is None and not (link and digits) and time.monotonic() < ends and self.call.status not in _OVER:
            time.sleep(0.05)
            link, digits = link_of(self.system, self.number), digits_of(self.call)
        if self.page is None and link and digits:
            page = Smartphone(self.system)
            if page.opens(link, digits):
                self.page = page
                self._saw(page.drawn)
            else:
                page.close()

    def _saw(self, drawn: Drawn | None) -> None:
        if drawn is not None and (not self._earlier or self._earlier[-1].turn != drawn.turn):
            self._earlier.append(drawn)

    def _deliver_again(self, back: int) -> None:
        sent = [one for one in self.system.exchange.exchanged(self.call.sid) if one.status is not None]
        if len(sent) >= back:
            answer = self.system.exchange.deliver_again(sent[-back])
            if answer.status_code not in (200, 204):
                raise Divergence(f"{sent[-back].target}, delivered again, is answered with {answer.status_code}")

    # -- what must hold -------------------------------------------------------------------------------------------

    def _meet(self, after: str) -> None:
        """Wait until phone and screen have been seen in the same turn.

        Where an unanswered question waits for less than this machine takes to look at both, they are hardly ever seen
        at rest. So what counts is that nothing moves any more, or that they do not meet for very long.
        """
        started = moved = time.monotonic()
        before = None
        while True:
            phone, screen = self._phone(), self._screen()
            if (phone, screen) != before:
                before, moved = (phone, screen), time.monotonic()
            self.happened.append(f"{after}: phone {phone}, screen {screen}")
            if phone == screen and phone == self._phone():
                self.quiet_points += phone != "the end"
                return
            now = time.monotonic()
            if now > moved + SETTLE_SECONDS or now > started + MEETING_SECONDS:
                raise Divergence(f"after '{after}' the phone is at {phone} and the screen at {screen}")
            time.sleep(0.04)

    def _phone(self) -> str:
        state = self.call.state
        if state["status"] in _OVER:
            return "the end"
        waits = state["expecting"] is not None or state["current"].startswith(("queue", "conference", "bridged"))
        turns = {_turn(one.answer) for one in self.system.given(self.call)}
        return f"turn {turns.pop()}" if waits and len(turns) == 1 else "on the way"

    def _screen(self) -> str:
        """The caller's page; where none is open, what it would be drawn from."""
        if self.page is not None:
            drawn = self.page.reloads()
            if drawn is None:
                raise Divergence("the page no longer shows the call")
            if set(drawn.actions) - {drawn.turn}:
                raise Divergence(f"the page of turn {drawn.turn} has forms that answer {drawn.actions}")
            return "the end" if drawn.ended else f"turn {drawn.turn}"
        session = self.system.session(self.call)
        if session is None:
            return "the end" if self.call.status in _OVER else "nothing"
        return "the end" if session.ended is not None else f"turn {session.turn}"

    def _check_debugger(self) -> None:
        for entry in self.system.carrier.debugger():
            if entry["call_sid"] == self.call.sid and "(fault)" not in entry["message"]:
                raise Divergence(f"the carrier notes {entry['code']}: {entry['message']} {entry['url']}")

    def story(self) -> str:
        lines = [
            f"interleaving: {self.interleaving}",
            f'play it:      python -m tests.wire.play "{self.interleaving}"',
            *self.happened[-12:], self.call.transcript(), "webhooks:",
            *(f"  {one.target.partition('?')[0]} {one.form.get('Digits', '')} -> {_turn(one.answer)}"
              for one in self.system.exchange.exchanged(self.call.sid)),
            "log:", *(f"  {row.revision} turn {row.turn} {row.input}" for row in self.system.log(self.call)),
        ]  # fmt: skip
        return "\n".join(lines)


def check_log(system: System, call: Call) -> None:
    """One course of events: no revision missing, no turn answered twice, no fact taken twice, the end an end."""
    rows = system.log(call)
    if [row.revision for row in rows] != list(range(1, len(rows) + 1)):
        raise Divergence(f"revisions {[row.revision for row in rows]} have holes")
    answered = Counter(row.input.turn for row in rows if _moves(row.input))
    if twice := [turn for turn, times in answered.items() if times > 1]:
        raise Divergence(f"turns {twice} were answered more than once")
    facts = Counter(row.input.id for row in rows if row.input is not None and not isinstance(row.input, Answer))
    if twice := [fact for fact, times in facts.items() if times > 1]:
        raise Divergence(f"facts {twice} were taken more than once")
    session = system.session(call)
    if session is not None and (session.ended is None or session.waiting_for is not None):
        raise Divergence(f"the call is over and its session is not: {session.waiting_for}")


def _moves(input: object) -> bool:
    """Another language in the queue is an answer that leaves the call where it is."""
    return isinstance(input, Answer) and not isinstance(input, LanguageChoice)


def _turn(document: str) -> str:
    """The turn a document answers to; a document that ends the call has none."""
    found = set(_TURN.findall(document))
    return found.pop() if len(found) == 1 else f"{'/'.join(sorted(found)) or 'none'}"


@dataclass(frozen=True)
class Played:
    interleaving: Interleaving
    quiet_points: int  # at which voice and screen were seen in the same turn of a live call
    page_opened: bool
    problem: str | None  # what went wrong, with all that is needed to understand it


def play(system: System, interleaving: Interleaving) -> Played:
    playing = Playing(system, interleaving)
    problem = None
    try:
        playing.play()
    except (AssertionError, httpx.HTTPError, RuntimeError) as error:
        problem = f"{type(error).__name__}: {error}\n{playing.story()}"
    return Played(interleaving, playing.quiet_points, playing.page is not None, problem)


def shrunk(system: System, interleaving: Interleaving, most_plays: int = 40) -> Interleaving:
    """The same failure with as few acts as ``most_plays`` tries can find; each is played twice, for it may be rare."""
    smallest, plays, changed = interleaving, 0, True
    while changed and plays < most_plays:
        changed = False
        for index in range(len(smallest.acts)):
            candidate = Interleaving(smallest.caller, smallest.acts[:index] + smallest.acts[index + 1 :])
            plays += 1
            if any(play(system, candidate).problem for _ in range(2)):
                smallest, changed = candidate, True
                break
    return smallest


def played(system: System, interleavings: Iterable[Interleaving], at_once: int = 12) -> list[Played]:
    """Play them all, several at once."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(partial(play, system), interleavings))


def main() -> int:
    parser = argparse.ArgumentParser(description="Play one interleaving against a system of its own.")
    parser.add_argument("interleaving")
    parser.add_argument("--interrupted-gather", choices=("silent", "posts"), default="silent")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        running(
            Path(directory), interrupted_gather=options.interrupted_gather, faults=FAULTS if options.faults else None
        ) as system,
    ):
        problems = [play(system, Interleaving.read(options.interleaving)).problem for _ in range(options.times)]
    found = [problem for problem in problems if problem]
    print(
        "\n\n".join(found)
        or f"played {options.times} times: voice and screen were in the same turn at every quiet point"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
