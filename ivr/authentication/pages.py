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
from ivr.store import pages, sessions

LINK_LIFETIME = timedelta(minutes=10)
PAGE_LIFETIME = timedelta(hours=4)
TRIES = 3  # at the two digits: 3 in 90


class LinkRefused(StrEnum):
    WRONG_DIGITS = "wrong_digits"  # tries are left
    DEAD = "dead"  # forged, expired, used, tried too often, or the call is over: one answer for all


class Opened(msgspec.Struct, frozen=True):
    call: str
    cookie: str


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def add_link(services: Services, token: str, call: str, to_number_on_file: bool) -> None:
    """Before the message with it is sent. Repeatable."""
    if pages.link(services.database, _hash(token)) is None:
        expires_at = services.clock() + LINK_LIFETIME
        pages.add_link(services.database, pages.LinkToken(_hash(token), call, to_number_on_file, expires_at))


def is_alive(services: Services, addressing: Addressing, token: str) -> bool:
    return _alive(services, addressing, token, services.clock()) is not None


def open_link(
    services: Services, addressing: Addressing, token: str, digits: str, now: datetime
) -> Opened | LinkRefused:
    """Bind a browser to the link's call, if the digits are those spoken in it. Never called by a GET."""
    link = _alive(services, addressing, token, now)
    if link is None or not pages.take_attempt(services.database, link.token_hash, TRIES):
        return LinkRefused.DEAD
    session = sessions.load(services.database, link.call)
    if not hmac.compare_digest(session.page.digits.encode(), digits.strip().encode()):
        return LinkRefused.WRONG_DIGITS if link.wrong_attempts + 1 < TRIES else LinkRefused.DEAD
    cookie = secrets.token_urlsafe(32)

    def bind(transaction) -> None:
        if not pages.bind(transaction, link.token_hash, _hash(cookie), now, now + PAGE_LIFETIME):
            raise _UsedMeanwhile

    opened = LinkOpened(id=f"link:{link.token_hash.hex()[:16]}", request=addressing.link_request(token))
    try:
        turn = take_turn(services, link.call, opened, also=bind)
    except (_UsedMeanwhile, UnknownCall):
        return LinkRefused.DEAD
    return Opened(call=link.call, cookie=cookie) if turn.accepted else LinkRefused.DEAD


def call_of(services: Services, cookie: str) -> str | None:
    return pages.bound_call(services.database, _hash(cookie), services.clock())


class _UsedMeanwhile(Exception):
    """Undoes the turn: somebody else has opened the link."""


def _alive(services: Services, addressing: Addressing, token: str, now: datetime) -> pages.LinkToken | None:
    if addressing.link_request(token) is None:
        return None
    link = pages.link(services.database, _hash(token))
    if link is None or link.used_at is not None or link.expires_at <= now or link.wrong_attempts >= TRIES:
        return None
    session = sessions.load(services.database, link.call)
    return link if session is not None and session.ended is None else None
