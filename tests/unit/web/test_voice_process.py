"""What the voice process is told to forget it does not answer any more, although a look was under way."""

from __future__ import annotations

import asyncio

from ivr.authentication.messages import Audio, Enrol, Forget, FromVoice, Heard, Verdict, Verify, decode_from_voice
from ivr.authentication.process import VoiceProcess

SPEECHLESS = b"\xff" * 160


class Socket:
    """The web process's end: what has been said to it."""

    def __init__(self) -> None:
        self.said: list[FromVoice] = []

    def write(self, framed: bytes) -> None:
        self.said.append(decode_from_voice(framed[4:]))

    def of(self, kind: type) -> list[str]:
        return [message.request for message in self.said if isinstance(message, kind)]


def asked(request: str) -> Verify:
    return Verify(request, "call", "ada", b"sealed")


async def told(socket: Socket, request: str) -> None:
    async with asyncio.timeout(30):
        while request not in socket.of(Verdict):
            await asyncio.sleep(0.01)


async def speaks(*messages, until: str = "last") -> Socket:
    """To a process without a model, which answers every question at once with INCONCLUSIVE; then asks a last one.

    Calls are answered in no particular order, so whoever asks more waits for its answer too.
    """
    socket = Socket()
    process = VoiceProcess(socket, "none-for-this-test", b"k" * 32)
    await process.load()
    for message in (*messages, Verify("last", "other call", "ben", b"sealed")):
        process.take(message)
    for request in ("last", until):
        await told(socket, request)
    return socket


def test_a_forgotten_comparison_is_not_answered() -> None:
    socket = asyncio.run(speaks(Audio("call", SPEECHLESS), asked("one"), Forget("one", "call")))
    assert socket.of(Verdict) == ["last"]
    assert not [message for message in socket.said if isinstance(message, Heard)]


def test_only_what_was_named_is_forgotten() -> None:
    socket = asyncio.run(
        speaks(asked("one"), Forget("another", "call"), Forget("one", "a call nobody knows"), until="one")
    )
    assert set(socket.of(Verdict)) == {"one", "last"}


def test_the_same_call_may_be_asked_about_again() -> None:
    socket = asyncio.run(speaks(asked("one"), Forget("one", "call"), asked("two"), until="two"))
    assert set(socket.of(Verdict)) == {"two", "last"}


def test_a_print_that_is_being_made_is_forgotten_too() -> None:
    socket = asyncio.run(speaks(Enrol("made", "call", "ada"), Forget("made", "call"), asked("two"), until="two"))
    assert set(socket.of(Verdict)) == {"two", "last"}
