"""Asks and forms by key, by voice and by page: what is taken, what is asked again, and that both sides stay one."""

from __future__ import annotations

from caller import Caller, bank, flow_of
from msgspec.structs import replace

from ivr.flow.events import AnswerTaken, FaultMet, NoMatchHeard, RedirectRequested
from ivr.flow.playing import Play
from ivr.flow.waits import AwaitAgent, AwaitAnswer, AwaitConfirmation
from ivr.visual.words import words_of

SHOP = """
schema: duet/1
flow: shop
title: The Shop
language: en-GB
start: order
person: desk
steps:
  order:
    form: Two questions.
    fields:
      sum: {ask: How much?, for: money, currency: GBP, minimum: 1, maximum: 250, label: Amount, retry: {nomatch: Pardon?}}
      day: {ask: Which day?, for: date, label: Day, earliest: today+1, latest: today+90}
      note: {ask: Anything else?, for: speech, label: Note, optional: true}
    next: gift
  gift: {ask: Is it a gift?, for: yes_no, next: fit}
  fit:
    ask: Which size?
    for: list
    options: {1: {name: small, label: Small}, 2: {name: large, label: Large, say: big}}
    next: count
  count: {ask: How many?, for: number, decimals: 0, maximum: 12, label: How many, next: thanks}
  desk: {queue: desk, prompt: Hold., waiting: Wait., unavailable: bye, finished: bye}
  bye: {hangup: Goodbye.}
  thanks: {hangup: "{{ answer.order_sum | money }}, {{ answer.order_note | default: 'no note' }}, {{ answer.fit }}."}
"""


def shopper() -> Caller:
    return Caller(flow_of(SHOP))


def at_the_gift() -> Caller:
    caller = shopper()
    caller.fills_in(order_sum="£12", order_day="24/12/2026", order_note="")
    return caller


def test_the_phone_asks_one_field_after_the_other_and_the_page_fills_up():
    caller = shopper()
    assert caller.said == ["Two questions.", "How much?"]
    assert words_of(caller.sees())[:3] == ("Amount ____", "Day ____", "Note ____")
    caller.presses("12*50")
    assert caller.said == ["Which day?"]
    assert words_of(caller.sees())[:2] == ("Amount 12.50", "Day ____")
    caller.presses("24122026")
    caller.is_silent()
    assert caller.session.answers == {"order_sum": "12.50 GBP", "order_day": "2026-12-24", "order_note": ""}
    assert caller.said == ["Is it a gift?"]


def test_the_page_answers_all_of_it_in_one_turn():
    caller = shopper()
    turn = caller.fills_in(order_sum="£12.50", order_day="2026-12-24", order_note="Ring the bell")
    assert turn.session.turn == 2 and caller.said == ["Is it a gift?"]
    assert caller.session.answers["order_note"] == "Ring the bell"
    assert [event.step for event in caller.events if isinstance(event, AnswerTaken)] == [
        "order_sum", "order_day", "order_note",
    ]  # fmt: skip
    assert any(isinstance(event, RedirectRequested) for event in caller.events), "the phone must be told"


def test_a_form_with_one_wrong_field_changes_nothing():
    caller = shopper()
    before = caller.session
    for values in (
        {"order_sum": "12", "order_day": "2026-11-21"},  # today is too early
        {"order_sum": "12"},  # the day is missing
        {"order_sum": "500", "order_day": "2026-12-24"},
        {"order_sum": "x" * 2000, "order_day": "2026-12-24"},
        {},
    ):
        assert not caller.fills_in(**values).accepted
        assert caller.session == before


def test_what_the_phone_answered_meanwhile_makes_the_page_stale():
    caller = shopper()
    turn = caller.session.turn
    caller.presses("12")
    assert not caller.fills_in(turn, order_sum="99", order_day="2026-12-24").accepted
    assert caller.session.answers == {"order_sum": "12.00 GBP"}
    assert caller.fills_in(order_sum="99", order_day="2026-12-24").accepted, "sent again it corrects the phone's"
    assert caller.session.answers["order_sum"] == "99.00 GBP"


def test_what_was_said_is_read_back_and_counts_only_once_it_is_confirmed():
    caller = shopper()
    caller.says("fifty pounds")
    assert caller.said == ["I understood 50 pounds. Press 1 if that is right, 2 to give it again."]
    assert words_of(caller.sees()) == (
        "Amount 50 pounds?", "[1] Yes, that is right", "[2] No, once more", "[0] Speak to a person",
    )  # fmt: skip
    assert caller.session.answers == {}
    caller.taps("1")
    assert caller.session.answers == {"order_sum": "50.00 GBP"}
    caller.says("the fifth of December")
    caller.says("yes")
    assert caller.session.answers["order_day"] == "2026-12-05"


def test_nothing_but_a_yes_confirms():
    caller = shopper()
    caller.says("fifty pounds")
    caller.is_silent()
    assert caller.said[-1].startswith("I understood 50 pounds.")
    caller.says("sixty")
    assert isinstance(caller.session.waiting_for, AwaitConfirmation) and caller.session.answers == {}
    assert not caller.fills_in(order_sum="12", order_day="2026-12-24").accepted
    caller.presses("3")
    assert isinstance(caller.session.waiting_for, AwaitAgent), "the third time leads to a person"
    assert caller.session.answers == {}


def test_no_asks_the_same_question_again():
    caller = shopper()
    caller.says("fifteen pounds")
    caller.presses("2")
    assert caller.said == ["How much?"]
    assert caller.session.waiting_for.current == "order_sum"


def test_why_an_answer_is_none_is_said():
    caller = shopper()
    caller.presses("999")
    assert caller.said == ["It can be at most 250 pounds.", "How much?"]
    caller.says("lots")
    assert caller.said == ["Pardon?", "How much?"], "the flow's own words where nothing was understood"
    assert [event.attempt for event in caller.log if isinstance(event, NoMatchHeard)] == [1, 2]
    caller.presses("20")
    caller.presses("31022027")
    assert caller.said == ["I could not read a date in that. Give the day, the month and the year.", "Which day?"]
    caller.presses("01062027")
    assert caller.said == ["It cannot be after 19 February 2027.", "Which day?"]


def test_a_person_is_reached_by_key_by_tap_and_by_word():
    for act in (lambda c: c.presses("0"), lambda c: c.taps("0"), lambda c: c.says("I want to speak to a person")):
        caller = shopper()
        act(caller)
        assert isinstance(caller.session.waiting_for, AwaitAgent)


def test_yes_no_and_lists_are_buttons_keys_and_words():
    caller = at_the_gift()
    assert words_of(caller.sees()) == ("[1] Yes", "[2] No", "[0] Speak to a person")
    caller.taps("1")
    assert words_of(caller.sees())[:2] == ("[1] Small", "[2] Large")
    caller.says("the big one")
    assert caller.session.answers["gift"] == "yes" and caller.session.answers["fit"] == "large"
    caller.fills_in(count="3")
    assert caller.said == ["12 pounds, no note, large."]
    assert caller.session.ended


def test_a_key_0_that_is_an_answer_is_one_but_a_tap_on_person_leads_there():
    def counting() -> Caller:
        caller = at_the_gift()
        caller.presses("2")
        caller.presses("1")
        return caller

    caller = counting()
    caller.presses("0")
    assert caller.session.answers["count"] == "0"
    caller = counting()
    assert caller.sees().person.key == "0"
    caller.taps("0")
    assert isinstance(caller.session.waiting_for, AwaitAgent)


def test_a_form_entered_again_is_asked_anew():
    caller = Caller(bank())
    for _ in range(2):
        caller.presses("4") if caller.session.step == "main" else (caller.presses("1"), caller.presses("4"))
        assert caller.session.waiting_for.current == "appointment_day"
        assert not any(name.startswith("appointment") for name in caller.session.answers)
        caller.fills_in(
            appointment_day="2026-12-01", appointment_phone="07700 900123", appointment_topic="savings",
            appointment_reminder="yes",
        )  # fmt: skip
        assert caller.session.step == "anything_else"
        assert "1 December 2026" in caller.said[0] and "0 1 2 3" in caller.said[0] and "text you" in caller.said[0]


def test_a_call_that_does_not_know_its_day_meets_a_person_not_a_wrong_bound():
    caller = shopper()
    play = Play(caller.flow, replace(caller.session, began_on=""))
    play.go("order")
    assert isinstance(play.session.waiting_for, AwaitAgent)
    assert any(isinstance(event, FaultMet) for event in play.events)


def test_a_hostile_answer_is_only_text():
    caller = shopper()
    nasty = "</Say><Dial>+15005550006</Dial><script>alert(1)</script>"
    assert caller.fills_in(order_sum="12", order_day="2026-12-24", order_note=nasty, unknown="1").accepted
    assert caller.session.answers["order_note"] == nasty and "unknown" not in caller.session.answers
    assert isinstance(caller.session.waiting_for, AwaitAnswer)
