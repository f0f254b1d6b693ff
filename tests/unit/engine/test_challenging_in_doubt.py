"""A challenge that is open, cut short or late: in doubt nothing is accepted."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from caller import BOB, Caller
from challenged import ENROLLED, answer, asked, called

from ivr.flow.engine import advance
from ivr.flow.inputs import (
    ChallengeDrawn,
    ContactClaimed,
    Digits,
    Outcome,
    StreamStopped,
    TimedOut,
    VoiceWish,
    Wish,
)
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChallenge, AwaitFact, AwaitSecret

# -- in doubt never accepted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["in the menu", "while it is asked", "after the last try"])
def test_accepted_before_the_words_were_said_is_not_accepted(desk, moment) -> None:
    caller = called(desk)
    if moment != "in the menu":
        caller.presses("1")
    if moment == "after the last try":
        caller.says("no")
        caller.says("no")
    caller.voice_is(Outcome.ACCEPTED)
    verdict = caller.happened("VerdictRecorded")[-1]
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "challenge_open")
    assert caller.session.voice.verdict is Outcome.INCONCLUSIVE
    assert caller.session.factors == ()
    if moment != "in the menu":
        caller.hears("Open the page.")
        assert caller.happened("FactorFailed")[-1].reason == "challenge_open"


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.INCONCLUSIVE])
def test_another_verdict_ends_the_challenge_at_once(desk, outcome) -> None:
    caller = asked(desk)
    patience = caller.request("PatienceRequested")
    caller.voice_is(outcome, "below")
    caller.hears("Open the page.")
    assert caller.session.voice.verdict is outcome
    assert caller.session.voice.challenge is None
    assert not caller.happens(TimedOut(id=patience)).accepted


def test_without_a_running_stream_the_next_factor_is_asked(desk) -> None:
    never = Caller(desk, contacts=(ENROLLED, BOB))
    never.presses("1")
    never.hears("Open the page.")
    stopped = called(desk)
    stopped.happens(StreamStopped(id="stopped:1"))
    stopped.presses("1")
    stopped.hears("Open the page.")
    assert not stopped.happened("ChallengeRequested")


def test_another_claim_leaves_nothing_of_the_challenge(desk) -> None:
    caller = asked(desk)
    caller.says(answer(caller))
    caller.nothing_comes_of("PatienceRequested")  # no verdict in time: the page is asked for
    assert caller.happened("FactorFailed")[-1].reason == "no_verdict"
    old = caller.session.voice.verification
    session = msgspec.structs.replace(caller.session, step="other", proving=None, open_requests=("other", old))
    session = msgspec.structs.replace(session, waiting_for=AwaitFact(request="other", about="identify"))
    turn = advance(desk, session, ContactClaimed(id="other", contact="bob", number=BOB.number, has_pin=True))
    assert turn.session.voice.challenge is None and turn.session.voice.verification is None
    caller.session = turn.session
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == ()


def test_a_late_verdict_on_what_was_said_still_counts(desk) -> None:
    caller = asked(desk)
    caller.says(answer(caller))
    caller.nothing_comes_of("PatienceRequested")
    caller.hears("Open the page.")
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == (Factor.VOICE,)


def test_a_caller_who_is_known_by_now_to_use_a_relay_is_not_compared(desk) -> None:
    caller = called(desk)
    caller.presses("2")
    caller.happens(Digits(turn=caller.session.turn, keys="10045678"))
    assert caller.session.voice.challenge is not None, "the same contact: nothing has changed"
    relayed = Caller(desk, contacts=(replace(ENROLLED, relay=True),))
    assert relayed.session.voice.challenge is None and relayed.session.voice.reason in ("", "relay")


def test_a_withdrawn_voice_is_asked_for_no_more(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    assert isinstance(caller.session.waiting_for, AwaitChallenge)
    assert caller.happens(VoiceWish(id="wish:1", contact="alice", wish=Wish.DELETE)).accepted
    assert caller.session.voice.challenge is None
    assert isinstance(caller.session.waiting_for, AwaitSecret), "the next factor"


def test_words_that_are_not_drawn_in_time_cost_the_factor(desk) -> None:
    caller = called(desk, answers=True)
    caller._answers = False
    caller.presses("1")
    assert caller.session.waiting_for.about == "challenge"
    drawing = caller.request("ChallengeRequested")
    caller.nothing_comes_of("ChallengeRequested")
    caller.hears("Open the page.")
    assert not caller.happens(ChallengeDrawn(id=drawing, words=("1", "2", "3", "4"))).accepted


def test_a_verdict_while_words_are_drawn_goes_on_to_the_next_factor(desk) -> None:
    caller = called(desk)
    caller._answers = False
    caller.presses("1")
    caller.voice_is(Outcome.REJECTED, "below")
    caller.hears("Open the page.")
    drawing = caller.request("ChallengeRequested")
    before = caller.session.waiting_for
    caller.happens(ChallengeDrawn(id=drawing, words=("1", "2", "3", "4")))
    assert caller.session.waiting_for == before
