"""Flask on the event loop's side: a WSGI application behind an ASGI door, each request whole on one pooled thread.

The body is read before a thread is taken and the answer is sent after it is given back, so a slow sender or reader
holds no thread, and a request crosses between loop and thread twice, not once for every piece. Nothing here streams:
what stays open lives on the loop (``sockets``, ``stream``).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

BODY_SECONDS = 15.0  # for all of a body, as long as Twilio waits for an answer
WAITING_APART = 8  # requests that may wait for the thread of the dear ones
TOO_MANY = b"Too many people are trying this at the moment. Please try again in a few seconds.\n"

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Bridge:
    """An ASGI application for ``scope["type"] == "http"``.

    A body above ``longest_body`` bytes is answered 413, one that takes more than BODY_SECONDS 408. ``dear``: paths to
    which a POST costs so much that strangers could keep every thread busy with it; these have one thread of their own,
    and who finds too many waiting for it is answered 503.
    """

    def __init__(self, wsgi: Callable, threads: int, longest_body: int, dear: Container[str] = ()) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")
        self._longest_body = longest_body
        self._dear = dear
        self._apart = ThreadPoolExecutor(1, thread_name_prefix="web-apart")
        self._waiting_apart = 0

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
        loop = asyncio.get_running_loop()
        environ = _environ(scope, body)
        if scope["method"] != "POST" or scope["path"] not in self._dear:
            status, headers, answer = await loop.run_in_executor(self._pool, self._run, environ)
        elif self._waiting_apart >= WAITING_APART:
            return await _refuse(send, 503, TOO_MANY)
        else:
            self._waiting_apart += 1
            try:
                status, headers, answer = await loop.run_in_executor(self._apart, self._run, environ)
            finally:
                self._waiting_apart -= 1
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
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
