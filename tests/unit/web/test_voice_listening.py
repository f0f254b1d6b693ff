"""What the web process tells the voice process about a challenge reaches it in order, also where it starts late."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from ivr.authentication.listening import Listening
from ivr.authentication.messages import Audio, Challenge, Heard, Verdict, Verify, decode_to_voice, frame

ASKED = Verify("one", "call", "ada", b"sealed", (), True)
MARKS = (Challenge("one", "call", 1), Challenge("one", "call", 1, True))


class Writer:
    """The voice process's end of the socket."""

    transport = property(lambda self: self)

    def __init__(self) -> None:
        self.frames = b""

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, framed: bytes) -> None:
        self.frames += framed

    def close(self) -> None:
        pass

    @property
    def told(self) -> list:
        left, messages = self.frames, []
        while left:
            length = int.from_bytes(left[:4], "big")
            messages.append(decode_to_voice(left[4 : 4 + length]))
            left = left[4 + length :]
        return messages


def told(*acts, connected: bool) -> list:
    """By a web process whose voice process is there from the beginning, or in the end."""

    async def run() -> list:
        with ThreadPoolExecutor(1) as executor:
            listening, writer, reader = Listening({}, executor, lambda _: None), Writer(), asyncio.StreamReader()
            listening._loop = asyncio.get_running_loop()
            listening._writer = writer if connected else None
            listening.opened("call")
            for act in acts:
                act(listening)
                await asyncio.sleep(0)
            reader.feed_eof()
            if not connected:
                await listening._connected(reader, writer)
            return writer.told

    return asyncio.run(run())


def asks(listening: Listening) -> None:
    listening.ask(ASKED)


def marks(mark: Challenge):
    return lambda listening: listening.mark(mark)


def hears(ulaw: bytes):
    return lambda listening: listening.audio("call", ulaw)


def answered(listening: Listening) -> None:
    listening._take(Verdict("one", "call", "REJECTED", "other_voice", 1.0, 2.0, 3.0, "m", "c", "0" * 64))


def test_what_was_said_before_a_mark_comes_before_it() -> None:
    acts = (asks, hears(b"before"), marks(MARKS[0]), hears(b"answer"), marks(MARKS[1]))
    assert told(*acts, connected=True) == [
        ASKED, Audio("call", b"before"), MARKS[0], Audio("call", b"answer"), MARKS[1]
    ]  # fmt: skip


def test_a_voice_process_that_comes_late_is_told_the_question_and_then_its_marks() -> None:
    assert told(asks, *map(marks, MARKS), connected=False) == [ASKED, *MARKS]


def test_marks_of_what_is_not_asked_go_nowhere() -> None:
    assert told(marks(MARKS[0]), asks, answered, marks(MARKS[1]), connected=True) == [ASKED]
    assert told(asks, marks(MARKS[0]), answered, connected=False) == []


def test_a_voice_that_matches_has_tried_once_words_are_asked_for() -> None:
    tried: list[bool] = []

    def told_that(**heard):
        return lambda listening: listening._take(Heard("call", 3.0, compared="one", **heard))

    def looks(listening: Listening) -> None:
        tried.append(listening.compared(ASKED))

    told(asks, looks, told_that(), looks, told_that(matched=True), looks, marks(MARKS[0]), looks, connected=True)
    assert tried == [False, True, False, True]


def test_a_mark_is_one_frame() -> None:
    assert decode_to_voice(frame(MARKS[1])[4:]) == MARKS[1]
