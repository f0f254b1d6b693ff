"""The enrol step: consent first, then a voiceprint."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow import phrases
from ivr.flow.events import ConsentDeclined, ConsentGiven, EnrolmentRecorded, EnrolmentRequested, UtteranceTaken
from ivr.flow.inputs import By, EnrolmentFinished, UtteranceJudged
from ivr.flow.pace import RELAY
from ivr.flow.playing import PERSON, Play
from ivr.flow.steps import Enrol, Factor
from ivr.flow.waits import AwaitChoice, AwaitFact, Offered, Utterances

ENROLMENT_SECONDS = 150  # for three good utterances and as many that have to be said again
CONSENT_SECONDS = 8
NEVER = "3"
CONSENT = (
    Offered(key="1", label=phrases.YES, words=("yes", "agree")),
    Offered(key="2", label=phrases.NO, words=("no",)),
    Offered(key=NEVER, label=phrases.NEVER, words=("never",)),
    PERSON,
)

ADVICE = {
    "silent": phrases.HEARD_NOTHING,
    "too_short": phrases.HEARD_LITTLE,
    "too_quiet": phrases.HEARD_FAINTLY,
    "too_noisy": phrases.HEARD_NOISE,
    "clipped": phrases.HEARD_TOO_LOUD,
    "more_than_one_voice": phrases.HEARD_VOICES,
    "disagrees": phrases.HEARD_ANOTHER,
}


def ask_consent(play: Play, step: Enrol) -> None:
    """A first print needs two factors other than the voice; a new one needs ACCEPTED and one factor."""
    session = play.session
    others = set(session.factors) - {Factor.VOICE}
    if session.claim is None or session.claim.opted_out:
        refusal = "opted_out" if session.claim else "nobody_claimed"
    elif session.relay:
        refusal = RELAY
    elif session.claim.enrolled:
        refusal = None if others and Factor.VOICE in session.factors else "needs_accepted_voice"
    else:
        refusal = None if len(others) >= 2 else "needs_two_factors"
    if refusal is not None:
        play.record(
            EnrolmentRecorded(
                request="", refusal=refusal, net_speech_seconds=0.0, model_name="", model_class="", model_sha256=""
            )
        )
        return play._go(step.failed)
    play.say(step.consent, must_hear=True)
    play.say(phrases.PRESS_3_FOR_NEVER)  # of ours: no part of the wording that is agreed to
    play.wait(AwaitChoice(choices=CONSENT, timeout_seconds=CONSENT_SECONDS))
    return None


def consent_answered(play: Play, step: Enrol, *, key: str, by: By) -> None:
    from ivr.flow.withdrawing import opt_out  # it imports this

    contact = play.session.claim.contact
    if key == NEVER:
        opt_out(play)
        play.say(phrases.NEVER_AGAIN)
        return play._go(step.declined)
    if key != "1":
        play.record(ConsentDeclined(contact=contact, version=step.consent_version))
        return play._go(step.declined)
    wording = play.text(step.consent)
    play.record(
        ConsentGiven(contact=contact, version=step.consent_version, wording=wording, language=play.flow.language, by=by)
    )
    play.change(voice=replace(play.session.voice, wanted=True))
    play.say(step.prompt)
    play.say(phrases.KEEP_TALKING)
    request = play.open(EnrolmentRequested(request=play.request_id(), due_seconds=ENROLMENT_SECONDS, contact=contact))
    play.wait(AwaitFact(request=request, about="enrolment", choices=(PERSON,)))
    return None


def utterance_judged(play: Play, fact: UtteranceJudged) -> bool:
    """False: nobody waits for this enrolment any more, or a later utterance has been judged already."""
    wait = play.session.waiting_for
    if not isinstance(wait, AwaitFact) or wait.request != fact.request or wait.about != "enrolment":
        return False
    if wait.utterances is not None and fact.number <= wait.utterances.number:
        return False
    play.record(UtteranceTaken(request=fact.request, refusal=fact.refusal, accepted=fact.accepted, needed=fact.needed))
    wait = replace(wait, utterances=Utterances(fact.accepted, fact.needed, fact.number, fact.refusal))
    if fact.speak:
        play.say(advice(fact.refusal))
        play.wait(wait)
    else:
        play.change(waiting_for=wait)
    return True


def advice(refusal: str | None) -> str:
    """What to do now, in our English words; heard on the phone and read on the page."""
    return ADVICE.get(refusal, phrases.SAY_AGAIN) if refusal else phrases.SAY_MORE


def enrolment_finished(play: Play, fact: EnrolmentFinished, waited_for: bool) -> None:
    play.record(
        EnrolmentRecorded(
            request=fact.id, refusal=fact.refusal, net_speech_seconds=fact.net_speech_seconds,
            model_name=fact.model_name, model_class=fact.model_class, model_sha256=fact.model_sha256,
        )
    )  # fmt: skip
    session = play.session
    if fact.refusal is None and session.claim is not None:
        play.change(claim=replace(session.claim, enrolled=True))
    step = play.flow.steps[session.step]
    if waited_for and isinstance(step, Enrol):
        play.go(step.failed if fact.refusal else step.enrolled)
