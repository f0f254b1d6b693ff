"""Asking for factors until a level is reached."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from ivr.flow import phrases
from ivr.flow.asking import ask_secret
from ivr.flow.challenging import ask_challenge
from ivr.flow.events import AuthenticationFailed, FactorFailed, FactorProven, PatienceRequested, VerdictRecorded
from ivr.flow.inputs import Outcome, VerdictReached
from ivr.flow.playing import PERSON, Play
from ivr.flow.session import Proving, level_of
from ivr.flow.steps import Authenticate, Factor
from ivr.flow.verifying import await_verdict
from ivr.flow.waits import AwaitFact, Offered

PAGE_SECONDS = 90
VOICE_SECONDS = 20  # for saying a sentence or two; who stays silent is asked for something else
SKIP_PAGE = Offered(key="1", label=phrases.SKIP_PAGE, words=("skip",))
PIN_LENGTH = (4, 8)
PIN_TIMEOUT_SECONDS = 8


def add_factor(play: Play, factor: Factor) -> None:
    if factor in play.session.factors:
        return
    factors = (*play.session.factors, factor)
    play.change(factors=factors)
    play.record(FactorProven(factor=factor, level=level_of(factors)))


def start_proving(play: Play, name: str, *, resume: str, level: int) -> None:
    """Begin the authenticate step ``name``; afterwards return to ``resume``, the step that needs ``level``."""
    play.change(step=name, attempts=0, proving=Proving(step=name, tried=(), resume=resume, level=level))
    prove(play)


def prove(play: Play) -> None:
    """Ask for the next factor that can still help, or finish."""
    proving = play.session.proving
    step: Authenticate = play.flow.steps[proving.step]
    if play.session.level >= proving.level:
        play.change(proving=None)
        return play._go(proving.resume if proving.resume and step.passed == "return" else step.passed)
    for factor in step.factors:
        if factor not in play.session.factors and factor not in play.session.proving.tried and _ask(play, step, factor):
            return None
    play.record(AuthenticationFailed(needed_level=proving.level))
    play.change(proving=None)
    return play._go(step.failed)


def give_up(play: Play, factor: Factor, reason: str) -> None:
    """This factor did not come about: note why and ask for the next one."""
    play.record(FactorFailed(factor=factor, reason=reason))
    proving = play.session.proving
    play.change(proving=replace(proving, tried=(*proving.tried, factor), current=None, attempt=1))
    prove(play)


def _ask(play: Play, step: Authenticate, factor: Factor) -> bool:
    """Open the wait for one factor. False: this caller cannot give it now."""
    claim = play.session.claim
    if claim is None:
        return False
    play.change(proving=replace(play.session.proving, current=factor))
    match factor:
        case Factor.PAGE:
            if claim.number is None:
                return False
            if not play.session.page.links:
                play.send_link(step.message)
            play.say(step.page_prompt)
            request = play.open(
                PatienceRequested(request=play.request_id(), due_seconds=PAGE_SECONDS * play.session.pace)
            )
            play.wait(AwaitFact(request=request, about="page", choices=(SKIP_PAGE, PERSON)))
        case Factor.VOICE:
            if play.session.voice.verification is None:  # never asked, or already answered without ACCEPTED
                return False
            if play.session.voice.challenge is not None:
                return ask_challenge(play)
            play.say(step.voice_prompt)
            await_verdict(play, VOICE_SECONDS)
        case Factor.PIN:
            if not claim.has_pin:
                return False
            ask_pin(play, step)
        case _:
            assert_never(factor)
    return True


def ask_pin(play: Play, step: Authenticate) -> None:
    ask_secret(play, step.pin_prompt, *PIN_LENGTH, PIN_TIMEOUT_SECONDS)


def pin_answered(play: Play, matches: bool, locked: bool) -> None:
    """The doorway has compared a PIN for the authenticate step under way."""
    proving = play.session.proving
    step: Authenticate = play.flow.steps[proving.step]
    if matches:
        add_factor(play, Factor.PIN)
        return prove(play)
    if locked or proving.attempt >= step.tries:
        return give_up(play, Factor.PIN, "locked" if locked else "wrong")
    play.record(FactorFailed(factor=Factor.PIN, reason="wrong"))
    play.change(proving=replace(proving, attempt=proving.attempt + 1))
    play.say(phrases.WRONG_PIN)
    return ask_pin(play, step)


def take_verdict(play: Play, fact: VerdictReached, waited_for: bool) -> None:
    """``waited_for``: an authenticate step under way waits for this very verdict.

    While the page is read out, another voice is in what was heard: that it did not match says nothing about the caller.
    Nobody gains by saying so, for silence is INCONCLUSIVE too. ACCEPTED takes the challenge, if there is one, whatever
    the voice process says: whether the words were said is known here.
    """
    voice = play.session.voice
    is_open = voice.verification == fact.id and voice.challenge is not None and not voice.challenge.passed
    if is_open and fact.outcome is Outcome.ACCEPTED:
        fact = replace(fact, outcome=Outcome.INCONCLUSIVE, reason="challenge_open")
    if play.session.aloud and fact.outcome is Outcome.REJECTED:
        fact = replace(fact, outcome=Outcome.INCONCLUSIVE, reason="screen_reader")
    play.record(
        VerdictRecorded(
            request=fact.id, outcome=fact.outcome, reason=fact.reason, score=fact.score, threshold=fact.threshold,
            net_speech_seconds=fact.net_speech_seconds, model_name=fact.model_name, model_class=fact.model_class,
            model_sha256=fact.model_sha256,
        )
    )  # fmt: skip
    if voice.verification != fact.id:
        return  # of a person no longer claimed
    play.change(
        voice=replace(
            voice, verification=None, challenge=None, verdict=fact.outcome, reason=fact.reason,
            net_speech_seconds=fact.net_speech_seconds,
            model=f"{fact.model_class} {fact.model_name} {fact.model_sha256[:12]}".strip(),
        )
    )  # fmt: skip
    if fact.outcome is Outcome.ACCEPTED:
        add_factor(play, Factor.VOICE)
    proving = play.session.proving
    if waited_for:
        play.guarded(lambda: verdict_reached(play, fact.outcome, fact.reason))
    elif proving is not None and play.session.level >= proving.level:
        play.guarded(lambda: prove(play))  # the question under way has become needless


def verdict_reached(play: Play, outcome: Outcome, reason: str) -> None:
    """The authenticate step under way was waiting for this verdict."""
    if outcome is Outcome.ACCEPTED:
        prove(play)
    else:
        give_up(play, Factor.VOICE, reason or outcome.value.lower())
