"""The network of a smartphone: a relay between its browser and the server, that can be slow, come and go, or be gone.

Nothing is pretended to the page: bytes come late, connections break, new ones are not taken. The telephone does not go
through here, as a call does not need the data network.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ivr.web.doors import Signal

HOST = "127.0.0.1"
ONE_WAY_SECONDS = 0.2  # a slow network answers after twice this
THERE_SECONDS, GONE_SECONDS = 6.0, 3.0  # a flaky network
PIECE_BYTES = 64 * 1024


class Network:
    """One relay to ``upstream``. Its methods may be called from any thread once it is open."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._loop: asyncio.AbstractEventLoop | None = None
        self._carried: set[asyncio.StreamWriter] = set()
        self._coming_and_going: asyncio.Task[None] | None = None
        self._there = True
        self.signal = Signal.GOOD
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def change(self, signal: Signal) -> None:
        """The network becomes so at once; what is open breaks where the signal is lost."""
        self.signal = signal
        self._loop.call_soon_threadsafe(self._changed)

    def _changed(self) -> None:
        if self._coming_and_going is not None:
            self._coming_and_going.cancel()
            self._coming_and_going = None
        match self.signal:
            case Signal.FLAKY:
                self._coming_and_going = asyncio.create_task(self._come_and_go())
            case Signal.OFFLINE:
                self._goes()
            case Signal.GOOD | Signal.SLOW:
                self._there = True

    async def _come_and_go(self) -> None:
        while True:
            self._goes()
            await asyncio.sleep(GONE_SECONDS)
            self._there = True
            await asyncio.sleep(THERE_SECONDS)

    def _goes(self) -> None:
        self._there = False
        for writer in self._carried:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser, until either side ends it or the signal is lost."""
        self._carried.add(writer)
        onward = None
        try:
            if self._there:
                reader_onward, onward = await asyncio.open_connection(*self._upstream)
                self._carried.add(onward)
                await _first(self._pass_on(reader, onward), self._pass_on(reader_onward, writer))
        except OSError:
            pass  # the server is away: so is the page's connection
        finally:
            for each in filter(None, (writer, onward)):
                self._carried.discard(each)
                each.close() if self._there else each.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if self.signal is Signal.SLOW:
                await asyncio.sleep(ONE_WAY_SECONDS)
            writer.write(piece)
            await writer.drain()


async def _first(*work) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def networks(upstream: tuple[str, int], count: int) -> Iterator[Sequence[Network]]:
    """``count`` networks to the server at ``upstream``, on a thread of their own until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="smartphones", daemon=True)
    thread.start()
    found = [Network(upstream) for _ in range(count)]
    try:
        for each in found:
            asyncio.run_coroutine_threadsafe(each.open(), loop).result(5)
        yield found
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end() -> None:
    """Nothing of this thread goes on: every task is cancelled and has ended."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
