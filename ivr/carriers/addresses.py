"""The addresses we hand out, signed with our own key so that only we can have made them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import partial

import msgspec

from ivr.carriers.base import Addresses
from ivr.flow.session import Session

STREAM_ID = "stream:"  # begins the id of every StreamStarted fact


class Ticket(msgspec.Struct, frozen=True):
    """A right to open one stream: of this call, at this turn, the n-th of the call."""

    call: str
    turn: int
    number: int

    @property
    def fact_id(self) -> str:
        """Accepted once by the engine, which makes the ticket single-use."""
        return f"{STREAM_ID}{self.number}"


class Addressing:
    """``public_url`` without a trailing slash; ``secret`` is IVR_SECRET_KEY."""

    def __init__(self, public_url: str, secret: bytes, account: str, played: frozenset[str] = frozenset()) -> None:
        """``played``: primary codes of the languages whose prompts can be fetched as sound."""
        self.public_url = public_url
        self._played = played
        self._key = hmac.digest(secret, b"duet addresses", hashlib.sha256)
        self._account = account
        self._socket_url = "ws" + public_url.removeprefix("http") + "/voice/stream"

    def mac(self, text: str) -> str:
        """22 characters, 128 bits."""
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), hashlib.sha256)[:16]).decode().rstrip("=")

    def holds(self, text: str, mac: str) -> bool:
        return hmac.compare_digest(self.mac(text).encode(), mac.encode())

    def of(self, session: Session) -> Addresses:
        """Where the document of the session's present turn leads."""
        base = f"{self.public_url}/voice/c/{session.call}/{session.turn}"
        query = f"?s={self.mac(f'{session.call}/{session.turn}')}"
        streams = session.voice.wanted and not session.voice.running
        return Addresses(
            draw=base + query, answer=f"{base}/answer{query}", secret=f"{base}/secret{query}",
            wait=f"{base}/wait{query}", chosen=f"{base}/wait/chosen{query}", left=f"{base}/left{query}", stream=self._socket_url,
            stream_ended=f"{base}/stream{query}&n={_streams(session)}",
            ticket=self._ticket(session) if streams else "",
            prompt=partial(self._prompt, session.call, session.turn), played=self._played,
        )  # fmt: skip

    def belongs(self, call: str, turn: int, mac: str) -> bool:
        return self.holds(f"{call}/{turn}", mac)

    def _prompt(self, call: str, turn: int, name: str) -> str:
        return f"{self.public_url}/voice/c/{call}/{turn}/prompt/{name}?s={self.mac(f'prompt {call}/{turn}/{name}')}"

    def is_prompt(self, call: str, turn: int, name: str, mac: str) -> bool:
        return self.holds(f"prompt {call}/{turn}/{name}", mac)

    def _ticket(self, session: Session) -> str:
        number = _streams(session)
        text = f"{session.call}.{session.turn}.{number}"
        return f"{text}.{self.mac(f'ticket {self._account} {text}')}"

    def ticket(self, text: str) -> Ticket | None:
        """What a presented ticket stands for; None if we did not make it for our account."""
        body, _, mac = text.rpartition(".")
        if not self.holds(f"ticket {self._account} {body}", mac):
            return None
        call, turn, number = body.split(".")
        return Ticket(call=call, turn=int(turn), number=int(number))

    def link(self, request: str) -> str:
        """The page's link for one MessageRequested: the same every time, so that a sent message can be found again."""
        return f"{self.public_url}/v/{self.link_token(request)}"

    def link_token(self, request: str) -> str:
        return f"{base64.urlsafe_b64encode(request.encode()).decode().rstrip('=')}.{self.mac('link ' + request)}"

    def link_request(self, token: str) -> str | None:
        """The request a link was made for; None if we did not make it."""
        encoded, _, mac = token.partition(".")
        try:
            request = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        except (ValueError, UnicodeDecodeError):
            return None
        return request if self.holds("link " + request, mac) else None

    def flow_url(self, flow: str, part: str = "") -> str:
        return f"{self.public_url}/voice/{flow}{part}"

    def agent_url(self, reservation: str, part: str = "") -> str:
        return f"{self.public_url}/voice/agent/{reservation}{part}?s={self.mac('agent ' + reservation)}"

    def is_agent(self, reservation: str, mac: str) -> bool:
        return self.holds("agent " + reservation, mac)


def _streams(session: Session) -> int:
    """How many streams of this call have started."""
    return sum(one.startswith(STREAM_ID) for one in session.seen)
