"""The caller's page: who may open it. A link, and two digits that only this call has spoken."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from ivr.calls import Services, take_turn
from ivr.carriers.addresses import Addressing
from ivr.errors import UnknownCall
from ivr.flow.inputs import LinkOpened
from ivr.flow.session import Session
from ivr.store import pages, sessions

LINK_LIFETIME = timedelta(minutes=10)
DEVICE_LIFETIME = timedelta(minutes=2)  # of a link drawn on one screen for another
DEVICE = "device"  # begins what such a link is signed for; request ids begin with the call
PAGE_LIFETIME = timedelta(hours=4)
TRIES = 3  # at the two digits: 3 in 90


class LinkRefused(StrEnum):
    WRONG_DIGITS = "wrong_digits"  # tries are left
    DEAD = "dead"  # forged, expired, used, tried too often, or the call is over: one answer for all


class Opened(msgspec.Struct, frozen=True):
    call: str
    cookie: str


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def add_link(services: Services, token: str, call: str, to_number_on_file: bool) -> None:
    """Before the message with it is sent. Repeatable."""
    if pages.link(services.database, token_hash(token)) is None:
        session = sessions.load(services.database, call)
        expires_at = services.clock() + LINK_LIFETIME * (session.pace if session else 1)
        pages.add_link(services.database, pages.LinkToken(token_hash(token), call, to_number_on_file, expires_at))


def is_alive(services: Services, addressing: Addressing, token: str) -> bool:
    return _alive(services, addressing, token, services.clock()) is not None


def open_link(
    services: Services, addressing: Addressing, token: str, digits: str, now: datetime, earlier_cookie: str = ""
) -> Opened | LinkRefused:
    """Bind a browser to the link's call, if the digits are those spoken in it. Never called by a GET.

    ``earlier_cookie``: of the page that this browser had before, by which it is known to be the same device.
    """
    link = _alive(services, addressing, token, now)
    if link is None or not pages.take_attempt(services.database, link.token_hash, TRIES):
        return LinkRefused.DEAD
    session = sessions.load(services.database, link.call)
    request = addressing.link_request(token)
    right = hmac.compare_digest(session.page.digits.encode(), digits.strip().encode())
    if not right and asks_digits(addressing, token):
        return LinkRefused.WRONG_DIGITS if link.wrong_attempts + 1 < TRIES else LinkRefused.DEAD
    cookie = secrets.token_urlsafe(32)

    def bind(transaction) -> None:
        veiled = request.startswith(f"{DEVICE}:veiled:")
        if veiled and not _is_of_code(request, addressing, sessions.load(transaction, link.call)):
            raise UsedMeanwhile
        until, earlier = now + PAGE_LIFETIME, token_hash(earlier_cookie)
        if not pages.bind(transaction, link.token_hash, token_hash(cookie), now, until, veiled, earlier):
            raise UsedMeanwhile

    opened = LinkOpened(id=f"link:{link.token_hash.hex()[:16]}", request=request)
    try:
        turn = take_turn(services, link.call, opened, also=bind)
    except (UsedMeanwhile, UnknownCall):
        return LinkRefused.DEAD
    return Opened(call=link.call, cookie=cookie) if turn.accepted else LinkRefused.DEAD


def _code_tag(addressing: Addressing, session: Session) -> str:
    """Stands for the code that the call spoke last. A new one shuts out the pages of the last, and the screens that
    were to be opened from them."""
    return addressing.mac(f"code {session.call} {session.page.code}")


def _is_of_code(request: str, addressing: Addressing, session: Session) -> bool:
    return hmac.compare_digest(request.split(":")[2].encode(), _code_tag(addressing, session).encode())


def asks_digits(addressing: Addressing, token: str) -> bool:
    """Not where the link was drawn on a page of the very call: whoever sees that page has joined already."""
    return not (addressing.link_request(token) or "").startswith(f"{DEVICE}:")


def is_opened_by(services: Services, token: str, cookie: str) -> bool:
    """Whether this browser follows the call of this link: it may come back by the message as often as it likes."""
    link = pages.link(services.database, token_hash(token))
    return link is not None and link.used_at is not None and call_of(services, cookie) == link.call


def add_device_link(services: Services, addressing: Addressing, cookie: str, now: datetime) -> str | None:
    """A link, once and for two minutes, for one more screen of this browser's call. It proves no more than this browser
    did, and never counts as a factor. None: no live call."""
    bound = pages.binding(services.database, token_hash(cookie), now)
    session = sessions.load(services.database, bound.call) if bound is not None else None
    if session is None or session.ended is not None:
        return None
    how = f"veiled:{_code_tag(addressing, session)}" if bound.veiled else "open"
    request = f"{DEVICE}:{how}:{bound.call}:{secrets.token_hex(8)}"
    token = addressing.link_token(request)
    pages.add_link(services.database, pages.LinkToken(token_hash(token), bound.call, False, now + DEVICE_LIFETIME))
    return addressing.link(request)


def is_veiled(services: Services, cookie: str) -> bool:
    """Whether this browser joined by a code. In doubt it did."""
    bound = pages.binding(services.database, token_hash(cookie), services.clock())
    return bound is None or bound.veiled


def call_of(services: Services, cookie: str) -> str | None:
    return pages.bound_call(services.database, token_hash(cookie), services.clock())


class UsedMeanwhile(Exception):
    """Undoes the turn: somebody else has opened the link, or typed the code."""


def _alive(services: Services, addressing: Addressing, token: str, now: datetime) -> pages.LinkToken | None:
    if addressing.link_request(token) is None:
        return None
    link = pages.link(services.database, token_hash(token))
    if link is None or link.used_at is not None or link.expires_at <= now or link.wrong_attempts >= TRIES:
        return None
    session = sessions.load(services.database, link.call)
    return link if session is not None and session.ended is None else None
