"""Strangers who are slow or boundless, against the server as `ivr serve` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
import uvicorn

from ivr.web import bridge, heads
from ivr.web.bridge import Bridge, Lane
from tests.unit.web.test_bridge import pages

HEAD = b"POST /echo/x HTTP/1.1\r\nHost: x\r\n"


@contextlib.asynccontextmanager
async def serving():
    listener = socket.create_server(("127.0.0.1", 0))
    bridge_of_two = Bridge(pages(), 1000, lambda _scope: Lane("usual", 2, 10))
    config = uvicorn.Config(bridge_of_two, http=heads.BoundedHeads, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


def answered(*pieces: bytes, pause: float = 0.0) -> bytes:
    """All that the server says to these pieces before it closes the connection."""

    async def talk() -> bytes:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            reply = b""
            with contextlib.suppress(ConnectionError):
                reply = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            return reply

    return asyncio.run(talk())


@pytest.mark.parametrize("begun", [b"", HEAD, b"\r\n"])
def test_a_head_that_does_not_end_is_not_waited_for(begun: bytes, monkeypatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    assert answered(begun) == b""


def test_a_head_without_bounds_is_refused() -> None:
    assert answered(HEAD, b"X: ", b"x" * 60_000, b"x" * 10_000, pause=0.05).startswith(b"HTTP/1.1 431 ")


def test_a_body_that_does_not_end_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(bridge, "BODY_SECONDS", 0.2)
    assert answered(HEAD + b"Content-Length: 100\r\n\r\nDigits=").startswith(b"HTTP/1.1 408 ")


def test_a_connection_kept_open_serves_one_request_after_the_other(monkeypatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.5)
    request = HEAD + b"Content-Length: 0\r\n\r\n"
    last = HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
    assert answered(request, request, request, last, pause=0.3).count(b"HTTP/1.1 201 ") == 4
