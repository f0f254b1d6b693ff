"""A small in-memory stand-in for everything behind the pages, and the flow of a small bank it plays.

It keeps the promises written in ``ivr.web.doors`` (stale answers change nothing, links open once) and nothing more.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from ivr.authentication.held import Held
from ivr.dispatch import Promised
from ivr.flow.definition import Flow
from ivr.flow.engine import advance
from ivr.flow.events import AnswerTaken, Said
from ivr.flow.inputs import Answer, By, Digits, Fact, Filled, Input, PaceChosen, SecretAnswer, Speech, VoiceWish, Wish
from ivr.flow.session import Page, Session, Turn
from ivr.flow.waits import AnyWait, AwaitChoice, AwaitDigits, AwaitSecret, AwaitSpeech, Offered
from ivr.store.promises import Promise
from ivr.visual.screen import Live
from ivr.web.doors import (
    LOG,
    Agent,
    AgentState,
    Handset,
    KnownContact,
    LinkRefused,
    LiveCall,
    LogLine,
    Opened,
    Pop,
    PopState,
    Role,
    SampleVoice,
    Signal,
    agent_topic,
)  # fmt: skip

MENU = AwaitChoice(
    timeout_seconds=5,
    choices=(
        Offered("1", "Balance and payments"),
        Offered("2", "Report a lost card"),
        Offered("3", "Set up voice recognition"),
        Offered("4", "Leave a message"),
        Offered("0", "Speak to a person"),
    ),
)
PIN = AwaitSecret(label="Your PIN", min_length=4, max_length=8, timeout_seconds=8)
CARD = AwaitDigits(label="Last four digits of the card", min_length=4, max_length=4, timeout_seconds=8)
MESSAGE = AwaitSpeech(label="What should we pass on?", max_length=200, timeout_seconds=8)
BYE = AwaitChoice(timeout_seconds=5, choices=(Offered("1", "Back to the start"), Offered("0", "Speak to a person")))
STEPS: dict[str, tuple[AnyWait, str]] = {
    "menu": (MENU, "Welcome to Riverside Bank. How can I help?"),
    "pin": (PIN, "Please key in your PIN."),
    "card": (CARD, "Please key in the last four digits of the card."),
    "message": (MESSAGE, "What should we pass on?"),
    "bye": (BYE, "Thank you. Is there anything else?"),
}
NEXT = {"1": "pin", "2": "card", "3": "bye", "4": "message", "0": "bye"}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Settings:
    public_url: str = "http://127.0.0.1"
    metrics_token: str | None = "letmein"
    try_mode: bool = False
    emulator_url: str | None = None


class Pushes:
    """Numbers that only rise, and who waits for them; may be moved from any thread."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._waiting: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._lock = threading.Lock()

    def move(self, topic: str, number: int) -> None:
        with self._lock:
            self.numbers[topic] = number
            waiting = list(self._waiting.get(topic, ()))
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

    async def wait(self, topic: str, after: int, timeout_seconds: float) -> int:
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self.numbers.get(topic, 0) > after:
                return self.numbers[topic]
            self._waiting.setdefault(topic, set()).add(entry)
        try:
            await asyncio.wait_for(entry[1].wait(), timeout_seconds)
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting[topic].discard(entry)
        return self.numbers.get(topic, 0)


@dataclass
class Link:
    call: str
    digits: str
    expires_at: datetime
    wrong: int = 0
    used: bool = False


@dataclass
class Desk:
    """Agents and what is on their desk."""

    pushes: Pushes
    agents: dict[str, Agent] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    tickets: set[str] = field(default_factory=set)
    pops: dict[str, Pop] = field(default_factory=dict)
    drawn: list[str] = field(default_factory=list)
    finished: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, name: str, password: str, role: Role = Role.AGENT) -> None:
        self.agents[name] = Agent(name, name.title(), role, AgentState.BUSY)
        self.passwords[name] = password

    def moved(self, name: str) -> None:
        self.pushes.move(agent_topic(name), self.pushes.numbers.get(agent_topic(name), 0) + 1)

    def offers(self, name: str, pop: Pop | None) -> None:
        if pop is None:
            self.pops.pop(name, None)
        else:
            self.pops[name] = pop
        self.moved(name)

    def signin(self, name: str, password: str, now: datetime) -> str | None:
        return self._cookie(name) if self.passwords.get(name) == password else None

    def signin_by_ticket(self, ticket: str, now: datetime) -> str | None:
        if ticket not in self.tickets:
            return None
        self.tickets.remove(ticket)
        return self._cookie(next(iter(self.agents)))

    def _cookie(self, name: str) -> str:
        cookie = secrets.token_urlsafe(16)
        self.cookies[cookie] = name
        return cookie

    def signout(self, cookie: str) -> None:
        self.cookies.pop(cookie, None)

    def agent_of(self, cookie: str) -> Agent | None:
        return self.agents.get(self.cookies.get(cookie, ""))

    def set_state(self, agent: Agent, state: AgentState) -> None:
        self.agents[agent.name] = replace(agent, state=state)
        self.moved(agent.name)

    def pop(self, agent: Agent) -> Pop | None:
        return self.pops.get(agent.name)

    def seen(self, reservation: str) -> None:
        self.drawn.append(reservation)

    def accept(self, agent: Agent, reservation: str) -> None:
        pop = self.pops.get(agent.name)
        if pop and pop.reservation == reservation and pop.state is PopState.OFFERED:
            self.offers(agent.name, replace(pop, state=PopState.CONNECTED))

    def finish(self, agent: Agent, reservation: str, disposition: str, note: str) -> None:
        self.finished.append((reservation, disposition, note))
        self.offers(agent.name, None)


@dataclass
class Promises:
    """Promised call backs: what stands in ``waiting`` is open."""

    waiting: list[Promised] = field(default_factory=list)

    def open(self) -> list[Promised]:
        return self.waiting

    def claim(self, id: str, agent: str) -> bool:
        return self._replaces(id, None, agent)

    def release(self, id: str, agent: str) -> bool:
        return self._replaces(id, agent, None)

    def keep(self, id: str, agent: str) -> bool:
        return self._closes(id, agent)

    def not_reached(self, id: str, agent: str) -> bool:
        return self._closes(id, agent)

    def of(self, call: str, contact: str | None) -> list[Promise]:
        return []

    def cancel(self, id: str, call: str, contact: str | None) -> bool:
        return False

    def _replaces(self, id: str, before: str | None, after: str | None) -> bool:
        found = [one for one in self.waiting if one.id == id and one.agent == before]
        self.waiting = [replace(one, agent=after) if one in found else one for one in self.waiting]
        return bool(found)

    def _closes(self, id: str, agent: str) -> bool:
        found = [one for one in self.waiting if one.id == id and one.agent == agent]
        self.waiting = [one for one in self.waiting if one not in found]
        return bool(found)


class Trial:
    """What the three-pane page asks for."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.address = "http://127.0.0.1"
        self.signals = [Signal.GOOD, Signal.GOOD]

    def handsets(self) -> list[Handset]:
        return [Handset(self.address, signal) for signal in self.signals]

    def set_signal(self, handset: int, signal: Signal) -> None:
        self.signals[handset] = signal

    def line(self) -> str:
        return "+441632960000"

    def contacts(self) -> list[KnownContact]:
        return [
            KnownContact("Ada Marsh", "+441632960101", "100101", "2468", enrolled=True),
            KnownContact("Ben Okoro", "+441632960102", "100102", "1357", enrolled=False),
        ]

    def desk_ticket(self, now: datetime) -> str:
        ticket = secrets.token_urlsafe(8)
        self.desk.tickets.add(ticket)
        return ticket

    def voices(self) -> list[SampleVoice]:
        return [
            SampleVoice("ada", "Ada's voice", "I am walking along the river.", "+441632960101"),
            SampleVoice("ben", "Ben's voice", "The kettle has just boiled.", "+441632960102"),
        ]

    def voice_audio(self, name: str) -> bytes | None:
        return bytes([0xFF]) * 8000 if name in ("ada", "ben") else None


class Double:
    """All services of the pages."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.settings = Settings()
        self.pushes = Pushes()
        self.dispatch = Desk(self.pushes)
        self.promises = Promises()
        self.flow = Flow(
            name="bank", file="bank.yaml", bundle="b" * 64, title="Riverside Bank", language="en-GB", start="menu",
            person="bye", prove="", facts={}, steps={},
        )  # fmt: skip
        self.sessions: dict[str, Session] = {}
        self.texts: dict[str, tuple[str, ...]] = {}
        self.facts = Live()
        self.links: dict[str, Link] = {}
        self.pages: dict[str, str] = {}
        self.lines: list[LogLine] = []
        self.inputs: list[Input] = []
        self._one_at_a_time = threading.RLock()
        self.secrets: list[str] = []
        self.trying: Trial | None = None
        self.personal: set[str] = set()  # texts that hold values of the caller's
        self.files: dict[str, bytes] = {}
        self.holding: Held | None = None  # what is held about the caller, if they have proven who they are

    # what happens on the phone

    def rings(self, call: str = "call1", digits: str = "47") -> Session:
        session = Session(
            call=call, bundle="b" * 64, flow="bank", caller="+441632960101", line="+441632960000", page=Page(digits),
        )  # fmt: skip
        self.sessions[call] = session
        return self.goes(call, "menu")

    def goes(self, call: str, step: str) -> Session:
        wait, text = STEPS[step]
        return self.waits(call, wait, text, step=step)

    def waits(self, call: str, wait: AnyWait | None, *said: str, step: str = "step", **changes: object) -> Session:
        before = self.sessions[call]
        return self.saves(
            replace(before, waiting_for=wait, step=step, turn=before.turn + 1, revision=before.revision + 1, **changes),
            said,
        )

    def saves(self, session: Session, said: tuple[str, ...], input: Input | None = None) -> Session:
        self.sessions[session.call] = session
        self.texts[session.call] = said
        events = tuple(Said(text) for text in said)
        if isinstance(input, Digits | Speech):
            value = input.keys if isinstance(input, Digits) else input.text
            events = (AnswerTaken(step=session.step, by=input.by, value=value), *events)
        self.lines.append(
            LogLine(
                id=len(self.lines) + 1, at=self.clock(), call=session.call, caller=session.caller, turn=session.turn,
                revision=session.revision, input=input, events=events,
            )
        )  # fmt: skip
        self.pushes.move(session.call, session.revision)
        self.pushes.move(LOG, len(self.lines))
        return session

    def hangs_up(self, call: str = "call1") -> None:
        self.waits(call, None, ended="caller_hung_up")

    def sends_link(self, call: str = "call1", token: str = "a-token") -> str:
        self.links[token] = Link(call, self.sessions[call].page.digits, self.clock() + timedelta(minutes=10))
        return f"/v/{token}"

    # Services

    def session(self, call: str) -> Session | None:
        return self.sessions.get(call)

    def flow_of(self, session: Session) -> Flow:
        return self.flow

    def live(self, session: Session) -> Live:
        return self.facts

    def said(self, call: str, turn: int) -> tuple[str, ...]:
        return self.texts.get(call, ())

    def prompts(self, call: str, turn: int) -> tuple[Said, ...]:
        return tuple(Said(text, public=text not in self.personal) for text in self.said(call, turn))

    def media(self, session: Session, file: str) -> bytes | None:
        return self.files.get(file)

    def take_turn(self, call: str, input: Input) -> Turn:
        with self._one_at_a_time:  # what a database does
            return self._take_turn(call, input)

    def _take_turn(self, call: str, input: Input) -> Turn:
        self.inputs.append(input)
        session = self.sessions[call]
        if isinstance(input, VoiceWish):
            if self.holding is None or self.holding.contact != input.contact:
                return Turn(session, (), accepted=False)
            opted_out_at = self.clock() if input.wish is Wish.OPT_OUT else None
            self.holding = replace(self.holding, voiceprint=None, opted_out_at=opted_out_at)
            return Turn(session, ())
        if isinstance(input, PaceChosen):
            if input.id in session.seen or input.pace == session.pace:
                return Turn(session, (), accepted=False)
            changed = replace(session, pace=input.pace, seen=(*session.seen, input.id), revision=session.revision + 1)
            return Turn(self.saves(changed, self.texts[call], input), ())
        if isinstance(input, Fact):
            return self._learns(session, input)
        if session.ended is not None or input.turn != session.turn:
            return Turn(session, (), accepted=False)
        if isinstance(input, Filled):
            return self._learns(session, input)
        if isinstance(input, Digits) and input.keys == "0":
            step = "bye"
        elif isinstance(input, Digits) and isinstance(session.waiting_for, AwaitChoice):
            step = NEXT.get(input.keys, session.step) if session.step == "menu" else "menu"
        else:
            step = "bye" if not isinstance(input, SecretAnswer) or input.matches else "pin"
        wait, text = STEPS[step]
        again = () if step != session.step else ("Sorry, that was not right.",)
        after = replace(session, waiting_for=wait, step=step, turn=session.turn + 1, revision=session.revision + 1)
        return Turn(self.saves(after, (*again, text), input), ())

    def _learns(self, session: Session, input: Fact | Filled) -> Turn:
        """By the real engine: it moves no wait of the double's own."""
        turn = advance(self.flow, session, input)
        if turn.accepted:
            self.saves(turn.session, self.texts.get(session.call, ()))
            for agent in self.dispatch.pops:
                self.dispatch.moved(agent)
        return turn

    def answer_at(self, call: str, turn: int) -> Answer | None:
        taken = (line.input for line in self.lines if line.call == call and isinstance(line.input, Answer))
        return next((one for one in taken if one.turn == turn), None)

    def secret_answer(self, call: str, turn: int, digits: str, by: By) -> Turn:
        self.secrets.append(digits)
        return self.take_turn(call, SecretAnswer(turn=turn, matches=digits == "2468", by=by))

    def _link(self, token: str) -> Link | None:
        link = self.links.get(token)
        usable = link and not link.used and link.wrong < 3 and self.clock() < link.expires_at
        return link if usable and self.sessions[link.call].ended is None else None

    def link_alive(self, token: str) -> bool:
        return self._link(token) is not None

    def open_link(self, token: str, digits: str, now: datetime, earlier_cookie: str = "") -> Opened | LinkRefused:
        link = self._link(token)
        if link is None:
            return LinkRefused.DEAD
        if digits != link.digits:
            link.wrong += 1
            return LinkRefused.WRONG_DIGITS if link.wrong < 3 else LinkRefused.DEAD
        link.used = True
        cookie = secrets.token_urlsafe(16)
        self.pages[cookie] = link.call
        return Opened(link.call, cookie)

    def held(self, session: Session) -> Held | None:
        return self.holding

    def link_asks_digits(self, token: str) -> bool:
        return True

    def link_opened_by(self, token: str, cookie: str) -> bool:
        return False

    def page_is_veiled(self, cookie: str) -> bool:
        return False

    def call_of_page(self, cookie: str) -> str | None:
        return self.pages.get(cookie)

    def live_calls(self) -> list[LiveCall]:
        return [
            LiveCall(
                call=each.call, caller=each.caller, flow=each.flow, step=each.step, level=each.level, turn=each.turn,
                revision=each.revision, since=self.clock(), page_open=each.page.opened,
                waiting_for=type(each.waiting_for).__name__,
            )
            for each in self.sessions.values() if each.ended is None
        ]  # fmt: skip

    def log(self, after: int, limit: int) -> list[LogLine]:
        return [line for line in self.lines if line.id > after][-limit:]
