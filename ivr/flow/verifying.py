"""The verify step, and waiting for what comes of it."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow.events import PatienceRequested, VerificationRequested
from ivr.flow.pace import refuse_voice
from ivr.flow.playing import PERSON, Play
from ivr.flow.session import Challenging
from ivr.flow.steps import Verify
from ivr.flow.waits import AwaitFact

VERIFICATION_SECONDS = 180
CHALLENGED_SECONDS = 1800  # a voice that matches early waits for the challenge, which may come late in a call


def start_verification(play: Play, step: Verify) -> None:
    """Only a caller who claims to be an enrolled contact is told and listened to."""
    claim, voice = play.session.claim, play.session.voice
    if claim is None or not claim.enrolled or claim.opted_out or voice.verification or voice.verdict:
        return
    if refuse_voice(play):
        return
    play.say(step.notice, must_hear=True)
    challenged = step.challenge is not None
    request = play.open(
        VerificationRequested(
            request=play.request_id(), due_seconds=CHALLENGED_SECONDS if challenged else VERIFICATION_SECONDS,
            contact=claim.contact, challenged=challenged,
        )
    )  # fmt: skip
    challenge = Challenging(step=step.name) if challenged else None
    play.change(voice=replace(voice, wanted=True, verification=request, challenge=challenge))


def await_verdict(play: Play, seconds: int) -> None:
    """Hold until the open verification is answered, for ``seconds`` at the usual pace."""
    patience = play.open(PatienceRequested(request=play.request_id(), due_seconds=seconds * play.session.pace))
    verdict = play.session.voice.verification
    play.wait(AwaitFact(request=verdict, about="verdict", patience=patience, choices=(PERSON,)))
