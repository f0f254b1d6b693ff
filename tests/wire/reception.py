"""Agents who take calls by themselves: they read the desk, accept, talk until the caller has gone, and wrap up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from ivr.demo.markup import Element, read_page
from tests.wire.desk import AgentAtDesk
from tests.wire.system import System

READING_SECONDS = 5.0  # for which an agent waits for the line about the voice to be filled in
LOOK_EVERY_SECONDS = 0.15
NOT_COMPARED = "No comparison was made in this call."


@dataclass(frozen=True)
class PopRead:
    """What stood on the desk before the call was accepted, word by word. ``read_at`` is when it was asked for."""

    name: str
    number: str
    identity: str
    level: str
    voice: str
    voice_detail: str
    read_at: datetime


class AgentAtWork:
    def __init__(self, system: System, name: str, address: str) -> None:
        self.read: PopRead | None = None  # of the call under way, from before it was accepted
        system.carrier.phone(address, presses="1")
        self._desk = AgentAtDesk(system, name, address)
        self._desk.becomes("available")

    def works(self, over: threading.Event) -> None:
        while not over.is_set():
            match self._desk.pop:
                case "offered":
                    self.read = self._reads()
                    self._desk.accepts()
                case "wrapup":
                    self._desk.finishes()
                case _:
                    time.sleep(LOOK_EVERY_SECONDS)
        self._desk.close()

    def _reads(self) -> PopRead:
        ends = time.monotonic() + READING_SECONDS
        while (pop := self._looks()).voice_detail == NOT_COMPARED and time.monotonic() < ends:
            time.sleep(LOOK_EVERY_SECONDS)
        return pop

    def _looks(self) -> PopRead:
        read_at = datetime.now(UTC)
        page = read_page(self._desk.look())
        who = page.first("section", kind="who")
        identity, voice = page.all("section", kind="sure")
        return PopRead(
            name=who.first("h2").words,
            number=who.first(kind="number").words,
            identity=_heading(identity),
            level=identity.first(kind="level").words,
            voice=_heading(voice),
            voice_detail=voice.first("p").words,
            read_at=read_at,
        )


@contextlib.contextmanager
def reception(system: System, agents: int) -> Iterator[dict[str, AgentAtWork]]:
    """So many agents at work, by the number of their telephones. What goes wrong at a desk is raised at the end."""
    over = threading.Event()
    at_work = {}
    for number in range(agents):
        address = f"+44200001{number:04d}"
        at_work[address] = AgentAtWork(system, f"reception{number}", address)
    with ThreadPoolExecutor(agents, "reception") as threads:
        working = [threads.submit(agent.works, over) for agent in at_work.values()]
        try:
            yield at_work
        finally:
            over.set()
        for work in working:
            work.result()


def _heading(section: Element) -> str:
    return section.first("h3").words
