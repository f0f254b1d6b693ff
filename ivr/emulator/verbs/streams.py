"""Start, Stop and Connect: background streams. A two-way stream would block the call and is refused."""

from ivr.emulator.execution import PROCEED, DocumentError, Execution, Outcome
from ivr.emulator.stream import MediaStream, Track, stream_url_problem
from ivr.emulator.twiml import Verb

MAX_TRACKS = 4
MAX_PARAMETER_CHARACTERS = 500
_TRACKS: dict[str, tuple[Track, ...]] = {
    "inbound_track": ("inbound",),
    "outbound_track": ("outbound",),
    "both_tracks": ("inbound", "outbound"),
}


async def start(execution: Execution, verb: Verb) -> Outcome:
    for child in verb.children:
        if child.name == "Stream":
            _start_stream(execution, child)
        else:
            _refuse(execution, f"This carrier does not offer <Start><{child.name}>; it is skipped.")
    return PROCEED


async def stop(execution: Execution, verb: Verb) -> Outcome:
    for child in verb.children:
        running = execution.carrier.running_streams(execution.call)
        stream = next((stream for stream in running if stream.name == child.get("name")), None)
        if child.name == "Stream" and stream:
            stream.stop()
        else:
            _refuse(execution, f"<Stop>: no {child.name} named {child.get('name')!r} is running.")
    return PROCEED


async def connect(execution: Execution, verb: Verb) -> Outcome:
    names = ", ".join(f"<{child.name}>" for child in verb.children) or "nothing"
    raise DocumentError(31901, f"This carrier does not offer <Connect> with {names}; use <Start><Stream>.")


def _start_stream(execution: Execution, verb: Verb) -> None:
    """Starts one stream, or writes to the debugger why not; the call goes on either way."""
    carrier, call = execution.carrier, execution.call
    running = carrier.running_streams(call)
    tracks = _TRACKS.get(verb.get("track", "inbound_track"))
    parameters = {child.get("name"): child.get("value") for child in verb.children}
    name = verb.get("name")
    problem = stream_url_problem(verb.get("url"))
    if tracks is None:
        problem = f"track={verb.get('track')!r}: write one of {', '.join(_TRACKS)}."
    elif name and any(stream.name == name for stream in running):
        problem = f"A stream named {name!r} is already running on this call; nothing changes."
    elif sum(len(stream.tracks) for stream in running) + len(tracks) > MAX_TRACKS:
        problem = f"A call streams at most {MAX_TRACKS} tracks."
    elif any(len(key) + len(value) >= MAX_PARAMETER_CHARACTERS for key, value in parameters.items()):
        problem = f"The name and value of a <Parameter> must have fewer than {MAX_PARAMETER_CHARACTERS} characters."
    if problem or tracks is None:
        _refuse(execution, f"<Stream>: {problem}")
        return
    stream = MediaStream(
        call,
        verb.get("url"),
        name,
        tracks,
        parameters,
        execution.resolve_optional(verb.get("statusCallback")),
        verb.get("statusCallbackMethod", "POST"),
        carrier.callbacks,
        carrier.settings.auth_token,
    )
    carrier.streams[stream.sid] = stream
    carrier.callbacks.run(stream.run())


def _refuse(execution: Execution, message: str) -> None:
    execution.carrier.events.log(31901, "error", message, call_sid=execution.call.sid)
