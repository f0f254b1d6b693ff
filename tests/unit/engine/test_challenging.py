"""Digits and words that have to be said: by whom they are read or heard, what counts as said, and what never does."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from caller import ALICE, BOB, Caller, flow_of
from test_proving import DESK

from ivr.flow.definition import Flow, in_language
from ivr.flow.engine import advance
from ivr.flow.events import Said
from ivr.flow.inputs import (
    AloudChosen,
    By,
    ChallengeDrawn,
    ContactClaimed,
    Digits,
    LanguageChoice,
    NoInput,
    Outcome,
    Speech,
    StreamStarted,
    StreamStopped,
    TimedOut,
    VoiceWish,
    Wish,
)
from ivr.flow.loader import parse_bundle
from ivr.flow.session import Session
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChallenge, AwaitFact, AwaitSecret
from ivr.visual.bodies import SayAloud, Working
from ivr.visual.screen import Live, screen_for
from ivr.visual.veil import veiled

ENROLLED = replace(ALICE, enrolled=True)
NOTICE = "  notice: {verify: We compare your voice., next: page}\n"
CHALLENGE = """\
  notice:
    verify: We compare your voice.
    challenge:
      say: OF
      prompt: "Please say {{ challenge.words }}."
      on_page: Please say what is on your screen.
      tries: 2
    next: page
"""


def challenged(of: str = "digits", factors: str = "voice, page, pin", yaml: str = DESK) -> Flow:
    assert NOTICE in yaml
    yaml = yaml.replace(NOTICE, CHALLENGE.replace("OF", of))
    return flow_of(yaml.replace("[voice, page, pin]", f"[{factors}]"))


@pytest.fixture(scope="module")
def desk() -> Flow:
    return challenged()


@pytest.fixture(scope="module")
def page_first() -> Flow:
    return challenged(factors="page, voice, pin")


def called(flow: Flow, **options) -> Caller:
    """An enrolled caller who is listened to, in the menu."""
    caller = Caller(flow, contacts=(ENROLLED, BOB), **options)
    caller.happens(StreamStarted(id="stream:1"))
    return caller


def asked(flow: Flow, **options) -> Caller:
    """... and is asked to say something."""
    caller = called(flow, **options)
    caller.presses("1")
    assert isinstance(caller.session.waiting_for, AwaitChallenge)
    return caller


def answer(caller: Caller) -> str:
    return " ".join(caller.session.waiting_for.words)


def marks(caller: Caller) -> list[tuple[int, bool | None]]:
    return [(mark.attempt, mark.said) for mark in caller.happened("ChallengeMarkRequested")]


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


def challenged_yaml() -> str:
    return DESK.replace(NOTICE, CHALLENGE.replace("OF", "digits"))


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


# -- more time, another language --------------------------------------------------------------------------------------


def test_more_time_asks_for_other_words_without_costing_a_try_but_not_without_end(desk) -> None:
    caller = asked(desk)
    before = answer(caller)
    caller.asks_for(3)
    assert isinstance(caller.session.waiting_for, AwaitChallenge)
    assert answer(caller) != before
    assert caller.session.voice.challenge.failed == 0
    for pace in (1, 3, 1):
        caller.asks_for(pace)
    assert caller.session.voice.challenge.attempt == 4
    assert not isinstance(caller.session.waiting_for, AwaitChallenge), "words cannot be picked by asking again"


TWO_LANGUAGES = """
schema: duet/1
flow: kiosk
title: The Kiosk
language: en-GB
languages: [fa-IR]
start: who
person: clerk
prove: proof
facts: {balance: {type: money, level: 2}}
steps:
  who: {identify: caller_id, found: notice, unknown: clerk}
  notice:
    verify: We compare your voice.
    challenge:
      say: words
      prompt: "Please say {{ challenge.words }}."
      on_page: Please say what is on your screen.
    next: main
  main: {menu: Balance., choices: {1: {label: Balance, goto: look}}}
  look: {needs: 2, lookup: [balance], next: told}
  told: {needs: 2, say: "You have {{ contact.balance | money }}.", next: main}
  proof:
    authenticate: [voice, page, pin]
    level: 2
    prompts: {page: Open the page., pin: Your PIN., voice: Say something.}
    message: Show that it is you.
    passed: return
    failed: clerk
  clerk: {queue: desk, prompt: One moment., waiting: Please wait., unavailable: bye, finished: bye}
  bye: {hangup: Goodbye.}
"""
PERSIAN = {
    "The Kiosk": "کیوسک",
    "We compare your voice.": "صدای شما را مقایسه می‌کنیم.",
    "Please say {{ challenge.words }}.": "لطفاً بگویید {{ challenge.words }}.",
    "Please say what is on your screen.": "لطفاً آنچه را روی صفحه است بگویید.",
    "Balance.": "موجودی.",
    "Balance": "موجودی",
    "You have {{ contact.balance | money }}.": "{{ contact.balance | money }} دارید.",
    "Open the page.": "صفحه را باز کنید.",
    "Your PIN.": "رمز شما.",
    "Say something.": "چیزی بگویید.",
    "Show that it is you.": "نشان دهید که شمایید.",
    "One moment.": "یک لحظه.",
    "Please wait.": "لطفاً صبر کنید.",
    "Goodbye.": "خدانگهدار.",
}


def kiosk(of: str = "words") -> Flow:
    catalogue = "".join(f'msgid "{text}"\nmsgstr "{said}"\n\n' for text, said in PERSIAN.items())
    yaml = TWO_LANGUAGES.replace("say: words", f"say: {of}")
    return parse_bundle({"kiosk.yaml": yaml.encode(), "i18n/fa.po": catalogue.encode()}).flows["kiosk"]


@pytest.mark.parametrize("of", ["digits", "words"])
def test_in_another_language_other_words_are_asked_for_and_understood_in_it(of) -> None:
    flow = kiosk(of)
    caller = asked(flow)
    caller.happens(LanguageChoice(turn=caller.session.turn, language="fa-IR"))
    words = caller.session.waiting_for.words
    if of == "words":
        caller.hears(f"لطفاً بگویید {'، '.join(words)}.")
        caller.says(f"خب {' و '.join(words)} لطفاً".replace("ی", "ي").replace("ک", "ك"))  # as Arabic keyboards write
    else:
        names = dict(zip("0123456789", ["صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه"], strict=True))
        assert any(set("۰۱۲۳۴۵۶۷۸۹") & set(said) for said in caller.said)
        caller.says(" ".join(names[digit] for digit in words))
    assert marks(caller)[-1] == (2, True)


def test_a_language_without_words_of_ours_asks_for_digits() -> None:
    flow = flow_of(challenged_yaml().replace("say: digits", "say: words").replace("en-GB", "de-DE"))
    caller = asked(flow)
    assert caller.session.waiting_for.digits and len(caller.session.waiting_for.words) == 6


# -- what was saved before --------------------------------------------------------------------------------------------


def test_a_session_of_the_release_before_still_loads_and_knows_of_no_challenge(desk) -> None:
    saved = msgspec.json.decode(msgspec.json.encode(called(desk).session))
    del saved["voice"]["challenge"]
    session = msgspec.json.decode(msgspec.json.encode(saved), type=Session)
    assert session.voice.challenge is None and session.voice.verification is not None


def test_without_a_challenge_nothing_is_asked() -> None:
    caller = called(flow_of(DESK))
    (request,) = caller.happened("VerificationRequested")
    assert (request.challenged, request.due_seconds) == (False, 180)
    caller.presses("1")
    caller.hears("Say something.")
    assert not caller.happened("ChallengeRequested")


def test_silence_is_heard_by_the_clock_or_the_carrier_but_once(desk) -> None:
    caller = asked(desk)
    patience, turn = caller.request("PatienceRequested"), caller.session.turn
    caller.is_silent()
    assert not caller.happens(TimedOut(id=patience)).accepted
    assert not caller.happens(NoInput(turn=turn)).accepted
    assert caller.session.voice.challenge.failed == 1


def test_the_screen_counts_the_same_words_again_after_a_reload(page_first) -> None:
    caller = called(page_first)
    caller.presses("1")
    caller.opens_page()
    flow = in_language(page_first, caller.session.language)
    live = Live(said=tuple(caller.said))
    assert screen_for(flow, caller.session, live) == screen_for(flow, caller.session, live)


# -- as the author wrote it -------------------------------------------------------------------------------------------


def test_the_author_says_how_many_and_how_often() -> None:
    yaml = challenged_yaml().replace("say: digits", "say: digits\n      count: 8").replace("tries: 2", "tries: 1")
    caller = asked(flow_of(yaml))
    assert len(caller.session.waiting_for.words) == 8
    caller.is_silent()
    assert marks(caller) == [(1, None), (1, False)]


@pytest.mark.parametrize("right", [True, False], ids=["said", "not said"])
def test_what_is_being_judged_is_not_asked_for_again(desk, right) -> None:
    caller = asked(desk)
    if right:
        caller.says(answer(caller))
    else:
        caller.is_silent()
        caller.is_silent()
    before = len(caller.happened("ChallengeRequested"))
    caller.asks_for(3)
    assert len(caller.happened("ChallengeRequested")) == before
    assert (caller.session.waiting_for.about == "verdict") == right, "of what was not said nothing is to be expected"
    caller.voice_is(Outcome.ACCEPTED if right else Outcome.INCONCLUSIVE, "test")
    assert (Factor.VOICE in caller.session.factors) == right


def test_whoever_failed_is_not_asked_again_in_the_same_call(desk) -> None:
    caller = asked(desk)
    caller.is_silent()
    caller.is_silent()
    caller.nothing_comes_of("PatienceRequested")
    caller.presses("1")  # go on without the page
    caller.presses("1111")
    caller.presses("2222")
    assert caller.is_queued
    assert marks(caller)[-1] == (2, False)
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == ()
