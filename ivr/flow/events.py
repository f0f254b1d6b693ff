"""What has happened in a session, in the past tense: the closed set of events.

An event ending in ``Requested`` asks the outside world for something and stays open until the fact with its id comes.
"""

from __future__ import annotations

import msgspec

from ivr.flow.inputs import By, Delivery, Outcome, Wish
from ivr.flow.page_events import CardAnswered, CardShown, SharingBegun, SharingEnded
from ivr.flow.steps import ChallengeOf, Factor


class Said(msgspec.Struct, frozen=True, tag="said"):
    """A prompt of this turn, rendered."""

    text: str
    must_hear: bool = False
    language: str = ""  # "": the session's
    public: bool = False  # holds no value of the caller's, so that an agent who looks at the page may read it


class StepEntered(msgspec.Struct, frozen=True, tag="step_entered"):
    step: str


class AnswerTaken(msgspec.Struct, frozen=True, tag="answer_taken"):
    """``value`` is None where the answer is secret."""

    step: str
    by: By
    value: str | None
    label: str = ""  # of the menu choice


class NoInputHeard(msgspec.Struct, frozen=True, tag="noinput_heard"):
    step: str
    attempt: int


class NoMatchHeard(msgspec.Struct, frozen=True, tag="nomatch_heard"):
    step: str
    attempt: int


class ContactIdentified(msgspec.Struct, frozen=True, tag="contact_identified"):
    """A claim, not a proof."""

    contact: str | None
    by: str


class FactorProven(msgspec.Struct, frozen=True, tag="factor_proven"):
    factor: Factor
    level: int  # reached with it


class FactorFailed(msgspec.Struct, frozen=True, tag="factor_failed"):
    factor: Factor
    reason: str


class AuthenticationFailed(msgspec.Struct, frozen=True, tag="authentication_failed"):
    needed_level: int


class LanguageChosen(msgspec.Struct, frozen=True, tag="language_chosen"):
    """``contact``: who is to be spoken to in this language the next time; None: nobody is known well enough."""

    language: str
    contact: str | None


class ConsentGiven(msgspec.Struct, frozen=True, tag="consent_given"):
    contact: str
    version: str
    wording: str  # as spoken; the store keeps its sha256
    language: str
    by: By


class ConsentDeclined(msgspec.Struct, frozen=True, tag="consent_declined"):
    contact: str
    version: str


class VoiceWishGranted(msgspec.Struct, frozen=True, tag="voice_wish_granted"):
    """The store does it in the same commit."""

    contact: str
    wish: Wish


class CallBackPromised(msgspec.Struct, frozen=True, kw_only=True, tag="call_back_promised"):
    """The store keeps the promise in the same commit, at the time the caller began to wait for ``queue``."""

    queue: str
    number: str
    contact: str | None  # who the caller claims to be
    level: int
    reason: str
    within_hours: int


class VerdictRecorded(msgspec.Struct, frozen=True, tag="verdict_recorded"):
    request: str
    outcome: Outcome
    reason: str
    score: float | None
    threshold: float | None
    net_speech_seconds: float
    model_name: str
    model_class: str
    model_sha256: str


class EnrolmentRecorded(msgspec.Struct, frozen=True, tag="enrolment_recorded"):
    request: str
    refusal: str | None
    net_speech_seconds: float
    model_name: str
    model_class: str
    model_sha256: str


class UtteranceTaken(msgspec.Struct, frozen=True, kw_only=True, tag="utterance_taken"):
    """Of a guided enrolment; ``refusal`` None: it is good."""

    request: str
    refusal: str | None
    accepted: int
    needed: int


class PageOpened(msgspec.Struct, frozen=True, tag="page_opened"):
    factor: bool


class PageCodeGiven(msgspec.Struct, frozen=True, tag="page_code_given"):
    """Six digits are about to be spoken; whoever types them at /v follows this call. The store keeps the hash."""

    code_hash: bytes
    lifetime_seconds: int


class BeginningJoined(msgspec.Struct, frozen=True, tag="beginning_joined"):
    """The call goes on from what was begun on the page."""

    beginning: str


class BeginningMissed(msgspec.Struct, frozen=True, tag="beginning_missed"):
    """Six digits that nobody's page shows; the store counts them."""


class MessageRecorded(msgspec.Struct, frozen=True, tag="message_recorded"):
    request: str
    outcome: Delivery


class AgentJoined(msgspec.Struct, frozen=True, tag="agent_joined"):
    agent: str


class AgentGone(msgspec.Struct, frozen=True, tag="agent_gone"):
    agent: str


class PaceChanged(msgspec.Struct, frozen=True, tag="pace_changed"):
    """``contact``: whose preference it becomes; None: of this call only, because nobody has proven who they are."""

    pace: int
    relay: bool
    contact: str | None


class FaultMet(msgspec.Struct, frozen=True, tag="fault_met"):
    """Something in the flow could not be played; the caller was sent to a person."""

    step: str
    reason: str


class CallEnded(msgspec.Struct, frozen=True, tag="call_ended"):
    reason: str


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    request: str
    due_seconds: int  # after which the clock answers with TimedOut


class IdentifyRequested(Requested, frozen=True, kw_only=True, tag="identify_requested"):
    by: str  # caller_id | customer_number
    value: str


class LookupRequested(Requested, frozen=True, kw_only=True, tag="lookup_requested"):
    contact: str
    facts: tuple[str, ...]


class VerificationRequested(Requested, frozen=True, kw_only=True, tag="verification_requested"):
    """``challenged``: ACCEPTED takes more than a voice that matches: words drawn for this call, said by that voice."""

    contact: str
    challenged: bool = False


class ChallengeRequested(Requested, frozen=True, kw_only=True, tag="challenge_requested"):
    """Digits or words, drawn at random, that the caller is to say."""

    of: ChallengeOf
    count: int
    language: str  # BCP 47


class ChallengeMarkRequested(Requested, frozen=True, kw_only=True, tag="challenge_mark_requested"):
    """Where the answer to a challenge lies in what the caller says. No fact answers it; may be delivered twice.

    ``said`` None: whatever is said from now on is the answer of this ``attempt`` (from 1) for ``verification``, and nothing
    said before. True or False: that answer is over, and its words were those asked for, or none will be: judge it now.
    ``another``: if it is right, and all that its voice lacks is speech, the caller can be asked once more
    (``VoiceUndecided``). Told again without: they will not be, so let it be what it is.
    """

    verification: str
    attempt: int
    said: bool | None = None
    another: bool = False


class EnrolmentRequested(Requested, frozen=True, kw_only=True, tag="enrolment_requested"):
    contact: str


class PatienceRequested(Requested, frozen=True, kw_only=True, tag="patience_requested"):
    """How long the caller is kept waiting for something; nobody delivers it, only the clock ends it."""


class MessageRequested(Requested, frozen=True, kw_only=True, tag="message_requested"):
    """An SMS with the page's link. Never sent twice. ``to`` None: the number the call comes from."""

    to: str | None
    text: str
    to_number_on_file: bool


class PageCodeRequested(Requested, frozen=True, kw_only=True, tag="page_code_requested"):
    """Six digits that no other call has now."""


class BeginningSought(Requested, frozen=True, kw_only=True, tag="beginning_sought"):
    """What was begun on the page that shows this code."""

    code: str


class RedirectRequested(Requested, frozen=True, kw_only=True, tag="redirect_requested"):
    """The wait changed by something other than the call itself: move the live call. May be delivered twice."""

    turn: int


class WatchRequested(Requested, frozen=True, kw_only=True, tag="watch_requested"):
    """Have the carrier report this call's end and its failures to us. May be delivered twice."""


class AgentRequested(Requested, frozen=True, kw_only=True, tag="agent_requested"):
    queue: str


AnyEvent = (
    Said | StepEntered | AnswerTaken | NoInputHeard | NoMatchHeard | ContactIdentified | FactorProven | FactorFailed
    | AuthenticationFailed | ConsentGiven | ConsentDeclined | VerdictRecorded | EnrolmentRecorded | UtteranceTaken | PageOpened
    | PageCodeGiven | BeginningJoined | BeginningMissed | MessageRecorded | PaceChanged | AgentJoined | AgentGone
    | CardShown | CardAnswered | SharingBegun | SharingEnded | FaultMet | CallEnded | VoiceWishGranted
    | CallBackPromised | IdentifyRequested | LookupRequested
    | VerificationRequested | EnrolmentRequested | PatienceRequested | MessageRequested | RedirectRequested
    | PageCodeRequested | BeginningSought | ChallengeRequested | ChallengeMarkRequested
    | WatchRequested | AgentRequested | LanguageChosen
)  # fmt: skip
