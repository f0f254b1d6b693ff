"""Recordings: what <Record> kept."""

from typing import Any

from ivr.emulator.call import API_VERSION
from ivr.emulator.recording import Recording
from ivr.emulator.rest.reply import RestRequest, date, not_found, page


def describe(request: RestRequest, recording: Recording) -> dict[str, Any]:
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "call_sid": recording.call_sid,
        "conference_sid": None,
        "duration": str(recording.seconds),
        "status": "completed",
        "channels": 1,
        "source": "RecordVerb",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "api_version": API_VERSION,
        "start_time": date(recording.created_at),
        "date_created": date(recording.created_at),
        "date_updated": date(recording.created_at),
        "uri": f"{recording.uri}.json",
        "media_url": f"{request.carrier.url}{recording.uri}",
        "subresource_uris": {},
    }


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    wanted = request.get("CallSid")
    shown = [one for one in reversed(request.carrier.recordings.values()) if not wanted or one.call_sid == wanted]
    return 200, page(request, "recordings", shown, lambda one: describe(request, one))


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    recording = request.carrier.recordings.get(request.path["sid"])
    if recording is None:
        raise not_found(request.uri)
    return 200, describe(request, recording)
