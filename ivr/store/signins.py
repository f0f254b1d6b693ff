"""Who is signed in to the desk and to the ops pages. Only hashes of tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, insert_into
from ivr.store.tables import sign_ins


@dataclass(frozen=True)
class SignIn:
    token_hash: bytes = field(repr=False)
    agent: str
    role: str  # agent | supervisor
    csrf: str = field(repr=False)
    expires_at: datetime


_ADD = insert_into(sign_ins)
_BY_TOKEN = Statement(
    select(sign_ins).where(sign_ins.c.token_hash == bindparam("token_hash"), sign_ins.c.expires_at > bindparam("now"))
)
_DELETE = Statement(delete(sign_ins).where(sign_ins.c.token_hash == bindparam("token_hash")))
_DELETE_OF_AGENT = Statement(delete(sign_ins).where(sign_ins.c.agent == bindparam("agent")))
_EXPIRE = Statement(delete(sign_ins).where(sign_ins.c.expires_at <= bindparam("now")))


def add_sign_in(transaction: Transaction, sign_in: SignIn, at: datetime) -> None:
    """Saves it and forgets those that have run out."""
    row = {
        "token_hash": sign_in.token_hash, "agent": sign_in.agent, "role": sign_in.role, "csrf": sign_in.csrf,
        "expires_at": to_microseconds(sign_in.expires_at),
    }  # fmt: skip
    transaction.write(_EXPIRE, {"now": to_microseconds(at)})
    transaction.write(_ADD, row)


def sign_in(reader: Reader, token_hash: bytes, now: datetime) -> SignIn | None:
    """None: unknown, signed out or run out."""
    rows = reader.rows(_BY_TOKEN, {"token_hash": token_hash, "now": to_microseconds(now)})
    if not rows:
        return None
    *plain, expires_at = rows[0]
    return SignIn(*plain, from_microseconds(expires_at))


def sign_out(db: Database, token_hash: bytes) -> bool:
    return write(db, lambda transaction: transaction.write(_DELETE, {"token_hash": token_hash})) == 1


def sign_out_everywhere(transaction: Transaction, agent: str) -> None:
    """Within the change of the password."""
    transaction.write(_DELETE_OF_AGENT, {"agent": agent})
