"""The carrier's doorway: check the signature, read, take the turn, write."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote_plus

from flask import Blueprint, Response, g, request

from ivr.authentication import Secrets
from ivr.calls import Services, flow_of, present, start_call, take_turn
from ivr.carriers.addresses import Addressing
from ivr.carriers.base import Ringing
from ivr.carriers.twilio import writer
from ivr.carriers.twilio.reader import read
from ivr.dispatch import Dispatch
from ivr.errors import UnknownCall, UnknownFlow
from ivr.flow import phrases
from ivr.flow.inputs import AgentLeft, By, CallerHungUp, Digits, DocumentFailed, Input, NoInput, Speech, StreamStopped
from ivr.flow.session import Turn
from ivr.flow.waits import AwaitAgent, TalkingToAgent
from ivr.store import bundles, requests, sessions
from ivr.web.prompts import waiting_text
from ivr.web.security import Doorkeeper

log = logging.getLogger(__name__)
XML = "text/xml; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}
TRIES = 6  # to draw a call, AGAIN_SECONDS and the time of a failure apart, before the caller is asked to call later
LANGUAGE = "en-GB"  # of what is said where no flow is known


def voice_blueprint(
    services: Services, addressing: Addressing, doorkeeper: Doorkeeper, secrets: Secrets, dispatch: Dispatch,
    person_number: str | None,
) -> Blueprint:  # fmt: skip
    """``person_number``: dialled where no flow can be played at all."""
    blueprint = Blueprint("voice", __name__)

    blueprint.before_request(lambda: admit_carrier(doorkeeper))

    @blueprint.errorhandler(UnknownCall)
    @blueprint.errorhandler(UnknownFlow)
    def unknown(error: Exception) -> Response:
        log.warning("%s", error)
        return to_a_person()

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        """A fault of ours: the caller still hears valid TwiML, and goes to a person if the call can be moved at all."""
        if getattr(error, "code", None) in (404, 405, 413):
            return Response(status=error.code)
        log.error("webhook %s failed", request.path, exc_info=error)
        # No other verbs are allowed in the waiting room, and the caller keeps the place.
        if request.endpoint in ("voice.waiting", "voice.chosen"):
            return xml(writer.waiting_document(phrases.WAITING, LANGUAGE))
        call = (request.view_args or {}).get("call")
        try:
            if is_ours():
                fault = DocumentFailed(id=f"fault:{request.view_args['turn']}", code=type(error).__name__)
                take_turn(services, call, fault)
                return xml(draw(present(services, call)))
        except Exception as again:
            log.error("and the call could not be sent to a person", exc_info=again)
        return apologise(transient=True)

    def is_ours() -> bool:
        """Whether the present request came to an address that we made for a call."""
        seen = request.view_args or {}
        return "call" in seen and addressing.belongs(seen["call"], seen["turn"], request.args.get("s", ""))

    def apologise(transient: bool) -> Response:
        """Promises a person only where one is dialled. What may pass (``transient``: a full disk, a locked database) is
        waited for on the line, for about a minute."""
        if person_number:
            return xml(writer.apology(phrases.FAULT, LANGUAGE, number=person_number))
        tries = request.args.get("tries", 0, type=int)
        seen = request.view_args or {}
        if not transient or tries >= TRIES:
            return xml(writer.apology(phrases.CALL_LATER, LANGUAGE))
        if is_ours():
            path = f"/voice/c/{seen['call']}/{seen['turn']}?s={request.args['s']}&tries={tries + 1}"
        elif "flow" in seen:
            path = f"/voice/{seen['flow']}?tries={tries + 1}"
        else:
            return xml(writer.apology(phrases.CALL_LATER, LANGUAGE))
        return xml(writer.apology(phrases.HOLD_ON, LANGUAGE, again=addressing.public_url + path))

    def to_a_person() -> Response:
        """For a flow or address that is unknown: the call as it stands, else the person of any flow, else a number."""
        ringing = read(form())
        try:
            call = sessions.call_of(services.database, ringing.carrier_call)
            if call is not None:
                return xml(draw(present(services, call)))
            names = sorted(bundles.published_flows(services.database))
            if names and ringing.carrier_call and person_number is None:
                call = start_call(services, names[0], ringing).session.call
                take_turn(services, call, DocumentFailed(id="unknown", code="unknown flow"))
                return xml(draw(present(services, call)))
        except Exception as error:
            log.error("and the call could not be sent to a person", exc_info=error)
            return apologise(transient=True)
        return apologise(transient=False)

    def xml(text: str) -> Response:
        return Response(text, content_type=XML)

    def draw(turn: Turn, poll: int = 0) -> str:
        session = turn.session
        return writer.document(flow_of(services, session), session, turn.events, addressing.of(session), poll)

    def take(call: str, turn: int, input: Input | Callable[..., Turn], poll: int = 0) -> Response:
        """Play an answer; a stale one is shown the reply it once had while that is still true, else the present."""
        key = doorkeeper.reply_key(call, target(), fields(), request.headers.get("I-Twilio-Idempotency-Token", ""))
        drawn: list[str] = []

        def reply(taken: Turn) -> tuple[bytes, bytes]:
            drawn[:] = [draw(taken)]
            return key, doorkeeper.seal(key, drawn[0])

        taken = input(reply) if callable(input) else take_turn(services, call, input, reply)
        if taken.accepted:
            return xml(drawn[0] if drawn else draw(taken))  # of a call that has ended, no reply is remembered
        remembered = sessions.remembered_reply(services.database, call, key)
        now = present(services, call)
        if remembered is not None and remembered[0] == now.session.turn:
            text = doorkeeper.unseal(key, remembered[1])
            if text is not None:
                return xml(text)
        return xml(draw(now, poll if now.session.turn == turn else 0))

    def ours(call: str, turn: int) -> None:
        if not addressing.belongs(call, turn, request.args.get("s", "")):
            raise UnknownCall(f"an address of call {call} that was not made here")

    @blueprint.post("/voice/<flow>")
    def begin(flow: str) -> Response:
        ringing = read(form())
        if not ringing.carrier_call:
            raise UnknownCall(f"a request to /voice/{flow} without a CallSid")
        turn = start_call(services, flow, ringing)
        if not turn.events:
            turn = present(services, turn.session.call)
        return xml(draw(turn))

    @blueprint.route("/voice/c/<call>/<int:turn>", methods=["GET", "POST"])
    def again(call: str, turn: int) -> Response:
        ours(call, turn)
        return xml(draw(present(services, call)))

    @blueprint.post("/voice/c/<call>/<int:turn>/answer")
    def answered(call: str, turn: int) -> Response:
        ours(call, turn)
        return take(call, turn, _answer(read(form()), turn), poll=request.args.get("p", 0, type=int))

    @blueprint.post("/voice/c/<call>/<int:turn>/secret")
    def secret(call: str, turn: int) -> Response:
        ours(call, turn)
        ringing = read(form())
        if ringing.digits in (None, "0"):
            return take(call, turn, _answer(ringing, turn))
        return take(call, turn, partial(secrets.answer, services, call, turn, ringing.digits, By.KEYPAD))

    @blueprint.post("/voice/c/<call>/<int:turn>/wait")
    def waiting(call: str, turn: int) -> Response:
        ours(call, turn)
        session = present(services, call).session
        flow = flow_of(services, session)
        wait = session.waiting_for
        if not isinstance(wait, AwaitAgent) or session.turn != turn:
            # The call has moved on. If the redirect that should have fetched the caller is lost, they come by
            # themselves; while one is on its way they stay: a second one would end the conversation the first began.
            fetched = any(one.kind == "redirect_requested" for one in requests.requests_of(services.database, call))
            thanks = phrases.phrase(phrases.WAITING, flow.language)
            stay = writer.waiting_document(thanks, flow.language, to=addressing.of(session))
            return xml(stay if fetched else writer.leave_document())
        text = waiting_text(services, dispatch, session)
        offered = wait.choices and wait.agent is None
        to = addressing.of(session)
        return xml(writer.waiting_document(text, flow.language, to.chosen if offered else "", to))

    @blueprint.post("/voice/c/<call>/<int:turn>/wait/chosen")
    def chosen(call: str, turn: int) -> Response:
        """A key pressed in the waiting room. The call leaves it only if the key has moved it on."""
        ours(call, turn)
        ringing = read(form())
        if ringing.digits is not None:
            take_turn(services, call, _answer(ringing, turn))
        return waiting(call, turn)

    @blueprint.post("/voice/c/<call>/<int:turn>/left")
    def left(call: str, turn: int) -> Response:
        """The caller has left the queue's waiting room or the conference with the agent."""
        ours(call, turn)
        if form().get("QueueResult") == "hangup":
            take_turn(services, call, CallerHungUp(id="hangup", source="queue"))
        elif form().get("DialCallStatus"):
            session = present(services, call).session
            if isinstance(session.waiting_for, TalkingToAgent) and session.turn == turn:
                take_turn(services, call, AgentLeft(id=f"left:{turn}", room=session.waiting_for.room))
        return xml(draw(present(services, call)))

    @blueprint.post("/voice/c/<call>/<int:turn>/stream")
    def stream_ended(call: str, turn: int) -> Response:
        """The same fact as the socket's end, which nobody has noticed if the server went with it."""
        ours(call, turn)
        if form().get("StreamEvent") in ("stream-stopped", "stream-error"):
            take_turn(services, call, StreamStopped(id=f"stopped:{request.args.get('n', 0, type=int)}"))
        return Response(status=204)

    @blueprint.post("/voice/<flow>/status")
    def status(flow: str) -> Response:
        ringing = read(form())
        call = sessions.call_of(services.database, ringing.carrier_call)
        if call is not None and ringing.status in OVER:
            take_turn(services, call, CallerHungUp(id="hangup", source="status"))
        return Response(status=204)

    @blueprint.post("/voice/<flow>/fallback")
    def fallback(flow: str) -> Response:
        ringing = read(form())
        call = sessions.call_of(services.database, ringing.carrier_call)
        if call is None:
            return begin(flow)
        session = present(services, call).session
        wait = session.waiting_for
        failed_url = form().get("ErrorUrl", "")
        if isinstance(wait, TalkingToAgent) and failed_url.startswith(addressing.of(session).left):
            # The conversation is over; only our answer to that did not come through.
            take_turn(services, call, AgentLeft(id=f"left:{session.turn}", room=wait.room))
            return xml(draw(present(services, call)))
        take_turn(services, call, DocumentFailed(id=f"fallback:{session.turn}", code=ringing.error or "unknown"))
        return xml(draw(present(services, call)))

    @blueprint.post("/voice/messages/<request_id>")
    def message_status(request_id: str) -> Response:
        return Response(status=204)

    return blueprint


def target() -> str:
    """Path and query of the present request, as it was sent."""
    query = request.query_string.decode("latin-1")
    return request.path + (f"?{query}" if query else "")


def fields() -> list[tuple[str, str]]:
    """Of the present request's form, in order, read once: the signature, the reader and the reply key need them."""
    known = g.get("fields")
    if known is None:
        pairs = (pair.partition("=") for pair in request.get_data().decode("utf-8", "replace").split("&"))
        known = g.fields = [(_decoded(name), _decoded(value)) for name, _, value in pairs if name or value]
    return known


def _decoded(part: str) -> str:
    """Most values need no decoding, and looking first is nearly twice as quick as ``parse_qsl``."""
    return unquote_plus(part) if "%" in part or "+" in part else part


def form() -> dict[str, str]:
    """Of a name that is repeated, the first value counts."""
    return dict(reversed(fields()))


def admit_carrier(doorkeeper: Doorkeeper) -> Response | None:
    """403 with an empty body unless the carrier signed the present request, a form or nothing at all."""
    if request.mimetype not in ("", FORM):
        return Response(status=403)  # its fields would not be signed
    signature = request.headers.get("X-Twilio-Signature", "")
    settings = request.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
    return None if doorkeeper.admits(target(), fields(), signature, settings) else Response(status=403)


def _answer(ringing: Ringing, turn: int) -> Input:
    if ringing.digits is not None:
        return Digits(turn=turn, keys=ringing.digits[:64], by=By.KEYPAD)
    if ringing.speech is not None:
        return Speech(turn=turn, text=ringing.speech[:1000], confidence=ringing.confidence)
    return NoInput(turn=turn)
