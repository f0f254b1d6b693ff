"""The one public address of a system under test: passes bytes on to `ivr serve` and remembers what was exchanged.

It changes nothing on the way. What it remembers shows which document a phone has been given, and lets a test deliver a
request once more: later, or twice, with the signature it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httptools
import httpx

AGAIN = "x-delivered-again"  # marks what a test delivers once more; not remembered
_HELD_SECONDS = 12.0  # as a load balancer does, a connection waits this long for a server that is being restarted
_CHUNK = 1 << 16


@dataclass
class Exchanged:
    """One request of the carrier and, once it has come, the answer."""

    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int | None = None
    answer: str = ""
    at: float = 0.0  # time.monotonic() of the request
    answered_at: float = 0.0

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Exchange:
    """``upstream(target)`` gives the port for a new connection whose first request is for ``target``."""

    def __init__(self) -> None:
        self.ports: Sequence[int] = ()
        self.upstream: Callable[[str], int] = lambda _target: self.ports[0]
        self._exchanged: dict[str, list[Exchanged]] = {}  # by CallSid
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="exchange", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connected, "127.0.0.1", 0), self._loop
        ).result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def exchanged(self, call_sid: str) -> list[Exchanged]:
        """What has been exchanged about a call, in the order in which the requests came through."""
        with self._lock:
            return list(self._exchanged.get(call_sid, ()))

    def deliver_again(self, one: Exchanged) -> httpx.Response:
        kept = ("content-type", "x-twilio-signature", "i-twilio-idempotency-token", "user-agent")
        headers = {name: value for name, value in one.headers.items() if name in kept} | {AGAIN: "1"}
        return httpx.post(self.url + one.target, content=one.body, headers=headers, timeout=15, trust_env=False)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                first = await reader.read(_CHUNK)
                if not first:
                    return
                target = first.split(b" ", 2)[1].decode("latin-1")
                back, there = await self._reach(target)
                tap = _Tap(self._remember)
                there.write(first)
                tap.request(first)
                await asyncio.wait(
                    [asyncio.ensure_future(_pump(reader, there, tap.request)),
                     asyncio.ensure_future(_pump(back, writer, tap.response))],
                    return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip
            finally:
                for one in (writer, there):
                    if one is not None:
                        one.close()

    async def _reach(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        ends = time.monotonic() + _HELD_SECONDS
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", self.upstream(target))
            except OSError:
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(0.05)

    def _remember(self, one: Exchanged) -> None:
        if AGAIN not in one.headers and (sid := one.form.get("CallSid")):
            with self._lock:
                self._exchanged.setdefault(sid, []).append(one)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Callable[[bytes], None]) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            tap(data)
            writer.write(data)
            await writer.drain()


class _Tap:
    """Reads along on one connection: requests and their answers, in order. Blind from a protocol upgrade on."""

    def __init__(self, remember: Callable[[Exchanged], None]) -> None:
        self._remember = remember
        self._waiting: deque[Exchanged] = deque()
        self._requests: httptools.HttpRequestParser | None = httptools.HttpRequestParser(_Requests(self))
        self._responses: httptools.HttpResponseParser | None = httptools.HttpResponseParser(_Responses(self))

    def request(self, data: bytes) -> None:
        if self._requests is not None:
            try:
                self._requests.feed_data(data)
            except httptools.HttpParserUpgrade:
                self._requests = self._responses = None

    def response(self, data: bytes) -> None:
        if self._responses is not None:
            self._responses.feed_data(data)

    def asked(self, one: Exchanged) -> None:
        one.at = time.monotonic()
        self._waiting.append(one)
        self._remember(one)

    def answered(self, status: int, body: bytes) -> None:
        one = self._waiting.popleft()
        one.answer, one.status, one.answered_at = body.decode(errors="replace"), status, time.monotonic()


class _Requests:
    """What httptools calls back while it reads requests."""

    def __init__(self, tap: _Tap) -> None:
        self._tap = tap

    def on_message_begin(self) -> None:
        self._one, self._url, self._body = Exchanged(""), b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._one.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._one.target, self._one.body = self._url.decode("latin-1"), b"".join(self._body)
        self._tap.asked(self._one)


class _Responses:
    """What httptools calls back while it reads answers."""

    def __init__(self, tap: _Tap) -> None:
        self._tap = tap
        self._parser_status = 0

    def on_message_begin(self) -> None:
        self._body: list[bytes] = []

    def on_status(self, _reason: bytes) -> None: ...

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._tap.answered(self._tap._responses.get_status_code(), b"".join(self._body))
