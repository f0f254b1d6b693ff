"""Six-digit codes: drawing them, hashing them, and how many may be guessed. `authentication/README.md` works out the odds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from ivr.flow.events import BeginningSought, PageCodeRequested
from ivr.flow.inputs import BeginningFound, PageCodeDrawn
from ivr.flow.session import Session
from ivr.store import attempts, joining
from ivr.store.database import Reader

CODES = 1_000_000
LIFETIME = timedelta(minutes=10)  # of a code, until it is typed or keyed
WINDOW = timedelta(minutes=10)  # in which wrong ones are counted
WRONG_AT_MOST = 5  # from one address or one calling number
WRONG_OF_ALL = 20  # from everybody together, and MISTYPED of the right ones
MISTYPED = 20  # one in so many
DRAWS = 20  # a free code is found at once unless most are taken


def key_from(secret: bytes) -> bytes:
    """The key of all hashes here, from IVR_SECRET_KEY."""
    return hmac.digest(secret, b"duet codes", hashlib.sha256)


def code_hash(key: bytes, purpose: str, code: str) -> bytes:
    """Keyed, because a million hashes are soon computed."""
    return hmac.digest(key, f"{purpose} {code}".encode(), hashlib.sha256)


def page_code_hash(key: bytes, code: str) -> bytes:
    return code_hash(key, "page code", code)


def begun_code(key: bytes, cookie: str) -> str:
    """The code on the page of whoever holds this cookie; derived, so that it need not be stored."""
    drawn = hmac.digest(key, f"begun {cookie}".encode(), hashlib.sha256)
    return f"{int.from_bytes(drawn) % CODES:06d}"


def begun_code_hash(key: bytes, code: str) -> bytes:
    return code_hash(key, "begun code", code)


def draw_page_code(reader: Reader, key: bytes, now: datetime, request: PageCodeRequested) -> PageCodeDrawn:
    """A code that no call speaks now; an empty one where none is found."""
    for _ in range(DRAWS):
        code = f"{secrets.randbelow(CODES):06d}"
        hashed = page_code_hash(key, code)
        if not joining.is_spoken(reader, hashed, now):
            seconds = int(LIFETIME.total_seconds())
            return PageCodeDrawn(id=request.request, code=code, code_hash=hashed, lifetime_seconds=seconds)
    return PageCodeDrawn(id=request.request, code="")


def find_beginning(
    reader: Reader, key: bytes, now: datetime, session: Session, request: BeginningSought
) -> BeginningFound:
    """What was begun on the page of this call's flow. After too many wrong codes none is looked at."""
    nothing = BeginningFound(id=request.request, beginning=None)
    if are_spent(reader, joining.ALL, session.caller, now):
        return nothing
    begun = joining.begun_with_code(reader, begun_code_hash(key, request.code), now)
    if begun is None or begun.flow != session.flow:
        return nothing
    return BeginningFound(id=request.request, beginning=begun.id, chosen=begun.chosen)


def are_spent(reader: Reader, subject: str, who: str, now: datetime) -> bool:
    """Whether no further code of this kind may be tried: by ``who``, or by anybody."""
    since = now - WINDOW
    if attempts.count_wrong(reader, f"{subject}:{who}", since) >= WRONG_AT_MOST:
        return True
    allowed = WRONG_OF_ALL + attempts.count_right(reader, subject, since) // MISTYPED
    return attempts.count_wrong(reader, subject, since) >= allowed
