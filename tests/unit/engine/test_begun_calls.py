"""What a call takes over from the page it was begun on, on the pure core."""

from __future__ import annotations

from caller import bank, flow_of

from ivr.flow.beginning import begin
from ivr.flow.engine import advance
from ivr.flow.events import AnswerTaken, BeginningSought, PageCodeRequested, Requested, Said
from ivr.flow.inputs import (
    BeginningFound,
    CallStarted,
    ChosenBefore,
    Digits,
    NoInput,
    PaceChosen,
    PageCodeDrawn,
    TimedOut,
)
from ivr.flow.session import Page, Session
from ivr.flow.waits import AwaitChoice, AwaitDigits, AwaitFact

SHOP = """
schema: duet/1
flow: shop
title: The Shop
language: en-GB
start: hello
person: clerk
start_on_page: main
steps:
  hello:
    join: Hello.
    label: The six digits
    known: "You chose: {{ caller.chosen }}."
    next: main
  main:
    menu: {text: Calls are recorded. Shoes press 1. Hours press 2., must_hear: true}
    choices:
      1: {label: Shoes, goto: shoes}
      2: {label: Hours, goto: hours}
      3: {label: Tell me, goto: tell}
  hours:
    say: Nine to five.
    next: main
  shoes:
    menu: Brown press 1. Black press 2.
    choices:
      1: {label: Brown, goto: bye}
      2: {label: Black, goto: bye}
  tell:
    say: You call from {{ caller.number }}.
    next: bye
  clerk:
    queue: clerks
    prompt: One moment.
    waiting: Please wait.
    unavailable: bye
    finished: bye
  bye:
    link: Enter {{ link.code | digits }}.
    by: code
    next: end
  end:
    hangup: Goodbye.
"""
CHOSEN = (
    ChosenBefore("main", "2", "Hours", "en-GB"),
    ChosenBefore("main", "1", "Shoes", "en-GB"),
    ChosenBefore("shoes", "2", "Black", "en-GB"),
)


class Call:
    def __init__(self, flow, chosen: tuple[ChosenBefore, ...] | None, code: str = "123456") -> None:
        self.flow, self.chosen, self.code = flow, chosen, code
        self.events: list = []
        self.session = Session(
            call="c" * 32, bundle=flow.bundle, flow=flow.name, caller="+15550123", line="+15550100",
            page=Page(digits="47"),
        )  # fmt: skip
        self.happens(CallStarted(id="start", begun_on_page=chosen is not None))

    def happens(self, input) -> Call:
        turn = advance(self.flow, self.session, input, self._settle)
        self.session, self.events = turn.session, [*self.events, *turn.events]
        return self

    def keys(self, keys: str) -> Call:
        return self.happens(Digits(turn=self.session.turn, keys=keys))

    def _settle(self, request: Requested):
        match request:
            case BeginningSought(code="654321"):
                return BeginningFound(id=request.request, beginning="begun", chosen=self.chosen)
            case BeginningSought():
                return BeginningFound(id=request.request, beginning=None)
            case PageCodeRequested() if self.code:
                return PageCodeDrawn(id=request.request, code=self.code, code_hash=b"x", lifetime_seconds=600)
            case _:
                return None

    @property
    def said(self) -> str:
        return " ".join(event.text for event in self.events if isinstance(event, Said))


def test_choices_are_taken_up_where_the_call_comes_to_them_and_notices_are_heard() -> None:
    call = Call(flow_of(SHOP), CHOSEN).keys("654321")
    assert call.session.choices_made == ("Hours", "Shoes", "Black")
    assert "You chose: Hours, Shoes, Black." in call.said
    assert "Nine to five." in call.said
    assert "Calls are recorded." in call.said, "must_hear is heard, asked or not"
    assert "Brown press 1" not in call.said
    assert [event.label for event in call.events if isinstance(event, AnswerTaken) and event.label] == [
        "Hours", "Shoes", "Black",
    ]  # fmt: skip
    assert call.session.ended == "flow_finished"


def test_a_choice_that_has_another_meaning_now_is_asked_and_those_after_it_are_forgotten() -> None:
    changed = flow_of(SHOP.replace("1: {label: Shoes", "1: {label: Boots"))
    call = Call(changed, CHOSEN).keys("654321")
    assert call.session.step == "main"
    assert isinstance(call.session.waiting_for, AwaitChoice)
    call.keys("1")
    assert call.session.step == "shoes", "Black is not chosen out of another place"
    assert isinstance(call.session.waiting_for, AwaitChoice)


def test_the_code_is_not_asked_for_while_nobody_has_begun() -> None:
    call = Call(flow_of(SHOP), None)
    assert call.session.step == "main"
    assert call.said.startswith("Hello. Calls are recorded.")


def test_silence_goes_on_and_a_wrong_code_is_asked_for_once_more() -> None:
    silent = Call(flow_of(SHOP), CHOSEN)
    assert isinstance(silent.session.waiting_for, AwaitDigits)
    assert silent.happens(NoInput(turn=silent.session.turn)).session.step == "main"
    wrong = Call(flow_of(SHOP), CHOSEN).keys("111111")
    assert isinstance(wrong.session.waiting_for, AwaitDigits)
    assert wrong.keys("222222").session.step == "main"
    late = Call(flow_of(SHOP), CHOSEN).keys("111111").keys("654321")
    assert late.session.choices_made[-1] == "Black"


def test_the_code_that_was_keyed_is_in_no_event_but_the_search_for_it() -> None:
    call = Call(flow_of(SHOP), CHOSEN).keys("654321")
    assert [type(event) for event in call.events if "654321" in repr(event)] == [BeginningSought]


def test_without_a_free_code_the_call_goes_on_without_the_page() -> None:
    call = Call(flow_of(SHOP), None, code="").keys("1").keys("1")
    wait = call.session.waiting_for
    assert isinstance(wait, AwaitFact)
    call.happens(TimedOut(id=wait.request))
    assert call.session.ended == "flow_finished"
    assert "Enter" not in call.said


def test_a_visitor_walks_only_where_everybody_hears_the_same() -> None:
    flow = flow_of(SHOP)
    menu = begin(flow, ())
    assert [choice.label for choice in menu.choices] == ["Shoes", "Hours", "Tell me", "Speak to a person"]
    hours = begin(flow, ("2",))
    assert hours.said[0] == "Nine to five."
    assert hours.choices, "and the menu again"
    assert begin(flow, ("1", "2")).chosen == CHOSEN[1:]
    assert begin(flow, ("1", "2")).choices == ()
    assert begin(flow, ("3",)) == begin(flow, ("3",))
    assert begin(flow, ("3",)).said == (), "there is no caller's number yet"
    assert begin(flow, ("0",)).choices == ()
    assert begin(flow, ("2",) * 8).choices == (), "not round for ever"
    assert begin(flow, ("2",) * 9) is None
    assert begin(flow, ("7",)) is None


def test_the_bank_begins_at_its_menu_and_keeps_what_is_personal_for_the_call() -> None:
    balance = begin(bank(), ("1",))
    assert [one.label for one in balance.chosen] == ["Balance"]
    assert (balance.said, balance.choices) == ((), ())


def test_who_asks_for_more_time_is_asked_for_the_code_again() -> None:
    call = Call(flow_of(SHOP), CHOSEN)
    call.happens(PaceChosen(id="pace:1", pace=3))
    assert (call.session.step, call.session.waiting_for.timeout_seconds) == ("hello", 15)
    assert "went wrong" not in call.said and not any(type(event).__name__ == "FaultMet" for event in call.events)
    assert "You chose: Hours" in call.keys("654321").said
