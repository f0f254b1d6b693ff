"""Say, Play and Pause: what the caller hears, for as long as it lasts."""

import asyncio
import io
import wave

import httpx

from ivr.emulator.execution import PROCEED, Execution, Outcome
from ivr.emulator.faults import WebhookFaults
from ivr.emulator.sounds import Sound, Words
from ivr.emulator.twiml import Verb
from ivr.emulator.webhook import Failure, WebhookRequest

CHARACTERS_PER_SECOND = 15.0
LEAD_IN_SECONDS = 0.3
MAX_LOOPS = 1000
_MP3_BYTES_PER_SECOND = 4000  # 32 kbit/s, the rate of Twilio's own recordings
_ULAW_BYTES_PER_SECOND = 8000
_AUDIO_TYPES = frozenset(
    f"audio/{kind}"
    for kind in ["mpeg", "wav", "wave", "x-wav", "aiff", "x-aifc", "x-aiff", "x-gsm", "gsm", "ulaw", "basic"]
)
_KEYS = frozenset("0123456789ABCDwW#*")
_KEY_SECONDS = {"w": 0.5, "W": 1.0}


def speaking_seconds(text: str) -> float:
    return LEAD_IN_SECONDS + len(text) / CHARACTERS_PER_SECOND


async def say(execution: Execution, verb: Verb) -> Outcome:
    if not verb.text:
        execution.warn(13520, "<Say> has no text.")
        return PROCEED
    words = Words(verb.text, verb.get("language"))
    for _ in range(_loops(execution, verb, 13510)):
        await _hear(execution, "Say", speaking_seconds(verb.text), text=verb.text, sound=words)
    return PROCEED


async def play(execution: Execution, verb: Verb) -> Outcome:
    keys = verb.get("digits")
    if keys:
        wrong = set(keys) - _KEYS
        if wrong:
            execution.warn(12200, f"<Play digits={keys!r}> may hold 0-9 A-D w W # * only.")
        seconds = sum(_KEY_SECONDS.get(key, 0.25) for key in keys)
        await _hear(execution, "Play", seconds, text=keys)
        return PROCEED
    url = execution.resolve(verb.text)
    sound = await _fetched(execution, url)
    if sound is not None:
        for _ in range(_loops(execution, verb, 13410)):
            await _hear(execution, "Play", _seconds(sound), url=url, sound=sound)
    return PROCEED


async def pause(execution: Execution, verb: Verb) -> Outcome:
    await execution.carrier.clock.sleep(execution.number(verb, "length", 1, 13910))
    return PROCEED


def _loops(execution: Execution, verb: Verb, code: int) -> int:
    return execution.number(verb, "loop", 1, code) or MAX_LOOPS


async def _hear(
    execution: Execution, verb: str, seconds: float, text: str = "", url: str = "", sound: Sound | Words | None = None
) -> None:
    call = execution.call
    entry = call.hears(verb, text, url)
    call.prompt = {"index": entry.index, "text": text, "url": url, "seconds": seconds}
    match sound:
        case Words(language=language):
            call.prompt |= {"language": language, "sound": bool(execution.carrier.voice.name)}
        case Sound():
            call.prompt |= {"sound": True}
    if sound is not None:
        call.sounds.keep(entry.index, sound)
    call.publish("prompt", **call.prompt)
    try:
        await execution.carrier.clock.sleep(seconds)
    except asyncio.CancelledError:
        call.interrupts(entry)
        raise
    finally:
        call.prompt = None
    call.publish("prompt-ended", index=entry.index)


async def _fetched(execution: Execution, url: str) -> Sound | None:
    """Fetches the audio as Twilio does, without the standard parameters; None if it cannot be played."""
    answer = await execution.carrier.client.fetch(WebhookRequest(url, "GET"), httpx.Cookies(), WebhookFaults())
    if isinstance(answer, Failure):
        execution.warn(answer.code, f"<Play>: {answer.message} ({url})")
        return None
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind not in _AUDIO_TYPES:
        execution.warn(13420, f"<Play>: {url} is {kind or 'of no type'}; audio is needed.")
        return None
    return Sound(kind, answer.body)


def _seconds(sound: Sound) -> float:
    if sound.content_type in ("audio/wav", "audio/wave", "audio/x-wav"):
        try:
            with wave.open(io.BytesIO(sound.body)) as audio:
                return audio.getnframes() / audio.getframerate()
        except (wave.Error, EOFError):
            return len(sound.body) / _ULAW_BYTES_PER_SECOND  # µ-law in a wav, which this module cannot open
    return len(sound.body) / (_MP3_BYTES_PER_SECOND if sound.content_type == "audio/mpeg" else _ULAW_BYTES_PER_SECOND)
