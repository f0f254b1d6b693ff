"""One ASGI application for the REST side and the control door, and the process that serves it."""

import asyncio
import ipaddress
import socket
import sys
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.emulator.carrier import Carrier
from ivr.emulator.control import control_routes
from ivr.emulator.live import live_routes
from ivr.emulator.rest.routes import rest_routes
from ivr.emulator.settings import Settings


def create_app(carrier: Carrier) -> ASGIApp:
    app = Starlette(routes=[*control_routes(carrier), *live_routes(carrier), *rest_routes(carrier)])
    return LoopbackOnly(app)


class LoopbackOnly:
    """Lets only pages from this machine use the control door.

    The door has no password. A page on the internet could otherwise reach it through the visitor's browser, by
    its Origin or by a host name that resolves to 127.0.0.1, so both must name the loopback.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith("/emulator"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if not is_loopback(f"//{headers.get('host', '')}") or (origin is not None and not is_loopback(origin)):
            await _refuse(scope, send)
            return

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start" and origin:
                message["headers"] = [*message["headers"], *_cors(origin)]
            await send(message)

        if scope["type"] == "http" and scope["method"] == "OPTIONS" and origin:
            await send_with_cors({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send_with_cors)


def is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _cors(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", b"GET, POST, PUT"),
        (b"access-control-allow-headers", b"content-type"),
        (b"vary", b"Origin"),
    ]


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    body = b'{"error": "the control door answers only to this machine"}'
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


async def serve(settings: Settings, port: int, until_stdin_closes: bool = False) -> None:
    """Serves on the loopback until stopped; prints one line with the URL when ready. Port 0 takes a free one.

    With ``until_stdin_closes`` it also stops when whoever started it has gone, however they went.
    """
    listener = socket.create_server(("127.0.0.1", port))
    carrier = Carrier(settings)
    carrier.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(carrier), log_level="warning", access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if server.started:
        print(f"emulator ready on {carrier.url}", flush=True)
    if until_stdin_closes:
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: _stop_at_end(server))
    try:
        await running
    finally:
        await carrier.close()


def _stop_at_end(server: uvicorn.Server) -> None:
    if not sys.stdin.buffer.read1():
        asyncio.get_running_loop().remove_reader(sys.stdin)
        server.should_exit = True
