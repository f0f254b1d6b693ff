"""Asks and forms: opening their waits, taking what is answered by key, voice and page."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ivr.errors import FlowFault
from ivr.flow import phrases
from ivr.flow.answers import Given, Problem, must_be_confirmed, read_answer, zero_is_an_answer
from ivr.flow.dates import bound
from ivr.flow.events import AnswerTaken
from ivr.flow.inputs import By, Digits, Filled, Speech
from ivr.flow.kinds import AnyKind, DateKind, DigitsKind, SpeechKind, YesNoKind
from ivr.flow.matching import spoken_choice
from ivr.flow.playing import PERSON, Play
from ivr.flow.saying import numerals, spoken_answer
from ivr.flow.steps import AnyStep, Ask, Form, Identify, Question, Retry, Text, questions
from ivr.flow.waits import (
    AnyWait,
    Asked,
    AwaitAnswer,
    AwaitConfirmation,
    AwaitDigits,
    AwaitSecret,
    AwaitSpeech,
    Offered,
)

CONFIRMATION_SECONDS = 6
YES_NO = (
    Offered(key="1", label=phrases.ANSWER_YES, words=("yes", "yeah", "yep", "yes please"), value="yes"),
    Offered(key="2", label=phrases.ANSWER_NO, words=("no", "nope", "nah", "no thanks", "no thank you"), value="no"),
)
CONFIRMATION = (
    Offered(key="1", label=phrases.THAT_IS_RIGHT, words=("yes", "yeah", "yep")),
    Offered(key="2", label=phrases.ONCE_MORE, words=("no", "nope", "wrong", "not right")),
    PERSON,
)


def start_asking(play: Play, step: Ask | Form) -> None:
    """The step is entered: what was answered to it before is asked anew."""
    names = {name for name, _ in questions(step)}
    play.change(answers={name: answer for name, answer in play.session.answers.items() if name not in names})
    if isinstance(step, Form):
        play.say(step.intro)
    ask(play, step)


def ask_again(play: Play, step: Ask | Form) -> None:
    """What is open is said once more: the question, or what was understood of its answer."""
    wait = play.session.waiting_for
    if isinstance(wait, AwaitConfirmation):  # worded anew: the language may be another one by now
        _read_back(play, asked_of(play, wait.name, dict(questions(step))[wait.name], optional=False), wait.answer)
    else:
        ask(play, step)


def ask(play: Play, step: Ask | Form) -> None:
    """Ask the first question of the step that has no answer yet."""
    name, question = next(one for one in questions(step) if one[0] not in play.session.answers)
    play.say(question.prompt)
    if isinstance(step, Form):
        pairs = zip(step.fields, questions(step), strict=True)
        fields = tuple(asked_of(play, each, one, field.optional) for field, (each, one) in pairs)
        return play.wait(
            AwaitAnswer(
                fields=fields, current=name, form=True, timeout_seconds=question.timeout_seconds, choices=(PERSON,)
            )
        )
    label, seconds = play.text(question.label or question.prompt), question.timeout_seconds
    match question.kind:
        case DigitsKind() as kind:
            play.wait(
                AwaitDigits(
                    label=label, min_length=kind.min_length, max_length=kind.max_length, timeout_seconds=seconds,
                    choices=(PERSON,),
                )
            )  # fmt: skip
        case SpeechKind() as kind:
            play.wait(AwaitSpeech(label=label, max_length=kind.max_length, timeout_seconds=seconds, choices=(PERSON,)))
        case _:
            asked = asked_of(play, name, question, optional=False)
            play.wait(
                AwaitAnswer(fields=(asked,), current=name, form=False, timeout_seconds=seconds, choices=(PERSON,))
            )
    return None


def ask_customer_number(play: Play, step: Identify) -> None:
    play.say(step.prompt)
    play.wait(
        AwaitDigits(
            label=play.text(step.prompt), min_length=step.min_length, max_length=step.max_length,
            timeout_seconds=step.timeout_seconds, choices=(PERSON,),
        )
    )  # fmt: skip


def ask_secret(play: Play, prompt: Text, min_length: int, max_length: int, timeout_seconds: int) -> None:
    """The digits go to the doorway, which tells only whether they match."""
    play.say(prompt)
    play.wait(
        AwaitSecret(
            label=play.text(prompt), min_length=min_length, max_length=max_length, timeout_seconds=timeout_seconds,
            choices=(PERSON,),
        )
    )  # fmt: skip


def asked_of(play: Play, name: str, question: Question, optional: bool) -> Asked:
    options = tuple(
        Offered(key=option.key, label=play.text(option.label), words=option.words, value=option.name)
        for option in question.options
    )
    yes_no = isinstance(question.kind, YesNoKind)
    return Asked(
        name=name, label=play.text(question.label or question.prompt), kind=_definite(play, question.kind),
        choices=phrases.in_our_words(YES_NO, play.flow.language) if yes_no else options, autofill=question.autofill,
        optional=optional,
    )  # fmt: skip


def _definite(play: Play, kind: AnyKind) -> AnyKind:
    """Bounds on dates that count from today become dates. Raises FlowFault where the call does not know its day."""
    if not isinstance(kind, DateKind):
        return kind
    today = play.session.began_on
    try:
        earliest, latest = (bound(text, today) if text else "" for text in (kind.earliest, kind.latest))
    except ValueError as error:
        raise FlowFault(f"the bounds {kind.earliest!r} and {kind.latest!r} of a date are none: {error}") from None
    return DateKind(earliest=earliest, latest=latest, today=today)


def answer_asked(play: Play, input: Digits | Speech, wait: AwaitAnswer) -> Problem | None:
    """Take an answer to the question the phone asks. A Problem: it is none, ask again."""
    asked = wait.asked
    if isinstance(input, Digits):
        given, how = input.keys, Given.KEYED
        if given == "0" and (input.by is By.TAP or not zero_is_an_answer(asked.kind)):
            return to_person(play, input)
    else:
        given, how = input.text, Given.TYPED if input.by is By.TAP else Given.SPOKEN
    read = read_answer(asked.kind, asked.choices, given, how, play.flow.language)
    if isinstance(read, Problem):
        # The key 0 itself is no word for a person here: it may begin what somebody dictates.
        wants_person = how is Given.SPOKEN and spoken_choice(
            given, phrases.in_our_words((replace(PERSON, key=""),), play.flow.language)
        )
        return to_person(play, input) if wants_person else read
    if must_be_confirmed(asked.kind, how):
        _read_back(play, asked, read)
    else:
        _take(play, {asked.name: read}, input.by)
    return None


def leave_out(play: Play, wait: AnyWait | None) -> bool:
    """Silence at a question that may be left out. False: it may not."""
    if not isinstance(wait, AwaitAnswer) or not wait.asked.optional:
        return False
    _take(play, {wait.current: ""}, By.KEYPAD)
    return True


def fields_filled(play: Play, input: Filled, wait: AnyWait | None) -> bool:
    """Take what the screen sent, as a whole. False: stale, or not all of it can be taken; then nothing has changed."""
    if not isinstance(wait, AwaitAnswer):
        return False
    taken = read_fields(wait, input.values, play.flow.language)
    if any(isinstance(answer, Problem) for answer in taken.values()):
        return False
    _take(play, taken, input.by)
    return True


def read_fields(wait: AwaitAnswer, values: Mapping[str, str], language: str) -> dict[str, str | Problem]:
    """Each field's answer or problem, for the page to show before anything is taken."""
    return {field.name: _read_field(field, values.get(field.name, ""), language) for field in wait.fields}


def _read_field(field: Asked, typed: str, language: str) -> str | Problem:
    if not typed.strip():
        return "" if field.optional else Problem(phrases.MISSING)
    return read_answer(field.kind, field.choices, typed, Given.TYPED, language)


def _read_back(play: Play, asked: Asked, answer: str) -> None:
    language = play.flow.language
    read_back = spoken_answer(asked.kind, asked.choices, answer, language)
    play.say(numerals(phrases.phrase(phrases.READ_BACK, language).format(answer=read_back), language))
    play.wait(
        AwaitConfirmation(
            name=asked.name, answer=answer, label=asked.label, read_back=read_back,
            timeout_seconds=CONFIRMATION_SECONDS, choices=CONFIRMATION,
        )
    )  # fmt: skip


def confirmed(play: Play, wait: AwaitConfirmation, by: By) -> None:
    _take(play, {wait.name: wait.answer}, by)


def _take(play: Play, taken: Mapping[str, str], by: By) -> None:
    """Keep answers; go on to the next question that has none, or to the next step."""
    step = play.flow.steps[play.session.step]
    for name, answer in taken.items():
        play.record(AnswerTaken(step=name, by=by, value=answer))
    play.change(answers={**play.session.answers, **taken}, attempts=0)
    if all(name in play.session.answers for name, _ in questions(step)):
        play.go(step.next)
    else:
        play.guarded(lambda: ask(play, step))


def to_person(play: Play, input: Digits | Speech) -> None:
    play.record(AnswerTaken(step=play.session.step, by=input.by, value="0", label=phrases.PERSON))
    play.go(play.flow.person)


def retry_of(step: AnyStep, wait: AnyWait | None) -> Retry | None:
    """What the author wrote for silence and misfits at this wait; None where this kind of step has none."""
    if not isinstance(step, Ask | Form):
        return getattr(step, "retry", None)
    name = wait.current if isinstance(wait, AwaitAnswer) else wait.name if isinstance(wait, AwaitConfirmation) else ""
    return next((question.retry for each, question in questions(step) if each == name), questions(step)[0][1].retry)
