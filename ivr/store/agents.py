"""Agents and the reservations that bring a caller to one of them. Every move is compare-and-set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import bindparam, select, update

from ivr.store import signins
from ivr.store.codecs import to_json
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.errors import StoreError
from ivr.store.instants import from_microseconds, maybe_from_microseconds, to_microseconds
from ivr.store.statements import Statement, among, as_list, constant, limited
from ivr.store.tables import agents, reservations


class AgentState(StrEnum):
    OFFLINE = "offline"
    AVAILABLE = "available"
    RESERVED = "reserved"
    BUSY = "busy"
    WRAPUP = "wrapup"


class ReservationState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    JOINED = "joined"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True)
class Agent:
    name: str
    display: str
    password_hash: str = field(repr=False)  # argon2id
    address: str  # E.164, or client:<name> for a browser
    skills: tuple[str, ...] = ()
    state: AgentState = AgentState.OFFLINE
    since: datetime | None = None  # None only before it is stored


@dataclass(frozen=True)
class Reservation:
    id: str
    call: str
    request: str  # AgentRequested that it answers
    agent: str
    room: str
    state: ReservationState = ReservationState.OFFERED
    offered_at: datetime | None = None  # None only before it is stored
    seen_at: datetime | None = None  # the screen pop was drawn
    accepted_at: datetime | None = None
    leg: str | None = None  # the carrier's id of the agent's leg
    disposition: str | None = None
    note: str | None = None
    finished_at: datetime | None = None  # wrapped up


_decode_skills = msgspec.json.Decoder(tuple[str, ...]).decode
_LIVE = (ReservationState.OFFERED, ReservationState.ACCEPTED, ReservationState.RINGING, ReservationState.JOINED)
_live = reservations.c.state.in_([constant(state) for state in _LIVE])

_ADD = Statement(lambda insert: insert(agents).on_conflict_do_nothing().inline(), *agents.c.keys())
_BY_NAME = Statement(select(agents).where(agents.c.name == bindparam("name")))
_ALL = Statement(select(agents).order_by(agents.c.name))
_IN_STATE = Statement(select(agents).where(agents.c.state == bindparam("state")).order_by(agents.c.since))
_MOVE = Statement(
    update(agents).where(agents.c.name == bindparam("of_name"), among(agents.c.state, "from_states")), "state", "since"
)
_SET_PASSWORD = Statement(update(agents).where(agents.c.name == bindparam("of_name")), "password_hash")
_KEEP_PASSWORD = Statement(  # also keeps whoever would change it waiting
    update(agents).where(agents.c.name == bindparam("of_name"), agents.c.password_hash == bindparam("of_hash")),
    "password_hash",
)
_RESERVE = Statement(lambda insert: insert(reservations).on_conflict_do_nothing().inline(), *reservations.c.keys())
_RESERVATION = Statement(select(reservations).where(reservations.c.id == bindparam("id")))
_LIVE_OF_CALL = Statement(select(reservations).where(reservations.c.call == bindparam("call"), _live))
_LIVE_OF_AGENT = Statement(select(reservations).where(reservations.c.agent == bindparam("agent"), _live))
_TO_WRAP_UP = Statement(
    limited(
        select(reservations)
        .where(
            reservations.c.agent == bindparam("agent"),
            reservations.c.state == constant(ReservationState.FINISHED),
            reservations.c.disposition.is_(None),
        )
        .order_by(reservations.c.offered_at.desc())
    )
)
_ALL_LIVE = Statement(select(reservations).where(_live).order_by(reservations.c.offered_at))
_HANDLED = Statement(
    limited(
        select(reservations.c.accepted_at, reservations.c.finished_at)
        .where(reservations.c.accepted_at.is_not(None), reservations.c.finished_at.is_not(None))
        .order_by(reservations.c.offered_at.desc())
    )
)
_CHANGEABLE = ("seen_at", "accepted_at", "leg", "disposition", "note", "finished_at")
_MOVE_RESERVATION = Statement(
    update(reservations).where(reservations.c.id == bindparam("of_id"), among(reservations.c.state, "from_states")),
    "state",
)
_CHANGE_RESERVATION = {
    name: Statement(update(reservations).where(reservations.c.id == bindparam("of_id")), name) for name in _CHANGEABLE
}


def add_agent(db: Database, agent: Agent, at: datetime) -> None:
    """Raises StoreError if the name is taken."""
    row = {
        "name": agent.name, "display": agent.display, "password_hash": agent.password_hash, "address": agent.address,
        "skills": to_json(agent.skills), "state": agent.state.value, "since": to_microseconds(at),
    }  # fmt: skip
    if write(db, lambda transaction: transaction.write(_ADD, row)) == 0:
        raise StoreError(f"agent {agent.name!r} already exists; choose another name")


def change_password(db: Database, name: str, password_hash: str, at: datetime) -> bool:
    """Whoever is signed in with the one before is signed out everywhere, and offered no further call. False: no agent
    has that name."""

    def job(transaction: Transaction) -> bool:
        if transaction.write(_SET_PASSWORD, {"of_name": name, "password_hash": password_hash}) == 0:
            return False
        signins.sign_out_everywhere(transaction, name)
        _move(transaction, name, (AgentState.AVAILABLE,), AgentState.OFFLINE, to_microseconds(at))
        return True

    return write(db, job)


def sign_in(db: Database, agent: Agent, signed_in: signins.SignIn, at: datetime) -> bool:
    """False: ``agent``, whose password was compared, has another by now."""

    def job(transaction: Transaction) -> bool:
        kept = {"of_name": agent.name, "of_hash": agent.password_hash, "password_hash": agent.password_hash}
        if transaction.write(_KEEP_PASSWORD, kept) == 0:
            return False
        signins.add_sign_in(transaction, signed_in, at)
        return True

    return write(db, job)


def by_name(reader: Reader, name: str) -> Agent | None:
    rows = reader.rows(_BY_NAME, {"name": name})
    return _agent(rows[0]) if rows else None


def all_agents(reader: Reader) -> list[Agent]:
    return [_agent(row) for row in reader.rows(_ALL, {})]


def agents_in(reader: Reader, state: AgentState) -> list[Agent]:
    """Longest in this state first."""
    return [_agent(row) for row in reader.rows(_IN_STATE, {"state": state.value})]


def move_agent(db: Database, name: str, from_states: Collection[AgentState], to: AgentState, at: datetime) -> bool:
    """False, and nothing changed, if the agent is in none of ``from_states``."""
    return write(db, lambda transaction: _move(transaction, name, from_states, to, to_microseconds(at)))


def reserve(db: Database, reservation: Reservation, at: datetime) -> bool:
    """Offers the caller to an available agent, who becomes reserved. False if the agent is not available any more or
    the call already has a live reservation."""
    now = to_microseconds(at)
    row = {
        "id": reservation.id, "call": reservation.call, "request": reservation.request, "agent": reservation.agent,
        "room": reservation.room, "state": ReservationState.OFFERED.value, "offered_at": now, "seen_at": None,
        "accepted_at": None, "leg": None, "disposition": None, "note": None,
        "finished_at": None,
    }  # fmt: skip

    def job(transaction: Transaction) -> bool:
        if transaction.write(_RESERVE, row) == 0:
            return False
        if not _move(transaction, reservation.agent, (AgentState.AVAILABLE,), AgentState.RESERVED, now):
            raise _Lost
        return True

    try:
        return write(db, job)
    except _Lost:
        return False


def move_reservation(
    db: Database,
    reservation: str,
    from_states: Collection[ReservationState],
    to: ReservationState,
    *,
    agent_to: AgentState | None = None,
    at: datetime,
    **changes: str | datetime | None,
) -> bool:
    """False, and nothing changed, if it is in none of ``from_states``.

    ``changes`` are new values of ``_CHANGEABLE``; ``agent_to`` moves its agent, whatever state they are in, in the same
    commit.
    """
    now = to_microseconds(at)
    states = as_list(state.value for state in from_states)
    fields = {name: to_microseconds(value) if isinstance(value, datetime) else value for name, value in changes.items()}

    def job(transaction: Transaction) -> bool:
        parameters = {"of_id": reservation, "from_states": states, "state": to.value}
        if transaction.write(_MOVE_RESERVATION, parameters) == 0:
            return False
        for name, value in fields.items():
            transaction.write(_CHANGE_RESERVATION[name], {"of_id": reservation, name: value})
        if agent_to is not None:
            agent = transaction.rows(_RESERVATION, {"id": reservation})[0][3]
            _move(transaction, agent, tuple(AgentState), agent_to, now)
        return True

    return write(db, job)


def reservation(reader: Reader, id: str) -> Reservation | None:
    return _first(reader.rows(_RESERVATION, {"id": id}))


def live_reservation_of_call(reader: Reader, call: str) -> Reservation | None:
    return _first(reader.rows(_LIVE_OF_CALL, {"call": call}))


def live_reservation_of_agent(reader: Reader, agent: str) -> Reservation | None:
    return _first(reader.rows(_LIVE_OF_AGENT, {"agent": agent}))


def to_wrap_up(reader: Reader, agent: str) -> Reservation | None:
    """The agent's latest conversation, while it has no disposition yet."""
    return _first(reader.rows(_TO_WRAP_UP, {"agent": agent, "limit": 1}))


def live_reservations(reader: Reader) -> list[Reservation]:
    """Oldest offer first."""
    return [_reservation(row) for row in reader.rows(_ALL_LIVE, {})]


def handling_seconds(reader: Reader, limit: int) -> list[float]:
    """How long the newest conversations took an agent, from accepting to the end of wrap-up."""
    rows = reader.rows(_HANDLED, {"limit": limit})
    return [(finished - accepted) / 1e6 for accepted, finished in rows]


class _Lost(Exception):
    """Undoes the reservation: somebody else was faster."""


def _move(transaction: Transaction, name: str, from_states: Collection[AgentState], to: AgentState, now: int) -> bool:
    states = as_list(state.value for state in from_states)
    parameters = {"of_name": name, "from_states": states, "state": to.value, "since": now}
    return transaction.write(_MOVE, parameters) == 1


def _agent(row: tuple) -> Agent:
    name, display, password_hash, address, skills, state, since = row
    return Agent(
        name, display, password_hash, address, _decode_skills(skills), AgentState(state), from_microseconds(since)
    )


def _first(rows: list[tuple]) -> Reservation | None:
    return _reservation(rows[0]) if rows else None


def _reservation(row: tuple) -> Reservation:
    id_, call, request, agent, room, state, offered_at, seen_at, accepted_at, leg, disposition, note, finished = row
    return Reservation(
        id_, call, request, agent, room, ReservationState(state), from_microseconds(offered_at),
        maybe_from_microseconds(seen_at), maybe_from_microseconds(accepted_at), leg, disposition, note,
        maybe_from_microseconds(finished),
    )  # fmt: skip
