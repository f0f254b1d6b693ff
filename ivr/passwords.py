"""Passwords of people who sign in: argon2id, and when to stop listening to guesses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

WRONG_LIMIT = 10
WRONG_SPAN = timedelta(minutes=10)
LONGEST_PASSWORD = 256  # characters; more is refused before it is hashed

_hasher = PasswordHasher()  # argon2-cffi's defaults: RFC 9106, second recommended option


def password_hash(password: str) -> str:
    """The argon2id hash to store, salt and costs included."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; None, an unknown name, costs the same time and is False."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def locked(wrong_at: Iterable[datetime], now: datetime) -> bool:
    """Whether WRONG_LIMIT wrong tries fall into the WRONG_SPAN before ``now``; then nothing is compared any more."""
    return sum(now - WRONG_SPAN < at <= now for at in wrong_at) >= WRONG_LIMIT


@cache
def _nobody() -> str:
    return _hasher.hash("nobody signs in with this")
