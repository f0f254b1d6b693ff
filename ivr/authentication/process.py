"""The voice process: audio in, verdicts out. The only process that loads the model.

Started by ``ivr serve`` as ``python -m ivr.authentication.process SOCKET``. Audio lives in its memory only and goes
with the call. Every answer leaves a receipt (biometrics/receipts.py) before it leaves the process: one that cannot be
written down is INCONCLUSIVE, or makes no print.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from biometrics import (
    EnrolmentResult,
    Keys,
    Outcome,
    SealError,
    Taken,
    Utterance,
    Voiceprint,
    default_model,
    load_encoder,
    operating_point,
    seal,
    unseal,
    verify,
)  # fmt: skip
from biometrics import Verdict as Judged
from biometrics.keys import as_keys
from biometrics.receipts import (
    ReceiptFile,
    enrolment_of,
    of_enrolment,
    of_verdict,
    opaque_reference,
    read_key,
)
from ivr.authentication.guiding import Ended, Guiding, print_seconds
from ivr.authentication.messages import (
    Audio,
    Closed,
    Enrol,
    Enrolled,
    Forget,
    FromVoice,
    Heard,
    Ready,
    ToVoice,
    Verdict,
    Verify,
    bodies,
    decode_to_voice,
    frame,
)  # fmt: skip
from ivr.authentication.print_keys import print_keys
from ivr.authentication.replays import guarded, remembered

log = logging.getLogger("ivr.voice")
NICENESS = 10  # a verdict may wait for a webhook, never a webhook for a verdict
LOOK_EVERY_SECONDS = 0.5  # of new net speech, between two looks or progress reports


@dataclass
class Listening:
    """One call's speech and what is asked about it."""

    utterance: Utterance = field(default_factory=Utterance)
    verify: Verify | None = None
    guiding: Guiding | None = None  # an enrolment under way
    reported_seconds: float = 0.0
    next_look_seconds: float = 0.0
    compared: bool = False  # the voice asked about and the print, at any look
    left: bytes = b""  # what the last look leaves to be remembered, sealed
    answered: bool = False  # the last question has been; until the next one the audio is let go by
    busy: bool = False  # a look is under way; audio goes on arriving
    closed: bool = False


@dataclass(frozen=True)
class Model:
    encoder: object
    operating_point: object | None
    problem: str = ""


class VoiceProcess:
    """One connection to the web process. All methods but ``_load`` and the looks run on the event loop."""

    def __init__(self, writer: asyncio.StreamWriter, model_name: str, key: bytes | Keys, receipts: ReceiptFile) -> None:
        self._writer = writer
        self._key = key
        self._receipts = receipts
        self._calls: dict[str, Listening] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")  # one embedding at a time
        self._scribe = ThreadPoolExecutor(1, thread_name_prefix="receipts")  # a disk may be slow
        self._model: Model | None = None
        self._model_name = model_name
        self._tasks: set[asyncio.Task] = set()

    def send(self, message: FromVoice) -> None:
        self._writer.write(frame(message))

    async def load(self) -> None:
        loop = asyncio.get_running_loop()
        self._model = await loop.run_in_executor(self._pool, _load, self._model_name)
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
                listening = self._listening(message.call)
                if listening.guiding is not None:
                    self._guide(message, listening)
                if listening.verify is None and (listening.answered or listening.guiding):
                    return  # nobody will ask what the rest of the call sounds like
                listening.utterance.feed(message.ulaw)
                net = listening.utterance.net_speech_seconds
                if net - listening.reported_seconds >= LOOK_EVERY_SECONDS:
                    listening.reported_seconds = net
                    self._tell_heard(message.call, listening)
                    self._look(message.call)
            case Verify():
                listening = self._listening(message.call)
                if listening.verify is not None:  # of a person no longer claimed
                    answer = self._answer(
                        listening.verify, _nothing("superseded"), None, listening.compared, listening.left
                    )
                    self._run(answer)
                listening.verify, listening.next_look_seconds = message, 0.0
                listening.compared, listening.left = False, b""
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

    def _forget(self, message: Forget) -> None:
        """A look that is under way ends unheard."""
        listening = self._calls.get(message.call)
        if listening is None:
            return
        if listening.verify is not None and listening.verify.request == message.request:
            listening.verify, listening.answered = None, True
        if listening.guiding is not None and listening.guiding.asked.request == message.request:
            listening.guiding, listening.answered = None, True

    def _tell_heard(self, call: str, listening: Listening) -> None:
        if listening.guiding is not None:
            self.send(Heard(call, *listening.guiding.progress))
            return
        needed = listening.next_look_seconds if listening.verify is not None else 0.0
        compared = listening.verify.request if listening.verify is not None and listening.compared else ""
        self.send(Heard(call, listening.utterance.net_speech_seconds, needed, compared))

    def _listening(self, call: str) -> Listening:
        """Made once a call: a new one loads the speech detector, which takes longer than a frame lasts."""
        if call not in self._calls:
            self._calls[call] = Listening()
        return self._calls[call]

    def _look(self, call: str) -> None:
        """Start a look if there is a question, a model and enough new speech; one look of a call at a time."""
        listening = self._calls[call]
        if self._model is None:
            return
        guiding = listening.guiding
        if guiding is not None and not guiding.busy and (guiding.ended or listening.closed):
            guiding.busy = True
            self._run(self._enrol(call, listening, guiding))
        if listening.busy:
            return
        net = listening.utterance.net_speech_seconds
        if listening.verify and (listening.closed or net >= listening.next_look_seconds):
            listening.busy = True
            self._run(self._verify(call, listening, listening.verify))
        elif listening.closed and guiding is None:
            self._calls.pop(call, None)

    def _run(self, coroutine) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _verify(self, call: str, listening: Listening, asked: Verify) -> None:
        loop = asyncio.get_running_loop()
        heard = listening.utterance.snapshot()
        verdict, voiceprint, left = await loop.run_in_executor(self._pool, self._judge, asked, heard)
        listening.busy = False
        listening.next_look_seconds = verdict.next_look_seconds or 0.0
        if listening.verify is asked:
            listening.compared |= verdict.score is not None
            listening.left = left
        final = verdict.outcome != "INCONCLUSIVE" or listening.closed or verdict.next_look_seconds is None
        answers = final and listening.verify is asked
        if answers:
            listening.verify, listening.answered = None, True
        if listening.verify is not None:
            self._tell_heard(call, listening)  # how much the next look takes is known now
        if listening.closed or listening.verify:
            self._look(call)
        if answers:
            await self._answer(asked, verdict, voiceprint, listening.compared, left)

    async def _answer(
        self, asked: Verify, verdict: Judged, voiceprint: Voiceprint | None, compared: bool, left: bytes
    ) -> None:
        enrolment = enrolment_of(self._reference(asked.contact), asked.sealed, voiceprint)
        if not await self._written(asked.request, lambda: of_verdict(asked.request, verdict, enrolment)):
            verdict = replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="no_receipt")
        self.send(
            Verdict(
                asked.request, asked.call, str(verdict.outcome), verdict.reason, verdict.score, verdict.threshold,
                verdict.net_speech_seconds, verdict.model_name, verdict.model_class, verdict.model_sha256, compared,
                asked.contact, left,
            )
        )  # fmt: skip

    def _reference(self, contact: str) -> str:
        return opaque_reference(contact, as_keys(self._key).sealing)

    async def _written(self, request: str, body: Callable[[], dict]) -> bool:
        """Whether the receipt is on the disk."""

        def write() -> bool:
            try:
                self._receipts.write(body())
                return True
            except Exception:
                log.exception("the receipt of %s cannot be written; nothing is decided without one", request)
                return False

        return await asyncio.get_running_loop().run_in_executor(self._scribe, write)

    def _judge(self, asked: Verify, utterance: Utterance) -> tuple[Judged, Voiceprint | None, bytes]:
        """With what is left to be remembered, sealed. Runs on the model's thread. Never raises: doubt and failure are
        INCONCLUSIVE."""
        model, voiceprint = self._model, None
        try:
            if model.encoder is None:
                return _nothing(model.problem), None, b""
            voiceprint = unseal(asked.sealed, self._key, asked.contact)
            verdict = verify(model.encoder, voiceprint, utterance, model.operating_point)
            verdict, left = guarded(verdict, asked, utterance, voiceprint)
            return verdict, voiceprint, left
        except SealError as error:
            log.warning("verification %s: %s", asked.request, error)
            return _nothing("unreadable_print"), None, b""
        except Exception:
            log.exception("verification %s failed; the answer is INCONCLUSIVE", asked.request)
            return _nothing("failure"), voiceprint, b""

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
            taken, sealed = await loop.run_in_executor(self._pool, self._learn, guiding, ended)
        guiding.busy = False
        if listening.guiding is guiding:
            told = guiding.judged(ended, taken) if ended is not None else None
            gone = listening.closed and not guiding.ended
            if sealed or gone or guiding.given_up(taken) or self._model.encoder is None:
                listening.guiding, listening.answered = None, True
                await self._tell_enrolled(guiding, taken, sealed)
            else:
                self.send(told)
                self._tell_heard(call, listening)
        if call in self._calls:
            self._look(call)

    async def _tell_enrolled(self, guiding: Guiding, taken: Taken, sealed: bytes | None) -> None:
        asked, encoder = guiding.asked, self._model.encoder
        model = tuple(getattr(encoder, name, "") for name in ("name", "class_name", "sha256"))
        seconds = print_seconds(taken.voiceprint, guiding)
        refusal = None if sealed else taken.refusal or "too_short"
        result = EnrolmentResult(taken.voiceprint if sealed else None, refusal, seconds)
        enrolment = enrolment_of(self._reference(asked.contact), sealed, result.voiceprint)
        if not await self._written(asked.request, lambda: of_enrolment(asked.request, result, enrolment, *model)):
            sealed, refusal = None, "failure"  # nobody has seen the print
        self.send(
            Enrolled(asked.request, asked.call, asked.contact, sealed, refusal, seconds, *model, heard=guiding.leaves)
        )

    def _learn(self, guiding: Guiding, ended: Ended) -> tuple[Taken, bytes | None]:
        """Runs on the model's thread. Never raises."""
        taken = guiding.judge(ended, self._model.encoder)
        try:
            sealed = seal(taken.voiceprint, self._key, guiding.asked.contact) if taken.voiceprint else None
            if taken.voiceprint:
                guiding.leaves = remembered(guiding.good, taken.voiceprint, guiding.asked.contact)
            return taken, sealed
        except Exception:
            log.exception("the voiceprint of enrolment %s could not be sealed", guiding.asked.request)
            return Taken("failure", taken.accepted, taken.needed), None


def _nothing(reason: str) -> Judged:
    return Judged(Outcome.INCONCLUSIVE, reason or "failure", None, None, None, 0.0, "", "", "")


def _load(name: str) -> Model:
    """Runs on the model's thread, where the runtime is imported. Never raises."""
    try:
        accelerate = os.environ.get("IVR_SPEAKER_ACCELERATOR") != "0"
        encoder = load_encoder(name or default_model(), accelerate=accelerate)
        point = operating_point(encoder)
        problem = "" if point else f"model {encoder.name} has no calibration: run python -m biometrics calibrate"
        return Model(encoder, point, problem)
    except Exception as error:
        log.exception("the speaker model cannot be loaded; every answer will be INCONCLUSIVE")
        return Model(None, None, str(error) or type(error).__name__)


async def serve(path: str, model_name: str, key: bytes | Keys, receipts: ReceiptFile) -> None:
    """Connect to the web process, which listens on ``path``, and work until it goes."""
    reader, writer = await asyncio.open_unix_connection(path)
    process = VoiceProcess(writer, model_name, key, receipts)
    loading = asyncio.create_task(process.load())
    try:
        async for body in bodies(reader):
            process.take(decode_to_voice(body))
    except ConnectionError:
        pass  # the web process has gone, and so do we
    finally:
        loading.cancel()
        writer.close()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s voice %(levelname)s %(message)s")
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the web process, which ends us
    keys = print_keys(os.environ["IVR_VOICEPRINT_KEY"], os.environ.get("IVR_VOICEPRINT_KEY_OLD", ""))
    receipt_key = os.environ.get("IVR_RECEIPT_KEY")
    receipts = ReceiptFile(Path(os.environ["IVR_RECEIPTS"]), read_key(receipt_key) if receipt_key else None)
    asyncio.run(serve(sys.argv[1], os.environ.get("IVR_SPEAKER_MODEL", ""), keys, receipts))
    os._exit(0)  # a model thread may still be busy; nothing is left to save


if __name__ == "__main__":
    main()
