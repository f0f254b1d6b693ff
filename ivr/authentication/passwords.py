"""Secrets of people, passwords and PINs: argon2id, and the same time for an unknown name as for a wrong one."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

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


@cache
def _nobody() -> str:
    return _hasher.hash("nobody signs in with this")
