"""A call in which digits have to be said, as the carrier meets it: drawn on the spot, gathered, told to the voice process."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from doorway import Carrier, Clock, Control, Phone, session_of
from test_voice_lock import Ear

from ivr import app
from ivr.app import House
from ivr.authentication import verdicts
from ivr.authentication.messages import Undecided
from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By, Outcome, StreamStarted, VerdictReached
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChallenge
from ivr.store import consents, contacts, requests, voice_tries, voiceprints
from ivr.store.database import write

FLOW = """
schema: duet/1
flow: vault
title: The Vault
language: en-GB
start: who
person: clerk
prove: proof
facts: {balance: {type: money, level: 2}}
steps:
  who: {identify: caller_id, found: notice, unknown: clerk}
  notice:
    verify: We compare your voice.
    challenge:
      say: digits
      prompt: "Please say {{ challenge.words }}."
      on_page: Please say what is on your screen.
    next: main
  main: {menu: For your balance press 1., choices: {1: {label: Balance, goto: look}}}
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


@pytest.fixture
def asked(house: House, carrier: Carrier, clock: Clock, settings, tmp_path: Path) -> Phone:
    """Alice, enrolled, is asked to say digits."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "vault.yaml").write_text(FLOW, encoding="utf-8")
    app.publish(house.database, replace(settings, flows=tmp_path / "flows"))
    phone = Phone(carrier)
    alice = contacts.by_number(house.database, phone.about["From"]).id
    before = Phone(carrier, sid="CA" + "e" * 32).dials("vault")
    given = ConsentGiven(contact=alice, version="1", wording="May we?", language="en-GB", by=By.TAP)
    write(house.database, lambda t: consents.record(t, session_of(house, before).call, given, 0))
    voiceprints.save_voiceprint(house.database, alice, b"sealed", "0" * 64, clock())
    phone.dials("vault")
    house.take_turn(session_of(house, phone).call, StreamStarted(id="stream"))
    return phone.presses("1")


def digits_of(phone: Phone) -> str:
    said = [element.text for element in phone.document.iter("Say") if "Please say" in (element.text or "")]
    return re.sub(r"\D", "", said[-1])


def marks(house: House, phone: Phone) -> list[tuple[int, bool | None]]:
    open_ones = requests.requests_of(house.database, session_of(house, phone).call)
    bodies = [one.body for one in open_ones if one.kind == "challenge_mark_requested"]
    return sorted(((body.attempt, body.said) for body in bodies), key=lambda mark: (mark[0], mark[1] is not None))


def test_digits_that_are_said_are_told_to_the_voice_process_and_its_verdict_opens_the_way(
    house: House, asked: Phone
) -> None:
    digits = digits_of(asked)
    assert len(digits) == 8
    gather = asked.document.find("Gather")
    assert gather.attrib["input"] == "dtmf speech" and gather.attrib["timeout"] == "6"
    assert gather.find("Say") is not None, "whoever speaks at once interrupts the prompt"
    assert marks(house, asked) == [(1, None)]
    turn = asked.action
    asked.asks(turn, SpeechResult=" ".join(digits), Confidence="0.91")
    asked.hears("One moment, please.")
    assert marks(house, asked) == [(1, None), (1, True)]
    again = asked.asks(turn, SpeechResult=" ".join(digits))  # the carrier tries again
    again.hears("One moment, please.")
    assert marks(house, asked) == [(1, None), (1, True)]
    session = session_of(house, asked)
    house.take_turn(
        session.call, VerdictReached(id=session.voice.verification, outcome=Outcome.ACCEPTED, reason="above")
    )
    assert session_of(house, asked).factors == (Factor.VOICE,)


def test_other_digits_come_after_a_wrong_answer_and_the_clock_ends_what_lasts_too_long(
    house: House, asked: Phone, clock: Clock
) -> None:
    first = digits_of(asked)
    asked.asks(asked.action, SpeechResult="well")
    asked.hears("That was not it.")
    assert digits_of(asked) != first
    assert isinstance(session_of(house, asked).waiting_for, AwaitChallenge)
    clock.goes_on(40)
    house.work.time_out()
    assert marks(house, asked)[-1] == (2, False)
    assert session_of(house, asked).waiting_for.about == "verdict"


def test_an_answer_of_which_more_must_be_heard_is_followed_by_other_digits_on_the_phone(
    house: House, asked: Phone, control: Control, clock: Clock
) -> None:
    ear = Ear()
    ear.streams.add(session_of(house, asked).call)
    first = digits_of(asked)
    asked.asks(asked.action, SpeechResult=" ".join(first))
    verdicts.ask(house.calls, ear)
    assert [(mark.said, mark.another) for mark in ear.marks] == [(None, False), (True, True)]
    told = Undecided(ear.questions()[0].request, session_of(house, asked).call, 1)
    for _ in range(2):
        verdicts.answered(house.calls, told)
    house.work.deliver()
    assert len(control.of("redirect")) == 1
    asked.asks(control.of("redirect")[-1][2])
    asked.hears("Thank you, that was right.")
    assert digits_of(asked) != first
    asked.asks(asked.action, SpeechResult=" ".join(digits_of(asked)))
    verdicts.ask(house.calls, ear)
    assert [(mark.attempt, mark.said, mark.another) for mark in ear.marks[2:]] == [(2, None, False), (2, True, False)]
    contact = f"contact:{ear.questions()[0].contact}"
    free = [voice_tries.begin(house.database, other, [contact], clock()) is None for other in ("one", "two", "three")]
    assert free == [True, True, False], "both answers are one try"


def test_key_0_leads_to_a_person(asked: Phone) -> None:
    assert "Enqueue" in asked.presses("0").verbs


def test_what_is_being_compared_in_a_long_call_is_neither_asked_nor_locked_again(
    house: House, asked: Phone, clock: Clock
) -> None:
    ear = Ear()
    ear.streams.add(session_of(house, asked).call)
    verdicts.ask(house.calls, ear)
    [question] = ear.questions()
    write(house.database, lambda t: voice_tries.clear(t, question.contact, asked.about["From"]))  # by the owner's PIN
    for stranger in ("one", "two", "three"):
        assert voice_tries.begin(house.database, stranger, [f"contact:{question.contact}"], clock()) is None
    clock.goes_on(verdicts.LEASE_SECONDS + 1)
    verdicts.ask(house.calls, ear)
    assert ear.questions() == [question]
    assert session_of(house, asked).voice.verdict is None
    left = requests.open_requests(house.database, verdicts.KINDS, clock(), 100)
    assert question.request not in [one.request for one in left], "nor does it stand in the way of others"
