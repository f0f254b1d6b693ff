"""What the pages need of the rest of Duet: the one list of doors between drawing and deciding.

``calls``, ``dispatch`` and the store stand behind these Protocols; the pages never reach past them. All functions are
called from worker threads, except ``Pushes.wait``, which is awaited on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from ivr.authentication.held import Held
from ivr.authentication.joining import BegunPage, CodeRefused
from ivr.authentication.pages import LinkRefused, Opened
from ivr.dispatch import Pop, PopState, Promised
from ivr.flow.beginning import Beginning
from ivr.flow.definition import Flow
from ivr.flow.events import AnyEvent, Said
from ivr.flow.inputs import Answer, By, Input
from ivr.flow.session import Session, Turn
from ivr.store.agents import AgentState
from ivr.store.promises import Promise
from ivr.visual.screen import Live

__all__ = ["AgentState", "BegunPage", "CodeRefused", "LinkRefused", "Opened", "Pop", "PopState"]

# -- settings ----------------------------------------------------------------------------------------------------------


class Settings(Protocol):
    @property
    def public_url(self) -> str:
        """Where callers reach us; ``https`` makes cookies Secure."""

    @property
    def metrics_token(self) -> str | None:
        """Bearer token that opens /metrics; None: only a sign-in does."""

    @property
    def try_mode(self) -> bool:
        """Whether the three-pane page is served; pages may then be framed by pages of the same origin."""

    @property
    def emulator_url(self) -> str | None:
        """Where a browser reaches the emulator; needed in try mode."""


# -- the caller's page -------------------------------------------------------------------------------------------------


class Pushes(Protocol):
    async def wait(self, topic: str, after: int, timeout_seconds: float) -> int:
        """The topic's number as soon as it is above ``after``; whatever it is, after ``timeout_seconds``.

        A topic is a call id (its number is the session's revision), ``agent_topic(name)`` (moves whenever that
        agent's desk would be drawn differently) or ``LOG`` (id of the newest log line). Must cost no thread.
        """


LOG = "log"


def agent_topic(name: str) -> str:
    return f"agent:{name}"


class LogLine(msgspec.Struct, frozen=True):
    """One accepted input and what came of it."""

    id: int
    at: datetime
    call: str
    caller: str
    turn: int
    revision: int
    input: Input | None
    events: tuple[AnyEvent, ...]


class LiveCall(msgspec.Struct, frozen=True):
    """One call in progress, for the ops page."""

    call: str
    caller: str
    flow: str
    step: str
    level: int
    turn: int
    revision: int
    since: datetime
    page_open: bool
    waiting_for: str  # kind of the wait


class Services(Protocol):
    pushes: Pushes
    settings: Settings
    dispatch: Dispatch
    promises: Promises
    trying: Trying | None  # None outside try mode
    joining: Joining

    def clock(self) -> datetime: ...

    def session(self, call: str) -> Session | None: ...

    def flow_of(self, session: Session) -> Flow: ...

    def live(self, session: Session) -> Live:
        """Place, time waited and agent's name; ``said`` may be left empty, ``said()`` is asked for it."""

    def said(self, call: str, turn: int) -> tuple[str, ...]: ...

    def prompts(self, call: str, turn: int) -> tuple[Said, ...]:
        """What ``said`` tells, with what may be told to whom."""

    def media(self, session: Session, file: str) -> bytes | None:
        """A file of the session's own bundle, by its name in media/."""

    def take_turn(self, call: str, input: Input) -> Turn: ...

    def answer_at(self, call: str, turn: int) -> Answer | None:
        """The answer that ended this turn; None where a fact did, or nothing has yet."""

    def secret_answer(self, call: str, turn: int, digits: str, by: By) -> Turn:
        """Compares the digits, counts a wrong one, takes the turn. A stale turn is not compared and not counted."""

    def link_alive(self, token: str) -> bool: ...

    def open_link(self, token: str, digits: str, now: datetime, earlier_cookie: str = "") -> Opened | LinkRefused:
        """``earlier_cookie``: of the page that this browser had before, if any."""

    def held(self, session: Session) -> Held | None:
        """About the contact of this call; None unless they have proven who they are."""

    def link_asks_digits(self, token: str) -> bool:
        """Whether the two digits are needed; not for a link drawn on a page of the same call."""

    def link_opened_by(self, token: str, cookie: str) -> bool:
        """Whether this browser follows the call of a link that has been opened."""

    def call_of_page(self, cookie: str) -> str | None: ...

    def page_is_veiled(self, cookie: str) -> bool:
        """Whether this browser joined by a code, and is shown nothing above level 0."""

    def live_calls(self) -> Sequence[LiveCall]: ...

    def log(self, after: int, limit: int) -> Sequence[LogLine]:
        """Lines with ids above ``after``, oldest first; the newest ``limit`` of them."""


class Joining(Protocol):
    """How page and call find each other without a link."""

    line: str  # the number to dial, E.164; "" where none is configured

    def open_code(self, code: str, address: str, now: datetime) -> Opened | CodeRefused: ...

    def flows(self) -> Sequence[Flow]:
        """In which something can be begun on the page; none without a ``line``."""

    def beginning(self, name: str, keys: tuple[str, ...], language: str) -> tuple[Flow, Beginning] | None:
        """The flow in ``language``, its own where it does not speak that, and where ``keys`` lead in it."""

    def begin(self, flow: Flow, beginning: Beginning, address: str, now: datetime) -> str | None:
        """The cookie of what was begun; None: too many have been."""

    def begun(self, cookie: str, now: datetime) -> BegunPage | None: ...

    def open_begun(self, cookie: str, now: datetime) -> Opened | None: ...

    def device_link(self, cookie: str, now: datetime) -> str | None:
        """A fresh link for one more screen, once and for two minutes; None: no call is open here."""


# -- the desk ----------------------------------------------------------------------------------------------------------


class Role(StrEnum):
    AGENT = "agent"
    OPS = "ops"  # also sees /ops and /metrics


class Agent(msgspec.Struct, frozen=True):
    name: str
    display: str
    role: Role
    state: AgentState


class Dispatch(Protocol):
    def signin(self, name: str, password: str, now: datetime) -> str | None:
        """A cookie, or None: unknown name, wrong password, or locked; callers are told the same for all."""

    def signin_by_ticket(self, ticket: str, now: datetime) -> str | None:
        """Like ``signin`` for the single-use ticket of the three-pane page; always None outside try mode."""

    def signout(self, cookie: str) -> None: ...

    def agent_of(self, cookie: str) -> Agent | None: ...

    def set_state(self, agent: Agent, state: AgentState) -> None:
        """``available`` or ``busy``."""

    def pop(self, agent: Agent) -> Pop | None: ...

    def seen(self, reservation: str) -> None:
        """The pop has been drawn on the agent's screen. Repeatable."""

    def accept(self, agent: Agent, reservation: str) -> None:
        """Repeatable; changes nothing when the offer has gone."""

    def finish(self, agent: Agent, reservation: str, disposition: str, note: str) -> None: ...


class Promises(Protocol):
    """Promised call backs. What somebody else has taken or closed meanwhile answers False and changes nothing."""

    def open(self) -> Sequence[Promised]: ...

    def claim(self, id: str, agent: str) -> bool: ...

    def release(self, id: str, agent: str) -> bool: ...

    def keep(self, id: str, agent: str) -> bool:
        """The agent has talked to the caller."""

    def not_reached(self, id: str, agent: str) -> bool: ...

    def of(self, call: str, contact: str | None) -> Sequence[Promise]:
        """The open ones of this ``call`` and, where a ``contact`` has been proven in it, theirs."""

    def cancel(self, id: str, call: str, contact: str | None) -> bool:
        """By the caller, one of those."""


# -- the three-pane page -----------------------------------------------------------------------------------------------


class KnownContact(msgspec.Struct, frozen=True):
    name: str
    number: str
    customer_number: str
    pin: str  # of an invented contact, so that a visitor can play them
    enrolled: bool


class SampleVoice(msgspec.Struct, frozen=True):
    name: str
    label: str
    text: str  # transcript
    contact: str = ""  # number of the contact whose voice it is


class Signal(StrEnum):
    """How good the network of a smartphone is."""

    GOOD = "good"
    SLOW = "slow"  # answers after 400 ms
    FLAKY = "flaky"  # comes and goes
    OFFLINE = "offline"


class Handset(msgspec.Struct, frozen=True):
    """A smartphone of the three-pane page: a browser of its own, with its own cookies and its own network."""

    address: str  # the server's origin as this browser knows it
    signal: Signal = Signal.GOOD


class Trying(Protocol):
    """What only the three-pane page of ``make serve`` asks for."""

    def handsets(self) -> Sequence[Handset]:
        """One for each caller there can be."""

    def set_signal(self, handset: int, signal: Signal) -> None:
        """Raises IndexError for a handset there is not."""

    def line(self) -> str:
        """The number to dial."""

    def contacts(self) -> Sequence[KnownContact]: ...

    def desk_ticket(self, now: datetime) -> str:
        """Single-use, short-lived; ``Dispatch.signin_by_ticket`` takes it."""

    def voices(self) -> Sequence[SampleVoice]: ...

    def voice_audio(self, name: str) -> bytes | None:
        """G.711 µ-law, 8 kHz, without a header."""
