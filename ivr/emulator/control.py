"""The control door over HTTP: place calls, press keys, speak, look. JSON, loopback only, no authentication."""

import base64
import binascii
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ivr.emulator.call import Call
from ivr.emulator.carrier import Carrier
from ivr.emulator.clock import iso8601
from ivr.emulator.line import BYTES_PER_SECOND, SILENCE
from ivr.emulator.message import Message
from ivr.emulator.phones import PhoneBehaviour, press_keys
from ivr.emulator.sounds import Words
from ivr.emulator.verbs.prompts import speaking_seconds

MAX_WAIT_SECONDS = 60.0
DEFAULT_CONFIDENCE = 0.92
KEYS = frozenset("0123456789*#ABCD")


class ControlError(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


def describe(carrier: Carrier, call: Call) -> dict[str, Any]:
    legs = [leg.sid for leg in carrier.calls.values() if leg.parent_sid == call.sid]
    return {
        "sid": call.sid,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction,
        "status": call.status,
        "revision": call.revision,
        "heard": [asdict(entry) for entry in call.heard],
        "current": call.whereabouts or (call.heard[-1].verb if call.heard and call.live else ""),
        "expecting": call.expecting,
        "parent_sid": call.parent_sid,
        "legs": legs,
        "mates": [mate.sid for mate in call.mates],
        "streams": [stream.sid for stream in carrier.running_streams(call)],
        "duration_seconds": call.duration_seconds,
        "created_at": iso8601(call.created_at),
    }


def describe_message(message: Message) -> dict[str, Any]:
    about = {"sid": message.sid, "from": message.from_, "to": message.to, "body": message.body}
    return about | {"status": message.status, "created_at": iso8601(message.created_at)}


def press(call: Call, carrier: Carrier, digits: str) -> Awaitable[None]:
    if not digits or set(digits) - KEYS:
        raise ControlError(400, f"digits {digits!r}: write one or more of 0-9 * # A-D")
    return press_keys(carrier.clock, call, digits)


def speak(call: Call, text: str, confidence: float | None, audio: bytes | None) -> None:
    """Sound without words is just sound; words without sound take as long as saying them, in silence."""
    if audio is None:
        seconds = speaking_seconds(text)
        audio = SILENCE[:1] * int(seconds * BYTES_PER_SECOND)
    call.speak(text, confidence, audio)


def control_routes(carrier: Carrier) -> list[Route]:
    async def place_call(request: Request, _: Call | None) -> dict[str, Any]:
        asked = await _json(request)
        from_, to = _text(asked, "from"), _text(asked, "to")
        call = carrier.ring_in(from_, to)
        if call is None:
            raise ControlError(404, f"{to!r} is not a number here; there are {', '.join(carrier.numbers) or 'none'}")
        return {"sid": call.sid}

    async def list_calls(request: Request, _: Call | None) -> dict[str, Any]:
        return {"calls": [describe(carrier, call) for call in carrier.calls.values()]}

    async def show_call(request: Request, call: Call) -> dict[str, Any]:
        """With ``after`` waits for a later heard entry, with ``revision`` for any later change."""
        after, revision = request.query_params.get("after"), request.query_params.get("revision")
        wait = min(_number(request.query_params.get("wait_seconds", "0")), MAX_WAIT_SECONDS)
        if after is not None:
            index = int(_number(after))
            await call.wait_until(lambda: len(call.heard) > index + 1, wait)
        elif revision is not None:
            known = int(_number(revision))
            await call.wait_until(lambda: call.revision > known, wait)
        return describe(carrier, call)

    async def press_on_call(request: Request, call: Call) -> dict[str, Any]:
        """With ``wait_seconds`` (real time) the keys are held until somebody listens for them."""
        asked = await _json(request)
        digits = _text(asked, "digits")
        if wait := asked.get("wait_seconds"):
            await call.wait_until(lambda: call.expecting is not None, min(float(wait), MAX_WAIT_SECONDS))
        listened = call.expecting is not None
        await press(call, carrier, digits)
        return {"listened": listened}

    async def speak_on_call(request: Request, call: Call) -> dict[str, Any]:
        asked = await _json(request)
        text, audio = str(asked.get("text") or ""), _audio(asked.get("audio"))
        if not text and audio is None:
            raise ControlError(400, "speech needs text, audio (base64 of 8 kHz µ-law) or both")
        if text and (wait := asked.get("wait_seconds")):
            await call.wait_until(lambda: call.expecting is not None, min(float(wait), MAX_WAIT_SECONDS))
        listened = call.expecting is not None
        speak(call, text, asked.get("confidence", DEFAULT_CONFIDENCE), audio)
        if asked.get("until_said"):
            await call.wait_until(lambda: not call.sounds_unfinished, MAX_WAIT_SECONDS)
        return {"listened": listened}

    async def hang_up(request: Request, call: Call) -> dict[str, Any]:
        call.hang_up()
        await call.wait_until(lambda: not call.live, 5.0)
        return {"status": call.status}

    async def answer(request: Request, call: Call) -> dict[str, Any]:
        call.answer_requested.set()
        return {"status": call.status}

    async def messages(request: Request, _: Call | None) -> dict[str, Any]:
        to = request.query_params.get("to")
        return {"messages": [describe_message(one) for one in carrier.messages.values() if to in (None, one.to)]}

    async def debugger(request: Request, _: Call | None) -> dict[str, Any]:
        return {"entries": carrier.events.debugger}

    async def set_phone(request: Request, _: Call | None) -> dict[str, Any]:
        asked = await _json(request)
        known = {field.name for field in fields(PhoneBehaviour)}
        if unknown := set(asked) - known:
            raise ControlError(400, f"{', '.join(sorted(unknown))}: write only {', '.join(sorted(known))}")
        if asked.get("then", "stay") not in ("stay", "hangup"):
            raise ControlError(400, f"then {asked['then']!r}: write stay or hangup")
        for field in fields(PhoneBehaviour):
            kind = (int, float) if isinstance(field.default, float) else type(field.default)
            if not isinstance(asked.get(field.name, field.default), kind):
                raise ControlError(400, f"{field.name} {asked[field.name]!r}: write something like {field.default!r}")
        behaviour = PhoneBehaviour(**asked)
        carrier.phones.behaviours[request.path_params["address"]] = behaviour
        return asdict(behaviour)

    async def describe_carrier(request: Request, _: Call | None) -> dict[str, Any]:
        settings = carrier.settings
        return {
            "url": carrier.url,
            "account_sid": settings.account_sid,
            "numbers": list(carrier.numbers),
            "speed": settings.speed,
            "seed": settings.seed,
            "faults": asdict(settings.faults),
            "interrupted_gather": settings.interrupted_gather,
            "speaks_with": carrier.voice.name,
        }

    async def sound(request: Request) -> Response:
        """What one of the newest prompts of a call sounds like; 404 where only its words are known."""
        call = carrier.calls.get(request.path_params["sid"])
        match call.sounds.get(request.path_params["index"]) if call else None:
            case Words() as words:
                found = await carrier.voice.speaks(words)
            case kept:
                found = kept
        return Response(found.body, media_type=found.content_type) if found else Response(status_code=404)

    def route(path: str, handler: Callable[..., Awaitable[dict[str, Any]]], method: str) -> Route:
        async def endpoint(request: Request) -> JSONResponse:
            try:
                call = _call(carrier, request)
                return JSONResponse(await handler(request, call))
            except ControlError as error:
                return JSONResponse({"error": error.message}, error.status)

        return Route(f"/emulator{path}", endpoint, methods=[method])

    return [
        route("", describe_carrier, "GET"),
        route("/calls", place_call, "POST"),
        route("/calls", list_calls, "GET"),
        route("/calls/{sid}", show_call, "GET"),
        Route("/emulator/calls/{sid}/sounds/{index:int}", sound, methods=["GET"]),
        route("/calls/{sid}/keys", press_on_call, "POST"),
        route("/calls/{sid}/speech", speak_on_call, "POST"),
        route("/calls/{sid}/hangup", hang_up, "POST"),
        route("/calls/{sid}/answer", answer, "POST"),
        route("/messages", messages, "GET"),
        route("/debugger", debugger, "GET"),
        route("/phones/{address}", set_phone, "PUT"),
    ]


def _call(carrier: Carrier, request: Request) -> Call | None:
    sid = request.path_params.get("sid")
    if sid is not None and sid not in carrier.calls:
        raise ControlError(404, f"there is no call {sid}; GET /emulator/calls lists them")
    return carrier.calls[sid] if sid else None


async def _json(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ControlError(400, f"the body is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise ControlError(400, "the body must be a JSON object")
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, f'"{name}" is missing; it is a text such as "+15550123"')
    return value


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ControlError(400, f"{text!r} is not a number")
    return number


def _audio(text: Any) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ControlError(400, f"audio is not base64: {error}") from None
