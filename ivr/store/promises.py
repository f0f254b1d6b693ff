"""Promised call backs: written with the turn that promised, closed once. Every move is compare-and-set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, null, or_, select, update

from ivr.flow.events import AgentRequested, AnyEvent, CallBackPromised
from ivr.store.codecs import events_from_json
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import from_microseconds, maybe_from_microseconds, to_microseconds
from ivr.store.statements import Statement, constant
from ivr.store.tables import call_backs, log

_HOUR = 3_600_000_000  # microseconds


class Outcome(StrEnum):
    DONE = "done"
    NOT_REACHED = "not_reached"  # tried as often as we try
    CANCELLED = "cancelled"  # by the caller


@dataclass(frozen=True)
class Promise:
    id: str
    call: str
    queue: str
    number: str
    contact: str | None  # who the caller claimed to be
    level: int  # reached in that call
    reason: str
    waiting_since: datetime  # the place in line
    promised_at: datetime
    due_at: datetime
    tries: int  # that did not reach the caller
    agent: str | None  # who has claimed it; after ``claimed_until`` nobody has
    claimed_until: datetime | None
    outcome: Outcome | None
    closed_at: datetime | None


_c = call_backs.c
_open = _c.closed_at.is_(None)
_free = or_(_c.claimed_until.is_(None), _c.claimed_until <= bindparam("now"))
_mine = (_c.agent == bindparam("of_agent")) & (_c.claimed_until > bindparam("now"))
_this = _c.id == bindparam("of_id")

_RECORD = Statement(lambda insert: insert(call_backs).on_conflict_do_nothing().inline(), *_c.keys())
_EVENTS_OF_CALL = Statement(
    select(log.c.at, log.c.events).where(log.c.call == bindparam("call")).order_by(log.c.revision.desc())
)
_OPEN = Statement(select(call_backs).where(_open).order_by(_c.waiting_since, _c.promised_at))
_OF_CONTACT = Statement(select(call_backs).where(_c.contact == bindparam("contact"), _open).order_by(_c.promised_at))
_OF_CALL = Statement(select(call_backs).where(_c.call == bindparam("call"), _open).order_by(_c.promised_at))
_ONE = Statement(select(call_backs).where(_c.id == bindparam("id")))
_CLAIM = Statement(update(call_backs).where(_this, _open, _free), "agent", "claimed_until")
_RELEASE = Statement(update(call_backs).where(_this, _open, _mine).values(agent=null(), claimed_until=null()))
_TRIED = Statement(
    update(call_backs)
    .where(_this, _open, _mine)
    .values(tries=_c.tries + constant(1), agent=null(), claimed_until=null())
)
_KEEP = Statement(update(call_backs).where(_this, _open, _mine), "outcome", "closed_at")
_GIVE_UP = Statement(
    update(call_backs).where(_this, _open, _c.tries >= bindparam("at_most")), "outcome", "closed_at"
)  # fmt: skip
_CANCEL = Statement(update(call_backs).where(_this, _open), "outcome", "closed_at")


def record(transaction: Transaction, call: str, revision: int, promised: CallBackPromised, now: int) -> None:
    """Within the turn that promised. Where one is open for this number and queue, that one stands, in its place."""
    row = {
        "id": f"{call}.{revision}.{promised.queue}", "call": call, "queue": promised.queue, "number": promised.number,
        "contact": promised.contact, "level": promised.level, "reason": promised.reason,
        "waiting_since": _waiting_since(transaction, call, promised.queue, now), "promised_at": now,
        "due_at": now + promised.within_hours * _HOUR, "tries": 0, "agent": None, "claimed_until": None,
        "outcome": None, "closed_at": None,
    }  # fmt: skip
    transaction.write(_RECORD, row)


def _waiting_since(transaction: Transaction, call: str, queue: str, now: int) -> int:
    """When the caller last began to wait for ``queue``; now, if they never did."""
    for at, events in transaction.rows(_EVENTS_OF_CALL, {"call": call}):
        if any(one.queue == queue for one in _asked_for_agents(events_from_json(events))):
            return at
    return now


def _asked_for_agents(events: list[AnyEvent]) -> Iterator[AgentRequested]:
    return (event for event in events if isinstance(event, AgentRequested))


def open_promises(reader: Reader) -> list[Promise]:
    """In line: who began to wait first comes first."""
    return [_promise(row) for row in reader.rows(_OPEN, {})]


def promise(reader: Reader, id: str) -> Promise | None:
    rows = reader.rows(_ONE, {"id": id})
    return _promise(rows[0]) if rows else None


def open_promises_of_contact(reader: Reader, contact: str) -> list[Promise]:
    return [_promise(row) for row in reader.rows(_OF_CONTACT, {"contact": contact})]


def open_promises_of_call(reader: Reader, call: str) -> list[Promise]:
    return [_promise(row) for row in reader.rows(_OF_CALL, {"call": call})]


def claim(db: Database, id: str, agent: str, now: datetime, until: datetime) -> bool:
    """For one agent only, until then. False: it is closed, or somebody has it."""
    parameters = {
        "of_id": id, "agent": agent, "now": to_microseconds(now), "claimed_until": to_microseconds(until),
    }  # fmt: skip
    return write(db, lambda transaction: transaction.write(_CLAIM, parameters)) == 1


def release(db: Database, id: str, agent: str, now: datetime) -> bool:
    """Back into line, in its place. False: this agent does not have it (any more)."""
    parameters = {"of_id": id, "of_agent": agent, "now": to_microseconds(now)}
    return write(db, lambda transaction: transaction.write(_RELEASE, parameters)) == 1


def keep(db: Database, id: str, agent: str, now: datetime) -> bool:
    """The agent has talked to the caller. False: this agent does not have it (any more)."""
    at = to_microseconds(now)
    parameters = {"of_id": id, "of_agent": agent, "now": at, "outcome": Outcome.DONE.value, "closed_at": at}
    return write(db, lambda transaction: transaction.write(_KEEP, parameters)) == 1


def not_reached(db: Database, id: str, agent: str, at_most: int, now: datetime) -> bool:
    """Counts a try and puts it back into line; after ``at_most`` tries it is closed. False: not this agent's."""
    at = to_microseconds(now)
    mine = {"of_id": id, "of_agent": agent, "now": at}
    given_up = {"of_id": id, "at_most": at_most, "outcome": Outcome.NOT_REACHED.value, "closed_at": at}

    def job(transaction: Transaction) -> bool:
        if transaction.write(_TRIED, mine) == 0:
            return False
        transaction.write(_GIVE_UP, given_up)
        return True

    return write(db, job)


def cancel(transaction: Transaction, id: str, now: datetime) -> bool:
    """The caller wants it no more, within the turn that says so. False: it is closed already."""
    parameters = {"of_id": id, "outcome": Outcome.CANCELLED.value, "closed_at": to_microseconds(now)}
    return transaction.write(_CANCEL, parameters) == 1


def _promise(row: tuple) -> Promise:
    (
        id_, call, queue, number, contact, level, reason, since, promised_at, due_at, tries, agent, until, outcome,
        closed_at,
    ) = row  # fmt: skip
    return Promise(
        id_, call, queue, number, contact, level, reason, from_microseconds(since), from_microseconds(promised_at),
        from_microseconds(due_at), tries, agent, maybe_from_microseconds(until), Outcome(outcome) if outcome else None,
        maybe_from_microseconds(closed_at),
    )  # fmt: skip
