"""The emulator's control door as far as the three-pane page uses it, played by a script."""

from __future__ import annotations

import asyncio
import base64
import time

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PATIENCE_SECONDS = 15.0


class Wire:
    """Rings through to nobody: remembers what the page sent, says what a test tells it to."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.received: list[dict] = []
        self.sound = b""
        self.messages: list[dict] = []
        self._lines: list[WebSocket] = []
        self._followers: list[WebSocket] = []
        self._index = -1
        self._sounds: dict[int, bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        routes = [
            Route("/emulator/calls", self._ring, methods=["POST"]),
            Route("/emulator/calls/{sid}/sounds/{index:int}", self._sound),
            Route("/emulator/messages", self._messages),
            WebSocketRoute("/emulator/calls/{sid}/line", self._line),
            WebSocketRoute("/emulator/events", self._events),
        ]
        allow = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        self.app = Starlette(routes=routes, middleware=[allow])

    def says(self, text: str, sound: bytes = b"") -> None:
        """``sound``: what the carrier's voice makes of it, 8 kHz µ-law."""
        self._index += 1
        self._sounds[self._index] = sound
        for event in ("heard", "prompt"):
            message = {"event": event, "text": text, "index": self._index}
            self._send(self._lines, message | ({"sound": bool(sound)} if event == "prompt" else {}))

    def gets(self, count: int) -> list[dict]:
        """What the page has sent on its line, once it is this much."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while len(self.received) < count and time.monotonic() < ends:
            time.sleep(0.02)
        return self.received

    def ends(self) -> None:
        self._send(self._lines, {"event": "state", "status": "completed"})

    def texts(self, to: str, body: str) -> None:
        message = {"event": "message", "sid": f"SM{len(self.messages)}", "to": to, "body": body}
        self.messages.append(message)
        self._send(self._followers, message)

    def _send(self, sockets: list[WebSocket], message: dict) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not sockets and time.monotonic() < ends:  # the page knows of its socket a moment before we do
            time.sleep(0.005)
        for socket in sockets:
            asyncio.run_coroutine_threadsafe(socket.send_json(message), self._loop).result(5)

    async def _ring(self, request) -> JSONResponse:
        self.calls.append(await request.json())
        return JSONResponse({"sid": f"CA{len(self.calls)}"})

    async def _sound(self, request) -> Response:
        return Response(self._sounds[request.path_params["index"]], media_type="audio/basic")

    async def _messages(self, request) -> JSONResponse:
        return JSONResponse({"messages": self.messages})

    async def _line(self, socket: WebSocket) -> None:
        await self._keep(socket, self._lines)

    async def _events(self, socket: WebSocket) -> None:
        await self._keep(socket, self._followers)

    async def _keep(self, socket: WebSocket, sockets: list[WebSocket]) -> None:
        self._loop = asyncio.get_running_loop()
        await socket.accept()
        sockets.append(socket)
        try:
            while True:
                message = await socket.receive_json()
                if message["event"] == "media":
                    self.sound += base64.b64decode(message["payload"])
                else:
                    self.received.append(message)
        except WebSocketDisconnect:
            sockets.remove(socket)
