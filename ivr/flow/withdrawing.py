"""What a contact wants done with their voiceprint: proven first, then at once."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow.challenging import asks_for_voice
from ivr.flow.enrolling import enrolment_finished
from ivr.flow.events import VoiceWishGranted
from ivr.flow.inputs import EnrolmentFinished, Outcome, VerdictReached, VoiceWish, Wish
from ivr.flow.playing import Play
from ivr.flow.proving import take_verdict
from ivr.flow.steps import ForgetVoice
from ivr.flow.waits import AnyWait, AwaitFact

LEVEL = 1  # a stranger who only claims to be the contact could otherwise take the voiceprint away from them


def may_wish(level: int) -> bool:
    return level >= LEVEL


def forget(play: Play, step: ForgetVoice) -> str:
    """The step that comes next: the same wish, said on the phone."""
    if play.session.claim is not None and may_wish(play.session.level):
        _fulfil(play, Wish.DELETE, wait=None)  # the wait that led here is over
        play.say(step.text)
    return step.next


def opt_out(play: Play) -> None:
    """ "Never", said where consent is asked for: by somebody who is proven."""
    _fulfil(play, Wish.OPT_OUT, play.session.waiting_for)


def grant(play: Play, fact: VoiceWish) -> bool:
    """False, and nothing changes: somebody else is claimed by now, or who is calling has not been proven."""
    claim = play.session.claim
    if claim is None or claim.contact != fact.contact or not may_wish(play.session.level):
        return False
    _fulfil(play, fact.wish, play.session.waiting_for)
    return True


def _fulfil(play: Play, wish: Wish, wait: AnyWait | None) -> None:
    """Of whoever is claimed; the store does it in the same commit."""
    claim = play.session.claim
    play.record(VoiceWishGranted(contact=claim.contact, wish=wish))
    if wish is Wish.OPT_IN:
        play.change(claim=replace(claim, opted_out=False))
        return
    play.change(claim=replace(claim, enrolled=False, opted_out=claim.opted_out or wish is Wish.OPT_OUT))
    _stop_comparing(play, wait)


def _stop_comparing(play: Play, wait: AnyWait | None) -> None:
    """The print that a verification under way was asked about is gone; one that is being made must not come to be."""
    request = play.session.voice.verification
    if request is not None:
        play.close(request)
        verdict = VerdictReached(id=request, outcome=Outcome.INCONCLUSIVE, reason="withdrawn")
        take_verdict(play, verdict, asks_for_voice(wait))
    elif isinstance(wait, AwaitFact) and wait.about == "enrolment":
        play.close(wait.request)
        enrolment_finished(play, EnrolmentFinished(id=wait.request, refusal="withdrawn"), waited_for=True)
