"""Sealed replies to requests whose input was accepted, so that a repeated request hears the same again."""

from __future__ import annotations

from sqlalchemy import ClauseElement, bindparam, delete, select

from ivr.store.database import Reader, Transaction
from ivr.store.statements import Insert, Statement
from ivr.store.tables import replies


def _upsert(insert: Insert) -> ClauseElement:
    statement = insert(replies)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["key"], set_={"call": new.call, "turn": new.turn, "sealed": new.sealed}
    ).inline()


_REMEMBER = Statement(_upsert, *replies.c.keys())
_FORGET = Statement(delete(replies).where(replies.c.call == bindparam("call")))
_REMEMBERED = Statement(select(replies.c.turn, replies.c.sealed).where(replies.c.key == bindparam("key")))


def remember(transaction: Transaction, call: str, turn: int, key: bytes, sealed: bytes) -> None:
    transaction.write(_REMEMBER, {"key": key, "call": call, "turn": turn, "sealed": sealed})


def forget(transaction: Transaction, call: str) -> None:
    transaction.write(_FORGET, {"call": call})


def remembered_reply(reader: Reader, key: bytes) -> tuple[int, bytes] | None:
    """The turn that it draws and the sealed reply. It is out of date once the session has left that turn."""
    rows = reader.rows(_REMEMBERED, {"key": key})
    return rows[0] if rows else None
