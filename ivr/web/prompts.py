"""Prompts as sound, for ``<Play>``: what the carrier has no voice for. No text is in the address, only whose it is."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request

from ivr.calls import Services, flow_of, present
from ivr.carriers.addresses import Addressing
from ivr.dispatch import Dispatch
from ivr.errors import UnknownCall
from ivr.flow import phrases
from ivr.flow.events import Said
from ivr.flow.expressions import render, scope
from ivr.flow.session import Session
from ivr.flow.waits import AwaitAgent
from ivr.speech import SpeechFault, Synthesiser
from ivr.store import sessions

log = logging.getLogger(__name__)
OURS = {"checking": phrases.CHECKING, "keep_talking": phrases.KEEP_TALKING}  # names of what belongs to no turn


def prompts_blueprint(
    services: Services, addressing: Addressing, dispatch: Dispatch, synthesiser: Synthesiser
) -> Blueprint:
    """Route ``/voice/c/<call>/<turn>/prompt/<name>``.

    Twilio does not say that it signs requests for media, so the address itself is the right to hear: signed by us, for
    one prompt of one call, and dead with the call but for its last words.
    """
    blueprint = Blueprint("prompts", __name__)

    @blueprint.get("/voice/c/<call>/<int:turn>/prompt/<name>")
    def prompt(call: str, turn: int, name: str) -> Response:
        if not addressing.is_prompt(call, turn, name, request.args.get("s", "")):
            return Response(status=403)
        try:
            session = present(services, call).session
            spoken = _spoken(services, dispatch, session, turn, name)
        except UnknownCall:
            spoken = None
        if spoken is None:
            return Response(status=410)
        text, language = spoken
        try:
            sound = synthesiser.wav(text, language)
        except SpeechFault as fault:
            log.error("prompt %s of call %s: %s", name, call, fault)
            return Response(status=503)
        response = Response(sound, content_type="audio/wav")
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def _spoken(services: Services, dispatch: Dispatch, session: Session, turn: int, name: str) -> tuple[str, str] | None:
    """Text and language of one prompt; None where the call has no such prompt, or no longer."""
    flow = flow_of(services, session)
    # The phone may still be playing the document before the one with the last words.
    if session.ended is not None and (turn < session.turn - 1 or session.ended == "caller_hung_up"):
        return None
    if name in OURS:
        return phrases.phrase(OURS[name], flow.language), flow.language
    if name == "waiting":
        return waiting_text(services, dispatch, session), flow.language
    said = [e for e in sessions.events_of_turn(services.database, session.call, turn) if isinstance(e, Said)]
    if not name.isdecimal() or int(name) >= len(said):
        return None
    one = said[int(name)]
    return one.text, one.language or flow.language


def waiting_text(services: Services, dispatch: Dispatch, session: Session) -> str:
    """What a caller in the queue hears now; something plain where the flow's text cannot be said."""
    flow, wait = flow_of(services, session), session.waiting_for
    plain = phrases.phrase(phrases.WAITING, flow.language)
    if not isinstance(wait, AwaitAgent):
        return plain
    place = dispatch.place(session)
    queue = {
        "position": place.position, "waited_seconds": place.waited_seconds,
        "estimate_minutes": place.estimate_minutes or 0,
    }  # fmt: skip
    try:
        return render(wait.waiting, scope(flow, session, queue=queue))
    except Exception as error:
        log.warning("the waiting text of queue '%s' cannot be said: %s", wait.queue, error)
        return plain
