"""The double, playing a real flow: what is typed goes through the engine, for the tests of fields and forms."""

from __future__ import annotations

from double import Double

from ivr.flow.engine import advance
from ivr.flow.events import Said
from ivr.flow.inputs import Digits, Input, NoInput, Speech
from ivr.flow.loader import parse_bundle
from ivr.flow.playing import Play
from ivr.flow.session import Page, Session, Turn

VISIT = """
schema: duet/1
flow: visit
title: Riverside Bank
language: en-GB
start: visit
person: desk
steps:
  visit:
    form: How can I help? Answer here, or fill in the form on your screen.
    fields:
      day: {ask: On which day?, for: date, label: Day, earliest: today+1, latest: today+90}
      phone: {ask: Which number may we call?, for: phone, country_code: 44, label: Phone number}
      sum: {ask: How much is it about?, for: money, currency: GBP, maximum: 5000, label: Amount, optional: true}
      topic:
        ask: What is it about?
        for: list
        label: What is it about?
        options: {1: {name: mortgage, label: A mortgage}, 2: {name: savings, label: Savings}}
      note: {ask: Anything we should know?, for: speech, label: Note, optional: true}
    next: people
  people: {ask: How many will you be?, for: number, decimals: 0, minimum: 1, maximum: 8, label: How many people, next: sure}
  sure: {ask: Shall we text you?, for: yes_no, label: Text me, next: done}
  desk: {queue: desk, prompt: Hold., waiting: Wait., unavailable: bye, finished: bye}
  done: {hangup: "On {{ answer.visit_day | date }} for {{ answer.people }}. {{ answer.visit_note }}"}
  bye: {hangup: Goodbye.}
"""


class Played(Double):
    """One call into ``VISIT``; ``presses``, ``says`` and ``is_silent`` are what happens on the phone."""

    def __init__(self) -> None:
        super().__init__()
        self.flow = parse_bundle({"visit.yaml": VISIT.encode()}).flows["visit"]

    def rings(self, call: str = "call1", digits: str = "47") -> Session:
        session = Session(
            call=call, bundle=self.flow.bundle, flow="visit", caller="+441632960101", line="+441632960000",
            page=Page(digits), began_on=self.clock().date().isoformat(),
        )  # fmt: skip
        play = Play(self.flow, session)
        play.go(self.flow.start)
        return self.saves(play.session, tuple(event.text for event in play.events if isinstance(event, Said)))

    def take_turn(self, call: str, input: Input) -> Turn:
        self.inputs.append(input)
        turn = advance(self.flow, self.sessions[call], input)
        if turn.accepted:
            self.saves(turn.session, tuple(event.text for event in turn.events if isinstance(event, Said)), input)
        return turn

    def presses(self, keys: str, call: str = "call1") -> Turn:
        return self.take_turn(call, Digits(turn=self.sessions[call].turn, keys=keys))

    def says(self, text: str, call: str = "call1") -> Turn:
        return self.take_turn(call, Speech(turn=self.sessions[call].turn, text=text))

    def is_silent(self, call: str = "call1") -> Turn:
        return self.take_turn(call, NoInput(turn=self.sessions[call].turn))
