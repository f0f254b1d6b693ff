"""Answers of the voice process become facts of the call."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from ivr.authentication import tries
from ivr.authentication.listening import Answer, Listening
from ivr.authentication.messages import Challenge, Enrol, Enrolled, Undecided, UtteranceHeard, Verdict, Verify
from ivr.calls import Services, take_turn
from ivr.errors import UnknownCall
from ivr.flow.events import ChallengeMarkRequested, EnrolmentRequested
from ivr.flow.inputs import EnrolmentFinished, Outcome, UtteranceJudged, VerdictReached, VoiceUndecided
from ivr.store import heard, requests, sessions, voiceprints
from ivr.store.database import write
from ivr.store.errors import ConsentMissing
from ivr.store.requests import Request

log = logging.getLogger(__name__)
KINDS = ("verification_requested", "enrolment_requested", "challenge_mark_requested")
NOT_ASKED = "challenge_not_asked"  # the voice matched, and nobody asked for more
LEASE_SECONDS = 600  # the voice process answers or its death does; the request's own time ends it otherwise


def ask(services: Services, listening: Listening, callers_are_recordings: bool = False) -> None:
    """Hand open questions about calls whose audio comes in here to the voice process, and then where the answers to their
    challenges lie. Repeatable.

    ``callers_are_recordings``: where one tries Duet out, callers are samples that are played in every call.
    """
    if not listening.streams:  # looked at with every turn of any call
        return
    now = services.clock()
    asked = {question.request for question in listening.questions()}
    marks: list[Request] = []
    for open_request in requests.open_about(services.database, KINDS, tuple(listening.streams), now):
        if isinstance(open_request.body, ChallengeMarkRequested):
            marks.append(open_request)
        elif not requests.claim(services.database, open_request.request, now, LEASE_SECONDS):
            continue
        elif open_request.request not in asked:  # else only the lease has ended: a challenge may wait longer than it
            question = _question(services, open_request, callers_are_recordings)
            if question is not None:
                listening.ask(question)
                asked.add(question.request)
    for mark in sorted(marks, key=lambda each: (each.due_at, each.body.attempt, each.body.said is not None)):
        # No claim: only the process that has the call's audio comes here, and a mark may be delivered twice.
        if mark.body.verification in asked:
            about = mark.body
            listening.mark(Challenge(about.verification, mark.call, about.attempt, about.said, about.another))
            requests.drop(services.database, mark.request)


def _question(services: Services, request: Request, callers_are_recordings: bool) -> Verify | Enrol | None:
    """What the voice process is to be asked; None: it is answered here."""
    asked = request.body
    if isinstance(asked, EnrolmentRequested):
        return Enrol(asked.request, request.call, asked.contact)
    found = voiceprints.voiceprint(services.database, asked.contact)
    if found is None:
        return _inconclusive(services, request.call, asked.request, "no_voiceprint")
    if tries.begin(services, request.call, asked) is not None:
        return _inconclusive(services, request.call, asked.request, "locked")
    memory = () if callers_are_recordings else heard.memory(services.database, asked.contact)
    return Verify(asked.request, request.call, asked.contact, found[0], memory, asked.challenged)


def let_go(services: Services, listening: Listening) -> None:
    """Forget what nobody waits for any more: the print was deleted, the claim changed, the time was up. Repeatable.

    Every process looks for itself, so that a print deleted in one is let go by all of them at their next look. A voice that is
    compared in a call that has ended is not forgotten: its stream ends, too, and then the voice process says what it came to,
    with a receipt and with what is to be remembered.
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
        if not gone and (question.request in still_open or _ended_while_compared(services, question)):
            continue
        if isinstance(question, Verify):
            counts, at = listening.compared(question), services.clock()
            write(services.database, partial(tries.settle, about=question, counts=counts, at=at))
        listening.forget(question)


def _ended_while_compared(services: Services, question: Verify | Enrol) -> bool:
    session = sessions.load(services.database, question.call) if isinstance(question, Verify) else None
    return session is not None and session.ended is not None


def answered(services: Services, answer: Answer) -> None:
    """Save what came of a question. A print and the fact that it exists are one commit; so are a verdict, what is remembered of
    it and whether it was a try."""
    try:
        if isinstance(answer, Enrolled):
            _enrolled(services, answer)
        elif isinstance(answer, UtteranceHeard):
            _utterance(services, answer)
        elif isinstance(answer, Undecided):
            _undecided(services, answer)
        else:
            _compared(services, answer)
    except UnknownCall as error:
        log.warning("%s", error)
    except Exception:
        log.exception("the answer to %s could not be saved; its request times out as INCONCLUSIVE", answer.request)


class _Withdrawn(Exception):
    """Undoes the turn: the print was deleted while it was being compared."""


def _compared(services: Services, answer: Verdict) -> None:
    outcome = Outcome(answer.outcome)
    fact = VerdictReached(
        id=answer.request, outcome=outcome, reason=answer.reason, score=answer.score,
        threshold=answer.threshold, net_speech_seconds=answer.net_speech_seconds, model_name=answer.model_name,
        model_class=answer.model_class, model_sha256=answer.model_sha256,
    )  # fmt: skip

    def leaves(transaction) -> None:
        """Also where the call does not wait for it any more: it was a try, and somebody may have recorded it."""
        _remember(transaction, answer, outcome, services.clock())
        counts = answer.compared and outcome is not Outcome.ACCEPTED and answer.reason != NOT_ASKED
        tries.settle(transaction, answer, counts, services.clock())

    def leaves_with_its_print(transaction) -> None:
        if outcome is not Outcome.INCONCLUSIVE and not voiceprints.present(transaction, [answer.contact]):
            raise _Withdrawn
        if outcome is Outcome.ACCEPTED:
            voiceprints.used(transaction, answer.contact, services.clock())
        leaves(transaction)

    try:
        turn = take_turn(services, answer.call, fact, also=leaves_with_its_print)
    except _Withdrawn:
        fact = VerdictReached(id=answer.request, outcome=Outcome.INCONCLUSIVE, reason="withdrawn")
        turn = take_turn(services, answer.call, fact, also=leaves)
    if not turn.accepted:
        write(services.database, leaves)


def _remember(transaction, answer: Verdict, outcome: Outcome, at: datetime) -> None:
    if not answer.heard or not voiceprints.present(transaction, [answer.contact]):
        return
    occasion = heard.Occasion.ACCEPTED if outcome is Outcome.ACCEPTED else heard.Occasion.OTHER
    known = heard.memory(transaction, answer.contact)
    for sealed in answer.heard:
        if sealed not in known:  # else it has been saved before
            heard.remember(transaction, answer.contact, occasion, sealed, at)


def _inconclusive(services: Services, call: str, request: str, reason: str) -> None:
    take_turn(services, call, VerdictReached(id=request, outcome=Outcome.INCONCLUSIVE, reason=reason))


def _utterance(services: Services, answer: UtteranceHeard) -> None:
    fact = UtteranceJudged(
        id=f"utterance:{answer.request}:{answer.number}", request=answer.request, number=answer.number,
        refusal=answer.refusal, accepted=answer.accepted, needed=answer.needed, speak=answer.speak,
    )  # fmt: skip
    take_turn(services, answer.call, fact)


def _undecided(services: Services, answer: Undecided) -> None:
    fact = VoiceUndecided(id=f"undecided:{answer.request}", request=answer.request, attempt=answer.attempt)
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
