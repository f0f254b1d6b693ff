"""Record: keeps what the caller says until a key, silence, the longest time or the end of the call."""

import asyncio

from ivr.emulator.call import HangUp, KeyPressed, SpeechBegan, SpeechEnded
from ivr.emulator.execution import PROCEED, Execution, Fetch, Outcome
from ivr.emulator.recording import Recording
from ivr.emulator.twiml import Verb
from ivr.emulator.webhook import Parameters

_BEEP_SECONDS = 0.5


async def record(execution: Execution, verb: Verb) -> Outcome:
    call, carrier = execution.call, execution.carrier
    timeout = execution.number(verb, "timeout", 5, 13611)
    longest = execution.number(verb, "maxLength", 3600, 13612, least=1)
    finish_on = verb.get("finishOnKey", "1234567890*#")
    if verb.flag("playBeep", True):
        call.hears("Beep", "beep")
        await carrier.clock.sleep(_BEEP_SECONDS)
    sound = bytearray()
    stop_listening = call.line.listen(sound.extend)
    call.whereabouts = "record"
    call.expecting = {"inputs": ["speech"], "num_digits": 0, "finish_on_key": finish_on}
    call.publish("record")
    try:
        digits = await _until_over(execution, timeout, longest, finish_on)
    except asyncio.CancelledError:
        if isinstance(call.interruption, HangUp):
            _finish(execution, verb, bytes(sound), "hangup")
        raise
    finally:
        stop_listening()
        call.whereabouts, call.expecting = "", None
    if len(sound) == 0:
        return PROCEED
    return execution.goto(verb.get("action"), verb.get("method"), _keep(execution, verb, bytes(sound), digits))


async def _until_over(execution: Execution, timeout: int, longest: int, finish_on: str) -> str:
    """The key that ended the recording, or "". Silence counts from the last speech; a timeout of 0 switches it off."""
    clock = execution.carrier.clock
    ends = clock.seconds() + longest
    silent_since: float | None = clock.seconds()
    with execution.call.listening() as inputs:
        while True:
            deadline = min(ends, silent_since + timeout) if timeout and silent_since is not None else ends
            try:
                async with asyncio.timeout(clock.real(max(0.0, deadline - clock.seconds()))):
                    happened = await inputs.get()
            except TimeoutError:
                return ""
            match happened:
                case KeyPressed(digit) if digit in finish_on:
                    return digit
                case KeyPressed() | SpeechEnded():
                    silent_since = clock.seconds()
                case SpeechBegan():
                    silent_since = None


def _keep(execution: Execution, verb: Verb, sound: bytes, digits: str) -> Parameters:
    """Stores the recording and reports it; the parameters of the action."""
    carrier, call = execution.carrier, execution.call
    recording = Recording(call.account_sid, call.sid, sound, carrier.clock.now())
    carrier.recordings[recording.sid] = recording
    url = f"{carrier.url}{recording.uri}"
    described = (("RecordingSid", recording.sid), ("RecordingUrl", url), ("RecordingDuration", str(recording.seconds)))
    callback = execution.resolve_optional(verb.get("recordingStatusCallback"))
    status = (
        ("AccountSid", call.account_sid),
        ("CallSid", call.sid),
        *described,
        ("RecordingStatus", "completed"),
        ("RecordingChannels", "1"),
        ("RecordingSource", "RecordVerb"),
    )
    carrier.callbacks.post(callback, verb.get("recordingStatusCallbackMethod", "POST"), status, call.sid)
    return (*described, ("Digits", digits))


def _finish(execution: Execution, verb: Verb, sound: bytes, digits: str) -> None:
    """The caller hung up: the action is told, but nobody is left to hear its answer."""
    extra = _keep(execution, verb, sound, digits)
    source = execution.goto(verb.get("action"), verb.get("method"), extra).source
    if isinstance(source, Fetch):
        execution.carrier.after_end(execution.call, lambda: execution.request(source))
