"""``ivr call``: a person plays a call in the terminal; on the left what is heard, on the right what the page shows."""

from __future__ import annotations

import io
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import httpx

from ivr.demo import housekeeping, people
from ivr.demo.smartphone import LINK, NotShown, Smartphone
from ivr.emulator.phone import Carrier, NotHeard
from ivr.emulator.terminal import play
from ivr.flow.loader import load_bundle
from ivr.store.database import close

LOOK_EVERY_SECONDS = 0.3
WAIT_SECONDS = 60.0
SEEN_COLUMN = 50  # where the right half of the terminal begins
SEEN_WIDTH = 60
HELP = """on the page: open NN (the two digits you hear), tap KEY, type ANSWER; in a script: wait WORDS"""


def play_here(flow: Path, caller: str, speed: float) -> int:
    """With a server and an emulator of its own. Raises FlowMistakes and DemoTrouble."""
    name = next(iter(load_bundle(flow).flows))
    with housekeeping.premises(flow) as place:
        database, *_ = people.open_house(place.settings, flow if flow.is_dir() else flow.parent)
        close(database)
        with housekeeping.server(place), housekeeping.emulator(place, name, speed) as carrier:
            return _play(carrier, caller, housekeeping.LINE)


def play_at(emulator: str, caller: str) -> int:
    """On an emulator that runs already; its first number is dialled. Raises DemoTrouble if it does not answer."""
    carrier = Carrier(emulator)
    try:
        numbers = carrier.request("GET", "")["numbers"]
    except httpx.TransportError as error:
        raise housekeeping.DemoTrouble(f"no emulator answers at {emulator} ({error}): is it running?") from None
    if not numbers:
        raise housekeeping.DemoTrouble(f"the emulator at {emulator} has no number to dial: start it with --number")
    return _play(carrier, caller, numbers[0])


def _play(carrier: Carrier, caller: str, line: str) -> int:
    print(HELP, flush=True)
    out = WholeLines(sys.stdout)
    hand = Hand(carrier, caller, out)
    done = threading.Event()
    watcher = threading.Thread(target=hand.watch, args=(done,), daemon=True)
    watcher.start()
    try:
        return 0 if play(carrier.url, caller, line, hand.typed(sys.stdin), out) == "completed" else 1
    finally:
        done.set()
        watcher.join(5)


class WholeLines(io.TextIOBase):
    """Two threads print: what is heard and what is seen. A line of one is not cut by the other's."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._pieces = threading.local()

    def write(self, text: str) -> int:
        whole, newline, rest = (getattr(self._pieces, "text", "") + text).rpartition("\n")
        self._pieces.text = rest
        if newline:
            self._out.write(whole + newline)
            self._out.flush()
        return len(text)


class Hand:
    """The smartphone in the caller's hand: takes the lines that concern the page, leaves the others to the phone."""

    def __init__(self, carrier: Carrier, caller: str, printed: TextIO) -> None:
        self._carrier, self._caller, self._out = carrier, caller, printed
        self._page: Smartphone | None = None
        self._shown: list[str] = []

    def typed(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            try:
                match word:
                    case "open":
                        self._open(rest)
                    case "tap":
                        self._on_page().taps(self._label(rest))
                    case "type":
                        self._on_page().types(rest)
                    case "wait":
                        self._carrier.calls()[-1].hears(rest, within_seconds=WAIT_SECONDS)
                    case _:
                        yield line
            except (NotShown, NotHeard) as problem:
                print(f"-- {problem}", file=self._out, flush=True)

    def watch(self, done: threading.Event) -> None:
        """Prints the screen whenever it says something new."""
        while not done.wait(LOOK_EVERY_SECONDS):
            if self._page is not None and self._page.opened:
                try:
                    seen = self._page.looks()
                except (NotShown, httpx.HTTPError):
                    return
                if seen.lines != self._shown:
                    self._shown = seen.lines
                    self._print(seen.lines)

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            for piece in textwrap.wrap(line, SEEN_WIDTH):
                print(" " * SEEN_COLUMN + "│ " + piece, file=self._out, flush=True)

    def _open(self, digits: str) -> None:
        texts = [text["body"] for text in self._carrier.messages(self._caller) if LINK.search(text["body"])]
        if not texts:
            raise NotShown("no text message with a link has come yet")
        link = httpx.URL(LINK.search(texts[-1]).group())
        page = Smartphone(f"{link.scheme}://{link.netloc.decode()}")
        page.opens(texts[-1], digits)
        self._page = page

    def _on_page(self) -> Smartphone:
        if self._page is None:
            raise NotShown("no page is open; write open and the two digits you hear")
        return self._page

    def _label(self, key: str) -> str:
        seen = self._on_page().looks()
        return next((label for label, of_key in seen.buttons.items() if key in (of_key, label)), key)
