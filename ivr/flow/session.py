"""Everything known about one call: what is saved at each turn and drawn as voice and screen."""

from __future__ import annotations

import re

import msgspec

from ivr.flow.cards import AnyShown
from ivr.flow.events import AnyEvent
from ivr.flow.inputs import ChosenBefore, Outcome
from ivr.flow.steps import Factor
from ivr.flow.waits import AnyWait

_DIALLABLE = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164
# Country codes of no country (ITU-T E.164, list of assigned codes): shared cost, satellites, global networks, premium
# rate. Who calls or writes there pays, and whoever owns the number earns: a calling number is easily forged.
_COSTLY = ("+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979")
FORMAT = 1  # raised when a release can no longer read older sessions; their calls go to a person


class Claim(msgspec.Struct, frozen=True):
    """Who the caller says they are."""

    contact: str
    by: str  # caller_id | customer_number
    number: str | None  # registered phone
    enrolled: bool
    opted_out: bool
    has_pin: bool


class Proving(msgspec.Struct, frozen=True):
    """An authenticate step under way."""

    step: str
    tried: tuple[Factor, ...]
    resume: str  # the step that needed the level; "" if the flow came here by itself
    level: int
    current: Factor | None = None
    attempt: int = 1  # of the PIN


class Challenging(msgspec.Struct, frozen=True):
    """How far the challenge of the open verification has come."""

    step: str  # the verify step that says how to ask
    attempt: int = 0  # how often it has been asked, each time with other words
    failed: int = 0  # answers that were not what was asked for
    passed: bool = False  # the words were said; whose voice said them is being judged
    once_more: bool = False  # right words left the voice undecided, and others were asked for: once


class Voice(msgspec.Struct, frozen=True):
    """What is known of the caller's audio and voice."""

    wanted: bool = False  # a stream may be started: consent or notice has been given
    running: bool = False
    verification: str | None = None  # id of the open request
    challenge: Challenging | None = None  # None: for the open request a voice that matches is enough
    verdict: Outcome | None = None
    reason: str = ""
    net_speech_seconds: float = 0.0
    model: str = ""  # behind the verdict: class, name and the beginning of its sha256


class Page(msgspec.Struct, frozen=True):
    digits: str  # the two digits spoken in this call that open the page
    sent: bool = False
    opened: bool = False
    links: tuple[str, ...] = ()  # messages sent to the registered number of whoever is claimed now
    code: str = ""  # the six digits last spoken in this call that join a page to it


class Session(msgspec.Struct, frozen=True, kw_only=True):
    format: int = FORMAT
    call: str  # ours, not the carrier's
    bundle: str
    flow: str
    caller: str  # number the call comes from, as the carrier gave it
    line: str  # number that was dialled
    page: Page
    began_on: str = ""  # ISO date (UTC) the call began: what a flow calls today, until the call ends
    language: str = ""  # BCP 47; "": the flow's own
    revision: int = 0
    turn: int = 0
    step: str = ""
    waiting_for: AnyWait | None = None
    ended: str | None = None  # reason
    claim: Claim | None = None
    facts: dict[str, str | float | bool | None] = {}
    factors: tuple[Factor, ...] = ()
    answers: dict[str, str] = {}
    variables: dict[str, str | float | bool | None] = {}
    pace: int = 1  # how many times as long as usual every wait is
    relay: bool = False  # an operator speaks for the caller: the voice says nothing about them
    attempts: int = 0  # silences and misfits at this wait
    proving: Proving | None = None
    voice: Voice = Voice()
    choices_made: tuple[str, ...] = ()  # labels of the menu choices, in order: the path, and the last is the reason
    shown: AnyShown | None = None  # the card on the page
    sharing_stopped: bool = False  # the caller lets no agent look at the page
    begun_on_page: bool = False  # when the call came, somebody had begun on the page and not called yet
    chosen: tuple[str, ...] = ()  # labels of the choices made on the page before the call
    ahead: tuple[ChosenBefore, ...] = ()  # those of them that this call has not come to yet
    aloud: bool = False  # the page is read out in the room, by a voice that is not the caller's
    must_hear: tuple[str, ...] = ()  # texts of this turn that a skipped prompt must say again
    open_requests: tuple[str, ...] = ()  # ids a fact may still answer
    promised: str = ""  # number on which a call back has been promised
    seen: tuple[str, ...] = ()  # ids of accepted facts that came by themselves (a stream, a link, a hang-up)

    @property
    def level(self) -> int:
        """Level reached, 0–2: how many factors, where the voice alone counts for nothing."""
        return level_of(self.factors)


def is_costly(number: str) -> bool:
    """Whether reaching it costs us and earns somebody; only numbers on file may be such."""
    return number.startswith(_COSTLY)


def number_to_call(session: Session) -> str:
    """Where the caller can be called back; empty if nowhere.

    The number the call comes from. Where it is withheld or costly, the number on file, but only for a caller who has proven who
    they are: a claim alone must not have somebody else's phone ring, nor hear its last digits.
    """
    if _DIALLABLE.fullmatch(session.caller) and not is_costly(session.caller):
        return session.caller
    claim = session.claim
    return claim.number if claim is not None and claim.number and session.level else ""


def level_of(factors: tuple[Factor, ...]) -> int:
    """0 without a factor other than the voice; otherwise the number of different factors, at most 2."""
    if not set(factors) - {Factor.VOICE}:
        return 0
    return min(len(set(factors)), 2)


class Turn(msgspec.Struct, frozen=True):
    """What ``advance`` answers. ``accepted`` False: a stale answer or a repeated fact, nothing changed."""

    session: Session
    events: tuple[AnyEvent, ...]
    accepted: bool = True
