"""One public address, one process: sockets on the event loop, everything else in bounded pools of threads.

Open pages and streams cost no thread, and what is asked of pages and desks has threads of its own, so neither can starve a
webhook; README, "Decisions", has the measurements.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from flask import Flask

from ivr.web import sockets, stream
from ivr.web.bridge import Bridge, Lane
from ivr.web.doors import Services
from ivr.web.security import LONGEST_BODY

WEBHOOKS = Lane("webhooks", threads=16, waiting=1000)  # a turn takes about a millisecond
PAGES = Lane("pages", threads=16, waiting=1000)  # open to strangers, who may ask as fast as they like
PASSWORDS = Lane("passwords", threads=1, waiting=7)  # one takes a hundred times as long as a turn, on purpose


def lane_of(scope: dict) -> Lane:
    if scope["path"].startswith("/voice/") or scope["path"] == "/healthz":  # is asked about the webhooks
        return WEBHOOKS
    return PASSWORDS if scope["method"] == "POST" and scope["path"] == "/desk/sign-in" else PAGES


class Server:
    """The ASGI application. ``background``: coroutines that run as long as it does; ``started``/``stopping``: hooks."""

    def __init__(
        self, flask: Flask, services: Services, stream_door: stream.StreamDoor,
        background: Sequence[Callable[[], Coroutine[Any, Any, None]]], started: Callable[[], None],
        stopping: Callable[[], None],
    ) -> None:  # fmt: skip
        self.flask = flask
        self._wsgi = Bridge(flask, LONGEST_BODY, lane_of)
        self._services = services
        self._stream_door = stream_door
        self._background = background
        self._started = started
        self._stopping = stopping

    async def __call__(self, scope: dict, receive: Callable[[], Awaitable[dict]], send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                if scope["path"].rstrip("/") == stream.PATH:
                    await self._stream_door(scope, receive, send)
                else:
                    await receive()
                    await send({"type": "websocket.close", "code": stream.POLICY})
            case _:
                socket = sockets.SOCKETS.get(scope["path"]) if scope["method"] == "GET" else None
                if socket is not None:
                    await socket(scope, receive, send, self._services)
                else:
                    await self._wsgi(scope, receive, send)

    async def _live(self, receive: Callable[[], Awaitable[dict]], send) -> None:
        await receive()
        tasks = [asyncio.create_task(run()) for run in self._background]
        await asyncio.sleep(0)  # they know their loop before the first request
        self._started()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task  # leaves its last answers with the executor, which ``stopping`` waits for
        await asyncio.to_thread(self._stopping)
        await send({"type": "lifespan.shutdown.complete"})
