"""Flask behind the bridge is met as Flask behind any server."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
from flask import Flask, Response, request

from ivr.web.bridge import Bridge, Lane
from ivr.web.serving import PASSWORDS, WEBHOOKS, lane_of

LONGEST = 1000


def pages() -> Flask:
    app = Flask("bridged")

    @app.route("/echo/<word>", methods=["GET", "POST"])
    def echo(word: str) -> Response:
        said = {"word": word, "query": request.args.getlist("q"), "form": request.form.to_dict(), "host": request.host,
                "language": request.headers.get("Accept-Language"), "from": request.remote_addr}  # fmt: skip
        response = Response(repr(said), 201)
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        return response

    @app.route("/slow", methods=["GET", "POST"])
    def slow() -> str:
        time.sleep(0.3)
        return threading.current_thread().name

    return app


def ask(*requests: tuple, threads: int = 4, apart: tuple[str, ...] = ()) -> list[httpx.Response]:
    """``apart``: paths that have one thread of their own, for which two may wait."""
    usual, lonely = Lane("usual", threads, waiting=100), Lane("apart", threads=1, waiting=2)

    async def all_at_once() -> list[httpx.Response]:
        bridge = Bridge(pages(), LONGEST, lambda scope: lonely if scope["path"] in apart else usual)
        transport = httpx.ASGITransport(bridge)
        async with httpx.AsyncClient(transport=transport, base_url="http://duet.example:8000") as client:
            return await asyncio.gather(*(client.request(method, path, **more) for method, path, more in requests))

    return asyncio.run(all_at_once())


def test_path_query_form_and_headers_arrive_as_they_were_sent():
    more = {"data": {"Digits": "1", "Text": "für 5 €"}, "headers": {"Accept-Language": "de"}}
    (reply,) = ask(("POST", "/echo/gr%C3%BC%C3%9Fe?q=a&q=b%26c", more))
    assert reply.status_code == 201
    assert eval(reply.text) == {
        "word": "grüße", "query": ["a", "b&c"], "form": {"Digits": "1", "Text": "für 5 €"},
        "host": "duet.example:8000", "language": "de", "from": "127.0.0.1",
    }  # fmt: skip


def test_headers_that_come_twice_both_reach_the_browser():
    (reply,) = ask(("GET", "/echo/x", {}))
    assert [cookie.split(";")[0] for cookie in reply.headers.get_list("set-cookie")] == ["one=1", "two=2"]


def test_a_body_of_unknown_length_is_refused_once_it_is_too_long():
    async def endless():
        for _ in range(100):
            yield b"x" * 100

    async def short():
        yield b"Digits="
        yield b"1"

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    long, fits = ask(
        ("POST", "/echo/x", {"content": endless(), "headers": form}),
        ("POST", "/echo/x", {"content": short(), "headers": form}),
    )
    assert (long.status_code, long.content) == (413, b"")
    assert eval(fits.text)["form"] == {"Digits": "1"}


def test_a_slow_answer_holds_up_nobody_else():
    slow, *quick = ask(("GET", "/slow", {}), *[("GET", f"/echo/{n}", {}) for n in range(20)], threads=2)
    assert slow.status_code == 200 and all(reply.status_code == 201 for reply in quick)


def test_an_unknown_page_is_not_found():
    (reply,) = ask(("GET", "/nowhere", {}))
    assert reply.status_code == 404


def test_a_crowd_in_one_lane_keeps_no_thread_from_the_others_and_is_sent_away_when_it_grows():
    crowd, others = [("POST", "/slow", {})] * 5, [("GET", f"/echo/{n}", {}) for n in range(20)]
    replies = ask(*crowd, *others, threads=1, apart=("/slow",))
    assert [reply.status_code for reply in replies[5:]] == [201] * 20
    assert [reply.status_code for reply in replies[:5]] == [200] * 3 + [503] * 2
    assert {reply.text for reply in replies[:3]} == {"apart_0"}
    assert all(reply.headers["Retry-After"] == "5" and "Too many people" in reply.text for reply in replies[3:5])


def test_webhooks_pages_and_passwords_wait_in_lanes_of_their_own():
    lanes = {
        (method, path): lane_of({"method": method, "path": path})
        for method in ("GET", "POST")
        for path in (
            "/voice/bank",
            "/voice/c/1/2/answer",
            "/v",
            "/v/call/3",
            "/desk",
            "/desk/sign-in",
            "/voices",
            "/healthz",
        )
    }
    assert {path for (_, path), lane in lanes.items() if lane is WEBHOOKS} == {
        "/voice/bank", "/voice/c/1/2/answer", "/healthz",
    }  # fmt: skip
    assert [asked for asked, lane in lanes.items() if lane is PASSWORDS] == [("POST", "/desk/sign-in")]
    assert len(set(lanes.values())) == 3


def test_half_a_form_is_not_taken_for_a_whole_one():
    sent: list[dict] = []

    async def post() -> None:
        half = {"type": "http.request", "body": b"secret=48", "more_body": True}
        messages = iter([half, {"type": "http.disconnect"}])

        async def receive() -> dict:
            return next(messages)

        async def send(message: dict) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/echo/x", "query_string": b"", "headers": []}
        await Bridge(pages(), LONGEST, lambda _scope: Lane("usual", 1, 1))(scope, receive, send)

    asyncio.run(post())
    assert sent == []
