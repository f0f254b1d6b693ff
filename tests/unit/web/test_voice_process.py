"""What the voice process is told to forget it does not answer any more, although a look was under way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from biometrics import Voiceprint, seal
from biometrics.enrolment import EnrolmentResult, utc_now
from biometrics.receipts import ReceiptFile, check
from biometrics.verification import Outcome
from biometrics.verification import Verdict as Judged
from ivr.authentication import process as voice
from ivr.authentication.messages import (
    Audio,
    Closed,
    Enrol,
    Enrolled,
    Forget,
    FromVoice,
    Heard,
    Verdict,
    Verify,
    decode_from_voice,
)
from ivr.authentication.process import VoiceProcess

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
    """A model that accepts everybody and enrols everybody; a sealed print of the contact ada."""
    numbers = np.eye(3, dtype=np.float32)
    voiceprint = Voiceprint(numbers, "a" * 64, utc_now(), 9.0)

    class Encoder:
        name, class_name, sha256 = "model", "Class", "a" * 64

    def verify(*_) -> Judged:
        grounds = (7.5, 3.0, 0.005, 3.1, "model", "Class", "a" * 64, None, (0.001, 0.006), 21.5, "c" * 64)
        return Judged(Outcome.ACCEPTED, "match", *grounds)

    monkeypatch.setattr(voice, "_load", lambda *_: voice.Model(Encoder(), object()))
    monkeypatch.setattr(voice, "verify", verify)
    monkeypatch.setattr(voice, "enrol", lambda *_: EnrolmentResult(voiceprint, None, 9.0))
    return seal(voiceprint, KEY, "ada")


def test_an_answer_leaves_a_receipt_without_a_name(receipts, accepting) -> None:
    socket = asyncio.run(speaks(receipts, Verify("one", "call", "ada", accepting), until="one"))
    assert [said.outcome for said in socket.said if isinstance(said, Verdict) and said.request == "one"] == ["ACCEPTED"]
    receipt = next(line for line in lines(receipts) if line["request"] == "one")
    assert (receipt["kind"], receipt["outcome"], receipt["reason"]) == ("verification", "ACCEPTED", "match")
    assert (receipt["llr"], receipt["threshold"], receipt["net_speech_seconds"]) == (7.5, 3.0, 3.1)
    assert receipt["far"] == {"target": 0.005, "interval_95": [0.001, 0.006]} and receipt["snr_db"] == 21.5
    assert receipt["model"] == {"name": "model", "class": "Class", "sha256": "a" * 64}
    assert receipt["calibration_sha256"] == "c" * 64
    enrolment = receipt["enrolment"]
    assert (enrolment["print_sha256"], enrolment["utterances"]) == (hashlib.sha256(accepting).hexdigest(), 3)
    assert "ada" not in receipts.path.read_text()
    assert check(receipts.path).problem is None and check(receipts.path).receipts == 2  # and the last one, INCONCLUSIVE


def test_a_new_print_leaves_a_receipt(receipts, accepting) -> None:
    socket = asyncio.run(speaks(receipts, Enrol("made", "call", "ada"), Closed("call"), until="made"))
    made = next(said for said in socket.said if isinstance(said, Enrolled))
    receipt = next(line for line in lines(receipts) if line["request"] == "made")
    assert (receipt["kind"], receipt["outcome"]) == ("enrolment", "ENROLLED")
    assert receipt["enrolment"]["print_sha256"] == hashlib.sha256(made.sealed).hexdigest()


def test_what_cannot_be_written_down_is_neither_accepted_nor_lost(tmp_path, accepting, caplog) -> None:
    (tmp_path / "file").touch()
    nowhere = ReceiptFile(tmp_path / "file" / "receipts.jsonl")
    messages = (Verify("one", "call", "ada", accepting), Enrol("made", "a call", "ada"), Closed("a call"))
    socket = asyncio.run(speaks(nowhere, *messages, until="made"))
    verdict = next(said for said in socket.said if isinstance(said, Verdict) and said.request == "one")
    made = next(said for said in socket.said if isinstance(said, Enrolled))
    assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "no_receipt")
    assert (made.sealed, made.refusal) == (None, "failure")
    assert "receipt of one cannot be written" in caplog.text
