"""Digits and words that have to be said: by whom they are read or heard, what counts as said, and what does not."""

from __future__ import annotations

import pytest
from caller import Caller, flow_of
from challenged import answer, asked, called, challenged, challenged_yaml, marks

from ivr.flow.events import Said
from ivr.flow.inputs import (
    AloudChosen,
    By,
    Digits,
    Outcome,
    Speech,
)
from ivr.flow.steps import Factor
from ivr.visual.bodies import SayAloud, Working
from ivr.visual.veil import veiled

# -- said -------------------------------------------------------------------------------------------------------------


def test_the_right_words_and_the_right_voice_are_the_factor(desk) -> None:
    caller = asked(desk)
    assert caller.session.waiting_for.words == ("7", "1", "2", "9", "0", "3")
    caller.hears("Please say 7 1 2 9 0 3.")
    caller.does_not_hear("Say something.")  # the prompt of a voice without a challenge
    assert not any(said.public for said in caller.events if isinstance(said, Said)), "no agent reads the words"
    assert marks(caller) == [(1, None)]
    caller.says("7 1 2 9 0 3")
    assert marks(caller) == [(1, None), (1, True)]
    assert caller.session.waiting_for.about == "verdict"
    assert isinstance(caller.sees().body, Working) and not caller.sees().body.listening
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == (Factor.VOICE,)
    assert caller.level == 0, "the voice alone never reaches a level, whatever it said"
    caller.hears("Open the page.")
    assert caller.session.voice.challenge is None


def test_the_request_says_that_words_are_needed_and_waits_for_them_all_call_long(desk) -> None:
    (request,) = called(desk).happened("VerificationRequested")
    assert request.challenged and request.due_seconds == 1800


def test_marks_belong_to_the_verification(desk) -> None:
    caller = asked(desk)
    mark = caller.happened("ChallengeMarkRequested")[0]
    assert mark.verification == caller.session.voice.verification
    assert mark.request not in caller.session.open_requests, "no fact answers it"


@pytest.mark.parametrize(
    "said",
    [
        "seven one two nine oh three",
        "uh, seven one, two nine zero three please",
        "712903",
        "71-29-03",
        "7, 1, 2, 9, 0, 3.",
        "It's seven one two nine oh three, thank you.",
        "seven one um two nine and then zero three",
    ],
)
def test_digits_are_right_however_they_are_written_down(desk, said) -> None:
    caller = asked(desk)
    caller.says(said)
    assert marks(caller)[-1] == (1, True)


@pytest.mark.parametrize(
    "said",
    [
        "7 1 2 9 0",
        "7 1 2 9 0 3 3",
        "1 7 2 9 0 3",
        "my account is 7 1 2 9 0 3 I think so",
        "seven one two nine oh three seven one two nine oh three",
        "seven hundred twelve nine oh three",
        "yes",
        "",
        "8 1 2 9 0 3 no sorry 7 1 2 9 0 3",
    ],
)
def test_what_is_not_exactly_it_is_wrong(desk, said) -> None:
    caller = asked(desk)
    caller.says(said)
    assert caller.session.voice.challenge.failed == 1
    caller.hears("That was not it.")


def test_words_are_asked_for_in_order_and_no_other_word_counts() -> None:
    flow = challenged("words")
    caller = asked(flow)
    words = caller.session.waiting_for.words
    caller.hears(f"Please say {', '.join(words)}.")
    assert len(words) == 4
    for said, right in (
        (" ".join(words), True),
        (", ".join(words).title() + ".", True),
        (f"um {words[0]} {words[1]} and then {words[2]} {words[3]} please", True),
        (" ".join(reversed(words)), False),
        (" ".join(words[:3]), False),
        (" ".join((*words, "island")), False),
        (" ".join((words[0], *words)), False),
        (f"{' '.join(words[:2])} elephant {' '.join(words[2:])}", False),
    ):
        again = asked(flow)
        again.says(said)
        assert (marks(again)[-1] == (1, True)) == right, said


# -- not said ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("miss", "told"),
    [
        (lambda caller: caller.says("I have no idea"), "That was not it."),
        (lambda caller: caller.is_silent(), "I did not hear you."),
        (lambda caller: caller.presses("712903"), "Please say it instead of keying it in."),
        (lambda caller: caller.presses("7"), "Please say it instead of keying it in."),
        (lambda caller: caller.nothing_comes_of("PatienceRequested"), "That took too long."),
    ],
    ids=["wrong", "silent", "keyed", "one key", "late"],
)
def test_a_miss_is_told_and_other_words_are_asked_for_then_the_verdict_is_awaited(desk, miss, told) -> None:
    caller = asked(desk)
    before = answer(caller)
    miss(caller)
    caller.hears(told)
    caller.hears(f"Please say {answer(caller)}.")
    assert answer(caller) != before
    assert marks(caller) == [(1, None), (2, None)]
    miss(caller)
    assert marks(caller) == [(1, None), (2, None), (2, False)]
    assert caller.session.waiting_for.about == "verdict"
    caller.voice_is(Outcome.INCONCLUSIVE, "challenge_failed")
    assert caller.happened("FactorFailed")[-1].reason == "challenge_failed"
    assert caller.session.factors == ()
    caller.hears("Open the page.")


def test_the_words_of_the_try_before_are_wrong_by_now(desk) -> None:
    caller = asked(desk)
    before, turn = answer(caller), caller.session.turn
    caller.is_silent()
    assert not caller.happens(Speech(turn=turn, text=before)).accepted, "a result of the turn before is stale"
    caller.says(before)
    assert marks(caller)[-1] == (2, False)


def test_the_second_try_can_be_right(desk) -> None:
    caller = asked(desk)
    caller.says("what")
    caller.says(answer(caller))
    assert marks(caller)[-1] == (2, True)
    caller.voice_is(Outcome.ACCEPTED)
    assert Factor.VOICE in caller.session.factors


def test_what_is_typed_on_the_page_has_not_been_said(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    typed = Speech(turn=caller.session.turn, text=answer(caller), by=By.TAP)
    assert not caller.happens(typed).accepted
    assert not caller.happens(Digits(turn=caller.session.turn, keys="712903", by=By.TAP)).accepted
    assert caller.session.voice.challenge.failed == 0
    assert caller.taps("0").accepted
    assert caller.is_queued


@pytest.mark.parametrize("way", ["key", "words"])
def test_a_person_is_reachable_from_the_challenge(desk, way) -> None:
    caller = asked(desk)
    if way == "key":
        caller.presses("0")
    else:
        caller.says("I want to speak to a person")
    assert caller.is_queued
    assert caller.session.proving is None


def test_a_zero_that_is_said_is_a_digit_and_not_the_key_to_a_person(desk) -> None:
    caller = asked(desk)
    caller.says("0")
    assert not caller.is_queued


def test_the_time_to_answer_covers_what_the_phone_says_first(desk) -> None:
    def due(caller: Caller) -> int:
        return caller.happened("PatienceRequested")[-1].due_seconds

    first = asked(desk)
    assert 6 + 3 + 2 <= due(first) <= 6 + 3 + 12
    long = flow_of(challenged_yaml().replace("Please say {{", "Now comes a long sentence, " * 10 + "please say {{"))
    assert due(asked(long)) > due(first) + 10
    slow = called(desk)
    slow.asks_for(3)
    slow.presses("1")
    assert slow.session.waiting_for.timeout_seconds == 18
    assert due(slow) == due(first) + 12


# -- page and phone ---------------------------------------------------------------------------------------------------


def test_whoever_has_opened_the_page_reads_the_words_and_nobody_hears_them(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    words = caller.session.waiting_for.words
    caller.hears("Please say what is on your screen.")
    caller.does_not_hear(" ".join(words))
    body = caller.sees().body
    assert isinstance(body, SayAloud) and body.words == words and body.digits and body.seconds >= 6
    caller.says("something else")  # perhaps the page cannot be seen at all
    caller.hears(f"Please say {answer(caller)}.")
    assert caller.sees().body.words == caller.session.waiting_for.words


def test_a_page_that_proves_nothing_shows_no_words(desk) -> None:
    caller = asked(desk)
    screen = caller.sees()
    assert "Say what the phone asks you to say" in screen.body.heading
    assert screen.captions == (), "what the phone says are the words"


def test_a_page_that_joined_by_a_code_shows_no_words_beside_one_that_does(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    screen = veiled(page_first, caller.session, caller.sees())
    assert screen.body.heading == "Say what the phone asks you to say"
    assert screen.captions == () and screen.buttons == ()
    assert screen.person is not None


def test_where_a_screen_reader_would_read_the_words_out_the_phone_says_them(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.happens(AloudChosen(id="aloud:1", on=True))
    caller.opens_page()
    caller.hears(f"Please say {answer(caller)}.")
