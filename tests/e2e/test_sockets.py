"""The open sockets of the pages: what wakes them, and what they cost while idle."""

import asyncio
import contextlib
import threading
import time

import httpx
import pytest

from ivr.web import sockets
from ivr.web.doors import Role


@pytest.fixture
def page_cookie(services):
    services.rings(digits="47")
    services.sends_link()
    return {"duet_page": services.open_link("a-token", "47", services.clock()).cookie}


def lines(reply):
    return (line for line in reply.iter_lines() if line and not line.startswith("retry"))


def test_an_event_is_a_number_without_data(services, address, page_cookie):
    with httpx.stream("GET", f"{address}/v/call/events?after=1", cookies=page_cookie) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        received = lines(reply)
        services.goes("call1", "pin")
        assert [next(received), next(received)] == ["id: 2", "data:"]


def test_what_was_missed_comes_at_once_after_a_break(services, address, page_cookie):
    services.goes("call1", "card")
    services.goes("call1", "pin")
    headers = {"Last-Event-ID": "1"}
    with httpx.stream("GET", f"{address}/v/call/events?after=3", cookies=page_cookie, headers=headers) as reply:
        assert next(lines(reply)) == "id: 3"


def test_an_idle_stream_has_a_heartbeat(address, page_cookie, monkeypatch):
    monkeypatch.setattr(sockets, "HEARTBEAT_SECONDS", 0.05)
    with httpx.stream("GET", f"{address}/v/call/events?after=1", cookies=page_cookie) as reply:
        assert next(lines(reply)) == "event: beat"


def test_long_polling_answers_when_something_is_new(services, address, page_cookie):
    answers = []

    def ask():
        answers.append(httpx.get(f"{address}/v/call/changes?after=1&wait=20", cookies=page_cookie).text)

    asking = threading.Thread(target=ask)
    asking.start()
    services.goes("call1", "card")
    asking.join(10)
    assert answers == ["2"]
    assert httpx.get(f"{address}/v/call/changes?after=2&wait=0", cookies=page_cookie).text == "2"


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 400, "٣"])
def test_nonsense_numbers_count_as_none(services, address, page_cookie, after):
    assert httpx.get(f"{address}/v/call/changes", params={"after": after, "wait": 0}, cookies=page_cookie).text == "1"


def test_without_a_cookie_no_socket_stays_open(services, address):
    services.dispatch.add("sam", "x")
    assert httpx.get(f"{address}/v/call/events").status_code == 204
    assert httpx.get(f"{address}/v/call/changes").status_code == 410
    assert httpx.get(f"{address}/v/call/events", cookies={"duet_page": "forged"}).status_code == 204
    for path in ("/desk/events", "/ops/events"):
        assert httpx.get(address + path).status_code == 204
    agent = {"duet_desk": services.dispatch.signin("sam", "x", services.clock())}
    assert httpx.get(f"{address}/ops/events", cookies=agent).status_code == 204
    assert httpx.get(f"{address}/try/events").status_code == 404


def test_one_page_does_not_take_all_sockets(services, address, page_cookie, monkeypatch):
    monkeypatch.setattr(sockets, "SOCKETS_AT_MOST", 3)
    url = f"{address}/v/call/events?after=1"
    with contextlib.ExitStack() as held:
        for _ in range(3):
            reply = held.enter_context(httpx.stream("GET", url, cookies=page_cookie))
            assert reply.status_code == 200
        assert httpx.get(url, cookies=page_cookie).status_code == 429
        assert httpx.get(f"{address}/v/call/changes?after=1&wait=20", cookies=page_cookie).status_code == 429
    ends = time.monotonic() + 20
    while httpx.get(f"{address}/v/call/changes?after=1&wait=0", cookies=page_cookie).status_code != 200:
        assert time.monotonic() < ends, "closed sockets keep their places"
        time.sleep(0.02)


def test_a_desk_wakes_only_its_agent(services, address):
    services.dispatch.add("sam", "x")
    services.dispatch.add("olga", "x", Role.OPS)
    cookie = {"duet_desk": services.dispatch.signin("sam", "x", services.clock())}
    with httpx.stream("GET", f"{address}/desk/events?after=0", cookies=cookie) as reply:
        services.dispatch.moved("olga")
        services.dispatch.moved("sam")
        assert next(lines(reply)) == "id: 1"
    ops = {"duet_desk": services.dispatch.signin("olga", "x", services.clock())}
    with httpx.stream("GET", f"{address}/ops/events?after=0", cookies=ops) as reply:
        services.rings()
        assert next(lines(reply)) == "id: 1"


async def _never() -> dict:
    await asyncio.Event().wait()
    return {}


def test_two_thousand_idle_pages_need_no_thread_each(services, page_cookie, monkeypatch):
    monkeypatch.setattr(sockets, "SOCKETS_AT_MOST", 2000)
    cookie = f"duet_page={page_cookie['duet_page']}".encode()
    scope = {"type": "http", "path": "/v/call/events", "headers": [(b"cookie", cookie)], "query_string": b"after=1"}
    drawn: list[bytes] = []

    async def send(message) -> None:
        drawn.append(message.get("body", b""))

    async def many() -> int:
        pages = [asyncio.create_task(sockets.page_events(scope, _never, send, services)) for _ in range(2000)]
        while sum(body.startswith(b"retry") for body in drawn) < 2000:
            await asyncio.sleep(0.01)
        threads = threading.active_count()
        services.goes("call1", "pin")
        deadline = time.monotonic() + 20
        while drawn.count(b"id: 2\ndata:\n\n") < 2000 and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
        return threads

    threads = asyncio.run(many())
    assert drawn.count(b"id: 2\ndata:\n\n") == 2000
    assert threads < 64


def test_a_closed_tab_leaves_nothing_behind(services, page_cookie):
    cookie = f"duet_page={page_cookie['duet_page']}".encode()
    scope = {"type": "http", "path": "/v/call/events", "headers": [(b"cookie", cookie)], "query_string": b"after=1"}

    async def close() -> int:
        async def receive() -> dict:
            return {"type": "http.disconnect"}

        async def send(message) -> None:
            pass

        await sockets.page_events(scope, receive, send, services)
        await asyncio.sleep(0.05)
        return len(asyncio.all_tasks())

    assert asyncio.run(close()) == 1
