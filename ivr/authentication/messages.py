"""What the web process and the voice process say to each other over a Unix socket: length, then MessagePack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

LONGEST = 1 << 20  # bytes of one message


class Audio(msgspec.Struct, frozen=True, tag=True):
    """µ-law audio of the caller as it arrives."""

    call: str
    ulaw: bytes


class Closed(msgspec.Struct, frozen=True, tag=True):
    """No more audio will come: answer what is open and forget the call."""

    call: str


class Verify(msgspec.Struct, frozen=True, tag=True):
    request: str
    call: str
    contact: str
    sealed: bytes
    heard: tuple[bytes, ...] = ()  # sealed fingerprints of what was heard of the contact before
    challenged: bool = False  # ACCEPTED takes an answer to a challenge, too


class Challenge(msgspec.Struct, frozen=True, tag=True):
    """An answer begins (``said`` None), or is over and its words were right or not: ``ChallengeMarkRequested``."""

    request: str  # of the Verify it belongs to
    call: str
    attempt: int
    said: bool | None = None
    another: bool = False  # if it is right, but more must be heard, another is asked for (``Undecided``)


class Enrol(msgspec.Struct, frozen=True, tag=True):
    request: str
    call: str
    contact: str


class Forget(msgspec.Struct, frozen=True, tag=True):
    """The question needs no answer any more: let go of it, and of the print that came with it."""

    request: str
    call: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The model is loaded, or cannot be (``problem``): then every answer is INCONCLUSIVE."""

    model_name: str
    model_class: str
    model_sha256: str
    problem: str = ""


class Heard(msgspec.Struct, frozen=True, tag=True):
    """How much net speech there is by now, and how much the next look takes; 0: not known, or there is no other."""

    call: str
    net_speech_seconds: float
    needed_seconds: float = 0.0
    compared: str = ""  # the request for which voices have been compared by now, whatever will be answered
    matched: bool = False  # the voice asked about matches; only the challenge is missing


class Verdict(msgspec.Struct, frozen=True, tag=True):
    request: str
    call: str
    outcome: str
    reason: str
    score: float | None
    threshold: float | None
    net_speech_seconds: float
    model_name: str
    model_class: str
    model_sha256: str
    compared: bool = True  # at any of the looks; False: nothing was, so it is no try either
    contact: str = ""
    heard: tuple[bytes, ...] = ()  # sealed fingerprints of what was compared, to be remembered


class Undecided(msgspec.Struct, frozen=True, tag=True):
    """The words of this answer were right, and all that it lacks is speech: it is kept for the next one."""

    request: str
    call: str
    attempt: int


class UtteranceHeard(msgspec.Struct, frozen=True, tag=True):
    """Of an enrolment that goes on: see ``flow.inputs.UtteranceJudged``."""

    request: str
    call: str
    number: int
    refusal: str | None
    accepted: int
    needed: int
    speak: bool


class Enrolled(msgspec.Struct, frozen=True, tag=True):
    """``sealed`` None: refused, with the reason."""

    request: str
    call: str
    contact: str
    sealed: bytes | None
    refusal: str | None
    net_speech_seconds: float
    model_name: str
    model_class: str
    model_sha256: str
    heard: tuple[bytes, ...] = ()  # sealed fingerprints of the utterances that made the print


ToVoice = Audio | Closed | Verify | Challenge | Enrol | Forget
FromVoice = Ready | Heard | Verdict | Undecided | UtteranceHeard | Enrolled

_encode = msgspec.msgpack.Encoder().encode
decode_to_voice = msgspec.msgpack.Decoder(ToVoice).decode
decode_from_voice = msgspec.msgpack.Decoder(FromVoice).decode


def frame(message: ToVoice | FromVoice) -> bytes:
    body = _encode(message)
    return len(body).to_bytes(4, "big") + body


async def bodies(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Each message's body until the other side closes; what arrived together is taken apart without waiting.

    Raises ConnectionError, and ValueError for a length out of bounds.
    """
    arrived = b""
    while more := await reader.read(LONGEST):
        arrived += more
        at = 0
        while len(arrived) - at >= 4:
            length = int.from_bytes(arrived[at : at + 4], "big")
            if length > LONGEST:
                raise ValueError(f"a message of {length} bytes on the voice socket; {LONGEST} is the most")
            if len(arrived) - at - 4 < length:
                break
            yield arrived[at + 4 : at + 4 + length]
            at += 4 + length
        arrived = arrived[at:]
