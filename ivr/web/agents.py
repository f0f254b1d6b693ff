"""The agent's phone: webhooks of the leg that joins the caller."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ivr.carriers.addresses import Addressing
from ivr.carriers.twilio import writer
from ivr.dispatch import Dispatch
from ivr.flow import phrases
from ivr.web.security import Doorkeeper
from ivr.web.voice import LANGUAGE, OVER, XML, admit_carrier


def agents_blueprint(dispatch: Dispatch, addressing: Addressing, doorkeeper: Doorkeeper) -> Blueprint:
    blueprint = Blueprint("agents", __name__, url_prefix="/voice/agent")

    @blueprint.before_request
    def admit() -> Response | None:
        refused = admit_carrier(doorkeeper)
        reservation = (request.view_args or {}).get("reservation", "")
        if refused is None and not addressing.is_agent(reservation, request.args.get("s", "")):
            return Response(status=403)
        return refused

    @blueprint.post("/<reservation>")
    def answered(reservation: str) -> Response:
        if dispatch.ringing(reservation) is None:
            return Response(writer.hang_up_document(), content_type=XML)
        confirm = addressing.agent_url(reservation, "/confirm")
        return Response(writer.agent_document(phrases.AGENT_CONFIRM, LANGUAGE, confirm), content_type=XML)

    @blueprint.post("/<reservation>/confirm")
    def confirmed(reservation: str) -> Response:
        """A key was pressed, so a person is there: into the room, before the caller."""
        found = dispatch.ringing(reservation)
        if found is None or not request.form.get("Digits"):
            return Response(writer.hang_up_document(), content_type=XML)
        room = writer.agent_room_document(found.room, addressing.agent_url(reservation, "/room"))
        return Response(room, content_type=XML)

    @blueprint.post("/<reservation>/room")
    def room(reservation: str) -> Response:
        if request.form.get("StatusCallbackEvent") == "participant-join":
            dispatch.joined(reservation)
        return Response(status=204)

    @blueprint.post("/<reservation>/status")
    def status(reservation: str) -> Response:
        if request.form.get("CallStatus") in OVER:
            dispatch.leg_ended(reservation)
        return Response(status=204)

    return blueprint
