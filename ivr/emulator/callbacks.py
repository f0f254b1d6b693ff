"""Asynchronous callbacks: posted in the background, their answers ignored, their order not guaranteed."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

import httpx

from ivr.emulator.clock import Clock
from ivr.emulator.events import Events
from ivr.emulator.faults import Faults
from ivr.emulator.webhook import Failure, WebhookClient, WebhookRequest

_HELD_BACK_SECONDS = 3.0  # carrier time; longer than the gap between most callbacks, so that a later one overtakes

Result = TypeVar("Result")


class Callbacks:
    def __init__(self, client: WebhookClient, faults: Faults, events: Events, clock: Clock):
        self._client = client
        self._faults = faults
        self._events = events
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()

    def post(self, url: str, method: str, parameters: Iterable[tuple[str, str]], call_sid: str | None = None) -> None:
        if url:
            request = WebhookRequest(url, method or "POST", tuple(parameters))
            self._events.publish("callback", url=url, call_sid=call_sid, parameters=dict(request.standard))
            self.run(self._deliver(request, call_sid))

    def run(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Runs a coroutine in the background; it is cancelled only when the carrier stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, request: WebhookRequest, call_sid: str | None) -> None:
        faults = self._faults.of_callback()
        if faults.held_back:
            await self._clock.sleep(_HELD_BACK_SECONDS)
        result = await self._client.fetch(request, httpx.Cookies(), faults)
        if isinstance(result, Failure):
            self._events.log(result.code, "warning", f"Callback: {result.message}", call_sid=call_sid, url=result.url)
