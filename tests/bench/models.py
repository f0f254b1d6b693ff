"""The same webhooks under other server models, for ``serving.py``. Each function makes an application for one of them.

``python -m tests.bench.models BRIDGE PORT`` serves the ASGI ones as ``ivr serve`` does, without a voice process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from flask import Flask, Response

from ivr.app import House, create_app, create_flask, publish
from ivr.settings import read
from ivr.web import sockets
from ivr.web.serving import WEBHOOKS, Server
from tests.bench.handwritten import create_app as create_app_by_hand


def flask_with_pages() -> Flask:
    """For WSGI servers: a page's open stream is a generator, which holds whatever the server gives a request."""
    settings = read()
    house = House(settings)
    publish(house.database, settings)
    flask = create_flask(house)

    @flask.get("/bench/events")
    def events() -> Response:
        def wait():
            yield b"id: 1\ndata:\n\n"
            while True:
                threading.Event().wait(15)
                yield b":\n\n"

        return Response(wait(), content_type="text/event-stream")

    return flask


def by_hand() -> Flask:
    return create_app_by_hand(
        os.environ["BENCH_DATABASE_URL"], os.environ["IVR_TWILIO_AUTH_TOKEN"], os.environ["IVR_PUBLIC_URL"]
    )


def behind(bridge: str) -> Server:
    """Our ASGI application with this bridge to Flask: ours, a2wsgi or asgiref."""
    server = create_app(read())
    server._background = server._background[:1]  # pushes; no voice process, and no deliveries: the others have none
    server._started = server._stopping = lambda: None

    async def events(scope, receive, send, services) -> None:
        await sockets._events(scope, receive, send, services, f"bench-{id(scope)}")

    sockets.SOCKETS["/bench/events"] = events
    match bridge:
        case "a2wsgi":
            from a2wsgi import WSGIMiddleware

            server._wsgi = WSGIMiddleware(server.flask, workers=WEBHOOKS.threads)
        case "asgiref":
            from asgiref.wsgi import WsgiToAsgi

            server._wsgi = WsgiToAsgi(server.flask)
    return server


if __name__ == "__main__":
    import uvicorn

    config = uvicorn.Config(
        behind(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), http="httptools", loop="uvloop", access_log=False,
        log_config=None, server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    asyncio.run(uvicorn.Server(config).serve())
