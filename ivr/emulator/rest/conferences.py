"""Conferences and their participants: look, invite, mute, hold, announce, remove, end."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ivr.emulator.call import API_VERSION
from ivr.emulator.conference import EVENTS, Conference, Participant
from ivr.emulator.execution import DocumentError, Execution, Fetch
from ivr.emulator.rest.calls import new_outbound_call, timeout_seconds
from ivr.emulator.rest.reply import RestError, RestRequest, date, not_found, page, resource_uri

_ANNOUNCE_VERBS = frozenset({"Say", "Play", "Pause", "Redirect"})
_FROM_CALL_STATUS = {"queued": "queued", "ringing": "ringing", "in-progress": "connected", "failed": "failed"}


def describe(request: RestRequest, conference: Conference) -> dict[str, Any]:
    uri = resource_uri(request.carrier, "Conferences", conference.sid)
    described = {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "us1",
        "api_version": API_VERSION,
        "call_sid_ending_conference": conference.ended_by or None,
        "date_created": date(conference.created_at),
        "date_updated": date(conference.updated_at),
        "uri": uri,
        "subresource_uris": {
            "participants": uri.replace(".json", "/Participants.json"),
            "recordings": uri.replace(".json", "/Recordings.json"),
        },
    }
    if conference.reason_ended:
        described["reason_conference_ended"] = conference.reason_ended
    return described


def describe_participant(request: RestRequest, conference: Conference, participant: Participant) -> dict[str, Any]:
    call = participant.call
    return {
        "account_sid": conference.account_sid,
        "call_sid": call.sid,
        "label": participant.label or None,
        "call_sid_to_coach": None,
        "coaching": False,
        "conference_sid": conference.sid,
        "end_conference_on_exit": participant.end_conference_on_exit,
        "start_conference_on_enter": participant.start_conference_on_enter,
        "muted": participant.muted,
        "hold": participant.hold,
        "status": _FROM_CALL_STATUS.get(call.status, "complete"),
        "queue_time": "0",
        "date_created": date(participant.joined_at),
        "date_updated": date(conference.updated_at),
        "uri": resource_uri(request.carrier, "Conferences", conference.sid, "Participants", call.sid),
    }


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    return 200, describe(request, _find(request, "sid"))


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    wanted = {"FriendlyName": "name", "Status": "status"}
    rooms = [
        room
        for room in reversed(request.carrier.conferences.values())
        if all(getattr(room, field) == request.get(name) for name, field in wanted.items() if request.has(name))
    ]
    return 200, page(request, "conferences", rooms, lambda room: describe(request, room))


async def update(request: RestRequest) -> tuple[int, dict[str, Any]]:
    conference = _find(request, "sid")
    if request.get("Status") == "completed" and conference.status != "completed":
        conference.end("conference-ended-via-api")
    if request.get("AnnounceUrl"):
        for participant in list(conference.participants.values()):
            _announce(request, participant)
    return 200, describe(request, conference)


async def list_participants(request: RestRequest) -> tuple[int, dict[str, Any]]:
    conference = _find(request, "conference_sid")
    wanted = {"Muted": "muted", "Hold": "hold"}
    shown = [
        participant
        for participant in conference.participants.values()
        if all(
            getattr(participant, field) == request.flag(name, False)
            for name, field in wanted.items()
            if request.has(name)
        )
    ]
    return 200, page(request, "participants", shown, lambda one: describe_participant(request, conference, one))


async def fetch_participant(request: RestRequest) -> tuple[int, dict[str, Any]]:
    conference = _find(request, "conference_sid")
    return 200, describe_participant(request, conference, _find_participant(request, conference))


async def create_participant(request: RestRequest) -> tuple[int, dict[str, Any]]:
    """Calls somebody into the room; the room, named by sid or by name, is opened if there is none."""
    carrier, name = request.carrier, request.path["conference_sid"]
    conference = carrier.conferences.get(name) or carrier.live_conference(name)
    if conference is None and name.startswith("CF"):
        raise not_found(request.uri)
    callback = request.http_url("ConferenceStatusCallback"), request.method("ConferenceStatusCallbackMethod")
    call = new_outbound_call(request)
    if conference is None:
        events = frozenset(request.get("ConferenceStatusCallbackEvent").split()) & EVENTS
        conference = Conference(
            name,
            carrier.settings.account_sid,
            carrier.clock,
            carrier.callbacks,
            *callback,
            events,
        )
        carrier.conferences[conference.sid] = conference
    start = request.flag("StartConferenceOnEnter", True)
    leaves = request.flag("EndConferenceOnExit", False)
    attributes = {
        "muted": str(request.flag("Muted", False)).lower(),
        "startConferenceOnEnter": str(start).lower(),
        "endConferenceOnExit": str(leaves).lower(),
        "beep": request.get("Beep", "true"),
        "participantLabel": request.get("Label"),
    }
    if request.has("WaitUrl"):
        attributes["waitUrl"] = request.get("WaitUrl")
    written = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items() if value or key == "waitUrl")
    call.twiml = f"<Response><Dial><Conference {written}>{escape(conference.name)}</Conference></Dial></Response>"
    invited = Participant(call, request.get("Label"), request.flag("Muted", False), start, leaves, carrier.clock.now())
    body = describe_participant(request, conference, invited)
    carrier.dial_out(call, timeout_seconds(request))
    return 201, body


async def update_participant(request: RestRequest) -> tuple[int, dict[str, Any]]:
    conference = _find(request, "conference_sid")
    participant = _find_participant(request, conference)
    if request.has("Muted"):
        participant.muted = request.flag("Muted", False)
        conference.modified(participant, "mute" if participant.muted else "unmute")
    if request.has("Hold"):
        participant.hold = request.flag("Hold", False)
        conference.modified(participant, "hold" if participant.hold else "unhold")
        if participant.hold:
            participant.call.hears("Music", "hold music", request.http_url("HoldUrl"))
    if request.has("EndConferenceOnExit"):
        participant.end_conference_on_exit = request.flag("EndConferenceOnExit", False)
        conference.modified(participant, "modify")
    if request.get("AnnounceUrl"):
        _announce(request, participant)
    return 200, describe_participant(request, conference, participant)


async def remove_participant(request: RestRequest) -> tuple[int, None]:
    """The participant leaves the room; their call goes on with the Dial's action or next verb."""
    conference = _find(request, "conference_sid")
    _find_participant(request, conference).released.set()
    return 204, None


def _announce(request: RestRequest, participant: Participant) -> None:
    source = Fetch(request.http_url("AnnounceUrl"), request.method("AnnounceMethod"))
    aside = request.carrier.execution(participant.call).aside(_ANNOUNCE_VERBS)
    request.carrier.callbacks.run(_play(aside, source))


async def _play(aside: Execution, source: Fetch) -> None:
    try:
        await aside.run(source)
    except DocumentError:
        pass  # already in the debugger log


def _find(request: RestRequest, name: str) -> Conference:
    sid = request.path[name]
    conference = request.carrier.conferences.get(sid) or request.carrier.live_conference(sid)
    if conference is None:
        raise not_found(request.uri)
    return conference


def _find_participant(request: RestRequest, conference: Conference) -> Participant:
    wanted = request.path["call_sid"]
    for participant in conference.participants.values():
        if wanted in (participant.call.sid, participant.label):
            return participant
    raise RestError(404, 20404, f"The participant {wanted} is not in conference {conference.sid}")
