"""Flask on the event loop's side: a WSGI application behind an ASGI door, each request whole on one pooled thread.

The body is read before a thread is taken and the answer is sent after it is given back, so a slow sender or reader
holds no thread, and a request crosses between loop and thread twice, not once for every piece. Nothing here streams:
what stays open lives on the loop (``sockets``, ``stream``).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any

BODY_SECONDS = 15.0  # for all of a body, as long as Twilio waits for an answer
TOO_MANY = b"Too many people are trying this at the moment. Please try again in a few seconds.\n"

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Lane:
    """Threads that only some requests may use, so that these keep none from the others. Of requests that find every
    thread taken ``waiting`` may wait; more are answered 503."""

    name: str
    threads: int
    waiting: int


class Bridge:
    """An ASGI application for ``scope["type"] == "http"``.

    A body above ``longest_body`` bytes is answered 413, one that takes more than BODY_SECONDS 408. ``lane_of`` gives the
    lane of a request's scope.
    """

    def __init__(self, wsgi: Callable, longest_body: int, lane_of: Callable[[dict], Lane]) -> None:
        self._wsgi = wsgi
        self._longest_body = longest_body
        self._lane_of = lane_of
        self._pools: dict[Lane, ThreadPoolExecutor] = {}
        self._inside: dict[Lane, int] = {}

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(receive)
        except TimeoutError:
            return await _refuse(send, 408)
        except _Gone:
            return None
        if body is None:
            return await _refuse(send, 413)
        lane = self._lane_of(scope)
        if lane not in self._pools:
            self._pools[lane] = ThreadPoolExecutor(lane.threads, thread_name_prefix=lane.name)
        inside = self._inside.get(lane, 0)
        if inside >= lane.threads + lane.waiting:
            return await _refuse(send, 503, TOO_MANY)
        self._inside[lane] = inside + 1
        try:
            loop = asyncio.get_running_loop()
            answer = loop.run_in_executor(self._pools[lane], self._run, _environ(scope, body))
            status, headers, content = await answer
        finally:
            self._inside[lane] -= 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        return None

    async def _body(self, receive: Receive) -> bytes | None:
        """None: longer than allowed; the rest is not read. Raises _Gone: half a form is no answer of anybody's."""
        parts, length = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part = message.get("body", b"")
            length += len(part)
            if length > self._longest_body:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _run(self, environ: dict[str, Any]) -> tuple[int, Headers, bytes]:
        begun: list[tuple[int, Headers]] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            begun[:] = [(int(status[:3]), encoded)]
            return written.append

        answer = self._wsgi(environ, start_response)
        try:
            written.extend(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return *begun[0], b"".join(written)


class _Gone(Exception):
    """The sender has gone before the end of the body."""


async def _refuse(send: Send, status: int, text: bytes = b"") -> None:
    headers = [
        (b"content-length", str(len(text)).encode()), (b"content-type", b"text/plain; charset=utf-8"),
        (b"connection", b"close"),
    ]  # fmt: skip
    if status == 503:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _environ(scope: dict, body: bytes) -> dict[str, Any]:
    """As PEP 3333 asks for it."""
    host, port = scope.get("server") or ("localhost", 80)
    environ = {
        "REQUEST_METHOD": scope["method"], "SCRIPT_NAME": "", "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"), "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host, "SERVER_PORT": str(port or 0), "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"), "wsgi.input": BytesIO(body), "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    if scope.get("client"):
        environ["REMOTE_ADDR"] = scope["client"][0]
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        key = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
