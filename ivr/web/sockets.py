"""The open sockets of the pages, on the event loop: no thread each, one timer each, nothing kept between wake-ups.

Every handler is a bare ASGI function ``(scope, receive, send, services)``. What they send has no data: a number that
moved. The page then asks for its drawing, so that a lost wake-up is made good by the next one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from ivr.web.cookies import DESK_COOKIE, PAGE_COOKIE
from ivr.web.doors import LOG, Role, Services, agent_topic

HEARTBEAT_SECONDS = 15.0  # below the idle limit of common proxies and phone networks
HEARTBEAT = b"event: beat\ndata:\n\n"  # an event, since pages cannot see comments: whoever hears none connects again
LONGEST_POLL_SECONDS = 30.0
SOCKETS_AT_MOST = 32  # of one call, one agent: tabs that somebody has open, and those just closed

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_NO_STORE = (b"cache-control", b"no-store")
_open: Counter[str] = Counter()  # sockets by whose they are; touched on the event loop only


async def page_events(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """``GET /v/call/events``: server-sent events for the caller's page; the id is the session's revision."""
    call = await _call(scope, services)
    if call is None:
        await _reply(send, 204)  # tells an EventSource not to come back
    else:
        await _events(scope, receive, send, services, call, of=f"call:{call}")


async def page_changes(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """``GET /v/call/changes?after=<revision>&wait=<seconds>``: the present revision, as soon as it is another one."""
    call = await _call(scope, services)
    if call is None:
        return await _reply(send, 410)
    asked = _query(scope)
    seconds = min(_number(asked, "wait", 25), LONGEST_POLL_SECONDS)
    with _place(f"call:{call}") as place:
        if not place:
            return await _reply(send, 429)
        number = await _unless_gone(receive, services.pushes.wait(call, _number(asked, "after", 0), seconds))
    if number is not None:
        await _reply(send, 200, str(number).encode())
    return None


async def desk_events(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """``GET /desk/events``: wakes the desk of the agent who is signed in."""
    agent = await asyncio.to_thread(services.dispatch.agent_of, _cookie(scope, DESK_COOKIE))
    if agent is None:
        await _reply(send, 204)
    else:
        await _events(scope, receive, send, services, agent_topic(agent.name), of=f"agent:{agent.name}")


async def ops_events(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """``GET /ops/events``: wakes the ops page; the id is that of the newest log line."""
    agent = await asyncio.to_thread(services.dispatch.agent_of, _cookie(scope, DESK_COOKIE))
    if agent is None or agent.role is not Role.OPS:
        await _reply(send, 204)
    else:
        await _events(scope, receive, send, services, LOG, of=f"agent:{agent.name}")


async def try_events(scope: Scope, receive: Receive, send: Send, services: Services) -> None:
    """``GET /try/events``: like ops_events for the three-pane page, in try mode only."""
    if services.settings.try_mode:
        await _events(scope, receive, send, services, LOG, of="try")
    else:
        await _reply(send, 404)


SOCKETS = {
    "/v/call/events": page_events,
    "/v/call/changes": page_changes,
    "/desk/events": desk_events,
    "/ops/events": ops_events,
    "/try/events": try_events,
}


@contextmanager
def _place(of: str) -> Iterator[bool]:
    """Whether one more socket may be held open: each costs memory and a descriptor, and one cookie must not take them
    all from the webhooks."""
    if _open[of] >= SOCKETS_AT_MOST:
        yield False
        return
    _open[of] += 1
    try:
        yield True
    finally:
        _open[of] -= 1
        if not _open[of]:
            del _open[of]


async def _events(scope: Scope, receive: Receive, send: Send, services: Services, topic: str, of: str) -> None:
    """429 beyond SOCKETS_AT_MOST: the page then polls and, refused there too, asks again every two seconds."""
    with _place(of) as place:
        await (_stream(scope, receive, send, services, topic) if place else _reply(send, 429))


async def _stream(scope: Scope, receive: Receive, send: Send, services: Services, topic: str) -> None:
    """Events from the number the page knows: ``Last-Event-ID`` after a break, ``?after=`` at first."""
    after = _last_event(scope)
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), _NO_STORE, (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _send_more(send, b"retry: 1000\n\n")
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        while True:
            waiting = asyncio.ensure_future(services.pushes.wait(topic, after, HEARTBEAT_SECONDS))
            try:
                await asyncio.wait((gone, waiting), return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
            if gone.done():
                return
            number = waiting.result()
            await _send_more(send, f"id: {number}\ndata:\n\n".encode() if number > after else HEARTBEAT)
            after = max(after, number)
    finally:
        gone.cancel()


async def _unless_gone(receive: Receive, waited_for: Awaitable[int]) -> int | None:
    gone, waiting = asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(waited_for)
    try:
        await asyncio.wait((gone, waiting), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting.done() else None
    finally:
        gone.cancel()
        waiting.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_more(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _reply(send: Send, status: int, body: bytes = b"") -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), _NO_STORE]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _call(scope: Scope, services: Services) -> str | None:
    cookie = _cookie(scope, PAGE_COOKIE)
    return await asyncio.to_thread(services.call_of_page, cookie) if cookie else None


def _headers(scope: Scope, name: bytes) -> Iterable[str]:
    return (value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _cookie(scope: Scope, name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load("; ".join(_headers(scope, b"cookie")))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def _number(asked: dict[str, list[str]], name: str, default: int) -> int:
    return _natural(asked.get(name, [""])[-1], default)


def _last_event(scope: Scope) -> int:
    last = next(iter(_headers(scope, b"last-event-id")), "")
    return _natural(last, _number(_query(scope), "after", 0))


def _natural(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else default
