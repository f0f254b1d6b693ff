"""The calls of the voice process: what is heard of each, what is asked about it, and when there is something to do."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from biometrics import Keys, Taken, Utterance
from biometrics import Verdict as Judged
from biometrics.receipts import ReceiptFile
from ivr.authentication.comparing import Comparing, Look, nothing
from ivr.authentication.guiding import Guiding
from ivr.authentication.judging import Model, judge, learn, load_model
from ivr.authentication.messages import (
    Audio,
    Challenge,
    Closed,
    Enrol,
    Forget,
    FromVoice,
    Heard,
    Ready,
    ToVoice,
    Undecided,
    Verify,
    frame,
)  # fmt: skip
from ivr.authentication.receipted import Receipted

LOOK_EVERY_SECONDS = 0.5  # of new net speech, between two looks or progress reports


@dataclass
class Listening:
    """One call's speech and what is asked about it."""

    utterance: Utterance = field(default_factory=Utterance)
    comparing: Comparing | None = None  # a question about the voice
    guiding: Guiding | None = None  # an enrolment under way
    reported_seconds: float = 0.0
    answered: bool = False  # the last question has been; until the next one the audio is let go by
    busy: bool = False  # a look is under way; audio goes on arriving
    closed: bool = False


class VoiceProcess:
    """One connection to the web process. All methods run on the event loop; looks and receipts on threads."""

    def __init__(self, writer: asyncio.StreamWriter, model_name: str, key: bytes | Keys, receipts: ReceiptFile) -> None:
        self._writer = writer
        self._key = key
        self._receipted = Receipted(receipts, key)
        self._calls: dict[str, Listening] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")  # one embedding at a time
        self._model: Model | None = None
        self._model_name = model_name
        self._tasks: set[asyncio.Task] = set()

    def send(self, message: FromVoice) -> None:
        self._writer.write(frame(message))

    async def load(self) -> None:
        loop = asyncio.get_running_loop()
        self._model = await loop.run_in_executor(self._pool, load_model, self._model_name)
        encoder = self._model.encoder
        if encoder is None:
            self.send(Ready("", "", "", self._model.problem))
        else:
            self.send(Ready(encoder.name, encoder.class_name, encoder.sha256, self._model.problem))
        for call in list(self._calls):
            self._look(call)

    def take(self, message: ToVoice) -> None:
        match message:
            case Audio():
                self._hear(message)
            case Verify():
                listening = self._listening(message.call)
                if listening.comparing is not None:  # of a person no longer claimed
                    self._run(self._answer(listening.comparing, nothing("superseded")))
                listening.comparing = Comparing(message, listening.utterance)
                self._look(message.call)
            case Challenge():
                listening = self._calls.get(message.call)
                comparing = listening.comparing if listening is not None else None
                if comparing is not None and comparing.asked.request == message.request:
                    comparing.mark(message)
                    listening.reported_seconds = 0.0
                    self._look(message.call)
            case Enrol():
                # A print is made only of what was said after consent.
                listening = self._listening(message.call)
                listening.guiding, listening.reported_seconds = Guiding(message), 0.0
            case Forget():
                self._forget(message)
            case Closed():
                if message.call in self._calls:
                    self._calls[message.call].closed = True
                    if self._calls[message.call].guiding is not None:
                        self._calls[message.call].guiding.close()
                    self._look(message.call)

    def _hear(self, message: Audio) -> None:
        listening = self._listening(message.call)
        if listening.guiding is not None:
            self._guide(message, listening)
        comparing = listening.comparing
        if comparing is None and (listening.answered or listening.guiding):
            return  # nobody will ask what the rest of the call sounds like
        listening.utterance.feed(message.ulaw)
        if comparing is not None:
            comparing.hear(message.ulaw)
        net = listening.utterance.net_speech_seconds if comparing is None else comparing.progress[0]
        if net - listening.reported_seconds >= LOOK_EVERY_SECONDS:
            listening.reported_seconds = net
            self._tell_heard(message.call, listening)
            self._look(message.call)

    def _forget(self, message: Forget) -> None:
        """A look that is under way ends unheard."""
        listening = self._calls.get(message.call)
        if listening is None:
            return
        if listening.comparing is not None and listening.comparing.asked.request == message.request:
            listening.comparing, listening.answered = None, True
        if listening.guiding is not None and listening.guiding.asked.request == message.request:
            listening.guiding, listening.answered = None, True

    def _tell_heard(self, call: str, listening: Listening) -> None:
        comparing = listening.comparing
        if listening.guiding is not None:
            self.send(Heard(call, *listening.guiding.progress))
        elif comparing is None:
            self.send(Heard(call, listening.utterance.net_speech_seconds))
        else:
            compared = comparing.asked.request if comparing.compared else ""
            self.send(Heard(call, *comparing.progress, compared, comparing.matched))

    def _listening(self, call: str) -> Listening:
        """Made once a call: a new one loads the speech detector, which takes longer than a frame lasts."""
        if call not in self._calls:
            self._calls[call] = Listening()
        return self._calls[call]

    def _look(self, call: str) -> None:
        """Go on with what is asked, if there is a model and enough new speech; one look of a call at a time."""
        listening = self._calls[call]
        if self._model is None:
            return
        guiding = listening.guiding
        if guiding is not None and not guiding.busy and (guiding.ended or listening.closed):
            guiding.busy = True
            self._run(self._enrol(call, listening, guiding))
        if listening.busy:
            return
        comparing = listening.comparing
        due = comparing.due(listening.closed) if comparing is not None else None
        if isinstance(due, Look):
            listening.busy = True
            self._run(self._compare(call, listening, comparing, due))
        elif due is not None:
            listening.comparing, listening.answered = None, True
            self._run(self._answer(comparing, due))
        if listening.closed and guiding is None and listening.comparing is None:
            self._calls.pop(call, None)

    def _run(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compare(self, call: str, listening: Listening, comparing: Comparing, look: Look) -> None:
        judging = asyncio.get_running_loop().run_in_executor(
            self._pool, judge, self._model, self._key, comparing.asked, look
        )
        verdict, voiceprint, left = await judging
        listening.busy = False
        answer = None
        if listening.comparing is comparing:  # else it was taken back, or another question has taken its place
            answer = comparing.looked(look, verdict, voiceprint, left)
        if answer is not None:
            listening.comparing, listening.answered = None, True
        if look.of_answer and listening.comparing is comparing and not listening.closed:
            self.send(Undecided(comparing.asked.request, call, comparing.open_attempt))
        if listening.comparing is not None:
            self._tell_heard(call, listening)  # how much the next look takes is known now
        if listening.closed or listening.comparing is not None:
            self._look(call)
        if answer is not None:
            await self._answer(comparing, answer)

    async def _answer(self, comparing: Comparing, verdict: Judged) -> None:
        self.send(await self._receipted.verdict(comparing, verdict))

    def _guide(self, message: Audio, listening: Listening) -> None:
        guiding = listening.guiding
        guiding.hear(message.ulaw)
        done, _needed = guiding.progress
        if abs(done - listening.reported_seconds) >= LOOK_EVERY_SECONDS:
            listening.reported_seconds = done
            self._tell_heard(message.call, listening)
        if guiding.ended:
            self._look(message.call)

    async def _enrol(self, call: str, listening: Listening, guiding: Guiding) -> None:
        """Judge the next utterance, or end an enrolment whose caller has gone."""
        loop = asyncio.get_running_loop()
        ended = guiding.ended.popleft() if guiding.ended else None
        taken, sealed = Taken("too_short", guiding.accepted, guiding.needed), None
        if ended is not None:
            taken, sealed = await loop.run_in_executor(self._pool, learn, self._model, self._key, guiding, ended)
        guiding.busy = False
        if listening.guiding is guiding:
            told = guiding.judged(ended, taken) if ended is not None else None
            gone = listening.closed and not guiding.ended
            if sealed or gone or guiding.given_up(taken) or self._model.encoder is None:
                listening.guiding, listening.answered = None, True
                self.send(await self._receipted.enrolled(guiding, taken, sealed, self._model.encoder))
            else:
                self.send(told)
                self._tell_heard(call, listening)
        if call in self._calls:
            self._look(call)
