"""Calls, their sessions and their log: each turn saved in one commit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, bindparam, cast, func, select, update

from ivr.errors import UnknownCall
from ivr.flow.events import (
    AnyEvent,
    CallBackPromised,
    ConsentGiven,
    LanguageChosen,
    PaceChanged,
    VoiceWishGranted,
)  # fmt: skip
from ivr.flow.inputs import Digits, Input, Speech
from ivr.flow.session import Session, Turn
from ivr.flow.waits import AwaitSecret
from ivr.store import consents, contacts, joining, paces, promises, requests, voiceprints
from ivr.store.codecs import events_from_json, input_from_json, session_from_json, to_json
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.errors import StoreError, UnreadableSession
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, among, as_list, insert_into, limited
from ivr.store.tables import calls
from ivr.store.tables import log as log_table


@dataclass(frozen=True)
class LogRow:
    id: int  # rises with time over all calls
    call: str
    revision: int
    turn: int
    at: datetime
    input: Input | None
    events: tuple[AnyEvent, ...]


_CALL_OF = Statement(select(calls.c.call).where(calls.c.carrier_call == bindparam("carrier_call")))
_CARRIER_CALL_OF = Statement(select(calls.c.carrier_call).where(calls.c.call == bindparam("call")))
_SESSION = select(calls.c.format, calls.c.session).where(calls.c.call == bindparam("call"))
_LOAD = Statement(_SESSION)
_LOAD_FOR_UPDATE = Statement(_SESSION.with_for_update())
_UPDATE = update(calls).where(calls.c.call == bindparam("of_call"), calls.c.revision == bindparam("of_revision"))
_SAVED = ("format", "revision", "turn", "ended_at", "session")
_INSERT_CALL = Statement(
    lambda insert: insert(calls).on_conflict_do_nothing(index_elements=["carrier_call"]).inline(),
    "call", "carrier", "carrier_call", "started_at", *_SAVED,
)  # fmt: skip
_SAVE = Statement(_UPDATE, *_SAVED)
_SAVE_WITH_REPLY = Statement(_UPDATE, *_SAVED, "reply_key", "reply_turn", "reply")
_REPLY = Statement(
    select(calls.c.reply_turn, calls.c.reply).where(
        calls.c.call == bindparam("call"), calls.c.reply_key == bindparam("reply_key")
    )
)
_REVISIONS = Statement(select(calls.c.call, calls.c.revision).where(among(calls.c.call, "calls")))
_OPEN_CALLS = Statement(
    limited(
        select(calls.c.call)
        .where(calls.c.ended_at.is_(None), calls.c.started_at <= bindparam("before"))
        .order_by(calls.c.started_at)
    )
)

_APPEND = insert_into(log_table, "call", "revision", "turn", "at", "input", "events")
_ROW = (
    log_table.c.id, log_table.c.call, log_table.c.revision, log_table.c.turn, log_table.c.at, log_table.c.input,
    log_table.c.events,
)  # fmt: skip
_LOG = Statement(select(*_ROW).where(log_table.c.call == bindparam("call")).order_by(log_table.c.revision))
_TURN = Statement(
    select(log_table.c.events)
    .where(log_table.c.call == bindparam("call"), log_table.c.turn == bindparam("turn"))
    .order_by(log_table.c.revision)
)
_AFTER = limited(select(*_ROW).where(log_table.c.id > bindparam("after")).order_by(log_table.c.id))
_RECENT_LOG = {
    "sqlite": Statement(_AFTER),  # one writer at a time: ids are committed in order
    "postgresql": Statement(
        # A row with a smaller id may still be uncommitted: stop before the oldest transaction that is open.
        _AFTER.where(
            log_table.c.transaction_id
            < cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), log_table.c.call.type), BigInteger)
        )
    ),
}


_NEWEST = Statement(select(func.max(log_table.c.id)))
_LIVE = Statement(
    limited(
        select(calls.c.call, calls.c.format, calls.c.session, calls.c.started_at)
        .where(calls.c.ended_at.is_(None))
        .order_by(calls.c.started_at.desc())
    )
)


def create_call(
    db: Database,
    session: Session,
    turn: Turn,
    carrier: str,
    carrier_call: str,
    at: datetime,
    input_record: Input | None = None,
) -> bool:
    """Saves a new call with its first turn. False, and nothing is changed, if this carrier call already has one."""
    now = to_microseconds(at)

    def job(transaction: Transaction) -> bool:
        row = {
            "call": session.call, "carrier": carrier, "carrier_call": carrier_call, "format": session.format,
            "revision": session.revision, "turn": session.turn, "started_at": now, "ended_at": None,
            "session": to_json(session),
        }  # fmt: skip
        if transaction.write(_INSERT_CALL, row) == 0:
            return False
        _save(transaction, session, turn, now, None, input_record)
        return True

    return write(db, job)


def call_of(reader: Reader, carrier_call: str) -> str | None:
    rows = reader.rows(_CALL_OF, {"carrier_call": carrier_call})
    return rows[0][0] if rows else None


def carrier_call_of(reader: Reader, call: str) -> str | None:
    rows = reader.rows(_CARRIER_CALL_OF, {"call": call})
    return rows[0][0] if rows else None


def load(reader: Reader, call: str) -> Session | None:
    """Raises UnreadableSession."""
    rows = reader.rows(_LOAD, {"call": call})
    return session_from_json(call, *rows[0]) if rows else None


def change(
    db: Database,
    call: str,
    decide: Callable[[Session, Reader], Turn],
    at: datetime,
    reply: Callable[[Turn], tuple[bytes, bytes]] | None = None,
    input_record: Input | None = None,
    also: Callable[[Transaction], None] | None = None,
) -> Turn:
    """Loads the session, lets ``decide`` answer with a turn and saves all of it in one commit.

    ``decide`` must be pure but for reads through its ``Reader``; it runs inside the transaction, perhaps on another
    thread, and must not call this package with ``db``. ``reply`` gives the key and the sealed text to remember.
    ``input_record`` is what the log keeps and, where it is a fact, names the request that it answers. ``also`` writes
    what belongs to the same commit, if the turn is accepted; what it raises undoes the turn.

    Returns the turn, its session with the saved revision. A turn that is not accepted changes nothing. Raises
    UnknownCall, UnreadableSession, StoreError and whatever ``decide`` raises; then nothing has changed either.
    """
    now = to_microseconds(at)

    def job(transaction: Transaction) -> Turn:
        rows = transaction.rows(_LOAD_FOR_UPDATE, {"call": call})
        if not rows:
            raise UnknownCall(f"no call {call!r} in the database; was it created by another installation?")
        before = session_from_json(call, *rows[0])
        turn = decide(before, transaction)
        if not turn.accepted:
            return turn
        if also is not None:
            also(transaction)
        return _save(transaction, before, turn, now, reply, input_record)

    return write(db, job)


def _save(
    transaction: Transaction,
    before: Session,
    turn: Turn,
    now: int,
    reply: Callable[[Turn], tuple[bytes, bytes]] | None,
    input_record: Input | None,
) -> Turn:
    call, revision, session = before.call, before.revision + 1, turn.session
    if session.revision != revision:  # whoever decides need not count
        session = msgspec.structs.replace(session, revision=revision)
        turn = msgspec.structs.replace(turn, session=session)
    ended = session.ended is not None
    row = {
        "of_call": call, "of_revision": before.revision, "format": session.format, "revision": revision,
        "turn": session.turn, "ended_at": now if ended else None, "session": to_json(session),
    }  # fmt: skip
    if ended:
        row |= {"reply_key": None, "reply_turn": None, "reply": None}
    elif reply is not None:
        key, sealed = reply(turn)
        row |= {"reply_key": key, "reply_turn": session.turn, "reply": sealed}
    if transaction.write(_SAVE_WITH_REPLY if "reply" in row else _SAVE, row) != 1:
        raise StoreError(f"call {call}: revision {before.revision} was replaced while it was being answered; try again")
    recorded = None if input_record is None else to_json(_without_secret(before, input_record))
    transaction.write(
        _APPEND,
        {"call": call, "revision": revision, "turn": session.turn, "at": now, "input": recorded,
         "events": to_json(turn.events)},
    )  # fmt: skip
    requests.follow(transaction, before, turn, now, input_record)
    for event in turn.events:
        if type(event) is ConsentGiven:
            consents.record(transaction, call, event, now)
        elif type(event) is LanguageChosen and event.contact is not None:
            contacts.remember_language(transaction, event.contact, event.language)
        elif type(event) is CallBackPromised:
            promises.record(transaction, call, revision, event, now)
        elif type(event) is VoiceWishGranted:
            voiceprints.fulfil(transaction, event, now, call)
        elif type(event) is PaceChanged:
            paces.record(transaction, event)
    joining.follow(transaction, before, turn, now)
    return turn


def remembered_reply(reader: Reader, call: str, key: bytes) -> tuple[int, bytes] | None:
    """The turn that it draws and the sealed reply, if ``key`` is the call's newest; None once the call has ended.

    It is out of date once the session has left that turn.
    """
    rows = reader.rows(_REPLY, {"call": call, "reply_key": key})
    return rows[0] if rows else None


def _without_secret(before: Session, answer: Input) -> Input:
    """Digits and words given where a secret was asked for: the doorway should have compared them; never log them."""
    if type(before.waiting_for) is AwaitSecret:
        if type(answer) is Digits:
            return msgspec.structs.replace(answer, keys="")
        if type(answer) is Speech:
            return msgspec.structs.replace(answer, text="")
    return answer


def revisions(reader: Reader, calls: Sequence[str]) -> dict[str, int]:
    """Of those calls that exist; one query however many there are."""
    return dict(reader.rows(_REVISIONS, {"calls": as_list(calls)})) if calls else {}


def open_calls(reader: Reader, before: datetime, limit: int) -> list[str]:
    """Calls not ended that started at or before then, oldest first: what the sweep asks the carrier about."""
    rows = reader.rows(_OPEN_CALLS, {"before": to_microseconds(before), "limit": limit})
    return [call for (call,) in rows]


def events_of_turn(reader: Reader, call: str, turn: int) -> list[AnyEvent]:
    """Everything that happened at this turn, in order: of the input that began it and of facts that came during it."""
    rows = reader.rows(_TURN, {"call": call, "turn": turn})
    return [event for (events,) in rows for event in events_from_json(events)]


def log(reader: Reader, call: str) -> list[LogRow]:
    return [_log_row(row) for row in reader.rows(_LOG, {"call": call})]


def recent_log(db: Database, after_id: int, limit: int) -> list[LogRow]:
    """Rows of all calls after ``after_id`` (0: from the beginning), oldest first. Following by id misses nothing."""
    rows = db.rows(_RECENT_LOG[db.dialect], {"after": after_id, "limit": limit})
    return [_log_row(row) for row in rows]


def _log_row(row: tuple) -> LogRow:
    id_, call, revision, turn, at, input_json, events = row
    return LogRow(
        id_, call, revision, turn, from_microseconds(at), input_from_json(input_json), events_from_json(events)
    )


def newest_log_id(reader: Reader) -> int:
    return reader.rows(_NEWEST, {})[0][0] or 0


def live_calls(reader: Reader, limit: int) -> list[tuple[Session, datetime]]:
    """Calls that have not ended and since when, newest first; those this release cannot read are left out."""
    found = []
    for call, format_, json, started_at in reader.rows(_LIVE, {"limit": limit}):
        with contextlib.suppress(UnreadableSession):
            found.append((session_from_json(call, format_, json), from_microseconds(started_at)))
    return found
