"""Answers of the voice process become facts of the call."""

from __future__ import annotations

import logging

from ivr.authentication import tries
from ivr.authentication.listening import Answer, Listening
from ivr.authentication.messages import Enrol, Enrolled, UtteranceHeard, Verdict, Verify
from ivr.calls import Services, take_turn
from ivr.errors import UnknownCall
from ivr.flow.events import EnrolmentRequested, VerificationRequested
from ivr.flow.inputs import EnrolmentFinished, Outcome, UtteranceJudged, VerdictReached
from ivr.store import heard, requests, voiceprints
from ivr.store.database import write
from ivr.store.errors import ConsentMissing

log = logging.getLogger(__name__)
KINDS = ("verification_requested", "enrolment_requested")
LEASE_SECONDS = 600  # the voice process answers or its death does; the request's own time ends it otherwise


def ask(services: Services, listening: Listening, callers_are_recordings: bool = False) -> None:
    """Hand open questions about calls whose audio comes in here to the voice process. Repeatable.

    ``callers_are_recordings``: where one tries Duet out, callers are samples that are played in every call.
    """
    now = services.clock()
    for open_request in requests.open_requests(services.database, KINDS, now, limit=100):
        if open_request.call not in listening.streams:
            continue
        if not requests.claim(services.database, open_request.request, now, LEASE_SECONDS):
            continue
        asked = open_request.body
        if isinstance(asked, EnrolmentRequested):
            listening.ask(Enrol(asked.request, open_request.call, asked.contact))
        elif isinstance(asked, VerificationRequested):
            found = voiceprints.voiceprint(services.database, asked.contact)
            if found is None:
                _inconclusive(services, open_request.call, asked.request, "no_voiceprint")
            elif tries.begin(services, open_request.call, asked) is not None:
                _inconclusive(services, open_request.call, asked.request, "locked")
            else:
                memory = () if callers_are_recordings else heard.memory(services.database, asked.contact)
                listening.ask(Verify(asked.request, open_request.call, asked.contact, found[0], memory))


def let_go(services: Services, listening: Listening) -> None:
    """Forget what nobody waits for any more: the print was deleted, the claim changed, the time was up. Repeatable.

    Every process looks for itself, so that a print deleted in one is let go by all of them at their next look.
    """
    questions = listening.questions()
    if not questions:
        return
    still_open = requests.still_open(services.database, [question.request for question in questions])
    compared = [question.contact for question in questions if isinstance(question, Verify)]
    on_file = voiceprints.present(services.database, compared)
    for question in questions:
        gone = isinstance(question, Verify) and question.contact not in on_file
        if gone and question.request in still_open:
            _inconclusive(services, question.call, question.request, "withdrawn")
        if gone or question.request not in still_open:
            if isinstance(question, Verify):
                tries.settle(services, question, listening.compared(question))
            listening.forget(question)


def answered(services: Services, answer: Answer) -> None:
    """Save what came of a question. A print and the fact that it exists are one commit."""
    try:
        if isinstance(answer, Enrolled):
            _enrolled(services, answer)
        elif isinstance(answer, UtteranceHeard):
            _utterance(services, answer)
        else:
            fact = VerdictReached(
                id=answer.request, outcome=Outcome(answer.outcome), reason=answer.reason, score=answer.score,
                threshold=answer.threshold, net_speech_seconds=answer.net_speech_seconds, model_name=answer.model_name,
                model_class=answer.model_class, model_sha256=answer.model_sha256,
            )  # fmt: skip
            _remember(services, answer, fact.outcome)
            _compared(services, answer, fact)
            tries.settle(services, answer, answer.compared and fact.outcome is not Outcome.ACCEPTED)
    except UnknownCall as error:
        log.warning("%s", error)
    except Exception:
        log.exception("the answer to %s could not be saved; its request times out as INCONCLUSIVE", answer.request)


def _remember(services: Services, answer: Verdict, outcome: Outcome) -> None:
    """Also what the call does not wait for any more: somebody may have recorded it."""
    occasion = heard.Occasion.ACCEPTED if outcome is Outcome.ACCEPTED else heard.Occasion.OTHER

    def job(transaction) -> None:
        if voiceprints.present(transaction, [answer.contact]):
            heard.remember(transaction, answer.contact, occasion, answer.heard, services.clock())

    if answer.heard:
        write(services.database, job)


class _Withdrawn(Exception):
    """Undoes the turn: the print was deleted while it was being compared."""


def _compared(services: Services, answer: Verdict, fact: VerdictReached) -> None:
    found = [one.body for one in requests.requests_of(services.database, answer.call) if one.request == answer.request]

    def still_on_file(transaction) -> None:
        if not voiceprints.present(transaction, [asked.contact for asked in found]):
            raise _Withdrawn
        if fact.outcome is Outcome.ACCEPTED:
            for asked in found:
                voiceprints.used(transaction, asked.contact, services.clock())

    if fact.outcome is Outcome.INCONCLUSIVE:
        take_turn(services, answer.call, fact)
        return
    try:
        take_turn(services, answer.call, fact, also=still_on_file)
    except _Withdrawn:
        _inconclusive(services, answer.call, answer.request, "withdrawn")


def _inconclusive(services: Services, call: str, request: str, reason: str) -> None:
    take_turn(services, call, VerdictReached(id=request, outcome=Outcome.INCONCLUSIVE, reason=reason))


def _utterance(services: Services, answer: UtteranceHeard) -> None:
    fact = UtteranceJudged(
        id=f"utterance:{answer.request}:{answer.number}", request=answer.request, number=answer.number,
        refusal=answer.refusal, accepted=answer.accepted, needed=answer.needed, speak=answer.speak,
    )  # fmt: skip
    take_turn(services, answer.call, fact)


def _enrolled(services: Services, answer: Enrolled) -> None:
    def fact(refusal: str | None) -> EnrolmentFinished:
        return EnrolmentFinished(
            id=answer.request, refusal=refusal, net_speech_seconds=answer.net_speech_seconds,
            model_name=answer.model_name, model_class=answer.model_class, model_sha256=answer.model_sha256,
        )  # fmt: skip

    def store(transaction) -> None:
        voiceprints.save(transaction, answer.contact, answer.sealed, answer.model_sha256, services.clock())
        for sealed in answer.heard:
            heard.remember(transaction, answer.contact, heard.Occasion.ENROLMENT, sealed, services.clock())

    if answer.sealed is None:
        take_turn(services, answer.call, fact(answer.refusal))
        return
    try:
        take_turn(services, answer.call, fact(None), also=store)
    except ConsentMissing:
        take_turn(services, answer.call, fact("no_consent"))
