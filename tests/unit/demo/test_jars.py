"""Two smartphones in one browser: what each of them sends and gets of cookies."""

import asyncio

from ivr.demo.jars import Jars

PHONES = (4001, 4002)


def exchanged(host: str, cookie: str = "", sets: str = "") -> tuple[str, str]:
    """The cookies that reach the server, and the one that reaches the browser."""
    seen: dict[str, str] = {}

    async def server(scope, receive, send) -> None:
        seen["server"] = dict(scope["headers"]).get(b"cookie", b"").decode()
        headers = [(b"set-cookie", sets.encode())] if sets else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def browser(message) -> None:
        if message["type"] == "http.response.start":
            seen["browser"] = dict(message["headers"]).get(b"set-cookie", b"").decode()

    headers = [(b"host", host.encode()), *([(b"cookie", cookie.encode())] if cookie else [])]
    asyncio.run(Jars(server, PHONES)({"type": "http", "headers": headers}, None, browser))
    return seen["server"], seen["browser"]


def test_a_phone_s_cookie_comes_back_through_its_own_port_only():
    _, kept = exchanged("127.0.0.1:4001", sets="duet_page=secret; HttpOnly; Path=/v; SameSite=Lax")
    assert kept == "duet_page.4001=secret; HttpOnly; Path=/v; SameSite=Lax"
    jar = "duet_desk=sam; duet_page.4001=secret; duet_page.4002=other"
    assert exchanged("127.0.0.1:4001", jar)[0] == "duet_page=secret"
    assert exchanged("127.0.0.1:4002", jar)[0] == "duet_page=other"
    assert exchanged("127.0.0.1:8000", jar)[0] == "duet_desk=sam"


def test_elsewhere_cookies_are_what_they_are():
    assert exchanged("127.0.0.1:8000", "a=1; b=x=y", "c=2; Path=/") == ("a=1; b=x=y", "c=2; Path=/")


def test_other_things_than_requests_pass():
    seen = []

    async def server(scope, receive, send) -> None:
        seen.append(scope["type"])

    asyncio.run(Jars(server, PHONES)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
