"""The paths of the REST side, with basic authentication, faults and Twilio's error JSON before them."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ivr.emulator.call import API_VERSION
from ivr.emulator.carrier import Carrier
from ivr.emulator.rest import calls, conferences, messages, numbers, queues, recordings
from ivr.emulator.rest.reply import RestError, RestRequest, not_found

Handler = Callable[[RestRequest], Awaitable[tuple[int, dict[str, Any] | None]]]
MAX_FORM_BYTES = 256 * 1024
_PARTICIPANT = "Conferences/{conference_sid}/Participants"

_TABLE: dict[str, dict[str, Handler]] = {
    "Calls": {"GET": calls.list_all, "POST": calls.create},
    "Calls/{sid}": {"GET": calls.fetch, "POST": calls.update},
    "Calls/{call_sid}/Streams": {"POST": calls.create_stream},
    "Calls/{call_sid}/Streams/{sid}": {"POST": calls.update_stream},
    "Messages": {"GET": messages.list_all, "POST": messages.create},
    "Messages/{sid}": {"GET": messages.fetch},
    "Conferences": {"GET": conferences.list_all},
    "Conferences/{sid}": {"GET": conferences.fetch, "POST": conferences.update},
    _PARTICIPANT: {"GET": conferences.list_participants, "POST": conferences.create_participant},
    _PARTICIPANT + "/{call_sid}": {
        "GET": conferences.fetch_participant,
        "POST": conferences.update_participant,
        "DELETE": conferences.remove_participant,
    },
    "Queues": {"GET": queues.list_all, "POST": queues.create},
    "Queues/{sid}": {"GET": queues.fetch},
    "Queues/{queue_sid}/Members": {"GET": queues.list_members},
    "Queues/{queue_sid}/Members/{call_sid}": {"GET": queues.fetch_member, "POST": queues.update_member},
    "IncomingPhoneNumbers": {"GET": numbers.list_all},
    "IncomingPhoneNumbers/{sid}": {"GET": numbers.fetch, "POST": numbers.update},
    "Recordings": {"GET": recordings.list_all},
    "Recordings/{sid}": {"GET": recordings.fetch},
}


def rest_routes(carrier: Carrier) -> list[Route]:
    prefix = f"/{API_VERSION}/Accounts/{{account_sid}}"
    routes = [
        Route(f"{prefix}/{path}.json", _endpoint(carrier, handlers), methods=list(handlers))
        for path, handlers in _TABLE.items()
    ]

    async def sound(request: Request) -> Response:
        recording = carrier.recordings.get(request.path_params["sid"])
        if recording is None:
            return _refuse(not_found(request.url.path))
        return Response(recording.wav(), media_type="audio/x-wav")

    async def unknown(request: Request) -> Response:
        return _refuse(not_found(request.url.path))

    # The sound of a recording needs no authentication, as on Twilio unless the account asks for it.
    routes += [Route(f"{prefix}/Recordings/{{sid}}.wav", sound), Route(f"{prefix}/Recordings/{{sid}}", sound)]
    return [*routes, Route(f"/{API_VERSION}/{{rest:path}}", unknown, methods=["GET", "POST", "DELETE"])]


def _endpoint(carrier: Carrier, handlers: dict[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            _authenticate(carrier, request)
            fault = carrier.faults.of_rest_request()
            carrier.events.publish("rest", method=request.method, path=request.url.path, fault=fault)
            if fault == "429":
                raise RestError(429, 20429, "Too Many Requests")
            if fault == "5xx before":
                raise RestError(503, 20503, "Service unavailable")
            handler = handlers["GET" if request.method == "HEAD" else request.method]
            status, body = await handler(await _read(carrier, request))
            if fault == "5xx after":
                raise RestError(500, 20500, "Internal server error")
        except RestError as error:
            return _refuse(error)
        return Response(status_code=status) if body is None else JSONResponse(body, status)

    return endpoint


def _refuse(error: RestError) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else {}
    return JSONResponse(error.body(), error.status, headers=headers)


def _authenticate(carrier: Carrier, request: Request) -> None:
    wanted = f"{carrier.settings.account_sid}:{carrier.settings.auth_token}"
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        named = base64.b64decode(given, validate=True)
    except ValueError:
        named = b""
    if kind.lower() != "basic" or not hmac.compare_digest(named, wanted.encode()):
        raise RestError(401, 20003, "Authenticate")
    if request.path_params["account_sid"] != carrier.settings.account_sid:
        raise not_found(request.url.path)


async def _read(carrier: Carrier, request: Request) -> RestRequest:
    """A repeated name, such as StatusCallbackEvent, becomes one value with blanks between."""
    if request.method == "POST":
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_FORM_BYTES:
                raise RestError(413, 20001, f"The request body exceeds {MAX_FORM_BYTES} bytes.")
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    else:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
    form: dict[str, str] = {}
    for name, value in pairs:
        form[name] = f"{form[name]} {value}" if name in form else value
    return RestRequest(carrier, request.path_params, form, request.url.path)
