"""Calls: make one, look at it, redirect it, end it; and the streams of a call."""

import re
from typing import Any

from ivr.emulator.call import API_VERSION, Call, Callback, HangUp, TakeOver
from ivr.emulator.rest.reply import RestError, RestRequest, date, not_found, page, resource_uri
from ivr.emulator.stream import MediaStream, stream_url_problem
from ivr.emulator.twiml import Verb

MAX_TWIML_CHARACTERS = 4000
MAX_TIMEOUT_SECONDS = 600
DEFAULT_TIME_LIMIT_SECONDS = 14_400
_ADDRESS = re.compile(r"\+[1-9]\d{1,14}|client:\S+|sips?:\S+")
_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
_SUBRESOURCES = (
    "Events",
    "Notifications",
    "Payments",
    "Recordings",
    "Siprec",
    "Streams",
    "Transcriptions",
    "UserDefinedMessages",
    "UserDefinedMessageSubscriptions",
)


def describe(request: RestRequest, call: Call) -> dict[str, Any]:
    carrier = request.carrier
    number = carrier.numbers.get(call.to if call.direction == "inbound" else call.from_)
    subresources = {
        re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): resource_uri(carrier, "Calls", call.sid, name)
        for name in _SUBRESOURCES
    }
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "parent_call_sid": call.parent_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": number.sid if number else None,
        "status": call.status,
        "start_time": date(call.started_at),
        "end_time": date(call.ended_at),
        "duration": str(call.duration_seconds) if call.ended_at else None,
        "price": None,
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "date_created": date(call.created_at),
        "date_updated": date(call.updated_at),
        "uri": resource_uri(carrier, "Calls", call.sid),
        "subresource_uris": subresources,
    }


def find(request: RestRequest, name: str = "sid") -> Call:
    sid = request.path[name]
    if sid not in request.carrier.calls:
        raise not_found(request.uri)
    return request.carrier.calls[sid]


async def create(request: RestRequest) -> tuple[int, dict[str, Any]]:
    url, method = request.http_url("Url"), request.method("Method")
    twiml = "" if url else _twiml(request)
    if not url and not twiml:
        raise RestError(400, 21205, "Url or Twiml is required.")
    call = new_outbound_call(request)
    call.voice_url, call.voice_method, call.twiml = url, method, twiml
    body = describe(request, call)
    request.carrier.dial_out(call, timeout_seconds(request))
    return 201, body


def new_outbound_call(request: RestRequest) -> Call:
    """A queued call, with the checks that creating a call and creating a participant share.

    Nothing may be refused after the call exists: it would stay queued for ever.
    """
    to, from_ = request.get("To"), request.get("From")
    if not to:
        raise RestError(400, 21201, "No 'To' number is specified")
    if not from_:
        raise RestError(400, 21213, "Caller phone number is required")
    if not _ADDRESS.fullmatch(to):
        raise RestError(400, 21211, f"The 'To' number {to} is not a valid phone number.")
    if not _ADDRESS.fullmatch(from_):
        raise RestError(400, 21212, f"The 'From' number {from_} is not a valid phone number.")
    if from_.startswith("+") and from_ not in request.carrier.numbers:
        raise RestError(400, 21210, f"The source phone number {from_} is not yet verified for your account.")
    events = frozenset(request.get("StatusCallbackEvent", "completed").split())
    callback = Callback(request.http_url("StatusCallback"), request.method("StatusCallbackMethod"), events & _EVENTS)
    fallback_url, fallback_method = request.http_url("FallbackUrl"), request.method("FallbackMethod")
    time_limit, _ = request.number("TimeLimit", DEFAULT_TIME_LIMIT_SECONDS), timeout_seconds(request)
    call = request.carrier.new_call(from_=from_, to=to, direction="outbound-api", status_callback=callback)
    call.fallback_url, call.fallback_method, call.time_limit_seconds = fallback_url, fallback_method, time_limit
    return call


def timeout_seconds(request: RestRequest) -> int:
    return min(request.number("Timeout", 60), MAX_TIMEOUT_SECONDS)


async def fetch(request: RestRequest) -> tuple[int, dict[str, Any]]:
    return 200, describe(request, find(request))


async def list_all(request: RestRequest) -> tuple[int, dict[str, Any]]:
    wanted = {"To": "to", "From": "from_", "Status": "status", "ParentCallSid": "parent_sid"}
    calls = [
        call
        for call in reversed(request.carrier.calls.values())
        if all(getattr(call, field) == request.get(name) for name, field in wanted.items() if request.has(name))
    ]
    return 200, page(request, "calls", calls, lambda call: describe(request, call))


async def update(request: RestRequest) -> tuple[int, dict[str, Any]]:
    """New TwiML takes effect at once, whatever the call is doing."""
    call = find(request)
    status, url = request.get("Status"), request.http_url("Url")
    if url and request.has("Twiml"):
        raise RestError(400, 21218, "Url and Twiml may not be given together.")
    wrong_state = RestError(400, 21220, f"Call is not in-progress. Cannot redirect. (status {call.status})")
    if not call.live or ((url or request.has("Twiml")) and call.status != "in-progress"):
        raise wrong_state
    if request.has("StatusCallback"):
        call.status_callback.url = request.http_url("StatusCallback")
        call.status_callback.method = request.method("StatusCallbackMethod")
    if request.has("FallbackUrl"):
        call.fallback_url, call.fallback_method = request.http_url("FallbackUrl"), request.method("FallbackMethod")
    match status:
        case "":
            if url:
                call.interrupt(TakeOver(url, request.method("Method")))
            elif request.has("Twiml"):
                call.interrupt(TakeOver(twiml=_twiml(request)))
        case "canceled" if call.status not in ("queued", "ringing"):
            raise wrong_state
        case "canceled" | "completed":
            call.interrupt(HangUp(status if call.answered_seconds is not None else "canceled"))
            await call.wait_until(lambda: not call.live, seconds=1.0)
        case _:
            raise RestError(400, 20001, f"Status must be canceled or completed: {status}")
    return 200, describe(request, call)


def _twiml(request: RestRequest) -> str:
    twiml = request.get("Twiml")
    if len(twiml) > MAX_TWIML_CHARACTERS:
        raise RestError(400, 32018, f"Twiml is {len(twiml)} characters; the limit is {MAX_TWIML_CHARACTERS}.")
    return twiml


# Streams of a call


async def create_stream(request: RestRequest) -> tuple[int, dict[str, Any]]:
    call = find(request, "call_sid")
    if call.status != "in-progress":
        raise RestError(400, 21220, "Call is not in-progress.")
    problem = stream_url_problem(request.get("Url"))
    if problem:
        raise RestError(400, 21205, problem)
    before = {stream.sid for stream in request.carrier.running_streams(call)}
    pairs = range(1, 100)
    parameters = tuple(
        Verb("Parameter", {"name": request.get(f"Parameter{n}.Name"), "value": request.get(f"Parameter{n}.Value")})
        for n in pairs
        if request.has(f"Parameter{n}.Name")
    )
    names = {"url": "Url", "name": "Name", "track": "Track", "statusCallback": "StatusCallback"}
    attributes = {attribute: request.get(name) for attribute, name in names.items() if request.get(name)}
    execution = request.carrier.execution(call)
    await execution.verbs["Start"](
        execution, Verb("Start", children=(Verb("Stream", attributes, children=parameters),))
    )
    started = [stream for stream in request.carrier.running_streams(call) if stream.sid not in before]
    if not started:
        raise RestError(400, 31901, "The stream could not be started; the debugger log says why.")
    return 200, _describe_stream(request, started[0])  # 200, unlike other resources that are created


async def update_stream(request: RestRequest) -> tuple[int, dict[str, Any]]:
    """Stops a stream, named by its sid or its name."""
    call, name = find(request, "call_sid"), request.path["sid"]
    streams = [stream for stream in request.carrier.streams.values() if stream.call is call]
    stream = next((stream for stream in reversed(streams) if name in (stream.sid, stream.name)), None)
    if stream is None:
        raise not_found(request.uri)
    if request.get("Status") != "stopped":
        raise RestError(400, 20001, "Status must be stopped.")
    stream.stop()
    return 200, _describe_stream(request, stream)


def _describe_stream(request: RestRequest, stream: MediaStream) -> dict[str, Any]:
    return {
        "sid": stream.sid,
        "account_sid": stream.call.account_sid,
        "call_sid": stream.call.sid,
        "name": stream.name,
        "status": stream.status,
        "date_updated": date(request.carrier.clock.now()),
        "uri": resource_uri(request.carrier, "Calls", stream.call.sid, "Streams", stream.sid),
    }
