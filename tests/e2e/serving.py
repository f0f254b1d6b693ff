"""Serves the pages over the double as they are served in earnest: Flask in threads, sockets on the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from double import Double
from flask import Flask

from ivr.web.bridge import Bridge, Lane
from ivr.web.coview import coview_blueprint
from ivr.web.desk import desk_blueprint
from ivr.web.joining import join_blueprint
from ivr.web.media import media_blueprint
from ivr.web.ops import ops_blueprint
from ivr.web.security import LONGEST_BODY
from ivr.web.signin import signin_blueprint
from ivr.web.sockets import SOCKETS
from ivr.web.tryout import try_blueprint
from ivr.web.visual import page_blueprint


def flask_app(services: Double) -> Flask:
    app = Flask("pages", static_folder=None)
    for blueprint in (
        page_blueprint,
        join_blueprint,
        media_blueprint,
        signin_blueprint,
        desk_blueprint,
        coview_blueprint,
        ops_blueprint,
    ):
        app.register_blueprint(blueprint(services))
    if services.settings.try_mode:
        app.register_blueprint(try_blueprint(services))
    return app


@contextmanager
def serving(services: Double) -> Iterator[str]:
    """The address where ``services`` is served until the end of the block."""
    lane = Lane("pages", threads=4, waiting=1000)
    pages = Bridge(flask_app(services), LONGEST_BODY, lambda _scope: lane)

    async def app(scope, receive, send) -> None:
        if scope["type"] == "http" and scope["path"] in SOCKETS:
            await SOCKETS[scope["path"]](scope, receive, send, services)
        else:
            await pages(scope, receive, send)

    with listening(app) as url:
        yield url


@contextmanager
def listening(app) -> Iterator[str]:
    """The address where an ASGI ``app`` is served until the end of the block."""
    settings = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(5)
