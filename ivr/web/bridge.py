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
from io import BytesIO
from typing import Any

Receive = Callable[[], Awaitable[dict]]
Send = Callable[[dict], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class Bridge:
    """An ASGI application for ``scope["type"] == "http"``. A body above ``longest_body`` bytes is answered 413."""

    def __init__(self, wsgi: Callable, threads: int, longest_body: int) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")
        self._longest_body = longest_body

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        body = await self._body(receive)
        if body is None:
            status, headers, answer = 413, [(b"content-length", b"0"), (b"connection", b"close")], b""
        else:
            loop = asyncio.get_running_loop()
            status, headers, answer = await loop.run_in_executor(self._pool, self._run, _environ(scope, body))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _body(self, receive: Receive) -> bytes | None:
        """None: longer than allowed; the rest is not read."""
        parts, length = [], 0
        while True:
            message = await receive()
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
