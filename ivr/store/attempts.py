"""What is counted across calls, by subject: tries at a secret (``contact:<id>``, ``caller:<number>``, ``agent:<name>``)
and, never a match, messages sent (``message:<number>``) and beginnings made (``begun:<address>``); six-digit codes typed
(``page:<address>``, ``page``) and keyed (``begun:<number>``, ``begun``). An address is kept only as a keyed hash."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, false, func, select, true

from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import to_microseconds
from ivr.store.statements import Statement, insert_into
from ivr.store.tables import secret_attempts

_RECORD = insert_into(secret_attempts, "subject", "matched", "at")


def _count(matched: ColumnElement[bool]) -> Statement:
    return Statement(
        select(func.count()).where(
            secret_attempts.c.subject == bindparam("subject"),
            secret_attempts.c.at >= bindparam("since"),
            secret_attempts.c.matched.is_(matched),
        )
    )


_COUNT_WRONG, _COUNT_RIGHT = _count(false()), _count(true())


def record_attempt(db: Database, subject: str, matched: bool, at: datetime) -> None:
    write(db, lambda transaction: record(transaction, subject, matched, at))


def record(transaction: Transaction, subject: str, matched: bool, at: datetime) -> None:
    transaction.write(_RECORD, {"subject": subject, "matched": matched, "at": to_microseconds(at)})


def count_wrong(reader: Reader, subject: str, since: datetime) -> int:
    """Wrong ones since then. A right one in between does not clear them: it may be the attacker's own account."""
    return reader.rows(_COUNT_WRONG, {"subject": subject, "since": to_microseconds(since)})[0][0]


def count_right(reader: Reader, subject: str, since: datetime) -> int:
    return reader.rows(_COUNT_RIGHT, {"subject": subject, "since": to_microseconds(since)})[0][0]
