"""A challenge asked again: with more time, in another language, by another release, as its author wrote it."""

from __future__ import annotations

import msgspec
import pytest
from caller import flow_of
from challenged import answer, asked, called, challenged_yaml, marks
from test_proving import DESK

from ivr.flow.definition import Flow, in_language
from ivr.flow.inputs import (
    LanguageChoice,
    NoInput,
    Outcome,
    TimedOut,
)
from ivr.flow.loader import parse_bundle
from ivr.flow.session import Session
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChallenge
from ivr.visual.screen import Live, screen_for

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
    assert caller.session.waiting_for.digits and len(caller.session.waiting_for.words) == 8


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
    yaml = challenged_yaml().replace("count: 6", "count: 9").replace("tries: 2", "tries: 1")
    caller = asked(flow_of(yaml))
    assert len(caller.session.waiting_for.words) == 9
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
