"""Two can want the same agent or the same caller; one gets them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.store import agents, sessions
from ivr.store.agents import Agent, AgentState, Reservation, ReservationState
from ivr.store.database import Database
from ivr.store.errors import StoreError
from tests.unit.store.databases import NOW, a_session, a_turn

KIM = Agent("kim", "Kim Park", "$argon2id$x", "client:kim", ("service", "loans"))
LATER = NOW + timedelta(minutes=1)


def begin(db: Database, *names: str, calls: int = 1) -> None:
    for name in names:
        agents.add_agent(db, replace(KIM, name=name), NOW)
        assert agents.move_agent(db, name, {AgentState.OFFLINE}, AgentState.AVAILABLE, NOW)
    for number in range(calls):
        session = a_session(f"call-{number}")
        sessions.create_call(db, session, a_turn(session), "twilio", f"CA{number}", NOW)


def offer(number: int, agent: str, call: int = 0) -> Reservation:
    return Reservation(f"r{number}", f"call-{call}", "a1", agent, f"room-{number}")


def test_an_agent_is_found_as_added(db: Database) -> None:
    agents.add_agent(db, KIM, NOW)
    assert agents.by_name(db, "kim") == replace(KIM, since=NOW)
    assert agents.all_agents(db) == [replace(KIM, since=NOW)]
    assert agents.by_name(db, "lee") is None
    assert "argon2" not in repr(KIM)
    with pytest.raises(StoreError, match="'kim' already exists"):
        agents.add_agent(db, KIM, NOW)


def test_an_agent_moves_only_from_where_they_were_seen(db: Database) -> None:
    begin(db, "kim")
    assert not agents.move_agent(db, "kim", {AgentState.OFFLINE, AgentState.BUSY}, AgentState.WRAPUP, LATER)
    assert agents.by_name(db, "kim").state is AgentState.AVAILABLE
    assert agents.move_agent(db, "kim", {AgentState.AVAILABLE}, AgentState.OFFLINE, LATER)
    assert agents.by_name(db, "kim").since == LATER
    assert not agents.move_agent(db, "nobody", set(AgentState), AgentState.OFFLINE, LATER)


def test_who_has_waited_longest_comes_first(db: Database) -> None:
    begin(db, "kim", "lee")
    agents.move_agent(db, "kim", {AgentState.AVAILABLE}, AgentState.AVAILABLE, LATER)
    assert [one.name for one in agents.agents_in(db, AgentState.AVAILABLE)] == ["lee", "kim"]


def test_a_reservation_lives_from_offer_to_disposition(db: Database) -> None:
    begin(db, "kim")
    assert agents.reserve(db, offer(1, "kim"), NOW)
    assert agents.by_name(db, "kim").state is AgentState.RESERVED
    assert agents.live_reservation_of_call(db, "call-0") == replace(offer(1, "kim"), offered_at=NOW)
    to, state = agents.move_reservation, ReservationState
    assert to(db, "r1", {state.OFFERED}, state.OFFERED, at=NOW, seen_at=LATER)
    assert to(db, "r1", {state.OFFERED}, state.ACCEPTED, at=NOW, accepted_at=LATER)
    assert to(db, "r1", {state.ACCEPTED}, state.RINGING, at=NOW, leg="CA77")
    assert agents.reservation(db, "r1").leg == "CA77"
    assert to(db, "r1", {state.RINGING}, state.JOINED, agent_to=AgentState.BUSY, at=LATER)
    assert agents.by_name(db, "kim") == replace(KIM, state=AgentState.BUSY, since=LATER)
    assert agents.live_reservation_of_agent(db, "kim").seen_at == LATER
    assert not to(db, "r1", {state.OFFERED, state.FAILED}, state.FINISHED, agent_to=AgentState.WRAPUP, at=LATER)
    assert agents.by_name(db, "kim").state is AgentState.BUSY
    assert to(
        db, "r1", {state.JOINED}, state.FINISHED, agent_to=AgentState.WRAPUP, at=LATER, disposition="solved", note="x"
    )
    finished = agents.reservation(db, "r1")
    assert (finished.accepted_at, finished.leg, finished.disposition, finished.note) == (LATER, "CA77", "solved", "x")
    assert agents.live_reservations(db) == []
    assert agents.live_reservation_of_agent(db, "kim") is None
    assert agents.reservation(db, "r2") is None


def test_an_unavailable_agent_or_a_taken_caller_leaves_nothing_behind(db: Database) -> None:
    begin(db, "kim", "lee", calls=2)
    assert agents.reserve(db, offer(1, "kim"), NOW)
    assert not agents.reserve(db, offer(2, "lee"), NOW), "the caller is being offered to kim"
    assert agents.by_name(db, "lee").state is AgentState.AVAILABLE
    assert not agents.reserve(db, offer(3, "kim", call=1), NOW), "kim is being offered another caller"
    assert agents.move_agent(db, "lee", {AgentState.AVAILABLE}, AgentState.OFFLINE, NOW)
    assert not agents.reserve(db, offer(4, "lee", call=1), NOW), "lee has left"
    assert [one.id for one in agents.live_reservations(db)] == ["r1"]


def test_many_who_reach_for_one_agent_at_once_get_one_reservation(db: Database) -> None:
    begin(db, "kim", calls=8)
    start, won = threading.Barrier(8), []

    def reach(number: int) -> None:
        start.wait()
        if agents.reserve(db, offer(number, "kim", call=number), NOW):
            won.append(number)

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert [one.id for one in agents.live_reservations(db)] == [f"r{won[0]}"]
