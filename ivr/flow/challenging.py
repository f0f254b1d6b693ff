"""The challenge: words drawn for this call, said by the voice that is compared. Key 0 leads to a person as everywhere."""

from __future__ import annotations

import math

from msgspec.structs import replace

from ivr.flow import phrases
from ivr.flow.asking import to_person
from ivr.flow.challenge_answers import is_said
from ivr.flow.challenge_words import words_for
from ivr.flow.events import (
    AnswerTaken,
    ChallengeMarkRequested,
    ChallengeRequested,
    NoInputHeard,
    NoMatchHeard,
    PatienceRequested,
    Said,
)  # fmt: skip
from ivr.flow.inputs import ChallengeDrawn, Digits, Speech, VoiceUndecided
from ivr.flow.matching import spoken_choice
from ivr.flow.playing import PERSON, QUICK_SECONDS, Play
from ivr.flow.saying import listed, speaking_seconds
from ivr.flow.steps import Challenge, ChallengeOf, Factor
from ivr.flow.verifying import await_verdict
from ivr.flow.waits import AnyWait, AwaitChallenge, AwaitFact

ANSWER_SECONDS = 6  # of silence after the prompt, and again to say it
RESULT_SECONDS = (
    5  # in which the carrier notices that it is over (2 s of silence, 4 at a slow pace) and tells what was said
)
JUDGING_SECONDS = 8  # for the verdict on what was said
MARK_SECONDS = 30
ASKED_AGAIN = 2  # askings beyond the tries: another pace or language asks with other words, and costs no try
DIGITS_FOR_WORDS = 8  # in a language of which we have no words


def ask_challenge(play: Play) -> bool:
    """Open the wait for the answer, or for the verdict on it. False: this caller cannot be asked (again)."""
    voice = play.session.voice
    if voice.challenge.passed:
        play.say(phrases.CHECKING)
        await_verdict(play, JUDGING_SECONDS)
        return True
    if not voice.running or _is_spent(play):
        return False
    _draw(play)
    return True


def asks_for_voice(wait: AnyWait | None) -> bool:
    """Whether an authenticate step waits for the voice, so that a verdict ends the wait."""
    if isinstance(wait, AwaitFact):
        return wait.about in ("verdict", "challenge")
    return isinstance(wait, AwaitChallenge)


def challenge_drawn(play: Play, fact: ChallengeDrawn, waited_for: bool) -> None:
    """Ask. Whoever has the page of the number on file reads the words there, where nobody on the line hears them; the phone
    says them to everybody else, at the second try, and where a screen reader would read them out."""
    if waited_for and fact.words:
        play.guarded(lambda: _ask(play, fact.words))


def challenge_answered(play: Play, input: Digits | Speech, wait: AwaitChallenge) -> None:
    """What the carrier understood, or a key."""
    if isinstance(input, Digits):
        return challenge_missed(play, phrases.CHALLENGE_KEYED)
    if is_said(wait.words, input.text, play.flow.language):
        return play.guarded(lambda: _passed(play, input))
    person = phrases.in_our_words((replace(PERSON, key=""),), play.flow.language)  # the key 0 itself is a digit here
    if spoken_choice(input.text, person):
        return to_person(play, input)
    return challenge_missed(play, phrases.CHALLENGE_WRONG)


def challenge_missed(play: Play, why: str) -> None:
    """``why``: one of our phrases. Other words at the next try; after the last, the verdict that none was right."""
    state = play.session.voice.challenge
    state = replace(state, failed=state.failed + 1)
    play.change(voice=replace(play.session.voice, challenge=state))
    missed = NoInputHeard if why == phrases.CHALLENGE_SILENT else NoMatchHeard
    play.record(missed(play.session.step, state.failed))

    def go_on() -> None:
        if _is_spent(play):
            _mark(play, said=False)
            play.say(phrases.CHALLENGE_FAILED)
            await_verdict(play, JUDGING_SECONDS)
        else:
            play.say(why)
            _draw(play)

    play.guarded(go_on)


def voice_undecided(play: Play, fact: VoiceUndecided) -> bool:
    """Ask once more, with other words, which costs no try: what is said then is judged together with the right answer before.

    False: nobody asks about that answer any more. Where the call has gone on without the verdict, it is told to be what it is.
    """
    voice, wait = play.session.voice, play.session.waiting_for
    state = voice.challenge
    if voice.verification != fact.request or state is None or not state.passed or state.attempt != fact.attempt:
        return False
    waits = isinstance(wait, AwaitFact) and wait.about == "verdict" and wait.request == fact.request
    if not (waits and voice.running and _may_ask_more(play)):
        _mark(play, said=True)
        return True
    play.change(voice=replace(voice, challenge=replace(state, passed=False, once_more=True)))
    play.say(phrases.CHALLENGE_ONCE_MORE)
    play.guarded(lambda: _draw(play))
    return True


def _challenge(play: Play) -> Challenge:
    return play.flow.steps[play.session.voice.challenge.step].challenge


def _is_spent(play: Play) -> bool:
    """Tries are not stretched by the pace: each is a chance to be let in, as with a PIN."""
    state, tries = play.session.voice.challenge, _challenge(play).tries
    return state.failed >= tries or state.attempt >= tries + ASKED_AGAIN


def _may_ask_more(play: Play) -> bool:
    return not play.session.voice.challenge.once_more and not _is_spent(play)


def _draw(play: Play) -> None:
    challenge, language = _challenge(play), play.flow.language
    of, count = challenge.of, challenge.count
    if of is ChallengeOf.WORDS and not words_for(language):
        of, count = ChallengeOf.DIGITS, DIGITS_FOR_WORDS
    request = play.open(
        ChallengeRequested(
            request=play.request_id(), due_seconds=QUICK_SECONDS, of=of, count=count, language=language
        )
    )  # fmt: skip
    play.wait(AwaitFact(request=request, about="challenge", choices=(PERSON,)))


def _ask(play: Play, words: tuple[str, ...]) -> None:
    session, challenge = play.session, _challenge(play)
    state = replace(session.voice.challenge, attempt=session.voice.challenge.attempt + 1)
    play.change(voice=replace(session.voice, challenge=state))
    if Factor.PAGE in session.factors and not state.failed and not session.aloud:
        play.say(challenge.on_page)
    else:
        play.say(challenge.prompt, challenge={"words": listed(words, play.flow.language)})
    _mark(play, said=None)
    said = [event for event in (*play.before, *play.events, *play.said) if isinstance(event, Said)]
    seconds = sum(speaking_seconds(one.text) for one in said) + ANSWER_SECONDS * session.pace + RESULT_SECONDS
    patience = play.open(PatienceRequested(request=play.request_id(), due_seconds=math.ceil(seconds)))
    play.wait(
        AwaitChallenge(
            request=session.voice.verification, words=words, timeout_seconds=ANSWER_SECONDS, patience=patience,
            choices=(PERSON,),
        )
    )  # fmt: skip


def _passed(play: Play, input: Speech) -> None:
    play.record(AnswerTaken(step=play.session.step, by=input.by, value=None))
    voice = play.session.voice
    play.change(voice=replace(voice, challenge=replace(voice.challenge, passed=True)))
    _mark(play, said=True, another=_may_ask_more(play))
    play.say(phrases.CHECKING)
    await_verdict(play, JUDGING_SECONDS)


def _mark(play: Play, said: bool | None, another: bool = False) -> None:
    voice = play.session.voice
    play.record(
        ChallengeMarkRequested(
            request=play.request_id(), due_seconds=MARK_SECONDS, verification=voice.verification,
            attempt=voice.challenge.attempt, said=said, another=another,
        )
    )  # fmt: skip
