"""Who needs more time gets it on the phone too, and who speaks through a relay is never judged by a voice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from caller import ALICE, Caller, bank, flow_of

from ivr.carriers.addresses import Addressing
from ivr.carriers.twilio import writer
from ivr.errors import FlowMistakes
from ivr.flow.events import PatienceRequested, RedirectRequested
from ivr.flow.inputs import AloudChosen, Outcome, PaceChosen, StreamStarted
from ivr.flow.waits import AwaitDigits, AwaitFact, AwaitSecret

ENROLLED = replace(ALICE, enrolled=True)
ADDRESSES = Addressing("https://ivr.example.com", b"k" * 32, "AC" + "0" * 32)

SLOWER = """
schema: duet/1
flow: slower
title: Slower
language: en-GB
start: main
person: clerk
steps:
  main:
    menu: One or two?
    choices:
      1: {label: More time, goto: slow}
      2: {label: Number, goto: number}
      3: {label: As usual, goto: usual}
      4: {label: Words, goto: words}
    timeout_seconds: 7
    retry: {tries: 2, then: bye}
  slow: {pace: slow, next: main}
  usual: {pace: normal, next: main}
  number: {ask: Which number?, length: 2..4, next: main}
  words: {ask: What is it about?, for: speech, next: main}
  clerk: {queue: desk, prompt: One moment., waiting: Please wait., unavailable: bye, finished: bye}
  bye: {hangup: Goodbye.}
"""


@pytest.fixture(scope="module")
def slower():
    return flow_of(SLOWER)


def mistake_in(yaml: str) -> str:
    with pytest.raises(FlowMistakes) as caught:
        flow_of(yaml)
    (mistake,) = caught.value.mistakes
    return str(mistake)


def document(caller: Caller) -> str:
    return writer.document(caller.flow, caller.session, caller.events, ADDRESSES.of(caller.session))


def requested(caller: Caller, kind: type) -> int:
    return [event.due_seconds for event in caller.log if isinstance(event, kind)][-1]


def test_more_time_asked_for_on_the_page_counts_at_once_and_on_the_phone(slower) -> None:
    caller = Caller(slower)
    turn = caller.session.turn
    assert 'timeout="7"' in document(caller)
    assert caller.asks_for(3).accepted
    caller.hears("One or two?")
    assert caller.session.turn == turn + 1  # a Gather that runs cannot be stretched
    assert any(isinstance(event, RedirectRequested) for event in caller.events)
    assert 'timeout="21"' in document(caller) and 'speechTimeout="4"' in document(caller)
    assert caller.sees().slow
    caller.presses("2")
    assert caller.session.waiting_for.timeout_seconds == 15
    caller.asks_for(1)
    assert isinstance(caller.session.waiting_for, AwaitDigits) and caller.session.waiting_for.timeout_seconds == 5


def test_a_repeated_tap_on_more_time_changes_nothing(slower) -> None:
    caller = Caller(slower)
    revision = caller.session.revision
    caller.asks_for(3)
    before = caller.session
    for again in (3, 1):
        assert not caller.happens(PaceChosen(id=f"pace:{revision}", pace=again)).accepted
    assert caller.session == before


def test_a_step_gives_more_time_and_takes_it_back(slower) -> None:
    caller = Caller(slower)
    caller.presses("1")
    assert caller.session.waiting_for.timeout_seconds == 21
    caller.presses("3")
    assert caller.session.waiting_for.timeout_seconds == 7


def test_the_silences_are_three_times_as_many(slower) -> None:
    caller = Caller(slower)
    caller.is_silent()
    caller.asks_for(3)
    for _ in range(4):
        caller.is_silent()
        caller.hears("One or two?")
    caller.is_silent()
    caller.hears("Goodbye.")


def test_the_page_the_pin_and_the_consent_wait_longer() -> None:
    caller = Caller(bank())
    caller.presses("2")
    assert requested(caller, PatienceRequested) == 90
    patience = caller.session.waiting_for.request
    caller.asks_for(3)
    assert requested(caller, PatienceRequested) == 270
    assert patience not in caller.session.open_requests
    caller.presses("1")
    assert isinstance(caller.session.waiting_for, AwaitSecret) and caller.session.waiting_for.timeout_seconds == 24
    caller.opens_page()
    caller.gives_pin("4821")
    caller.hears("Do you agree?")
    assert caller.session.waiting_for.timeout_seconds == 24


def test_wrong_pins_are_guesses_however_slow() -> None:
    caller = Caller(bank(), contacts=(replace(ALICE, pace=3),))
    caller.presses("1")
    caller.presses("1")
    for _ in range(3):
        caller.gives_pin("0000")
    assert caller.is_queued


def test_more_time_is_remembered_of_who_has_proven_who_they_are() -> None:
    caller = Caller(bank())
    caller.asks_for(3)
    assert caller.happened("PaceChanged")[-1].contact is None  # a claim is not enough to change what is on file
    caller.opens_page()
    caller.asks_for(1)
    assert caller.happened("PaceChanged")[-1].contact == "alice"


def test_what_is_on_file_counts_from_the_first_question() -> None:
    caller = Caller(bank(), contacts=(replace(ALICE, pace=3),))
    assert caller.session.waiting_for.timeout_seconds == 18


def test_a_screen_reader_in_the_room_says_nothing_against_the_callers_voice() -> None:
    for aloud, heard, counted in (
        ((True,), Outcome.REJECTED, Outcome.INCONCLUSIVE),
        ((True,), Outcome.ACCEPTED, Outcome.ACCEPTED),
        ((True, False), Outcome.REJECTED, Outcome.REJECTED),
    ):
        caller = Caller(bank(), contacts=(ENROLLED,))
        for number, on in enumerate(aloud):
            assert caller.happens(AloudChosen(id=f"aloud:{number}", on=on)).accepted
            assert not caller.happens(AloudChosen(id=f"aloud:again:{number}", on=on)).accepted
        caller.voice_is(heard)
        assert caller.session.voice.verdict is counted
        assert caller.happened("VerdictRecorded")[-1].outcome is counted
        assert (caller.session.voice.reason == "screen_reader") is (heard is not counted)


def test_a_relayed_voice_is_never_listened_to() -> None:
    caller = Caller(bank(), contacts=(replace(ENROLLED, relay=True, pace=3),))
    caller.does_not_hear("I compare your voice")
    assert not caller.session.voice.wanted and "<Stream" not in document(caller)
    verdict = caller.happened("VerdictRecorded")[-1]
    assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, "relay", None)
    caller.presses("1")
    caller.opens_page()
    caller.gives_pin("4821")  # the voice is not asked for: page and PIN
    caller.hears("Your balance is")
    caller.presses("1")
    caller.presses("2")
    caller.presses("1")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "relay"


def test_who_turns_out_to_be_relayed_is_no_longer_listened_to() -> None:
    yaml = """
schema: duet/1
flow: two
title: Two
language: en-GB
start: who
person: clerk
steps:
  who: {identify: caller_id, found: notice, unknown: clerk}
  notice: {verify: We compare., next: number}
  number: {identify: customer_number, prompt: Which number?, found: words, unknown: clerk}
  words: {ask: What is it about?, for: speech, next: clerk}
  clerk: {queue: desk, prompt: One moment., waiting: Please wait., unavailable: bye, finished: bye}
  bye: {hangup: Goodbye.}
"""
    other = replace(ENROLLED, id="carla", customer_number="10099999", number="+447700900999", relay=True)
    caller = Caller(flow_of(yaml), contacts=(ENROLLED, other))
    caller.happens(StreamStarted(id="stream:0"))
    caller.presses("10099999")
    assert not caller.session.voice.wanted
    assert '<Stop><Stream name="voice"/></Stop>' in document(caller)
    caller.voice_is(Outcome.ACCEPTED)
    assert not caller.session.factors


@pytest.mark.parametrize("flow", ["bank", "slower"])
def test_no_wait_can_be_left_by_speaking_only(flow, slower) -> None:
    """Every question offers a key or a field on the page."""
    caller = Caller(bank() if flow == "bank" else slower)
    if flow == "slower":
        caller.presses("4")
    wait = caller.session.waiting_for
    assert not isinstance(wait, AwaitFact)
    assert "0" in {choice.key for choice in wait.choices}
    assert 'input="dtmf speech"' in document(caller)
    assert caller.sees().kind in ("choices", "text")
    caller.presses("0")
    assert caller.is_queued


def test_a_flow_that_needs_the_voice_is_refused() -> None:
    voice_only = (
        SLOWER.replace("person: clerk", "person: clerk\nprove: proof")
        .replace("  slow: {pace: slow, next: main}", "  slow: {pace: slow, needs: 1, next: main}")
        .replace("  bye:", "  proof: {authenticate: voice, level: 1, prompts: {voice: Speak.}, passed: return, "
                 "failed: clerk}\n  bye:")
    )  # fmt: skip
    assert "cannot reach level 1 without the voice" in mistake_in(voice_only)


def test_a_pace_that_does_not_exist_is_told() -> None:
    told = mistake_in(SLOWER.replace("pace: slow,", "pace: slo,"))
    assert "pace is 'slo'" in told and "did you mean 'slow'" in told
