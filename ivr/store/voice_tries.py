"""Tries at a voice, by subject: ``contact:<id>``, ``caller:<number>``, ``device:<hash>``. Counted across calls.

A try is written down before its voices are compared, and taken back where it was ACCEPTED or nothing was compared. So
whoever hangs up early, or asks in two calls at once, has used up a try all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, delete, func, select

from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement
from ivr.store.tables import page_bindings, voice_tries

WINDOW = timedelta(hours=1)
MOST = 3  # of one subject in the window

_ADD = Statement(
    lambda insert: insert(voice_tries).on_conflict_do_nothing(index_elements=["request", "subject"]).inline(),
    *voice_tries.c.keys(),
)
_KNOWN = Statement(select(voice_tries.c.subject).where(voice_tries.c.request == bindparam("request")))
_NEWEST = Statement(
    select(voice_tries.c.at)
    .where(voice_tries.c.subject == bindparam("subject"), voice_tries.c.at > bindparam("since"))
    .order_by(voice_tries.c.at.desc())
)
_TAKE_BACK = Statement(delete(voice_tries).where(voice_tries.c.request == bindparam("request")))
_CLEAR = Statement(delete(voice_tries).where(voice_tries.c.subject == bindparam("subject")))


def _of(subject: str) -> Select:
    return select(voice_tries.c.request).where(voice_tries.c.subject == bindparam(subject))


_CLEAR_CALLER = Statement(
    delete(voice_tries).where(voice_tries.c.request.in_(_of("contact")), voice_tries.c.request.in_(_of("caller")))
)
_FADE = Statement(
    delete(voice_tries).where(voice_tries.c.subject == bindparam("subject"), voice_tries.c.at <= bindparam("since"))
)
_DEVICES = Statement(
    select(page_bindings.c.device).where(page_bindings.c.call == bindparam("call"), page_bindings.c.device.is_not(None))
)
# SQLite has one writer at a time; PostgreSQL lets two count at once unless they wait for each other here.
_ONE_AT_A_TIME = Statement(select(func.pg_advisory_xact_lock(func.hashtext(bindparam("subject")))))


def begin(db: Database, request: str, subjects: Sequence[str], at: datetime) -> datetime | None:
    """Write the try of ``request`` down. None: the voices may be compared; else the time until which they may not.

    Repeatable: a request that has been written down is not counted again.
    """

    def job(transaction: Transaction) -> datetime | None:
        if db.dialect == "postgresql":
            for subject in sorted(subjects):  # in one order, so that two never wait for each other
                transaction.rows(_ONE_AT_A_TIME, {"subject": subject})
        if transaction.rows(_KNOWN, {"request": request}):
            return None
        until = locked_until(transaction, subjects, at)
        if until is None:
            _write_down(transaction, request, subjects, at)
        return until

    return write(db, job)


def add_subjects(transaction: Transaction, request: str, subjects: Sequence[str], at: datetime) -> None:
    """The try counts for these too, if it still counts: a browser that was bound after it began."""
    if transaction.rows(_KNOWN, {"request": request}):
        _write_down(transaction, request, subjects, at)


def locked_until(reader: Reader, subjects: Sequence[str], now: datetime) -> datetime | None:
    """When the next try is free, if one of the subjects has used up its tries."""
    untils = []
    for subject in subjects:
        newest = reader.rows(_NEWEST, {"subject": subject, "since": to_microseconds(now - WINDOW)})
        if len(newest) >= MOST:
            untils.append(from_microseconds(newest[MOST - 1][0]) + WINDOW)
    return max(untils, default=None)


def take_back(transaction: Transaction, request: str) -> None:
    """It was ACCEPTED, or nothing was compared."""
    transaction.write(_TAKE_BACK, {"request": request})


def clear(transaction: Transaction, contact: str, caller: str) -> None:
    """This caller has proven to be the owner by another factor.

    So the print is free again, and what this very number tried at it was the owner on a bad line. What the number tried at
    other prints stays: an attacker has an account, too.
    """
    transaction.write(_CLEAR_CALLER, {"contact": f"contact:{contact}", "caller": f"caller:{caller}"})
    transaction.write(_CLEAR, {"subject": f"contact:{contact}"})


def subjects(reader: Reader, call: str, caller: str, contact: str) -> list[str]:
    """Whom a comparison in this call with the print of this contact counts for."""
    number = [f"caller:{caller}"] if caller.startswith("+") else []  # those who withhold it are not one caller
    return [f"contact:{contact}", *number, *devices(reader, call)]


def devices(reader: Reader, call: str) -> list[str]:
    """The browsers bound to this call, as subjects."""
    return sorted({f"device:{device.hex()}" for (device,) in reader.rows(_DEVICES, {"call": call})})


def _write_down(transaction: Transaction, request: str, subjects: Sequence[str], at: datetime) -> None:
    for subject in subjects:
        transaction.write(_FADE, {"subject": subject, "since": to_microseconds(at - WINDOW)})
        transaction.write(_ADD, {"request": request, "subject": subject, "at": to_microseconds(at)})
