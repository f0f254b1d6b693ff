"""Right words, and a voice that is not sure yet: other words are asked for, once, and cost no try."""

from __future__ import annotations

import msgspec
import pytest
from caller import Caller, flow_of
from challenged import answer, asked, called, challenged_yaml, marks, more_may_be_asked
from test_challenging_anew import kiosk

from ivr.flow import phrases
from ivr.flow.definition import Flow
from ivr.flow.events import ChallengeMarkRequested
from ivr.flow.inputs import LanguageChoice, Outcome, StreamStopped
from ivr.flow.session import Session
from ivr.flow.sharing import viewer_of
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChallenge
from ivr.visual.bodies import SayAloud, Working
from ivr.visual.veil import veiled


def unsure(flow: Flow, **options) -> Caller:
    """Has said the right words, and is asked for more."""
    caller = asked(flow, **options)
    caller.says(answer(caller))
    caller.voice_is_undecided()
    return caller


def test_other_words_are_asked_for_kindly_and_the_verdict_on_both_is_the_factor(desk) -> None:
    caller = asked(desk)
    first = answer(caller)
    caller.says(first)
    assert more_may_be_asked(caller)
    caller.hears("One moment, please.")
    assert caller.voice_is_undecided().accepted
    caller.hears(phrases.CHALLENGE_ONCE_MORE)
    caller.hears(f"Please say {answer(caller)}.")
    assert answer(caller) != first
    assert caller.session.voice.challenge.failed == 0, "it costs no try"
    caller.says(first)
    assert marks(caller)[-1] == (3, None), "the words before are wrong by now"
    caller.says(answer(caller))
    assert marks(caller) == [(1, None), (1, True), (2, None), (3, None), (3, True)]
    assert not more_may_be_asked(caller)
    caller.hears("One moment, please.")
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == (Factor.VOICE,)


def test_more_is_asked_for_once(desk) -> None:
    caller = unsure(desk)
    caller.says(answer(caller))
    before = len(caller.happened("ChallengeRequested"))
    assert not caller.voice_is_undecided().accepted, "told once"
    verification = caller.session.voice.verification
    session = msgspec.structs.replace(caller.session, seen=())  # as if it had not been
    caller.session = session
    caller.voice_is_undecided(request=verification)
    assert len(caller.happened("ChallengeRequested")) == before
    assert caller.session.waiting_for.about == "verdict"
    assert marks(caller)[-1] == (2, True) and not more_may_be_asked(caller)


def test_until_the_second_answer_is_right_accepted_is_not_accepted(desk) -> None:
    caller = unsure(desk)
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.voice.reason == "challenge_open"
    assert caller.session.factors == ()
    caller.hears("Open the page.")


def test_wrong_words_cost_a_try_then_and_the_last_one_the_factor(desk) -> None:
    caller = unsure(desk)
    caller.says("what")
    caller.hears("That was not it.")
    assert caller.session.voice.challenge.failed == 1
    caller.is_silent()
    assert marks(caller) == [(1, None), (1, True), (2, None), (3, None), (3, False)]
    caller.voice_is(Outcome.INCONCLUSIVE, "challenge_failed")
    caller.hears("Open the page.")
    assert caller.session.factors == ()


def test_a_try_that_was_lost_before_stays_lost(desk) -> None:
    caller = asked(desk)
    caller.is_silent()
    caller.says(answer(caller))
    assert more_may_be_asked(caller)
    caller.voice_is_undecided()
    caller.is_silent()
    assert marks(caller)[-1] == (3, False)


def test_where_words_may_be_asked_for_no_more_the_voice_process_knows_it_at_once(desk) -> None:
    caller = asked(desk)
    for pace in (3, 1, 3):
        caller.asks_for(pace)
    assert caller.session.voice.challenge.attempt == 4
    caller.says(answer(caller))
    assert not more_may_be_asked(caller)
    caller.voice_is_undecided()
    assert marks(caller)[-1] == (4, True) and caller.session.waiting_for.about == "verdict"


def test_one_try_is_asked_once_more_too() -> None:
    caller = unsure(flow_of(challenged_yaml().replace("tries: 2", "tries: 1")))
    assert isinstance(caller.session.waiting_for, AwaitChallenge)
    caller.says("what")
    assert marks(caller)[-1] == (2, False)


@pytest.mark.parametrize("elsewhere", ["next factor", "person", "no audio"])
def test_a_call_that_has_gone_on_is_not_asked_and_the_voice_process_is_told_so(desk, elsewhere) -> None:
    caller = asked(desk)
    caller.says(answer(caller))
    match elsewhere:
        case "next factor":
            caller.nothing_comes_of("PatienceRequested")
            caller.hears("Open the page.")
        case "person":
            caller.presses("0")
            assert caller.is_queued
        case "no audio":
            caller.happens(StreamStopped(id="stopped:1"))
    wait, turn = caller.session.waiting_for, caller.session.turn
    caller.voice_is_undecided()
    assert (caller.session.waiting_for, caller.session.turn) == (wait, turn)
    (told,) = caller.events
    assert isinstance(told, ChallengeMarkRequested)
    assert (told.attempt, told.said, told.another) == (1, True, False), "it may end"
    caller.voice_is(Outcome.INCONCLUSIVE, "undecided")
    assert caller.session.voice.reason == "undecided"


def test_nothing_comes_of_what_nobody_asks_about(desk) -> None:
    caller = asked(desk)
    assert not caller.voice_is_undecided().accepted, "nothing has been said yet"
    caller.says(answer(caller))
    assert not caller.voice_is_undecided(attempt=2).accepted
    assert not caller.voice_is_undecided(request="another").accepted
    caller.voice_is(Outcome.REJECTED)
    assert not caller.voice_is_undecided().accepted
    gone = asked(desk)
    gone.says(answer(gone))
    gone.hangs_up()
    assert not gone.voice_is_undecided().accepted


def test_another_voice_ends_it_while_more_is_asked_for(desk) -> None:
    caller = unsure(desk)
    caller.voice_is(Outcome.REJECTED)
    caller.hears("Open the page.")


def test_more_time_and_another_language_ask_anew_but_not_once_more_again() -> None:
    caller = unsure(kiosk("digits"))
    caller.happens(LanguageChoice(turn=caller.session.turn, language="fa-IR"))
    assert caller.session.voice.challenge.attempt == 3
    caller.says(answer(caller))
    assert marks(caller)[-1] == (3, True) and not more_may_be_asked(caller)
    persian = asked(kiosk("digits"))
    persian.happens(LanguageChoice(turn=persian.session.turn, language="fa-IR"))
    persian.says(answer(persian))
    persian.voice_is_undecided()
    assert any("متشکرم" in said for said in persian.said), "in their language"


def test_the_page_shows_that_it_is_checked_and_then_the_other_words(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    first = caller.sees().body.words
    caller.says(answer(caller))
    assert isinstance(caller.sees().body, Working)
    caller.voice_is_undecided()
    caller.hears("Please say what is on your screen.")
    body = caller.sees().body
    assert isinstance(body, SayAloud) and body.words == caller.session.waiting_for.words != first
    caller.does_not_hear(" ".join(body.words))
    assert veiled(page_first, caller.session, caller.sees()).body.heading == "Say what the phone asks you to say"
    assert viewer_of(caller.session) is None, "no agent looks on"


def test_a_page_that_proves_nothing_shows_no_words_then_either(desk) -> None:
    screen = unsure(desk).sees()
    assert screen.body.heading == "Say what the phone asks you to say" and screen.captions == ()


def test_a_challenge_under_way_of_the_release_before_still_loads(desk) -> None:
    saved = msgspec.json.decode(msgspec.json.encode(asked(desk).session))
    del saved["voice"]["challenge"]["once_more"]
    session = msgspec.json.decode(msgspec.json.encode(saved), type=Session)
    assert not session.voice.challenge.once_more
    mark = msgspec.json.decode(msgspec.json.encode(asked(desk).happened("ChallengeMarkRequested")[0]))
    del mark["another"]
    assert msgspec.convert(mark, ChallengeMarkRequested).another is False
