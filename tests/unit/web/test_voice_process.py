"""What the voice process is told to forget it does not answer any more, although a look was under way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from biometrics import Keys, Voiceprint, decode_ulaw, encode_ulaw, seal, unseal
from biometrics.audio import read_audio
from biometrics.calibration import Calibration
from biometrics.enrolment import utc_now
from biometrics.likelihood import unconditional
from biometrics.receipts import ReceiptFile, check
from biometrics.verification import Outcome
from biometrics.verification import Verdict as Judged
from ivr.authentication import guiding, judging, voice
from ivr.authentication.judging import Model
from ivr.authentication.messages import (
    Audio,
    Closed,
    Enrol,
    Enrolled,
    Forget,
    FromVoice,
    Heard,
    UtteranceHeard,
    Verdict,
    Verify,
    decode_from_voice,
)
from ivr.authentication.voice import VoiceProcess

SPEECHLESS = b"\xff" * 160
KEY = b"k" * 32


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
        while request not in [*socket.of(Verdict), *socket.of(Enrolled)]:
            await asyncio.sleep(0.01)


@pytest.fixture
def receipts(tmp_path: Path) -> ReceiptFile:
    return ReceiptFile(tmp_path / "receipts.jsonl")


async def speaks(receipts: ReceiptFile, *messages, until: str = "last") -> Socket:
    """To a process without a model, which answers every question at once with INCONCLUSIVE; then asks a last one.

    Calls are answered in no particular order, so whoever asks more waits for its answer too.
    """
    socket = Socket()
    process = VoiceProcess(socket, "none-for-this-test", KEY, receipts)
    await process.load()
    for message in (*messages, Verify("last", "other call", "ben", b"sealed")):
        process.take(message)
    for request in ("last", until):
        await told(socket, request)
    return socket


def test_a_forgotten_comparison_is_not_answered(receipts) -> None:
    socket = asyncio.run(speaks(receipts, Audio("call", SPEECHLESS), asked("one"), Forget("one", "call")))
    assert socket.of(Verdict) == ["last"]
    assert not [message for message in socket.said if isinstance(message, Heard)]


def test_only_what_was_named_is_forgotten(receipts) -> None:
    socket = asyncio.run(
        speaks(receipts, asked("one"), Forget("another", "call"), Forget("one", "a call nobody knows"), until="one")
    )
    assert set(socket.of(Verdict)) == {"one", "last"}


def test_the_same_call_may_be_asked_about_again(receipts) -> None:
    socket = asyncio.run(speaks(receipts, asked("one"), Forget("one", "call"), asked("two"), until="two"))
    assert set(socket.of(Verdict)) == {"two", "last"}


def test_a_print_that_is_being_made_is_forgotten_too(receipts) -> None:
    socket = asyncio.run(
        speaks(receipts, Enrol("made", "call", "ada"), Forget("made", "call"), asked("two"), until="two")
    )
    assert set(socket.of(Verdict)) == {"two", "last"}


def lines(receipts: ReceiptFile) -> list[dict]:
    return [json.loads(line) for line in receipts.path.read_text().splitlines()]


@pytest.fixture
def accepting(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A model that accepts everybody; a sealed print of the contact grace."""
    numbers = np.eye(3, dtype=np.float32)
    voiceprint = Voiceprint(numbers, "a" * 64, utc_now(), 9.0)

    class Encoder:
        name, class_name, sha256 = "model", "Class", "a" * 64

    def verify(*_) -> Judged:
        grounds = (7.5, 3.0, 0.005, 3.1, "model", "Class", "a" * 64, None, (0.001, 0.006), 21.5, "c" * 64)
        return Judged(Outcome.ACCEPTED, "match", *grounds)

    monkeypatch.setattr(voice, "load_model", lambda *_: Model(Encoder(), object()))
    monkeypatch.setattr(judging, "verify", verify)
    return seal(voiceprint, KEY, "grace")


def test_an_answer_leaves_a_receipt_without_a_name(receipts, accepting) -> None:
    socket = asyncio.run(speaks(receipts, Verify("one", "call", "grace", accepting), until="one"))
    assert [said.outcome for said in socket.said if isinstance(said, Verdict) and said.request == "one"] == ["ACCEPTED"]
    receipt = next(line for line in lines(receipts) if line["request"] == "one")
    assert (receipt["kind"], receipt["outcome"], receipt["reason"]) == ("verification", "ACCEPTED", "match")
    assert (receipt["llr"], receipt["threshold"], receipt["net_speech_seconds"]) == (7.5, 3.0, 3.1)
    assert receipt["far"] == {"target": 0.005, "interval_95": [0.001, 0.006]} and receipt["snr_db"] == 21.5
    assert receipt["model"] == {"name": "model", "class": "Class", "sha256": "a" * 64}
    assert receipt["calibration_sha256"] == "c" * 64
    enrolment = receipt["enrolment"]
    assert (enrolment["print_sha256"], enrolment["utterances"]) == (hashlib.sha256(accepting).hexdigest(), 3)
    assert "grace" not in receipts.path.read_text()
    assert check(receipts.path).problem is None and check(receipts.path).receipts == 2  # and the last one, INCONCLUSIVE


@pytest.fixture
def unwritable(tmp_path: Path) -> ReceiptFile:
    (tmp_path / "file").touch()
    return ReceiptFile(tmp_path / "file" / "receipts.jsonl")


def test_what_cannot_be_written_down_is_neither_accepted_nor_lost(unwritable, accepting, caplog) -> None:
    socket = asyncio.run(speaks(unwritable, Verify("one", "call", "grace", accepting), until="one"))
    verdict = next(said for said in socket.said if isinstance(said, Verdict) and said.request == "one")
    assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "no_receipt")
    assert "receipt of one cannot be written" in caplog.text


# -- guided enrolment -------------------------------------------------------------------------------------------------

SAMPLES = Path(__file__).parents[3] / "samples" / "flite-rms"
KEYS = Keys(b"n" * 32, (b"k" * 32,))


class Voices:
    """Hears the voice it is told to, one answer an embedding, the last one for ever."""

    name, class_name, sample_rate, dimension, sha256 = "fake", "tests.Voices", 8000, 2, "f" * 64

    def __init__(self, *voices: tuple[float, float]) -> None:
        self.voices = list(voices) or [(1.0, 0.0)]

    def embed(self, samples, sample_rate_hz):
        return np.array(self.voices.pop(0) if len(self.voices) > 1 else self.voices[0], dtype=np.float32)


@pytest.fixture(scope="module")
def speech() -> bytes:
    """About 25 s of one voice without long pauses."""
    return b"".join(encode_ulaw(read_audio(clip)[0]) for clip in sorted(SAMPLES.glob("enrolment-*.wav")))


def pause(seconds: float) -> bytes:
    return b"\xff" * int(8000 * seconds)


@pytest.fixture
def enrols(monkeypatch: pytest.MonkeyPatch, receipts: ReceiptFile):
    """A caller's audio, said after consent, to a process with a model; everything it told, without the meter."""

    def run(
        *audio: bytes, encoder: Voices | None = None, hangs_up: bool = True, to: ReceiptFile = receipts
    ) -> list[FromVoice]:
        encoder = encoder or Voices()
        calibration = Calibration(
            "fake",
            encoder.sha256,
            unconditional(20.0, -5.0),
            (3.0,),
            (),
            -2.0,
            0.5,
            1,
            1,
            1,
            0.1,
            0.1,
            "",
            "",
            "",
        )
        monkeypatch.setattr("biometrics.enrolment.load_calibration", lambda _: calibration)
        monkeypatch.setattr(voice, "load_model", lambda _name: Model(encoder, None, "no calibration"))

        async def call() -> Socket:
            socket = Socket()
            process = VoiceProcess(socket, "", KEYS, to)
            await process.load()
            process.take(Enrol("learn", "call", "ada"))
            for chunk in audio:
                process.take(Audio("call", chunk))
                async with asyncio.timeout(30):
                    while (open := process._calls["call"].guiding) and (open.busy or open.ended):
                        await asyncio.sleep(0.001)
            if hangs_up:
                process.take(Closed("call"))
            async with asyncio.timeout(30):
                while "learn" not in socket.of(Enrolled) and hangs_up:
                    await asyncio.sleep(0.01)
            return socket

        return [one for one in asyncio.run(call()).said if isinstance(one, UtteranceHeard | Enrolled)]

    return run


def judged(said: list[FromVoice]) -> list[tuple]:
    """Refusal, how many are good, whether the caller is spoken to."""
    return [(one.refusal, one.accepted, one.speak) for one in said if isinstance(one, UtteranceHeard)]


def test_who_talks_on_is_learnt_without_a_word(enrols, speech: bytes) -> None:
    said = enrols(speech)
    assert judged(said) == [(None, 1, False), (None, 2, False)]
    enrolled = said[-1]
    assert (enrolled.refusal, enrolled.model_sha256) == (None, "f" * 64)
    assert unseal(enrolled.sealed, KEYS.sealing, "ada").embeddings.shape == (3, 2)
    assert 11.5 < enrolled.net_speech_seconds < 13


def test_who_falls_silent_is_asked_for_more_and_chunks_do_not_matter(enrols, speech: bytes) -> None:
    first, second, third = speech[:28000], speech[28000:56000], speech[56000:90000]
    audio = first + pause(2) + second + pause(2) + third
    said = enrols(first, pause(2), second, pause(2), third)
    assert judged(said) == [(None, 1, True), (None, 2, True)]
    assert said[-1].sealed
    by_frame = enrols(*(audio[start : start + 160] for start in range(0, len(audio), 160)))
    assert judged(by_frame) == judged(said)


def test_too_little_and_nothing_are_told_and_what_was_said_counts_on(enrols, speech: bytes) -> None:
    said = enrols(pause(16), speech[:12000], pause(5), speech[12000:])
    assert judged(said)[:2] == [("silent", 0, True), ("too_short", 0, True)]
    assert said[-1].sealed


def test_noise_is_told_at_once_and_the_caller_may_try_again(enrols, speech: bytes) -> None:
    samples = decode_ulaw(speech[:40000])
    noisy = encode_ulaw(samples + np.random.default_rng(0).normal(0, 0.03, len(samples)))
    said = enrols(noisy, pause(2), speech)
    assert judged(said)[0] == ("too_noisy", 0, True)
    assert said[-1].sealed


def test_another_voice_is_told_and_left_out(enrols, speech: bytes) -> None:
    said = enrols(speech, encoder=Voices((1.0, 0.0), (0.0, 1.0), (1.0, 0.0)))
    assert [refusal for refusal, _, _ in judged(said)] == [None, "disagrees", None]
    assert (unseal(said[-1].sealed, KEYS, "ada").embeddings[:, 0] == 1).all()


def test_voices_that_never_agree_end_in_a_refusal_and_no_print(
    enrols, speech: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guiding, "REFUSALS", 3)
    directions = [(float(np.cos(angle)), float(np.sin(angle))) for angle in np.linspace(0, 2 * np.pi, 5)[:-1]]
    said = enrols(speech, encoder=Voices(*directions))
    assert (said[-1].sealed, said[-1].refusal) == (None, "disagrees")
    assert sum(refusal is not None for refusal, _, _ in judged(said)) == 2, "the third ends it"


def test_who_hangs_up_before_enough_was_said_has_no_print(enrols, speech: bytes) -> None:
    for audio in (b"", speech[:8000], speech[:60000]):
        said = enrols(audio)
        assert (said[-1].sealed, said[-1].refusal) == (None, "too_short")


def test_what_is_said_while_an_enrolment_is_forgotten_makes_no_print(receipts, speech: bytes) -> None:
    socket = asyncio.run(
        speaks(
            receipts,
            Enrol("made", "call", "ada"),
            Audio("call", speech[:40000]),
            Forget("made", "call"),
            Audio("call", speech),
        )
    )
    assert not [one for one in socket.said if isinstance(one, UtteranceHeard | Enrolled)]


def test_a_new_print_leaves_a_receipt_and_none_is_made_without(enrols, receipts, unwritable, speech: bytes) -> None:
    made = enrols(speech)[-1]
    assert len(made.heard) == 3  # a fingerprint of each utterance
    (receipt,) = lines(receipts)
    assert (receipt["kind"], receipt["outcome"], receipt["request"]) == ("enrolment", "ENROLLED", "learn")
    assert receipt["enrolment"]["print_sha256"] == hashlib.sha256(made.sealed).hexdigest()
    refused = enrols(speech, to=unwritable)[-1]
    assert (refused.sealed, refused.refusal) == (None, "failure")
