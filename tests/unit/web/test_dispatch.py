"""Caller and agent are brought together, whatever is lost on the way: the desk and the agent's phone, by webhooks."""

from __future__ import annotations

import pytest
from doorway import PUBLIC, Carrier, Clock, Control, Phone, session_of

from ivr.app import House
from ivr.authentication.passwords import password_hash
from ivr.carriers.base import CarrierFault
from ivr.flow.inputs import CallerHungUp
from ivr.flow.waits import AwaitAgent, TalkingToAgent
from ivr.store import agents
from ivr.store.agents import Agent, AgentState, ReservationState

LEG = {"CallSid": "CA" + "d" * 32, "From": "+15005550006", "To": "+447700900900"}


class Dana:
    """An agent, her desk and her telephone."""

    def __init__(self, house: House, carrier: Carrier, control: Control, clock: Clock) -> None:
        self.house, self.carrier, self.control, self.clock = house, carrier, control, clock
        person = Agent("dana", "Dana", password_hash("a long password"), LEG["To"], state=AgentState.AVAILABLE)
        agents.add_agent(house.database, person, clock())

    @property
    def state(self) -> AgentState:
        return agents.by_name(self.house.database, "dana").state

    def accepts(self) -> str:
        """Sees the pop, accepts, and her phone rings."""
        self.house.queue.look()
        pop = self.house.queue.pop("dana")
        self.house.queue.seen(pop.reservation)
        assert self.house.queue.accept("dana", pop.reservation)
        self.clock.goes_on(1.1)
        self.house.queue.look()
        return pop.reservation

    def answers(self) -> str:
        """Picks up and presses a key; the address of the conference's callbacks."""
        document = self.posts(self.control.of("dial")[-1][2], CallStatus="in-progress").text
        room = self.posts(_in(document, "action"), Digits="1").text
        return _in(room, "statusCallback")

    def posts(self, url: str, **more: str):
        return self.carrier.post(url.removeprefix(PUBLIC), **LEG, **more)

    def hangs_up(self) -> None:
        url = self.control.of("dial")[-1][2].replace("?", "/status?")
        assert self.posts(url, CallStatus="completed").status_code == 204


def _in(document: str, name: str) -> str:
    return document.split(f'{name}="')[1].split('"')[0].replace("&amp;", "&")


@pytest.fixture
def dana(house: House, carrier: Carrier, control: Control, clock: Clock) -> Dana:
    return Dana(house, carrier, control, clock)


def joins(dana: Dana) -> None:
    dana.posts(dana.answers(), StatusCallbackEvent="participant-join")


def test_the_agent_is_there_first_and_the_caller_comes(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    dana.accepts()
    assert dana.state is AgentState.RESERVED
    callback = dana.answers()
    assert isinstance(session_of(house, phone).waiting_for, AwaitAgent), "the caller hears music until she is there"
    for event in ("participant-join", "participant-join", "conference-start"):
        dana.posts(callback, StatusCallbackEvent=event)
    house.work.deliver()
    assert phone.asks(dana.control.of("redirect")[-1][2]).verbs[-1] == "Dial"
    dana.hangs_up()
    assert dana.state is AgentState.WRAPUP
    phone.asks(phone.action, DialCallStatus="answered").hears("Goodbye")


def test_an_agent_is_not_rung_before_the_pop_was_read(house: House, phone: Phone, dana: Dana, clock: Clock) -> None:
    phone.dials().presses("0")
    house.queue.look()
    pop = house.queue.pop("dana")
    house.queue.accept("dana", pop.reservation)
    clock.goes_on(5)
    house.queue.look()
    assert dana.control.of("dial") == []
    house.queue.seen(pop.reservation)
    clock.goes_on(1.1)
    house.queue.look()
    assert len(dana.control.of("dial")) == 1


def test_a_dial_that_fails_costs_the_caller_no_place(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    dana.control.faults = [CarrierFault("21211")]
    dana.accepts()
    wait = session_of(house, phone).waiting_for
    assert isinstance(wait, AwaitAgent)
    assert wait.agent is None
    assert dana.state is AgentState.BUSY


def test_a_dial_whose_answer_was_lost_is_not_repeated_and_may_still_succeed(
    house: House, phone: Phone, dana: Dana
) -> None:
    phone.dials().presses("0")
    dana.control.faults = [CarrierFault("timed out", unknown=True)]
    dana.accepts()
    house.queue.look()
    joins(dana)
    assert isinstance(session_of(house, phone).waiting_for, TalkingToAgent)
    assert len(dana.control.of("dial")) == 1


def test_a_phone_nobody_confirms_gives_the_caller_back(house: House, phone: Phone, dana: Dana, clock: Clock) -> None:
    phone.dials().presses("0")
    dana.accepts()
    clock.goes_on(46)
    house.queue.look()
    assert session_of(house, phone).waiting_for.agent is None
    assert dana.control.of("hang_up"), "and it stops ringing"
    late = dana.posts(dana.control.of("dial")[-1][2], CallStatus="in-progress").text
    assert "<Hangup/>" in late
    assert "<Gather" not in late


def test_a_caller_who_has_gone_frees_the_agent(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    dana.accepts()
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    house.queue.look()
    assert dana.state is AgentState.AVAILABLE
    assert dana.control.of("hang_up")


def test_a_caller_who_went_on_in_the_flow_is_not_dialled_for(
    house: House, phone: Phone, dana: Dana, clock: Clock
) -> None:
    phone.dials().presses("0")
    house.queue.look()
    pop = house.queue.pop("dana")
    clock.goes_on(601)
    house.work.time_out()  # the patience is spent
    house.queue.seen(pop.reservation)
    house.queue.accept("dana", pop.reservation)
    clock.goes_on(2)
    house.queue.look()
    assert dana.control.of("dial") == []
    assert dana.state is AgentState.AVAILABLE


def test_a_crash_between_joining_and_telling_the_call_is_made_good(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    reservation = dana.accepts()
    agents.move_reservation(
        house.database, reservation, (ReservationState.RINGING,), ReservationState.JOINED, at=dana.clock()
    )
    assert isinstance(session_of(house, phone).waiting_for, AwaitAgent)
    house.queue.look()
    assert isinstance(session_of(house, phone).waiting_for, TalkingToAgent)
    house.queue.look()
    assert dana.state is AgentState.RESERVED, "looking again changes nothing"


def test_a_crash_between_failing_and_telling_the_call_is_made_good(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    reservation = dana.accepts()
    agents.move_reservation(
        house.database, reservation, (ReservationState.RINGING,), ReservationState.FAILED,
        agent_to=AgentState.AVAILABLE, at=dana.clock(),
    )  # fmt: skip
    assert session_of(house, phone).waiting_for.agent == "dana"
    dana.accepts()
    joins(dana)
    assert isinstance(session_of(house, phone).waiting_for, TalkingToAgent)


def test_the_news_of_an_agent_who_left_may_come_late_and_by_either_way(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    dana.accepts()
    joins(dana)
    phone.asks(house.addressing.of(session_of(house, phone)).draw)
    phone.asks(phone.action, DialCallStatus="answered").hears("Goodbye")
    assert dana.state is AgentState.RESERVED
    house.queue.look()
    assert dana.state is AgentState.WRAPUP, "though nothing was heard from her own phone"
    dana.hangs_up()
    assert session_of(house, phone).ended == "flow_finished"


def test_forged_addresses_of_the_agents_phone_are_refused(house: House, phone: Phone, dana: Dana) -> None:
    phone.dials().presses("0")
    reservation = dana.accepts()
    for part in ("", "/confirm", "/room", "/status"):
        answer = dana.posts(f"/voice/agent/{reservation}{part}?s=AAAAAAAAAAAAAAAAAAAAAA", Digits="1")
        assert (answer.status_code, answer.data) == (403, b"")
