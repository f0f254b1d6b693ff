"""The caller's audio: Twilio's Media Stream over a WebSocket, forwarded to the voice process.

A signature at the handshake and a single-use ticket in the first message; nothing is kept here.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import logging
from collections.abc import Awaitable, Callable

import msgspec

from ivr.authentication.listening import Listening
from ivr.calls import Services, take_turn
from ivr.carriers.addresses import Addressing, Ticket
from ivr.errors import UnknownCall
from ivr.flow.inputs import StreamStarted, StreamStopped
from ivr.store import sessions
from ivr.web.security import Doorkeeper

log = logging.getLogger(__name__)
PATH = "/voice/stream"
POLICY, UNREADABLE = 1008, 1007  # close codes, RFC 6455
MALFORMED_AT_MOST = 10
LONGEST_CHUNK = 8000  # bytes of µ-law in one message: one second
START_SECONDS = 10  # a socket that has not shown its ticket by then is closed


class Start(msgspec.Struct, rename="camel"):
    account_sid: str
    call_sid: str
    stream_sid: str
    custom_parameters: dict[str, str] = {}


class Media(msgspec.Struct):
    payload: str


class Frame(msgspec.Struct, rename="camel"):
    event: str
    stream_sid: str = ""
    start: Start | None = None
    media: Media | None = None


_decode = msgspec.json.Decoder(Frame).decode


class StreamDoor:
    """An ASGI application for the one WebSocket path."""

    def __init__(
        self, services: Services, addressing: Addressing, doorkeeper: Doorkeeper, listening: Listening, account: str,
        wake: Callable[[], None],
    ) -> None:  # fmt: skip
        self._services = services
        self._addressing = addressing
        self._doorkeeper = doorkeeper
        self._listening = listening
        self._account = account
        self._wake = wake
        self._secure = addressing.public_url.startswith("https:")

    async def __call__(self, scope: dict, receive: Callable[[], Awaitable[dict]], send) -> None:
        await receive()  # websocket.connect
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        signed = self._doorkeeper.admits_socket(path, headers.get(b"x-twilio-signature", ""))
        if not signed or not (self._secure or _is_loopback(scope.get("client"))):
            await send({"type": "websocket.close", "code": POLICY})  # refused before accept: HTTP 403
            return
        await send({"type": "websocket.accept"})
        call: str | None = None
        ticket: Ticket | None = None
        malformed = 0
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        try:
            while True:
                message = await asyncio.wait_for(receive(), None if call else deadline - loop.time())
                if message["type"] == "websocket.disconnect":
                    return
                try:
                    frame = _decode(message.get("text") or message.get("bytes") or b"")
                    if frame.event == "start" and call is None and frame.start is not None:
                        ticket = await self._started(frame.start)
                        call = ticket.call if ticket else None
                        if call is None:
                            await send({"type": "websocket.close", "code": POLICY})
                            return
                    elif frame.event == "media" and call is not None and frame.media is not None:
                        chunk = base64.b64decode(frame.media.payload, validate=True)
                        if len(chunk) > LONGEST_CHUNK:
                            raise ValueError("chunk too long")
                        self._listening.audio(call, chunk)
                    elif frame.event == "stop":
                        return
                except (msgspec.DecodeError, ValueError, RecursionError):
                    malformed += 1
                    if malformed >= MALFORMED_AT_MOST:
                        log.warning("a stream sent %d frames that cannot be read; closed", malformed)
                        await send({"type": "websocket.close", "code": UNREADABLE})
                        return
        except TimeoutError:
            await send({"type": "websocket.close", "code": POLICY})
        finally:
            if ticket is not None:
                await self._stopped(ticket)

    async def _started(self, start: Start) -> Ticket | None:
        """The ticket shown; None if it is not for this call or has been used."""
        try:
            ticket = self._addressing.ticket(start.custom_parameters.get("ticket", ""))
        except ValueError:
            ticket = None
        if ticket is None or start.account_sid != self._account:
            log.warning("a stream without a ticket of ours was refused")
            return None
        carrier_call = await asyncio.to_thread(sessions.carrier_call_of, self._services.database, ticket.call)
        if carrier_call != start.call_sid:
            log.warning("a stream with the ticket of another call was refused")
            return None
        fact = StreamStarted(id=ticket.fact_id)
        try:
            turn = await asyncio.to_thread(take_turn, self._services, ticket.call, fact)
        except UnknownCall:
            return None
        if not turn.accepted:
            log.warning("a stream with a used ticket was refused")
            return None
        self._listening.opened(ticket.call)
        self._wake()
        return ticket

    async def _stopped(self, ticket: Ticket) -> None:
        self._listening.closed(ticket.call)
        stopped = StreamStopped(id=f"stopped:{ticket.number}")
        await asyncio.shield(asyncio.to_thread(take_turn, self._services, ticket.call, stopped))


def _is_loopback(client: tuple[str, int] | None) -> bool:
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
