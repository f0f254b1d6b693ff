"""Six-digit codes: those spoken in calls for a page, and what was begun on a page for a call. Only keyed hashes are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, delete, func, select, true, update

from ivr.flow.events import BeginningJoined, BeginningMissed, PageCodeGiven
from ivr.flow.inputs import ChosenBefore
from ivr.flow.session import Session, Turn
from ivr.store import attempts
from ivr.store.codecs import to_json
from ivr.store.database import Reader, Transaction
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, insert_into, limited
from ivr.store.tables import beginnings, page_bindings, page_codes

ALL = "begun"  # the subject under which wrong codes keyed in any call are counted
JOINED_SECONDS = 600  # after the call has come, for the page to be opened
_MICROSECONDS = 1_000_000
_decode_chosen = msgspec.json.Decoder(tuple[ChosenBefore, ...]).decode


@dataclass(frozen=True)
class Begun:
    """What a visitor of the page chose before any call. ``call``: the one that keyed the code."""

    id: str
    cookie_hash: bytes = field(repr=False)
    code_hash: bytes = field(repr=False)
    flow: str
    chosen: tuple[ChosenBefore, ...]
    expires_at: datetime
    call: str | None = None


_GIVE = insert_into(page_codes)
_TAKE_BACK = Statement(delete(page_codes).where(page_codes.c.call == bindparam("call")))
_FORGET_CODES = Statement(delete(page_codes).where(page_codes.c.expires_at <= bindparam("now")))
_UNBIND_VEILED = Statement(
    delete(page_bindings).where(page_bindings.c.call == bindparam("call"), page_bindings.c.veiled.is_(true()))
)
_CALLS_WITH = Statement(
    select(page_codes.c.call).where(
        page_codes.c.code_hash == bindparam("code_hash"), page_codes.c.expires_at > bindparam("now")
    )
)
_SPEND = Statement(
    delete(page_codes).where(
        page_codes.c.call == bindparam("call"),
        page_codes.c.code_hash == bindparam("code_hash"),
        page_codes.c.expires_at > bindparam("now"),
    )
)
_BEGIN = insert_into(beginnings)
_FORGET_BEGUN = Statement(
    delete(beginnings).where(beginnings.c.flow == bindparam("flow"), beginnings.c.expires_at <= bindparam("before"))
)
_WAITING = (beginnings.c.expires_at > bindparam("now"), beginnings.c.call.is_(None))
_BY_CODE = Statement(select(beginnings).where(beginnings.c.code_hash == bindparam("code_hash"), *_WAITING))
_BY_COOKIE = Statement(select(beginnings).where(beginnings.c.cookie_hash == bindparam("cookie_hash")))
_ANY = Statement(limited(select(beginnings.c.id).where(beginnings.c.flow == bindparam("flow"), *_WAITING)))
_COUNT = Statement(select(func.count()).where(beginnings.c.expires_at > bindparam("now")))
_JOIN = Statement(
    update(beginnings).where(beginnings.c.id == bindparam("of_id"), beginnings.c.call.is_(None)), "call", "expires_at"
)
_LEAVE = Statement(delete(beginnings).where(beginnings.c.id == bindparam("id")))


def follow(transaction: Transaction, before: Session, turn: Turn, now: int) -> None:
    """Keeps the codes in step with a turn."""
    for event in turn.events:
        match event:
            case PageCodeGiven():
                transaction.write(_FORGET_CODES, {"now": now})
                transaction.write(_TAKE_BACK, {"call": before.call})
                # Whoever asks for a new code may have found the last one used by somebody else: their page goes.
                transaction.write(_UNBIND_VEILED, {"call": before.call})
                until = now + event.lifetime_seconds * _MICROSECONDS
                transaction.write(_GIVE, {"call": before.call, "code_hash": event.code_hash, "expires_at": until})
            case BeginningJoined():
                # A second call that keyed it in the same instant has the choices too; the page goes to the first.
                until = now + JOINED_SECONDS * _MICROSECONDS
                transaction.write(_JOIN, {"of_id": event.beginning, "call": before.call, "expires_at": until})
                attempts.record(transaction, ALL, True, from_microseconds(now))
            case BeginningMissed():
                at = from_microseconds(now)
                for subject in (ALL, f"{ALL}:{before.caller}"):
                    attempts.record(transaction, subject, False, at)
    if turn.session.ended is not None and turn.session.page.code:
        transaction.write(_TAKE_BACK, {"call": before.call})


def call_with(reader: Reader, code_hash: bytes, now: datetime) -> str | None:
    """The call that speaks this code; None where none does, or (hardly ever) two do: in doubt nobody's."""
    rows = reader.rows(_CALLS_WITH, {"code_hash": code_hash, "now": to_microseconds(now)})
    return rows[0][0] if len(rows) == 1 else None


def is_spoken(reader: Reader, code_hash: bytes, now: datetime) -> bool:
    return bool(reader.rows(_CALLS_WITH, {"code_hash": code_hash, "now": to_microseconds(now)}))


def spend(transaction: Transaction, call: str, code_hash: bytes, now: datetime) -> bool:
    """Once for each code."""
    parameters = {"call": call, "code_hash": code_hash, "now": to_microseconds(now)}
    return transaction.write(_SPEND, parameters) == 1


def begin(transaction: Transaction, begun: Begun, before: datetime) -> None:
    """Saves it and forgets those of its flow that ran out before then."""
    transaction.write(_FORGET_BEGUN, {"flow": begun.flow, "before": to_microseconds(before)})
    transaction.write(
        _BEGIN,
        {"id": begun.id, "cookie_hash": begun.cookie_hash, "code_hash": begun.code_hash, "flow": begun.flow,
         "chosen": to_json(begun.chosen), "expires_at": to_microseconds(begun.expires_at), "call": None},
    )  # fmt: skip


def begun_with_code(reader: Reader, code_hash: bytes, now: datetime) -> Begun | None:
    """One that still waits for its call; None also where two have the code."""
    rows = reader.rows(_BY_CODE, {"code_hash": code_hash, "now": to_microseconds(now)})
    return _begun(rows[0]) if len(rows) == 1 else None


def begun_by(reader: Reader, cookie_hash: bytes) -> Begun | None:
    """Run-out ones too."""
    rows = reader.rows(_BY_COOKIE, {"cookie_hash": cookie_hash})
    return _begun(rows[0]) if rows else None


def any_waiting(reader: Reader, flow: str, now: datetime) -> bool:
    return bool(reader.rows(_ANY, {"flow": flow, "now": to_microseconds(now), "limit": 1}))


def count_begun(reader: Reader, now: datetime) -> int:
    return reader.rows(_COUNT, {"now": to_microseconds(now)})[0][0]


def leave(transaction: Transaction, id: str) -> bool:
    """Forgets one whose page has been bound. False: it has been already."""
    return transaction.write(_LEAVE, {"id": id}) == 1


def _begun(row: tuple) -> Begun:
    id_, cookie_hash, code_hash, flow, chosen, expires_at, call = row
    return Begun(id_, cookie_hash, code_hash, flow, _decode_chosen(chosen), from_microseconds(expires_at), call)
