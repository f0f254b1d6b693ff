"""Cards and co-view through the engine: what is shown, who may look, and that the voice is not moved by any of it."""

from __future__ import annotations

import dataclasses

import pytest
from caller import ALICE, ROOT, Caller
from msgspec.structs import replace

from ivr.flow.cards import ShownPicture, ShownQuestion, YesNo
from ivr.flow.events import RedirectRequested, Said
from ivr.flow.inputs import AgentFailed, AgentLeft, CardPushed, CardReplied, Filled, SharingChosen
from ivr.flow.loader import parse_bundle
from ivr.flow.page_events import CardAnswered, CardShown, SharingBegun, SharingEnded
from ivr.flow.sharing import viewer_of
from ivr.flow.waits import AwaitChoice, AwaitDigits, AwaitSecret, AwaitSpeech, Offered
from ivr.visual.bodies import Talking
from ivr.visual.cards import Picture, Question, WebLink
from ivr.visual.coview import HIDDEN, agent_view
from ivr.visual.looking import Looking

PNG = (ROOT / "flows" / "media" / "branch.png").read_bytes()  # 720 pixels wide
YAML = """
schema: duet/1
flow: cafe
title: The Café
language: en-GB
start: who
person: waiter
prove: proof
facts: {first_name: {type: text, level: 1}}
cards:
  house: {picture: house.png, alt: Our house by the river}
  sure: {confirm: "Shall {{ flow.title }} call you back?"}
  table: {form: table, title: Your table}
steps:
  who: {identify: caller_id, found: link, unknown: bye}
  link: {link: "Enter {{ link.digits }}.", message: Your page., next: main}
  main:
    menu: The house, press 1. The web, press 2. Nothing, press 3. Your name, press 4.
    choices:
      1: {label: House, goto: house}
      2: {label: Web, goto: web}
      5: {label: Table, goto: table}
      3: {label: Nothing, goto: nothing}
      4: {label: Name, goto: name}
  house: {show: house, next: main}
  web: {show: {link: "https://cafe.example/menu", title: Our menu, text: Cakes and more}, prompt: See the menu., next: main}
  nothing: {show: nothing, next: main}
  name: {needs: 1, lookup: first_name, next: hello}
  hello:
    needs: 1
    show: {link: "https://cafe.example/you", title: "For {{ contact.first_name }}"}
    next: waiter
  proof:
    authenticate: [page, pin]
    level: 1
    prompts: {page: Page., pin: PIN.}
    message: Open.
    passed: return
    failed: waiter
  waiter: {queue: waiters, prompt: One moment., waiting: Wait., unavailable: bye, finished: bye}
  table:
    form: Let us find you a table.
    fields:
      guests: {ask: How many are you?, for: number, minimum: 1, maximum: 8, label: Guests}
      window: {ask: By the window?, for: yes_no, label: By the window, optional: true}
    next: main
  bye: {hangup: Goodbye.}
"""
ALOYSIUS = dataclasses.replace(ALICE, facts={"first_name": "Aloysius"})
FLOW = parse_bundle({"cafe.yaml": YAML.encode(), "media/house.png": PNG}).flows["cafe"]


@pytest.fixture
def caller() -> Caller:
    return Caller(FLOW)


@pytest.fixture
def talking(caller: Caller) -> Caller:
    """The page is open and Dana has joined."""
    caller.opens_page()
    caller.presses("0")
    caller.agent_accepts()
    caller.agent_joins()
    return caller


def pushes(caller: Caller, card: str, agent: str = "dana", id: str = ""):
    return caller.happens(CardPushed(id=id or f"push:{caller.session.revision}:{card}", agent=agent, card=card))


def test_what_is_shown_stays_until_something_else_is(caller: Caller) -> None:
    caller.presses("1")
    caller.hears("Our house by the river")  # whoever has only the phone loses nothing
    card = caller.sees().card
    assert isinstance(card, Picture) and (card.title, card.file, card.width) == (
        "Our house by the river",
        "house.png",
        720,
    )
    caller.presses("9")
    assert caller.sees().card == card
    caller.presses("2")
    caller.hears("See the menu.")
    caller.does_not_hear("Our menu")
    shown = caller.sees().card
    assert isinstance(shown, WebLink) and shown.detail == "Leads to cafe.example, outside this page."
    caller.presses("3")
    assert caller.sees().card is None


def test_it_is_still_there_when_the_call_is_over(caller: Caller) -> None:
    caller.presses("1")
    caller.hangs_up()
    assert caller.sees().kind == "ended" and isinstance(caller.sees().card, Picture)


def test_what_was_shown_to_one_contact_is_not_shown_to_the_next_one_claimed() -> None:
    again = YAML.replace(
        "  bye:", "  again: {identify: customer_number, prompt: Number?, found: main, unknown: bye}\n  bye:"
    )
    again = again.replace("{label: Nothing, goto: nothing}", "{label: Nothing, goto: again}").replace(
        "  nothing: {show: nothing, next: main}\n", ""
    )
    caller = Caller(parse_bundle({"cafe.yaml": again.encode(), "media/house.png": PNG}).flows["cafe"])
    caller.presses("1")
    caller.presses("3")
    caller.presses("10056789")
    assert caller.session.claim.contact == "bob" and caller.session.shown is None


def test_the_agent_on_the_way_may_look_and_the_log_says_from_when_to_when(caller: Caller) -> None:
    caller.opens_page()
    caller.presses("0")
    assert viewer_of(caller.session) is None and caller.sees().looking is None
    caller.agent_accepts()
    assert viewer_of(caller.session) == "dana"
    assert caller.sees().looking == Looking(True, "Your agent is looking at this screen with you.", "Stop")
    caller.happens(AgentFailed(id="failed", agent="dana"))
    assert viewer_of(caller.session) is None
    caller.agent_accepts("erin", "room-2")
    caller.agent_joins("erin", "room-2")
    caller.happens(AgentLeft(id="left", room="room-2"))
    log = [event for event in caller.log if isinstance(event, SharingBegun | SharingEnded)]
    assert log == [
        SharingBegun("dana"), SharingEnded("dana", by_caller=False),
        SharingBegun("erin"), SharingEnded("erin", by_caller=False),
    ]  # fmt: skip


def test_nobody_looks_where_no_page_is_open(caller: Caller) -> None:
    caller.presses("0")
    caller.agent_accepts()
    assert viewer_of(caller.session) is None
    caller.opens_page()
    assert viewer_of(caller.session) == "dana"


def test_the_caller_stops_it_and_lets_it_go_on(talking: Caller) -> None:
    turn = talking.session.turn
    stop = SharingChosen(id="sharing:7:no", allowed=False)
    assert talking.happens(stop).accepted
    assert viewer_of(talking.session) is None
    assert talking.happened("SharingEnded")[-1] == SharingEnded("dana", by_caller=True)
    assert talking.sees().looking.allowed is False
    assert talking.happens(SharingChosen(id="sharing:8:yes", allowed=True)).accepted
    assert not talking.happens(stop).accepted, "a late repetition of the first tap"
    assert viewer_of(talking.session) == "dana" and talking.session.turn == turn


def test_who_has_stopped_it_is_not_looked_at_by_the_next_agent(talking: Caller) -> None:
    talking.happens(SharingChosen(id="s", allowed=False))
    talking.hangs_up()
    assert viewer_of(talking.session) is None
    assert len(talking.happened("SharingBegun")) == len(talking.happened("SharingEnded")) == 1


def test_a_push_moves_the_screen_and_not_the_voice(talking: Caller) -> None:
    turn = talking.session.turn
    assert pushes(talking, "house").accepted
    assert isinstance(talking.session.shown, ShownPicture) and talking.sees().card.by == ""
    assert talking.session.turn == turn and talking.is_talking
    assert not any(isinstance(event, RedirectRequested | Said) for event in talking.events)
    assert pushes(talking, "").accepted
    assert talking.session.shown is None
    assert [event.agent for event in talking.happened("CardShown")] == ["dana", "dana"]


def test_only_the_agent_who_talks_to_the_caller_can_push_and_only_what_the_flow_has(talking: Caller) -> None:
    assert not pushes(talking, "house", agent="erin").accepted
    assert not pushes(talking, "../secrets").accepted
    assert pushes(talking, "house", id="push:once").accepted
    assert not pushes(talking, "sure", id="push:once").accepted
    talking.happens(AgentLeft(id="left", room="room-1"))
    assert not pushes(talking, "sure").accepted


def test_nothing_can_be_pushed_before_the_agent_is_there(caller: Caller) -> None:
    caller.opens_page()
    caller.presses("0")
    caller.agent_accepts()
    assert not pushes(caller, "house").accepted


def test_a_question_is_answered_once(talking: Caller) -> None:
    pushes(talking, "sure", id="push:1")
    card = talking.sees().card
    assert isinstance(card, Question) and card.title == "Shall The Café call you back?" and not card.answer
    yes = CardReplied(id="push:1:answer", card="push:1", answer=YesNo.YES)
    assert talking.happens(yes).accepted
    assert talking.events[0] == CardAnswered(agent="dana", text="Shall The Café call you back?", answer=YesNo.YES)
    assert talking.sees().card.answer == "You answered: yes"
    assert not talking.happens(replace(yes, id="again", answer=YesNo.NO)).accepted
    assert talking.session.shown.answer is YesNo.YES and talking.is_talking


def test_an_answer_to_an_earlier_question_changes_nothing(talking: Caller) -> None:
    pushes(talking, "sure", id="push:1")
    pushes(talking, "sure", id="push:2")
    assert not talking.happens(CardReplied(id="push:1:answer", card="push:1", answer=YesNo.YES)).accepted
    assert talking.session.shown.answer is None


def test_a_question_leaves_with_its_agent_and_an_answer_stays(talking: Caller) -> None:
    pushes(talking, "sure", id="push:1")
    talking.happens(AgentLeft(id="left", room="room-1"))
    assert talking.session.shown is None and talking.happened("CardShown")[-1] == CardShown(card=None, agent="dana")


def test_a_question_is_not_drawn_after_the_call(talking: Caller) -> None:
    pushes(talking, "sure", id="push:1")
    talking.hangs_up()
    assert isinstance(talking.session.shown, ShownQuestion) and talking.sees().card is None


def test_the_agent_sees_what_the_caller_sees_less_what_is_the_callers_own() -> None:
    caller = Caller(FLOW, contacts=(ALOYSIUS,))
    caller.opens_page()
    caller.presses("4")  # level 1 by the page: a card with the name, and on to the queue in the same turn
    assert caller.is_queued and caller.sees().card.title == "For Aloysius"
    assert "For Aloysius" in caller.sees().captions
    caller.agent_accepts()
    said = [event for event in caller.log if isinstance(event, Said)][-len(caller.said) :]
    view = agent_view(FLOW, caller.session, said, "Dana")
    assert "Aloysius" not in str(view) and "47" not in view.captions
    assert HIDDEN in view.captions and "One moment." in view.captions
    assert view.card.title == HIDDEN and view.buttons == () and view.person is None
    caller.agent_joins()
    assert isinstance(agent_view(FLOW, caller.session, (), "Dana").body, Talking)


@pytest.mark.parametrize("wait", ["choices", "digits", "text", "secret"])
def test_a_body_not_known_to_be_harmless_is_hidden(caller: Caller, wait: str) -> None:
    sizes = {"min_length": 4, "max_length": 4, "timeout_seconds": 5}
    waits = {
        "choices": AwaitChoice(timeout_seconds=5, choices=(Offered("1", "Aloysius"),)),
        "digits": AwaitDigits(label="Aloysius", **sizes),
        "text": AwaitSpeech(label="Aloysius", max_length=9, timeout_seconds=5),
        "secret": AwaitSecret(label="Aloysius", **sizes),
    }
    view = agent_view(FLOW, replace(caller.session, waiting_for=waits[wait]), (), "Dana")
    assert "Aloysius" not in str(view)


def test_a_form_is_filled_in_while_two_people_talk(talking: Caller) -> None:
    turn = talking.session.turn
    pushes(talking, "table")
    screen = talking.sees()
    assert [field.label for field in screen.body.fields] == [
        "Guests",
        "By the window",
    ] and screen.card.title == "Your table"
    assert screen.person is None and screen.buttons == ()
    assert not talking.happens(Filled(turn=turn, values={"table_guests": "nine"})).accepted, "at most eight"
    assert not talking.happens(Filled(turn=turn - 1, values={"table_guests": "4"})).accepted
    filled = Filled(turn=turn, values={"table_guests": "4", "table_window": ""})
    assert talking.happens(filled).accepted and not talking.happens(filled).accepted
    assert talking.session.answers == {"table_guests": "4", "table_window": ""}
    assert talking.session.turn == turn and talking.is_talking
    assert not any(isinstance(event, RedirectRequested | Said) for event in talking.events)
    assert isinstance(talking.sees().body, Talking) and talking.sees().card.detail == "You have sent this."


def test_what_is_typed_into_a_form_is_not_on_the_desk_before_it_is_sent(talking: Caller) -> None:
    pushes(talking, "table")
    view = agent_view(FLOW, talking.session, (), "Dana")
    assert view.body.heading == "The caller is filling in the form" and view.card.title == "Your table"


def test_a_form_leaves_with_its_agent(talking: Caller) -> None:
    pushes(talking, "table")
    talking.happens(AgentLeft(id="left", room="room-1"))
    assert talking.session.shown is None
    assert not talking.happens(Filled(turn=talking.session.turn, values={"table_guests": "4"})).accepted
