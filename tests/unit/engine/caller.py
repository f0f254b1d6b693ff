"""A caller for tests of the engine: does things, hears what the phone says, sees what the page shows.

Around the engine stand the smallest possible contacts and doorway: who is on file is a dict, a PIN is compared here.
After every turn the session is written as JSON and read again, as between two webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ivr.flow.challenge_words import words_for
from ivr.flow.definition import Flow
from ivr.flow.engine import advance
from ivr.flow.events import (
    AnyEvent,
    ChallengeRequested,
    IdentifyRequested,
    LookupRequested,
    MessageRequested,
    Requested,
    Said,
)  # fmt: skip
from ivr.flow.inputs import (
    AgentConnected,
    AgentReserved,
    By,
    CallerHungUp,
    CallStarted,
    ChallengeDrawn,
    ContactClaimed,
    Digits,
    EnrolmentFinished,
    Fact,
    FactsFound,
    Filled,
    Input,
    LinkOpened,
    NoInput,
    Outcome,
    PaceChosen,
    SecretAnswer,
    Speech,
    TimedOut,
    UtteranceJudged,
    VerdictReached,
    VoiceUndecided,
)
from ivr.flow.loader import load_bundle, parse_bundle
from ivr.flow.session import Page, Session, Turn
from ivr.flow.steps import ChallengeOf, IdentifyBy
from ivr.flow.waits import AwaitAgent, AwaitSecret, TalkingToAgent
from ivr.visual.screen import Live, Screen, screen_for

ROOT = Path(__file__).parents[3]
ALICE_PHONE, BOB_PHONE = "+447700900101", "+447700900102"


@dataclass(frozen=True)
class Contact:
    id: str
    customer_number: str
    number: str | None
    pin: str | None = "4821"
    enrolled: bool = False
    opted_out: bool = False
    pace: int = 1
    relay: bool = False
    facts: dict[str, str | float | bool | None] = field(default_factory=dict)


ALICE = Contact("alice", "10045678", ALICE_PHONE, facts={"first_name": "Alice", "balance": "1204.50 GBP"})
BOB = Contact("bob", "10056789", BOB_PHONE, facts={"first_name": "Bob", "balance": "7.00 GBP"})


def flow_of(yaml: str) -> Flow:
    """The one flow of a YAML text."""
    return next(iter(parse_bundle({"flow.yaml": yaml.encode()}).flows.values()))


def bank() -> Flow:
    return load_bundle(ROOT / "flows").flows["bank"]


def request_number(request: Requested) -> int:
    """Another one for each request of a call, without chance: the revision that it was made at."""
    return int(request.request.split(".")[1])


class Caller:
    """Dials at once. ``answers=False``: nobody answers for the contacts; the test does, by ``happens``."""

    def __init__(
        self,
        flow: Flow,
        number: str = ALICE_PHONE,
        contacts: tuple[Contact, ...] = (ALICE, BOB),
        answers: bool = True,
        begun: bool = False,
    ) -> None:
        self.flow = flow
        self.contacts = contacts
        self._answers = answers
        self._facts = 0
        self.session = Session(
            call="c" * 32, bundle=flow.bundle, flow=flow.name, caller=number, line="+15005550006",
            page=Page(digits="47"), began_on="2026-11-21",
        )  # fmt: skip
        self.events: tuple[AnyEvent, ...] = ()  # of the latest accepted input
        self.log: list[AnyEvent] = []
        self.said: list[str] = []  # of the present turn
        self.happens(CallStarted(id="start", begun_on_page=begun))

    # -- what the caller does ----------------------------------------------------------------------------------------

    def presses(self, keys: str, turn: int | None = None, by: By = By.KEYPAD) -> Turn:
        at = self.session.turn if turn is None else turn
        if isinstance(self.session.waiting_for, AwaitSecret) and keys != "0":
            return self.gives_pin(keys, by=by, turn=at)
        return self.happens(Digits(turn=at, keys=keys, by=by))

    def taps(self, keys: str, turn: int | None = None) -> Turn:
        return self.presses(keys, turn, by=By.TAP)

    def says(self, text: str) -> Turn:
        return self.happens(Speech(turn=self.session.turn, text=text))

    def fills_in(self, turn: int | None = None, **values: str) -> Turn:
        return self.happens(Filled(turn=self.session.turn if turn is None else turn, values=values))

    def is_silent(self) -> Turn:
        return self.happens(NoInput(turn=self.session.turn))

    def gives_pin(self, pin: str, locked: bool = False, by: By = By.KEYPAD, turn: int | None = None) -> Turn:
        claim = self.session.claim
        right = not locked and claim is not None and pin == self._contact(claim.contact).pin
        at = self.session.turn if turn is None else turn
        return self.happens(SecretAnswer(turn=at, matches=right, locked=locked, by=by))

    def opens_page(self, message: int = -1) -> Turn:
        """Enters the two digits on the page whose link came with the n-th message."""
        request = [event.request for event in self.log if isinstance(event, MessageRequested)][message]
        return self.happens(LinkOpened(id=f"link:{request}", request=request))

    def hangs_up(self) -> Turn:
        return self.happens(CallerHungUp(id="hangup"))

    def asks_for(self, pace: int) -> Turn:
        """On the page, as it is drawn now."""
        return self.happens(PaceChosen(id=f"pace:{self.session.revision}", pace=pace))

    # -- what happens elsewhere --------------------------------------------------------------------------------------

    def voice_is(self, outcome: Outcome, reason: str = "") -> Turn:
        return self.happens(VerdictReached(id=self.request("VerificationRequested"), outcome=outcome, reason=reason))

    def voice_is_undecided(self, attempt: int | None = None, request: str = "") -> Turn:
        """Of the right words just said, more must be heard."""
        request = request or self.request("VerificationRequested")
        state = self.session.voice.challenge
        at = attempt if attempt is not None else state.attempt if state is not None else 1
        return self.happens(VoiceUndecided(id=f"undecided:{request}", request=request, attempt=at))

    def voice_is_learnt(self, refusal: str | None = None) -> Turn:
        return self.happens(EnrolmentFinished(id=self.request("EnrolmentRequested"), refusal=refusal))

    def utterance_is(
        self, refusal: str | None = None, accepted: int = 1, number: int = 1, speak: bool = True, request: str = ""
    ) -> Turn:
        """Judged good, or refused: the n-th of the enrolment under way."""
        request = request or self.request("EnrolmentRequested")
        return self.happens(
            UtteranceJudged(
                id=f"utterance:{request}:{number}", request=request, number=number, refusal=refusal, accepted=accepted,
                needed=3, speak=speak,
            )
        )  # fmt: skip

    def nothing_comes_of(self, kind: str) -> Turn:
        """The clock answers the latest request of this kind."""
        return self.happens(TimedOut(id=self.request(kind)))

    def agent_accepts(self, agent: str = "dana", room: str = "room-1") -> Turn:
        return self.happens(AgentReserved(id=f"reserved:{room}", agent=agent, room=room))

    def agent_joins(self, agent: str = "dana", room: str = "room-1") -> Turn:
        return self.happens(AgentConnected(id=f"connected:{room}", agent=agent, room=room))

    def happens(self, input: Input) -> Turn:
        turn = advance(self.flow, self.session, input, self._settle if self._answers else None)
        if turn.accepted:
            if turn.session.turn != self.session.turn:
                self.said = []
            self.session = msgspec.json.decode(msgspec.json.encode(turn.session), type=Session)
            assert self.session == turn.session
            self.events = turn.events
            self.log += turn.events
            self.said += [event.text for event in turn.events if isinstance(event, Said)]
        return turn

    def _settle(self, request: Requested) -> Fact | None:
        match request:
            case IdentifyRequested():
                wanted = "number" if request.by == IdentifyBy.CALLER_ID else "customer_number"
                found = [contact for contact in self.contacts if getattr(contact, wanted) == request.value]
                if len(found) != 1:
                    return ContactClaimed(id=request.request, contact=None)
                one = found[0]
                return ContactClaimed(
                    id=request.request, contact=one.id, enrolled=one.enrolled, opted_out=one.opted_out,
                    number=one.number, has_pin=one.pin is not None, pace=one.pace, relay=one.relay,
                )  # fmt: skip
            case LookupRequested():
                facts = self._contact(request.contact).facts
                if any(name not in facts for name in request.facts):
                    return FactsFound(id=request.request, values=None)
                return FactsFound(id=request.request, values={name: facts[name] for name in request.facts})
            case ChallengeRequested():
                words = words_for(request.language) if request.of is ChallengeOf.WORDS else "5647129038"
                first = request_number(request) % len(words)
                return ChallengeDrawn(id=request.request, words=tuple((words * 2)[first : first + request.count]))
            case _:
                return None

    def _contact(self, id: str) -> Contact:
        return next(contact for contact in self.contacts if contact.id == id)

    # -- what the caller notices ------------------------------------------------------------------------------------

    def hears(self, text: str) -> None:
        assert any(text in said for said in self.said), f"{text!r} is not among {self.said}"

    def does_not_hear(self, text: str) -> None:
        assert not any(text in said for said in self.said), f"{text!r} is among {self.said}"

    def sees(self) -> Screen:
        return screen_for(self.flow, self.session, Live(said=tuple(self.said)))

    def request(self, kind: str) -> str:
        """Id of the latest request of this kind."""
        return [event.request for event in self.log if type(event).__name__ == kind][-1]

    def happened(self, kind: str) -> list[AnyEvent]:
        return [event for event in self.log if type(event).__name__ == kind]

    @property
    def step(self) -> str:
        return self.session.step

    @property
    def level(self) -> int:
        return self.session.level

    @property
    def is_queued(self) -> bool:
        return isinstance(self.session.waiting_for, AwaitAgent)

    @property
    def is_talking(self) -> bool:
        return isinstance(self.session.waiting_for, TalkingToAgent)
