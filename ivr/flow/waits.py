"""What a session waits for: the closed set of waits. ``None`` in the session means the call has ended."""

from __future__ import annotations

import msgspec

from ivr.flow.kinds import AnyKind


class Offered(msgspec.Struct, frozen=True):
    """A choice as offered in this wait, its label rendered."""

    key: str
    label: str
    words: tuple[str, ...] = ()
    value: str = ""  # what is kept where the choice is an answer


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    choices: tuple[Offered, ...] = ()  # keys that mean something here; "0" always leads to a person


class AwaitChoice(Wait, frozen=True, kw_only=True, tag="choice"):
    timeout_seconds: int


class AwaitDigits(Wait, frozen=True, kw_only=True, tag="digits"):
    """``choices`` are not keys here: the digits are the answer. On the screen they are buttons beside the field."""

    label: str
    min_length: int
    max_length: int
    timeout_seconds: int


class AwaitSpeech(Wait, frozen=True, kw_only=True, tag="speech"):
    label: str
    max_length: int
    timeout_seconds: int


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as asked in this wait: texts rendered, bounds made definite."""

    name: str  # under which the answer is kept
    label: str
    kind: AnyKind
    choices: tuple[Offered, ...] = ()  # of a list, or yes and no
    autofill: str = ""
    optional: bool = False


class AwaitAnswer(Wait, frozen=True, kw_only=True, tag="answer"):
    """The phone asks for ``current``; the screen takes that one, or in a form all ``fields`` at once."""

    fields: tuple[Asked, ...]
    current: str
    form: bool
    timeout_seconds: int

    @property
    def asked(self) -> Asked:
        return next(field for field in self.fields if field.name == self.current)


class AwaitConfirmation(Wait, frozen=True, kw_only=True, tag="confirmation"):
    """What was heard has been read back; it counts only once the caller says that it is right."""

    name: str
    answer: str
    label: str  # the question that was asked
    read_back: str
    timeout_seconds: int


class AwaitSecret(Wait, frozen=True, kw_only=True, tag="secret"):
    """Digits that the doorway compares; never logged, never drawn."""

    label: str
    min_length: int
    max_length: int
    timeout_seconds: int


class Utterances(msgspec.Struct, frozen=True):
    """How far a guided enrolment has come; ``refusal`` is of the latest utterance."""

    accepted: int = 0
    needed: int = 0
    number: int = 0
    refusal: str | None = None


class AwaitChallenge(Wait, frozen=True, kw_only=True, tag="challenge"):
    """Digits or words that the caller is to say; keys and typed text are no answer."""

    request: str  # the verification that this is for
    words: tuple[str, ...]  # in the order they are to be said; digits one by one
    timeout_seconds: int
    patience: str  # id of the request by which the clock ends this wait

    @property
    def digits(self) -> bool:
        return all(word.isdigit() for word in self.words)


class AwaitFact(Wait, frozen=True, kw_only=True, tag="fact"):
    """A short hold that polls until the fact that answers ``request`` comes. ``about`` is what is being waited for."""

    request: str
    about: str  # verdict | challenge | enrolment | page | lookup | identify | code | join
    utterances: Utterances | None = None  # of an enrolment, once the first one has been judged
    patience: str = ""  # id of the request by which the clock ends this wait, if it is not ``request`` itself


class AwaitAgent(Wait, frozen=True, kw_only=True, tag="agent"):
    """In the queue. ``agent`` and ``room`` are set once an agent's leg is on its way."""

    request: str
    queue: str
    waiting: str  # said while waiting; not rendered: the place changes
    agent: str | None = None
    room: str | None = None


class TalkingToAgent(Wait, frozen=True, kw_only=True, tag="talking"):
    agent: str
    room: str


AnyWait = (
    AwaitChoice | AwaitDigits | AwaitSpeech | AwaitAnswer | AwaitConfirmation | AwaitSecret | AwaitChallenge | AwaitFact
    | AwaitAgent | TalkingToAgent
)  # fmt: skip
