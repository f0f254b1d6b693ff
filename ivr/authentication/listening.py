"""The web process's side of the voice process: starts it, restarts it, passes audio on and answers in its place.

Lives on the event loop. If the voice process dies, what was asked of it is INCONCLUSIVE: in doubt never ACCEPTED.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from ivr.authentication.messages import (
    Audio,
    Challenge,
    Closed,
    Enrol,
    Enrolled,
    Forget,
    FromVoice,
    Heard,
    Ready,
    ToVoice,
    Undecided,
    UtteranceHeard,
    Verdict,
    Verify,
    bodies,
    decode_from_voice,
    frame,
)  # fmt: skip

log = logging.getLogger(__name__)
RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)  # between two starts; the last one repeats
TOGETHER_SECONDS = 0.04  # two frames
TOGETHER_BYTES = 1 << 16  # of one call, however fast it sends
BACKLOG = 4 << 20  # bytes waiting for the voice process; audio beyond is dropped, questions never are

Answer = Verdict | Undecided | Enrolled | UtteranceHeard


class Listening:
    """``answered`` is called on a thread of ``executor`` for every question that is not forgotten, exactly once each,
    and before that for every utterance of an enrolment and for an answer of which more must be heard."""

    def __init__(self, environment: dict[str, str], executor: Executor, answered: Callable[[Answer], None]) -> None:
        self._environment = environment
        self._executor = executor
        self._answered = answered
        self._asked: dict[str, Verify | Enrol] = {}
        self._marks: dict[str, list[Challenge]] = {}  # by what is asked, in order
        self._audio: dict[str, bytearray] = {}  # of the last moment, by call
        self._writer: asyncio.StreamWriter | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task | None = None
        self.streams: set[str] = set()  # calls whose audio comes in here
        self._heard: dict[str, Heard] = {}
        self._compared: set[str] = set()  # questions for which voices have been compared
        self._matched: set[str] = set()  # those of them whose voice matches, and only a challenge is missing
        self.model: Ready | None = None
        self.pid: int | None = None

    # -- from any thread ------------------------------------------------------------------------------------------

    def ask(self, question: Verify | Enrol) -> None:
        self._loop.call_soon_threadsafe(self._ask, question)

    def mark(self, mark: Challenge) -> None:
        """Of a question that has been asked here; of any other nothing comes. Repeatable."""
        self._loop.call_soon_threadsafe(self._mark, mark)

    def questions(self) -> list[Verify | Enrol]:
        """Those that are not answered yet."""
        return list(self._asked.values())

    def compared(self, question: Verify | Enrol) -> bool:
        """Whether voices have been compared for it, as far as we have been told, so that it was a try. A voice that matches
        is none before words have been asked for."""
        asks_for_words = question.request in self._marks or question.request not in self._matched
        return question.request in self._compared and asks_for_words

    def forget(self, question: Verify | Enrol) -> None:
        self._loop.call_soon_threadsafe(self._forget, question)

    def heard(self, call: str) -> Heard | None:
        """How far listening to this call has come, if its audio comes in here and something is asked about it."""
        asked = any(question.call == call for question in self.questions())
        return self._heard.get(call) if asked else None

    # -- on the loop ----------------------------------------------------------------------------------------------

    def opened(self, call: str) -> None:
        self.streams.add(call)

    def audio(self, call: str, ulaw: bytes) -> None:
        if not self._audio:
            asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self._pass_on)
        together = self._audio.setdefault(call, bytearray())
        together.extend(ulaw)
        if len(together) >= TOGETHER_BYTES:
            self._pass_on()

    def _pass_on(self) -> None:
        """The audio of all calls in one write: a thousand frames a second would wake both sides for each."""
        audio, self._audio, writer = self._audio, {}, self._writer
        if writer is not None and writer.transport.get_write_buffer_size() < BACKLOG:
            writer.write(b"".join(frame(Audio(call, bytes(ulaw))) for call, ulaw in audio.items()))

    def closed(self, call: str) -> None:
        self.streams.discard(call)
        self._heard.pop(call, None)
        self._send(Closed(call))

    def _ask(self, question: Verify | Enrol) -> None:
        if question.request in self._asked:
            return
        self._asked[question.request] = question
        self._send(question)

    def _mark(self, mark: Challenge) -> None:
        if mark.request in self._asked:
            self._marks.setdefault(mark.request, []).append(mark)
            self._send(mark)

    def _forget(self, question: Verify | Enrol) -> None:
        if self._done(question.request):
            self._send(Forget(question.request, question.call))

    def _done(self, request: str) -> bool:
        """Whether it was still asked."""
        self._marks.pop(request, None)
        self._compared.discard(request)
        self._matched.discard(request)
        return self._asked.pop(request, None) is not None

    def _send(self, message: ToVoice) -> None:
        self._pass_on()  # what was said before the question or the end comes before it
        if self._writer is not None:
            self._writer.write(frame(message))

    async def run(self) -> None:
        """Keep a voice process running until cancelled."""
        self._loop = asyncio.get_running_loop()
        with tempfile.TemporaryDirectory(prefix="duet-") as directory:
            path = Path(directory) / "voice.sock"
            server = await asyncio.start_unix_server(self._connected, path)
            try:
                starts = 0
                while True:
                    began = self._loop.time()
                    await self._one_process(str(path))
                    starts = 0 if self._loop.time() - began > 60 else starts + 1
                    await asyncio.sleep(RESTART_SECONDS[min(starts, len(RESTART_SECONDS)) - 1])
            finally:
                server.close()

    async def _one_process(self, path: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "ivr.authentication.process", path,
            env={**os.environ, **self._environment, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )  # fmt: skip
        self.pid = process.pid
        try:
            code = await process.wait()
            log.error("the voice process ended with %s; what it was asked is INCONCLUSIVE; starting it again", code)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
            self._writer, self.model = None, None
            for question in list(self._asked.values()):
                self._settle(_failure(question))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        for question in self._asked.values():  # asked while no process was there
            for message in (question, *self._marks.get(question.request, ())):
                writer.write(frame(message))
        try:
            async for body in bodies(reader):
                self._take(decode_from_voice(body))
        except ConnectionError:
            pass
        except Exception:
            log.exception("the voice process said something that cannot be read")
        finally:
            if self._writer is writer:
                self._writer = None
            writer.close()

    def _take(self, message: FromVoice) -> None:
        match message:
            case Ready():
                self.model = message
                if message.problem:
                    log.error("voice: %s; every verdict will be INCONCLUSIVE", message.problem)
                else:
                    about = (message.model_class, message.model_name, message.model_sha256[:12])
                    log.info("voice: %s %s sha256 %s", *about)
            case Heard():
                if message.compared in self._asked:
                    self._compared.add(message.compared)
                    if message.matched:
                        self._matched.add(message.compared)
                if message.call in self.streams:
                    self._heard[message.call] = message
            case UtteranceHeard() | Undecided():
                if message.request in self._asked:
                    self._executor.submit(self._answered, message)
            case Verdict() | Enrolled():
                self._settle(message)

    def _settle(self, answer: Answer) -> None:
        if self._done(answer.request):
            self._executor.submit(self._answered, answer)


def _failure(question: Verify | Enrol) -> Answer:
    if isinstance(question, Enrol):
        return Enrolled(question.request, question.call, question.contact, None, "failure", 0.0, "", "", "")
    return Verdict(question.request, question.call, "INCONCLUSIVE", "failure", None, None, 0.0, "", "", "")
