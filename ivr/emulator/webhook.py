"""Twilio as an HTTP client: signed requests, redirects, cookies, retries and the 15 second limit."""

import asyncio
import ssl
import time
import uuid
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from ivr.emulator.clock import Clock
from ivr.emulator.faults import WebhookFaults
from ivr.emulator.overrides import ConnectionOverrides, split_overrides
from ivr.emulator.signature import HEADER, sign, signed_url

MAX_REDIRECTS = 10
MAX_BODY_BYTES = 16 * 1024 * 1024  # an audio file; the 64 kB limit of a document is checked where it is read
_NO_FAULTS = WebhookFaults()
Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WebhookRequest:
    """``standard`` parameters survive a redirect; ``extra`` ones (Digits, SpeechResult ...) do not."""

    url: str
    method: str = "POST"
    standard: Parameters = ()
    extra: Parameters = ()


@dataclass(frozen=True)
class Answer:
    url: str
    method: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Failure:
    """``kind`` is what a retry policy names (ct, rt, 4xx, 5xx) or "" where no retry can help."""

    code: int
    message: str
    url: str
    kind: str = ""


class WebhookClient:
    def __init__(self, clock: Clock, auth_token: str):
        self._clock = clock
        self._auth_token = auth_token
        # Idle connections are given up quickly: a server that closes one at the same moment would look like a fault.
        limits = httpx.Limits(max_connections=500, max_keepalive_connections=50, keepalive_expiry=1.0)
        self._transport = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), limits=limits)

    async def close(self) -> None:
        await self._transport.aclose()

    async def fetch(
        self, request: WebhookRequest, cookies: httpx.Cookies, faults: WebhookFaults = _NO_FAULTS
    ) -> Answer | Failure:
        """Requests a document. The limit of 15 s is real time; what ``faults`` adds is carrier time."""
        if faults.delay_seconds:
            await self._clock.sleep(faults.delay_seconds)
        if faults.duplicate:
            token = _token()
            first, _ = await asyncio.gather(
                self._with_retries(request, cookies, faults.lost, token),
                self._with_retries(request, cookies, None, token),
            )
            return first
        return await self._with_retries(request, cookies, faults.lost, _token())

    async def _with_retries(
        self, request: WebhookRequest, cookies: httpx.Cookies, lost: str | None, token: str
    ) -> Answer | Failure:
        plain, overrides = split_overrides(request.url)
        began = time.monotonic()
        for attempt in range(overrides.retries + 1):
            left = overrides.total_seconds - (time.monotonic() - began)
            result = await self._attempt(replace(request, url=plain), overrides, left, cookies, lost, token)
            lost = None
            if isinstance(result, Answer) or not result.kind or not overrides.retries_after(result.kind):
                return result
            if attempt < overrides.retries and overrides.total_seconds - (time.monotonic() - began) <= 0:
                break
        return result

    async def _attempt(
        self,
        request: WebhookRequest,
        overrides: ConnectionOverrides,
        left: float,
        cookies: httpx.Cookies,
        lost: str | None,
        token: str,
    ) -> Answer | Failure:
        """One request with its redirects. ``lost`` makes the request or its answer vanish, in carrier time."""
        if lost == "request":
            await self._clock.sleep(overrides.connect_seconds)
            return Failure(11205, "The connection timed out (fault).", request.url, "ct")
        timeouts = (overrides.connect_seconds, overrides.read_seconds)
        try:
            async with asyncio.timeout(max(left, 0.001)):
                result = await self._follow(request, timeouts, cookies, token)
        except TimeoutError:
            result = Failure(11205, f"No complete response within {overrides.total_seconds:g} s.", request.url, "rt")
        if lost == "answer":
            await self._clock.sleep(overrides.read_seconds)
            return Failure(11205, "The response was lost (fault).", request.url, "rt")
        return result

    async def _follow(
        self, request: WebhookRequest, timeouts: tuple[float, float], cookies: httpx.Cookies, token: str
    ) -> Answer | Failure:
        for _ in range(MAX_REDIRECTS + 1):
            result = await self._send(request, timeouts, cookies, token)
            if not isinstance(result, str):
                return result
            # A redirect is fetched with GET and only the standard parameters: this is how a Gather loses its Digits.
            request = WebhookRequest(urljoin(request.url, result), "GET", request.standard)
        return Failure(11215, f"More than {MAX_REDIRECTS} redirects.", request.url)

    async def _send(
        self, request: WebhookRequest, timeouts: tuple[float, float], cookies: httpx.Cookies, token: str
    ) -> Answer | Failure | str:
        """One exchange; the location if it is a redirect."""
        prepared = self._prepare(request, timeouts, cookies, token)
        if isinstance(prepared, Failure):
            return prepared
        kind = "rt"
        try:
            response = await self._transport.handle_async_request(prepared)
            response.request = prepared
            kind = ""  # no policy retries after a part of the response has come
            body = await _read(response)
        except httpx.ConnectTimeout as error:
            return Failure(11205, f"Could not connect in time: {error!r}.", request.url, "ct")
        except httpx.ConnectError as error:
            code = 11220 if isinstance(error.__cause__, ssl.SSLError) else 11205
            return Failure(code, f"Could not connect: {error}.", request.url, "ct")
        except httpx.TimeoutException as error:
            return Failure(11205, f"No response in time: {error!r}.", request.url, kind)
        except httpx.RemoteProtocolError as error:
            return Failure(11206, f"The response broke HTTP: {error}.", request.url, kind)
        except httpx.TransportError as error:
            return Failure(11200, f"The connection failed: {error!r}.", request.url, kind)
        cookies.extract_cookies(response)
        if response.status_code in (301, 302, 303, 307, 308) and "location" in response.headers:
            return response.headers["location"]
        if response.status_code >= 400:
            kind = f"{response.status_code // 100}xx"
            return Failure(11200, f"HTTP {response.status_code} from {request.method}.", request.url, kind)
        return Answer(request.url, request.method, response.headers.get("content-type", ""), body)

    def _prepare(
        self, request: WebhookRequest, timeouts: tuple[float, float], cookies: httpx.Cookies, token: str
    ) -> httpx.Request | Failure:
        parameters = request.standard + request.extra
        url = request.url
        if request.method == "GET" and parameters:
            url += ("&" if "?" in url else "?") + urlencode(parameters)
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            return Failure(11100, f"{url!r} is not a URL: {error}.", url)
        if parsed.scheme not in ("http", "https") or not parsed.host or "_" in parsed.host:
            return Failure(11100, f"{url!r} is not an http(s) URL with a valid host name.", url)
        asked = urlsplit(url)
        # What is signed is what is requested: the path and query exactly as they go over the wire.
        on_wire = f"{asked.scheme}://{asked.netloc}{parsed.raw_path.decode()}"
        form = parameters if request.method == "POST" else ()
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "I-Twilio-Idempotency-Token": token,
            HEADER: sign(signed_url(on_wire), form, self._auth_token),
        }
        content = None
        if request.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            content = urlencode(form).encode()
        timeout = {"connect": timeouts[0], "read": timeouts[1], "write": timeouts[1], "pool": timeouts[0]}
        prepared = httpx.Request(
            request.method, parsed, headers=headers, content=content, extensions={"timeout": timeout}
        )
        if parsed.userinfo:
            auth = httpx.BasicAuth(parsed.username, parsed.password)
            prepared = next(auth.auth_flow(prepared))
        cookies.set_cookie_header(prepared)
        return prepared


async def _read(response: httpx.Response) -> bytes:
    try:
        pieces, size = [], 0
        async for piece in response.aiter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                break
        return b"".join(pieces)
    finally:
        await response.aclose()


def _token() -> str:
    return str(uuid.uuid4())
