"""Waking the open pages: a number for each topic, and who waits for it to rise. No thread, no data."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0  # a wake-up lost between processes costs at most this


class Pushes:
    """``numbers`` reads what the database knows of some topics; it runs on a thread, once a second for all pages."""

    def __init__(self, numbers: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        self._read = numbers
        self._numbers: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def watched(self, topic: str) -> bool:
        """Whether anybody waits for it. Whoever begins to wait later reads what was committed before this was asked."""
        return topic in self._waiting

    def publish(self, topic: str, number: int) -> None:
        """From any thread, after the commit."""
        if topic in self._waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set, topic, number)

    async def wait(self, topic: str, after: int, timeout_seconds: float) -> int:
        """The topic's number as soon as it is above ``after``; whatever it is, after ``timeout_seconds``."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(topic, set()).add(future)  # before it is read, so that no wake-up falls between
        try:
            if topic not in self._numbers:
                found = await asyncio.to_thread(self._read, (topic,))
                self._numbers[topic] = max(found.get(topic, 0), self._numbers.get(topic, 0))
            if self._numbers[topic] <= after:
                timer = loop.call_later(timeout_seconds, _finish, future)
                try:
                    await future
                finally:
                    timer.cancel()
            return self._numbers[topic]
        finally:
            self._forget(topic, future)

    async def run(self) -> None:
        """Look once a second at what other processes have changed, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            topics = list(self._waiting)
            if not topics:
                continue
            try:
                for topic, number in (await asyncio.to_thread(self._read, topics)).items():
                    self._set(topic, number)
            except Exception:
                log.exception("pages could not be looked after; they are at the next look")

    def _set(self, topic: str, number: int) -> None:
        if topic in self._waiting and number > self._numbers.get(topic, -1):
            self._numbers[topic] = number
            for future in self._waiting[topic]:
                _finish(future)

    def _forget(self, topic: str, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(topic)
        if waiting is not None:
            waiting.discard(future)
            if not waiting:
                del self._waiting[topic]
                self._numbers.pop(topic, None)


def _finish(future: asyncio.Future[None]) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        if not future.done():
            future.set_result(None)
