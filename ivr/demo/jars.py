"""A cookie jar for every smartphone of the three-pane page.

Browsers keep cookies by host name and do not look at the port, so two smartphones in one window would share the cookie
that stands for a caller's page. Around the server of ``make serve``, a cookie set through a smartphone's port is called
``name.port`` in the browser, and only that port brings it back as ``name``. Nothing else about it changes: the server
and its rules are those of every other day, and ``ivr serve`` has no such thing around it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Jars:
    """ASGI around ``app``: ``ports`` are those of the smartphones."""

    def __init__(self, app: Application, ports: Collection[int]) -> None:
        self._app = app
        self._suffixes = {str(port).encode(): b"." + str(port).encode() for port in ports}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        port = dict(scope["headers"]).get(b"host", b"").rpartition(b":")[2]
        suffix = self._suffixes.get(port, b"")

        async def send_named(message: MutableMapping[str, Any]) -> None:
            if suffix and message["type"] == "http.response.start":
                headers = [(name, _named(value, suffix) if name.lower() == b"set-cookie" else value)
                           for name, value in message["headers"]]  # fmt: skip
                message = {**message, "headers": headers}
            await send(message)

        headers = [
            (name, self._own(value, suffix)) if name == b"cookie" else (name, value) for name, value in scope["headers"]
        ]
        return await self._app({**scope, "headers": headers}, receive, send_named)

    def _own(self, cookies: bytes, suffix: bytes) -> bytes:
        """The cookies of this jar, by the names the server gave them."""
        kept = []
        for cookie in cookies.split(b";"):
            name, equals, value = cookie.strip().partition(b"=")
            if suffix and name.endswith(suffix):
                kept.append(name.removesuffix(suffix) + equals + value)
            elif not suffix and not name.endswith(tuple(self._suffixes.values())):
                kept.append(name + equals + value)
        return b"; ".join(kept)


def _named(cookie: bytes, suffix: bytes) -> bytes:
    name, equals, rest = cookie.partition(b"=")
    return name + suffix + equals + rest
