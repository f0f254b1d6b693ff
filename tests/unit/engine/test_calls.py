"""Calls through the engine: steps, answers, retries, silence, faults, the queue."""

from __future__ import annotations

import pytest
from caller import ALICE_PHONE, BOB, BOB_PHONE, Caller, bank, flow_of

from ivr.flow.events import NoInputHeard, NoMatchHeard
from ivr.flow.inputs import (
    AgentFailed,
    AgentLeft,
    CallerHungUp,
    ContactClaimed,
    DocumentFailed,
    FactsFound,
    MessageSettled,
    NobodyAvailable,
    Outcome,
    StreamStarted,
    StreamStopped,
    VerdictReached,
)
from ivr.flow.waits import AwaitChoice, AwaitDigits, AwaitFact, AwaitSpeech

STRANGER = "+12025550123"

# One of everything that asks or decides, without a person to prove.
CAFE = """
schema: duet/1
flow: cafe
title: The Café
language: en-GB
start: hello
person: waiter
steps:
  hello:
    say: {text: This call is made of steps., must_hear: true}
    next: guests
  guests:
    ask: How many are you?
    length: 1..2
    next: count
    retry:
      noinput: [I heard nothing., Still nothing.]
      nomatch: That is no number.
      tries: 3
      then: bye
  count:
    set: {guests: double(answer.guests)}
    next: how_big
  how_big:
    when:
      - {if: vars.guests > 8.0, goto: waiter}
    otherwise: wishes
  wishes:
    ask: What would you like?
    for: speech
    next: thanks
  thanks:
    menu: Anything else? Say more or done.
    choices:
      1: {label: More, goto: wishes}
      2: {label: Done, say: [that is all], goto: bye}
      0: {label: A person, goto: waiter}
    retry: {tries: 2}
  waiter:
    queue: waiters
    prompt: One moment.
    waiting: You are number {{ queue.position }}.
    patience_seconds: 60
    unavailable: sorry
    finished: thanks
  sorry:
    say: Nobody is free.
    next: bye
  bye:
    hangup: Goodbye.
"""


@pytest.fixture
def cafe() -> Caller:
    return Caller(flow_of(CAFE))


def test_a_call_goes_from_step_to_step(cafe: Caller) -> None:
    cafe.hears("This call is made of steps.")
    cafe.hears("How many are you?")
    assert isinstance(cafe.session.waiting_for, AwaitDigits)
    cafe.presses("4")
    cafe.hears("What would you like?")
    assert isinstance(cafe.session.waiting_for, AwaitSpeech)
    cafe.says("  tea and   cake ")
    assert cafe.session.answers == {"guests": "4", "wishes": "tea and cake"}
    cafe.hears("Anything else?")
    cafe.says("That is all, thank you!")
    cafe.hears("Goodbye.")
    assert cafe.session.ended == "flow_finished"
    assert cafe.sees().kind == "ended"


def test_a_condition_decides(cafe: Caller) -> None:
    cafe.presses("12")
    assert cafe.is_queued


def test_a_tap_is_a_key(cafe: Caller) -> None:
    cafe.taps("4")
    cafe.hears("What would you like?")
    assert cafe.happened("AnswerTaken")[-1].by == "tap"


def test_a_text_that_must_be_heard_is_said_again_if_a_tap_skips_it(cafe: Caller) -> None:
    cafe.taps("4")
    cafe.hears("This call is made of steps.")
    assert cafe.session.must_hear == ("This call is made of steps.",)


def test_a_key_does_not_repeat_it_for_no_key_can_interrupt_it(cafe: Caller) -> None:
    cafe.presses("4")
    cafe.does_not_hear("This call is made of steps.")


def test_silence_and_misfits_are_told_apart_and_counted_together(cafe: Caller) -> None:
    cafe.is_silent()
    cafe.hears("I heard nothing.")
    cafe.hears("How many are you?")
    cafe.presses("123")
    cafe.hears("That is no number.")
    cafe.is_silent()
    assert cafe.session.ended == "flow_finished"  # then: bye
    kinds = [type(event) for event in cafe.log if isinstance(event, NoInputHeard | NoMatchHeard)]
    assert kinds == [NoInputHeard, NoMatchHeard, NoInputHeard]


def test_the_last_text_repeats_and_a_good_answer_starts_the_count_anew(cafe: Caller) -> None:
    cafe.is_silent()
    cafe.is_silent()
    cafe.hears("Still nothing.")
    cafe.presses("4")
    assert cafe.session.attempts == 0


def test_without_a_way_after_the_last_try_a_person_answers(cafe: Caller) -> None:
    cafe.presses("4")
    cafe.says("tea")
    cafe.is_silent()
    cafe.says("something nobody offered")
    assert cafe.is_queued


def test_a_fault_in_a_text_said_to_silence_asks_nothing_more() -> None:
    yaml = CAFE.replace("[I heard nothing., Still nothing.]", '"{{ caller.number | money }}"')
    caller = Caller(flow_of(yaml))
    caller.is_silent()
    assert caller.is_queued
    assert caller.sees().kind == "queue"
    assert caller.happened("AgentRequested")[-1].request == caller.session.waiting_for.request
    caller.does_not_hear("How many are you?")


def test_a_fault_in_a_step_leads_to_a_person() -> None:
    caller = Caller(flow_of(CAFE.replace("double(answer.guests)", "double('a' + answer.guests)")))
    caller.presses("4")
    caller.hears("something went wrong")
    assert caller.is_queued
    assert caller.happened("FaultMet")[0].step == "count"


def test_key_0_leads_to_a_person_from_everywhere(cafe: Caller) -> None:
    at_speech = Caller(cafe.flow)
    at_speech.presses("4")
    at_speech.presses("0")
    assert at_speech.is_queued
    at_number = Caller(bank(), STRANGER)
    at_number.presses("0")
    assert at_number.is_queued


def test_two_choices_that_fit_are_no_match() -> None:
    caller = Caller(flow_of(CAFE))
    caller.presses("4")
    caller.says("tea")
    caller.says("more and done")
    assert caller.happened("NoMatchHeard")
    assert isinstance(caller.session.waiting_for, AwaitChoice)


def test_a_stale_answer_changes_nothing(cafe: Caller) -> None:
    first = cafe.session.turn
    cafe.presses("4")
    before = cafe.session
    for _ in range(2):
        turn = cafe.presses("5", turn=first)
        assert not turn.accepted
        assert turn.events == ()
    assert cafe.session == before


def test_a_double_tap_is_one_tap(cafe: Caller) -> None:
    turn = cafe.session.turn
    assert cafe.taps("4", turn).accepted
    assert not cafe.taps("4", turn).accepted


# -- facts -------------------------------------------------------------------------------------------------------------


def test_a_fact_is_accepted_once() -> None:
    caller = Caller(bank())
    stream = StreamStarted(id="stream:0")
    assert caller.happens(stream).accepted
    assert caller.session.voice.running
    assert not caller.happens(stream).accepted
    assert caller.happens(StreamStopped(id="stopped:0")).accepted
    sent = MessageSettled(id=caller.request("MessageRequested"), outcome="sent")
    assert caller.happens(sent).accepted
    assert not caller.happens(sent).accepted
    assert caller.session.waiting_for is not None


def test_a_fact_does_not_make_an_open_question_stale() -> None:
    caller = Caller(bank())
    turn = caller.session.turn
    caller.happens(StreamStarted(id="stream:0"))
    caller.opens_page()
    assert caller.session.turn == turn
    assert caller.presses("1").accepted


def test_identification_and_facts_may_come_late() -> None:
    caller = Caller(bank(), answers=False)
    assert isinstance(caller.session.waiting_for, AwaitFact)
    assert caller.sees().kind == "working"
    assert not caller.is_silent().accepted
    request = caller.request("IdentifyRequested")
    caller.happens(ContactClaimed(id=request, contact="bob", number=BOB_PHONE, has_pin=True))
    caller.hears("I have sent a link")
    assert not caller.happens(ContactClaimed(id=request, contact="alice", number=ALICE_PHONE)).accepted
    assert caller.session.claim.contact == "bob"


def test_who_leaves_for_a_person_is_not_brought_back_by_a_late_fact() -> None:
    caller = Caller(bank(), answers=False)
    request = caller.request("IdentifyRequested")
    caller.presses("0")
    assert caller.is_queued
    caller.happens(ContactClaimed(id=request, contact="bob", number=BOB_PHONE))
    assert caller.is_queued
    assert caller.session.claim is None


def test_an_identification_nobody_answers_is_unknown() -> None:
    caller = Caller(bank(), answers=False)
    caller.nothing_comes_of("IdentifyRequested")
    caller.hears("customer number")


def test_a_backend_that_fails_has_its_own_way() -> None:
    caller = Caller(bank(), contacts=(BOB.__class__("bob", "10056789", BOB_PHONE, facts={}),), number=BOB_PHONE)
    caller.opens_page()
    caller.presses("1")
    caller.presses("4821")
    caller.hears("I cannot read your balance")


def test_facts_that_come_late_are_not_kept_where_nobody_waits() -> None:
    caller = Caller(bank())
    assert not caller.happens(FactsFound(id="nobody-asked", values={"balance": "9.00 GBP"})).accepted
    assert caller.session.facts == {}


# -- the queue and agents ---------------------------------------------------------------------------------------------


def queued(flow=None) -> Caller:
    caller = Caller(flow or flow_of(CAFE))
    caller.presses("12")
    assert caller.is_queued
    return caller


def test_an_agent_joins_first_and_then_the_caller() -> None:
    caller = queued()
    turn = caller.session.turn
    caller.agent_accepts()
    assert caller.session.turn == turn, "the caller goes on hearing the music"
    assert caller.sees().kind == "working"
    caller.agent_joins()
    assert caller.is_talking
    assert caller.events[-1].turn == caller.session.turn  # RedirectRequested
    caller.happens(AgentLeft(id="left:1", room="room-1"))
    caller.hears("Anything else?")


def test_the_end_of_one_conversation_does_not_end_the_next() -> None:
    caller = queued()
    caller.agent_accepts(room="room-1")
    caller.agent_joins(room="room-1")
    caller.happens(AgentLeft(id="left:7", room="room-1"))
    caller.presses("0")
    caller.agent_accepts(agent="eve", room="room-2")
    caller.agent_joins(agent="eve", room="room-2")
    assert not caller.happens(AgentLeft(id="left:reservation-1", room="room-1")).accepted
    assert caller.is_talking


def test_an_agent_who_is_not_reached_costs_no_place() -> None:
    caller = queued()
    caller.agent_accepts()
    caller.happens(AgentFailed(id="failed:1", agent="dana"))
    assert caller.is_queued
    assert caller.session.waiting_for.agent is None
    assert not caller.agent_joins().accepted, "too late: the caller waits for somebody else"


def test_two_agents_cannot_have_one_caller() -> None:
    caller = queued()
    caller.agent_accepts("dana", "room-1")
    assert not caller.agent_accepts("eve", "room-2").accepted
    assert not caller.agent_joins("eve", "room-2").accepted


def test_nobody_there_is_told() -> None:
    caller = queued()
    caller.happens(NobodyAvailable(id=caller.request("AgentRequested"), reason="nobody_signed_in"))
    caller.hears("Nobody is free.")
    assert caller.session.ended == "flow_finished"


def test_patience_ends() -> None:
    caller = queued()
    caller.nothing_comes_of("AgentRequested")
    caller.hears("Nobody is free.")


def test_patience_does_not_end_while_an_agent_is_on_the_way() -> None:
    caller = queued()
    caller.agent_accepts()
    caller.nothing_comes_of("AgentRequested")
    assert caller.is_queued
    caller.agent_joins()
    assert caller.is_talking


def test_patience_ends_when_that_agent_is_not_reached() -> None:
    caller = queued()
    caller.agent_accepts()
    caller.nothing_comes_of("AgentRequested")
    caller.happens(AgentFailed(id="failed:1", agent="dana"))
    caller.hears("Nobody is free.")


def test_keys_and_silence_mean_nothing_while_waiting_or_talking() -> None:
    caller = queued()
    assert not caller.is_silent().accepted
    assert not caller.presses("1").accepted
    caller.agent_accepts()
    caller.agent_joins()
    assert not caller.presses("1").accepted
    assert not caller.says("hello").accepted


# -- faults and hanging up --------------------------------------------------------------------------------------------


def test_a_document_the_carrier_cannot_play_leads_to_a_person_once() -> None:
    caller = Caller(bank())
    caller.happens(DocumentFailed(id="fallback:1", code="12100"))
    caller.hears("something went wrong")
    assert caller.is_queued
    before = caller.session.turn
    caller.happens(DocumentFailed(id="fallback:2", code="12100"))
    assert caller.session.turn == before


def test_hanging_up_ends_everything_whoever_tells_it() -> None:
    caller = Caller(bank())
    caller.hangs_up()
    assert caller.session.ended == "caller_hung_up"
    assert caller.session.waiting_for is None
    assert caller.sees().kind == "ended"
    assert not caller.happens(CallerHungUp(id="hangup", source="stream")).accepted
    assert not caller.happens(StreamStopped(id="stopped:0")).accepted
    assert not caller.presses("1").accepted


def test_the_end_of_the_flow_is_not_ended_again_by_the_status_callback() -> None:
    caller = queued()
    caller.nothing_comes_of("AgentRequested")
    assert not caller.hangs_up().accepted
    assert caller.session.ended == "flow_finished"


def test_a_verdict_after_the_end_is_kept_and_starts_nothing() -> None:
    enrolled = BOB.__class__("bob", "10056789", BOB_PHONE, enrolled=True, facts=BOB.facts)
    caller = Caller(bank(), BOB_PHONE, contacts=(enrolled,))
    caller.presses("1")
    caller.opens_page()
    assert caller.session.proving is not None
    verification = caller.session.voice.verification
    caller.hangs_up()
    caller.happens(VerdictReached(id=verification, outcome=Outcome.ACCEPTED, reason="above"))
    assert caller.session.waiting_for is None
    assert caller.session.ended == "caller_hung_up"
    assert caller.session.voice.verdict is Outcome.ACCEPTED
