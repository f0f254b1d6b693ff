"""Everything that happens on the carrier, as JSON events, and the debugger log that Twilio's console would show."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ivr.emulator.clock import Clock, iso8601

Event = dict[str, Any]
_BACKLOG = 1000  # events a slow listener may be behind before the oldest are dropped
_DEBUGGER_LENGTH = 5000


class Events:
    """Publishes to any number of listeners; one that does not read in time loses its oldest events."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._listeners: set[asyncio.Queue[Event]] = set()
        self.debugger: list[Event] = []

    def publish(self, event: str, **details: Any) -> None:
        message = {"event": event, "at": iso8601(self._clock.now()), **details}
        for listener in self._listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(message)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue(_BACKLOG)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def log(self, code: int, level: str, message: str, *, call_sid: str | None = None, url: str | None = None) -> None:
        """Writes to the debugger log. ``level`` is "error" or "warning"; codes are Twilio's."""
        entry = {"code": code, "level": level, "message": message, "call_sid": call_sid, "url": url}
        self.debugger.append({**entry, "at": iso8601(self._clock.now())})
        del self.debugger[:-_DEBUGGER_LENGTH]
        self.publish("debugger", **entry)
