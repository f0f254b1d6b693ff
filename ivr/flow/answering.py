"""What an answer does to the wait it was given to: keys, words, silence, a secret."""

from __future__ import annotations

from typing import assert_never

from ivr.flow import phrases
from ivr.flow.answers import Given, Problem, read_answer
from ivr.flow.asking import answer_asked, ask, confirmed, fields_filled, leave_out, retry_of
from ivr.flow.challenging import challenge_answered, challenge_missed
from ivr.flow.enrolling import consent_answered
from ivr.flow.events import AnswerTaken, NoInputHeard, NoMatchHeard
from ivr.flow.inputs import AnyAnswer, By, Digits, Filled, LanguageChoice, NoInput, SecretAnswer, Speech
from ivr.flow.joining import code_keyed, code_missed
from ivr.flow.kinds import DigitsKind, SpeechKind
from ivr.flow.matching import ascii_digits, spoken_choice
from ivr.flow.playing import PERSON, Play
from ivr.flow.proving import SKIP_PAGE, add_factor, give_up, pin_answered, prove
from ivr.flow.showing import form_filled, open_form
from ivr.flow.steps import Ask, AskSecret, Enrol, Factor, Identify, Join, Menu, Queue
from ivr.flow.switching import label_for_desk, language_chosen
from ivr.flow.waits import (
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitChoice,
    AwaitConfirmation,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    Offered,
    TalkingToAgent,
)  # fmt: skip


def answer_given(play: Play, input: AnyAnswer) -> bool:
    """False: stale, or nothing that this wait can be answered with."""
    session = play.session
    wait = session.waiting_for
    if session.ended is not None or wait is None or input.turn != session.turn:
        return False
    if isinstance(input, LanguageChoice):
        return language_chosen(play, input)
    if isinstance(input, NoInput):
        if isinstance(wait, AwaitFact | AwaitAgent | TalkingToAgent):
            return False  # a hold that polls: silence is what it is for
        if isinstance(wait, AwaitChallenge):
            challenge_missed(play, phrases.CHALLENGE_SILENT)
        elif not leave_out(play, wait):
            _again(play, silence=True)
        return True
    if isinstance(input, Filled):
        if (form := open_form(session)) is not None:
            return form_filled(play, input, form)
        return fields_filled(play, input, wait)
    if isinstance(input, SecretAnswer):
        if not isinstance(wait, AwaitSecret):
            return False
        play.record(AnswerTaken(step=session.step, by=input.by, value=None))
        _secret(play, input)
        return True
    match wait:
        case AwaitChoice() | AwaitFact() | AwaitConfirmation():
            return _choose(play, input, wait.choices, misfits=not isinstance(wait, AwaitFact))
        case AwaitAnswer():
            problem = answer_asked(play, input, wait)
            if problem is not None:
                _again(play, silence=False, problem=problem)
            return True
        case AwaitDigits():
            _digits(play, input, wait)
            return True
        case AwaitSpeech():
            if isinstance(input, Digits):
                return _choose(play, input, wait.choices, misfits=True)
            _speech(play, input, wait)
            return True
        case AwaitSecret():
            return _choose(play, input, wait.choices, misfits=True)
        case AwaitChallenge():
            if input.by is By.TAP or (isinstance(input, Digits) and input.keys == PERSON.key):
                # What is typed has not been said: of the page only the way to a person counts.
                return isinstance(input, Digits) and _choose(play, input, wait.choices, misfits=False)
            challenge_answered(play, input, wait)
            return True
        case AwaitAgent(agent=None):
            return _choose(play, input, wait.choices, misfits=False)
        case AwaitAgent() | TalkingToAgent():
            return False
        case _:
            assert_never(wait)


def _choose(play: Play, input: Digits | Speech, choices: tuple[Offered, ...], misfits: bool) -> bool:
    if isinstance(input, Digits):
        chosen = next((choice for choice in choices if choice.key == input.keys), None)
    else:
        chosen = spoken_choice(input.text, choices)
    if chosen is None:
        if misfits:
            _again(play, silence=False)
        return misfits
    session = play.session
    step = play.flow.steps[session.step]
    play.record(AnswerTaken(step=session.step, by=input.by, value=chosen.key, label=chosen.label))
    if isinstance(step, Queue):
        play.close(session.waiting_for.request)
        play.go(next(choice.goto for choice in step.choices if choice.key == chosen.key))
    elif isinstance(step, Menu):
        play.change(choices_made=(*session.choices_made, label_for_desk(play, chosen, step)))
        play.go(next(choice.goto for choice in step.choices if choice.key == chosen.key))
    elif chosen.key == "0":
        play.change(proving=None)
        play.go(play.flow.person)
    elif isinstance(session.waiting_for, AwaitConfirmation):
        if chosen.key == "1":
            confirmed(play, session.waiting_for, input.by)
        else:
            _again(play, silence=False, refused=True)
    elif isinstance(step, Enrol):
        play.guarded(lambda: consent_answered(play, step, key=chosen.key, by=input.by))
    elif session.proving is not None and session.proving.current is Factor.PAGE and chosen.key == SKIP_PAGE.key:
        play.guarded(lambda: give_up(play, Factor.PAGE, "skipped"))
    return True


def _digits(play: Play, input: Digits | Speech, wait: AwaitDigits) -> None:
    session = play.session
    keys = input.keys if isinstance(input, Digits) else "".join(filter(str.isdigit, ascii_digits(input.text)))
    if keys == "0" and wait.min_length > 1:
        play.record(AnswerTaken(step=session.step, by=input.by, value="0", label=phrases.PERSON))
        return play.go(play.flow.person)
    kind = DigitsKind(min_length=wait.min_length, max_length=wait.max_length)
    if isinstance(problem := read_answer(kind, (), keys, Given.KEYED, play.flow.language), Problem):
        return _again(play, silence=False, problem=problem)
    step = play.flow.steps[session.step]
    if isinstance(step, Join):
        play.record(AnswerTaken(step=session.step, by=input.by, value=None))
        return code_keyed(play, keys)
    play.record(AnswerTaken(step=session.step, by=input.by, value=keys))
    if isinstance(step, Identify):
        play.identify("customer_number", keys)
    else:
        _keep(play, step, keys)
    return None


def _speech(play: Play, input: Speech, wait: AwaitSpeech) -> None:
    text = read_answer(SpeechKind(max_length=wait.max_length), (), input.text, Given.SPOKEN, play.flow.language)
    if isinstance(text, Problem):
        return _again(play, silence=False, problem=text)
    play.record(AnswerTaken(step=play.session.step, by=input.by, value=text))
    return _keep(play, play.flow.steps[play.session.step], text)


def _keep(play: Play, step: Ask, value: str) -> None:
    play.change(answers={**play.session.answers, step.name: value})
    play.go(step.next)


def _secret(play: Play, input: SecretAnswer) -> None:
    step = play.flow.steps[play.session.step]
    if play.session.proving is not None:
        play.guarded(lambda: pin_answered(play, input.matches, input.locked))
    elif not isinstance(step, AskSecret):
        play.go(play.flow.person)
    elif input.matches:
        add_factor(play, Factor.PIN)
        play.go(step.next)
    elif input.locked or play.session.attempts + 1 >= step.tries:
        play.go(step.wrong)
    else:
        attempts = play.session.attempts + 1

        def once_more() -> None:
            play.say(phrases.WRONG_PIN)
            play.ask(step)
            play.change(attempts=attempts)

        play.guarded(once_more)


def _again(play: Play, silence: bool, problem: Problem | None = None, refused: bool = False) -> None:
    """Silence or a misfit: say what the flow has for this attempt and ask once more, or go on to a person.

    ``problem``: what is wrong with the answer; it is told unless the flow has words of its own for an answer that was
    not understood at all. ``refused``: what was read back is not what the caller meant.
    """
    session = play.session
    wait = session.waiting_for
    step = play.flow.steps[session.step]
    attempt = session.attempts + 1
    play.record(NoInputHeard(step.name, attempt) if silence else NoMatchHeard(step.name, attempt))
    if isinstance(step, Join):
        return play.guarded(lambda: code_missed(play, step, silence))
    if session.proving is not None:  # silence at the PIN counts as a try, without a guess being spent
        factor = session.proving.current
        if attempt >= play.flow.steps[session.proving.step].tries * session.pace:
            return play.guarded(lambda: give_up(play, factor, "no_answer"))

        def ask_again() -> None:
            prove(play)
            play.change(attempts=attempt)

        return play.guarded(ask_again)
    retry = retry_of(step, wait)
    tries = retry.tries if retry else getattr(step, "tries", 3)
    if attempt >= tries * session.pace:
        return play.go((retry and retry.then) or play.flow.person)
    texts = (retry.noinput if silence else retry.nomatch) if retry else ()

    def once_more() -> None:
        if problem is not None and not (texts and problem.unread):
            play.say(problem.text(play.flow.language))
        elif texts and not refused:
            play.say(texts[min(attempt, len(texts)) - 1])
        if refused:
            ask(play, step)
        else:
            play.ask(step)
        play.change(attempts=attempt)

    return play.guarded(once_more)
