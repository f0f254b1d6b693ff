"""The steps a flow is made of: the closed set that the loader reads and the engine plays.

Every ``*: str`` that ends in a step name (``next``, ``found`` …) is checked by ``check`` to exist. Texts are Liquid
sources, conditions and values are CEL sources; both are compiled by ``expressions``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ivr.flow.declared_cards import DocumentCard, LinkCard, PictureCard
from ivr.flow.questions import Question, Retry, Text


class Choice(msgspec.Struct, frozen=True):
    """One entry of a menu: pressed, spoken or tapped."""

    key: str  # one of 0-9 * #
    label: Text
    goto: str
    words: tuple[str, ...] = ()  # what a caller may say; the rendered label always counts too
    line: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    name: str
    line: int = 0
    needs: int = 0  # level the caller must have reached before this step plays


class Say(Step, frozen=True, kw_only=True, tag="say"):
    text: Text
    next: str


class Menu(Step, frozen=True, kw_only=True, tag="menu"):
    prompt: Text
    choices: tuple[Choice, ...]
    timeout_seconds: int = 5
    retry: Retry = Retry()


class Ask(Step, frozen=True, kw_only=True, tag="ask"):
    """A question whose answer is kept as ``answer.<step name>``."""

    question: Question
    next: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One question of a form; its answer is kept as ``answer.<step name>_<field name>``."""

    name: str
    question: Question
    optional: bool = False  # left out, its answer is the empty text
    line: int = 0


class Form(Step, frozen=True, kw_only=True, tag="form"):
    """Several questions: one page on the screen, one after the other on the phone."""

    intro: Text
    fields: tuple[Field, ...]
    next: str


class AskSecret(Step, frozen=True, kw_only=True, tag="secret"):
    """Asks for the contact's PIN. The digits never reach the engine: only whether they match."""

    prompt: Text
    next: str
    wrong: str
    min_length: int = 4
    max_length: int = 8
    timeout_seconds: int = 8
    tries: int = 3


class IdentifyBy(StrEnum):
    CALLER_ID = "caller_id"
    CUSTOMER_NUMBER = "customer_number"


class Identify(Step, frozen=True, kw_only=True, tag="identify"):
    """Makes a claim about who is calling; a claim is never a factor."""

    by: IdentifyBy
    found: str
    unknown: str
    prompt: Text | None = None  # for customer_number
    min_length: int = 4
    max_length: int = 12
    timeout_seconds: int = 8
    retry: Retry = Retry()


class Lookup(Step, frozen=True, kw_only=True, tag="lookup"):
    """Fetches declared facts of the claimed contact into ``contact.<fact>``."""

    facts: tuple[str, ...]
    next: str
    failed: str = ""  # empty = the flow's person


class Assignment(msgspec.Struct, frozen=True):
    name: str
    expression: str
    line: int = 0


class Set(Step, frozen=True, kw_only=True, tag="set"):
    values: tuple[Assignment, ...]
    next: str


class Case(msgspec.Struct, frozen=True):
    expression: str
    goto: str
    line: int = 0


class When(Step, frozen=True, kw_only=True, tag="when"):
    cases: tuple[Case, ...]
    otherwise: str


class Enrol(Step, frozen=True, kw_only=True, tag="enrol"):
    """Asks consent, then makes a voiceprint. Needs two factors other than the voice."""

    consent: Text  # the wording the caller agrees to; stored with its version and hash
    consent_version: str
    prompt: Text  # what to talk about while the voice is learnt
    enrolled: str
    declined: str
    failed: str


class ChallengeOf(StrEnum):
    DIGITS = "digits"
    WORDS = "words"


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be said that no recording holds, asked where the voice is asked for as a factor."""

    of: ChallengeOf
    count: int  # how many digits or words
    prompt: Text  # said by the phone; {{ challenge.words }}
    on_page: Text  # said by the phone where the words stand on the caller's own page, and there alone
    tries: int = 2  # each with words of its own
    line: int = 0


class Verify(Step, frozen=True, kw_only=True, tag="verify"):
    """Starts comparing the caller's voice with their print, if they have one, while the call goes on."""

    notice: Text
    next: str
    challenge: Challenge | None = None  # None: a voice that matches is enough


class Factor(StrEnum):
    PAGE = "page"
    PIN = "pin"
    VOICE = "voice"


class Authenticate(Step, frozen=True, kw_only=True, tag="authenticate"):
    """Asks for factors, in this order, until the level is reached."""

    level: int
    factors: tuple[Factor, ...]
    passed: str  # "return" = the step that needed the level
    failed: str
    pin_prompt: Text
    voice_prompt: Text
    page_prompt: Text
    message: Text  # SMS beside the link
    tries: int = 3


class LinkBy(StrEnum):
    SMS = "sms"
    CODE = "code"


class Link(Step, frozen=True, kw_only=True, tag="link"):
    """Says how the page joins the call: by an SMS and two digits, by six digits typed at /v, or both; does not wait."""

    message: Text  # empty without SMS
    prompt: Text  # {{ link.digits }} are the two digits, {{ link.code }} the six
    next: str
    by: tuple[LinkBy, ...] = (LinkBy.SMS,)


class Join(Step, frozen=True, kw_only=True, tag="join"):
    """Takes the code of whoever began on the page. Does not wait where nobody has begun there."""

    text: Text
    label: Text  # of the field on the screen
    known: Text  # {{ caller.chosen }}
    next: str
    timeout_seconds: int = 5  # a phone keys the code of a tel: link four to six seconds after the answer
    retry: Retry = Retry(tries=2)


class Queue(Step, frozen=True, kw_only=True, tag="queue"):
    """Waits for an agent."""

    queue: str
    prompt: Text
    waiting: Text  # said while waiting; {{ queue.position }}
    unavailable: str  # nobody signed in, closed, or too long a wait
    finished: str  # when the agent has left
    patience_seconds: int = 600
    choices: tuple[Choice, ...] = ()  # what else the caller may do while waiting


class CallBack(Step, frozen=True, kw_only=True, tag="call_back"):
    """Promises to call back, in the place in line that the caller had; does not wait."""

    text: Text  # said once it is promised; {{ call_back.number }}
    queue: str
    next: str
    failed: str  # no number to call
    within_hours: int = 24


class Show(Step, frozen=True, kw_only=True, tag="show"):
    """Puts a card on the page, or takes it away (``card`` None); does not wait."""

    card: PictureCard | DocumentCard | LinkCard | None
    next: str
    prompt: Text | None = None  # None: the phone says the card's own words


class PaceName(StrEnum):
    NORMAL = "normal"
    SLOW = "slow"


class Pace(Step, frozen=True, kw_only=True, tag="pace"):
    """Gives the caller more time from now on, or the usual."""

    pace: PaceName
    next: str


class ForgetVoice(Step, frozen=True, kw_only=True, tag="forget_voice"):
    """Deletes the contact's voiceprint and withdraws the consent; does not wait. Needs level 1."""

    text: Text  # said once it is done
    next: str


class Hangup(Step, frozen=True, kw_only=True, tag="hangup"):
    text: Text | None = None


class Language(Step, frozen=True, kw_only=True, tag="language"):
    """From here on the call is spoken and shown in this language of the flow."""

    language: str
    next: str


AnyStep = (
    Say | Menu | Ask | Form | AskSecret | Identify | Lookup | Set | When | Enrol | Verify | Authenticate | Link | Join
    | Queue | Show | CallBack | Pace | ForgetVoice | Hangup | Language
)  # fmt: skip


def questions(step: AnyStep) -> tuple[tuple[str, Question], ...]:
    """What a step asks, each under the name after ``answer.`` that its answer is kept as."""
    match step:
        case Ask():
            return ((step.name, step.question),)
        case Form():
            return tuple((f"{step.name}_{field.name}", field.question) for field in step.fields)
        case _:
            return ()
