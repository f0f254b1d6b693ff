"""What can happen to a session: the closed set of inputs.

*Answers* carry the turn at which the present wait was asked; an older turn makes them stale. *Facts* carry the id of
the request or source event they answer and are accepted once per id, at any time.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ivr.flow.cards import YesNo


class By(StrEnum):
    KEYPAD = "keypad"
    TAP = "tap"
    VOICE = "voice"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    turn: int


class Digits(Answer, frozen=True, kw_only=True, tag="digits"):
    keys: str
    by: By = By.KEYPAD


class Speech(Answer, frozen=True, kw_only=True, tag="speech"):
    text: str
    confidence: float | None = None  # 0–1, may be missing
    by: By = By.VOICE


class Filled(Answer, frozen=True, kw_only=True, tag="filled"):
    """Fields of the screen sent together: taken as a whole, or not at all."""

    values: dict[str, str]  # by name of the answer, as typed
    by: By = By.TAP


class NoInput(Answer, frozen=True, kw_only=True, tag="noinput"):
    pass


class SecretAnswer(Answer, frozen=True, kw_only=True, tag="secret"):
    """The doorway has compared the digits; ``locked``: too many wrong ones across calls, not compared."""

    matches: bool
    locked: bool = False
    by: By = By.KEYPAD


class LanguageChoice(Answer, frozen=True, kw_only=True, tag="language"):
    """On the page: the question that ``turn`` asked is to be asked in another language of the flow (BCP 47)."""

    language: str
    by: By = By.TAP
    remember: bool = True  # for the next call; not what a page that joined by a code chose


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    id: str  # of the request it answers, or of the source event


class CallStarted(Fact, frozen=True, kw_only=True, tag="call_started"):
    begun_on_page: bool = False  # somebody has begun on this flow's page and has not called yet; it may be anybody


class ContactClaimed(Fact, frozen=True, kw_only=True, tag="contact_claimed"):
    """Answers IdentifyRequested. ``contact`` None: nobody, or more than one, is known by that."""

    contact: str | None
    enrolled: bool = False  # a usable voiceprint is on file
    opted_out: bool = False
    number: str | None = None  # the registered phone, E.164
    has_pin: bool = False
    pace: int = 1  # on file: 3 = slow
    relay: bool = False  # on file: an operator speaks for this person


class PageCodeDrawn(Fact, frozen=True, kw_only=True, tag="page_code_drawn"):
    """Answers PageCodeRequested. ``code`` empty: none is free."""

    code: str
    code_hash: bytes = b""
    lifetime_seconds: int = 0


class ChosenBefore(msgspec.Struct, frozen=True):
    """A choice made on the page before the call."""

    step: str
    key: str
    label: str  # in ``language``
    language: str = ""  # BCP 47, of the page; "" = the flow's own


class ChallengeDrawn(Fact, frozen=True, kw_only=True, tag="challenge_drawn"):
    """Answers ChallengeRequested: digits, or words of the language asked for, in the order they are to be said."""

    words: tuple[str, ...]


class BeginningFound(Fact, frozen=True, kw_only=True, tag="beginning_found"):
    """Answers BeginningSought. ``beginning`` None: no such code, or too many wrong ones."""

    beginning: str | None
    chosen: tuple[ChosenBefore, ...] = ()


class FactsFound(Fact, frozen=True, kw_only=True, tag="facts_found"):
    """Answers LookupRequested. ``values`` None: the backend failed."""

    values: dict[str, str | float | bool | None] | None


class Outcome(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    INCONCLUSIVE = "INCONCLUSIVE"


class VerdictReached(Fact, frozen=True, kw_only=True, tag="verdict_reached"):
    """Answers VerificationRequested. ``score`` is a calibrated log-likelihood ratio, None when nothing was scored."""

    outcome: Outcome
    reason: str
    score: float | None = None
    threshold: float | None = None
    net_speech_seconds: float = 0.0
    model_name: str = ""
    model_class: str = ""
    model_sha256: str = ""


class VoiceUndecided(Fact, frozen=True, kw_only=True, tag="voice_undecided"):
    """Words were right, and all that their voice lacks is speech; told once: ``undecided:<request>``."""

    request: str  # the verification, which goes on: the next answer is judged together with this one
    attempt: int


class EnrolmentFinished(Fact, frozen=True, kw_only=True, tag="enrolment_finished"):
    """Answers EnrolmentRequested. ``refusal`` None: the print is stored."""

    refusal: str | None
    net_speech_seconds: float = 0.0
    model_name: str = ""
    model_class: str = ""
    model_sha256: str = ""


class UtteranceJudged(Fact, frozen=True, kw_only=True, tag="utterance_judged"):
    """One utterance of the enrolment that ``request`` asked for was good, or was refused and why. Its id is told once:
    ``utterance:<request>:<number>``."""

    request: str
    number: int  # of the utterance; facts may come in any order
    refusal: str | None
    accepted: int  # utterances that are good by now ...
    needed: int  # ... of so many
    speak: bool  # the caller has fallen silent, or has to be told: they are spoken to


class StreamStarted(Fact, frozen=True, kw_only=True, tag="stream_started"):
    pass


class StreamStopped(Fact, frozen=True, kw_only=True, tag="stream_stopped"):
    pass


class Wish(StrEnum):
    DELETE = "delete"  # the voiceprint; a new one may be made after a new consent
    OPT_OUT = "opt_out"  # delete it, and neither ask nor compare again
    OPT_IN = "opt_in"  # may be asked again; makes nothing by itself


class VoiceWish(Fact, frozen=True, kw_only=True, tag="voice_wish"):
    """What a contact wants done with their voiceprint; ``contact`` is whom the page showed."""

    contact: str
    wish: Wish


class CallBackDeclined(Fact, frozen=True, kw_only=True, tag="call_back_declined"):
    """The caller wants the call back that was promised to ``number`` no more; it is closed in the same commit."""

    number: str


class LinkOpened(Fact, frozen=True, kw_only=True, tag="link_opened"):
    """The page was bound by its button and the two spoken digits (never by a GET)."""

    request: str  # the MessageRequested whose link it was


class Delivery(StrEnum):
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"  # a crash hid the carrier's reply: it may or may not have happened


class MessageSettled(Fact, frozen=True, kw_only=True, tag="message_settled"):
    """Answers MessageRequested."""

    outcome: Delivery


class AgentReserved(Fact, frozen=True, kw_only=True, tag="agent_reserved"):
    """An agent has accepted; their leg is being dialled into ``room`` (a random conference name)."""

    agent: str
    room: str


class AgentConnected(Fact, frozen=True, kw_only=True, tag="agent_connected"):
    """The agent's leg is in the room and the agent has had the screen pop: the caller may join them."""

    agent: str
    room: str


class AgentFailed(Fact, frozen=True, kw_only=True, tag="agent_failed"):
    """The agent's leg did not come about; the caller keeps the place."""

    agent: str


class AgentLeft(Fact, frozen=True, kw_only=True, tag="agent_left"):
    """Several sources tell it; ``room`` keeps a late one from ending the next conversation."""

    room: str


class CardPushed(Fact, frozen=True, kw_only=True, tag="card_pushed"):
    """An agent puts one of the flow's cards on the page of the caller they talk to. ``card`` "": takes it away."""

    agent: str
    card: str


class CardReplied(Fact, frozen=True, kw_only=True, tag="card_replied"):
    """The caller taps yes or no on the question ``card``, which is the id of its CardPushed."""

    card: str
    answer: YesNo


class SharingChosen(Fact, frozen=True, kw_only=True, tag="sharing_chosen"):
    """The caller stops agents from looking at the page, or lets them look again."""

    allowed: bool


class NobodyAvailable(Fact, frozen=True, kw_only=True, tag="nobody_available"):
    """Answers AgentRequested: nobody signed in, closed, or the patience is spent."""

    reason: str


class TimedOut(Fact, frozen=True, kw_only=True, tag="timed_out"):
    """The clock's answer to a request that nobody answered in time."""


class PaceChosen(Fact, frozen=True, kw_only=True, tag="pace_chosen"):
    """The caller asked for more time (3), or for the usual (1)."""

    pace: int
    remember: bool = True  # for the next call; not what a page that joined by a code chose


class AloudChosen(Fact, frozen=True, kw_only=True, tag="aloud_chosen"):
    """Whether the caller has the page read out: a screen reader then talks in the room."""

    on: bool


class DocumentFailed(Fact, frozen=True, kw_only=True, tag="document_failed"):
    """The carrier could not fetch or play what we wrote (its error code): the caller goes to a person."""

    code: str


class CallerHungUp(Fact, frozen=True, kw_only=True, tag="caller_hung_up"):
    source: str = "status"  # status | stream | queue | carrier | sweep


AnyAnswer = Digits | Speech | Filled | NoInput | SecretAnswer | LanguageChoice
AnyFact = (
    CallStarted | ContactClaimed | FactsFound | VerdictReached | EnrolmentFinished | StreamStarted | StreamStopped
    | LinkOpened | MessageSettled | AgentReserved | AgentConnected | AgentFailed | AgentLeft | CardPushed | CardReplied
    | SharingChosen | NobodyAvailable | PageCodeDrawn | BeginningFound | VoiceWish | CallBackDeclined | TimedOut
    | PaceChosen | AloudChosen | DocumentFailed | CallerHungUp | UtteranceJudged | ChallengeDrawn
    | VoiceUndecided
)  # fmt: skip
Input = AnyAnswer | AnyFact
