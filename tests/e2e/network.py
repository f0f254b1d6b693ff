"""A bad network on loopback: TCP between a browser and a server, late, lossy, dark or cut.

Loss is what TCP makes of it: a lost segment is sent again, so that the bytes behind it come a retransmission later, and
now and then a connection dies. The draws are seeded: a test that fails, fails again.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

RETRANSMISSION_SECONDS = 0.4  # of a segment on a line with this delay (RFC 6298: at least the round trip)


class Network:
    def __init__(self, server: str) -> None:
        self.server = urlsplit(server)
        self.round_trip_seconds = 0.0
        self.loss = 0.0  # of segments, 0-1
        self.resets = 0.0  # of connections that meet a loss, 0-1
        self.lost = 0
        self._random = random.Random(20261121)
        self._loop = asyncio.new_event_loop()
        self._light: asyncio.Event
        self._connections: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def goes_dark(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._call(self._light.clear)

    def comes_back(self) -> None:
        """What was on its way arrives."""
        self._call(self._light.set)

    def cuts(self) -> None:
        """Every connection is reset."""
        self._call(lambda: [writer.transport.abort() for writer in list(self._connections)])

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _call(self, act) -> None:
        self._loop.call_soon_threadsafe(act)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._light = asyncio.Event()
        self._light.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            await self._travels()
            there, back = await asyncio.open_connection(self.server.hostname, self.server.port)
            self._connections.add(back)
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        except OSError:
            writer.transport.abort()
        finally:
            self._connections.discard(writer)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while segment := await source.read(1400):
                await self._travels()
                if self._random.random() < self.loss:
                    self.lost += 1
                    if self._random.random() < self.resets:
                        sink.transport.abort()
                        return
                    await asyncio.sleep(RETRANSMISSION_SECONDS)
                sink.write(segment)
                await sink.drain()
        sink.close()
        self._connections.discard(sink)

    async def _travels(self) -> None:
        await asyncio.sleep(self.round_trip_seconds / 2)
        await self._light.wait()


@contextmanager
def between(server: str) -> Iterator[Network]:
    network = Network(server)
    try:
        yield network
    finally:
        network.close()
