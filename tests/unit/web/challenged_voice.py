"""A voice process without a model, for the tests of challenges: every byte of audio is a second of somebody's speech."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from biometrics import Outcome, Voiceprint
from biometrics import Verdict as Judged
from biometrics.enrolment import utc_now
from biometrics.receipts import ReceiptFile
from ivr.authentication import comparing, voice
from ivr.authentication.comparing import Look
from ivr.authentication.judging import Model
from ivr.authentication.messages import (
    Audio,
    Challenge,
    FromVoice,
    ToVoice,
    Undecided,
    Verdict,
    Verify,
    decode_from_voice,
)
from ivr.authentication.voice import Listening, VoiceProcess

OWNER, OTHER, OLD = b"o", b"x", b"r"  # a second of net speech: of the owner, of somebody else, of a known recording
UNSURE = b"u"  # of the owner, whom more of it is needed to know by
KEY = b"k" * 32
PRINT = Voiceprint(np.eye(3, dtype=np.float32), "a" * 64, utc_now(), 9.0)
ENOUGH, SURELY, BUDGET = 2, 4, 6  # seconds; with unsure ones, of both


class Ear:
    """An utterance of which every byte is a second of speech."""

    def __init__(self, heard: bytes = b"") -> None:
        self.heard = heard

    def feed(self, ulaw: bytes) -> None:
        self.heard += ulaw

    def snapshot(self) -> Ear:
        return Ear(self.heard)

    def after(self, earlier: Ear) -> Ear:
        return Ear(earlier.heard + self.heard)

    @property
    def net_speech_seconds(self) -> float:
        return float(len(self.heard))


def is_owners(heard: bytes) -> bool:
    """Whether it is enough to be ACCEPTED."""
    heard = heard[:BUDGET]
    return set(heard) <= set(OWNER + UNSURE) and len(heard) >= (SURELY if UNSURE in heard else ENOUGH)


def judge(model: Model, key: bytes, asked: Verify, look: Look) -> tuple[Judged, Voiceprint | None, bytes]:
    """ACCEPTED where enough is the owner's alone, REJECTED where nothing of it is."""
    heard = look.heard.heard[:BUDGET]

    def verdict(outcome: Outcome, reason: str, final: bool = True) -> tuple[Judged, Voiceprint, bytes]:
        score = None if reason in ("too_short", "failure") else 1.0
        ahead = None if final else float(max(ENOUGH, len(heard) + 1))
        judged = Judged(outcome, reason, score, 0.0, 0.005, float(len(heard)), "m", "c", "a" * 64, ahead)
        return judged, PRINT, b"left by " + heard

    if asked.contact == "unreadable":
        return verdict(Outcome.INCONCLUSIVE, "failure")
    if len(heard) < ENOUGH:
        return verdict(Outcome.INCONCLUSIVE, "too_short", final=look.of_answer)
    if OLD in heard:
        return verdict(Outcome.INCONCLUSIVE, "replay")
    if is_owners(heard):
        return verdict(Outcome.ACCEPTED, "match")
    if set(heard) == set(OTHER):
        return verdict(Outcome.REJECTED, "other_voice")
    if look.of_answer and OTHER in heard:
        return verdict(Outcome.INCONCLUSIVE, "two_voices")
    if len(heard) >= BUDGET:
        return verdict(Outcome.INCONCLUSIVE, "budget_spent")
    return verdict(Outcome.INCONCLUSIVE, "undecided", final=look.of_answer)


class Socket:
    def __init__(self) -> None:
        self.said: list[FromVoice] = []

    def write(self, framed: bytes) -> None:
        self.said.append(decode_from_voice(framed[4:]))

    def verdicts(self, request: str = "one") -> list[Verdict]:
        return [said for said in self.said if isinstance(said, Verdict) and said.request == request]

    def undecided(self, request: str = "one") -> list[int]:
        """After which attempts more was asked for."""
        return [said.attempt for said in self.said if isinstance(said, Undecided) and said.request == request]


def telling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Socket]:
    """Tells a voice process all this; None in between: it has time to do what it has to."""
    monkeypatch.setattr(voice, "judge", judge)
    monkeypatch.setattr(voice, "Listening", lambda: Listening(Ear()))
    monkeypatch.setattr(comparing, "Utterance", Ear)

    def tell(*messages: ToVoice | None, receipts: Path | None = None) -> Socket:
        async def call() -> Socket:
            socket = Socket()
            process = VoiceProcess(socket, "", KEY, ReceiptFile(receipts or tmp_path / "receipts.jsonl"))
            process._model = Model(object(), object())
            for message in (*messages, None):
                if message is None:
                    while process._tasks:
                        await asyncio.gather(*process._tasks)
                else:
                    process.take(message)
            return socket

        return asyncio.run(call())

    return tell


def asked(request: str = "one", contact: str = "ada", challenged: bool = True) -> Verify:
    return Verify(request, "call", contact, b"sealed", (), challenged)


def says(*seconds: bytes) -> Audio:
    return Audio("call", b"".join(seconds))


def mark(
    attempt: int, said: bool | None = None, request: str = "one", call: str = "call", another: bool = False
) -> Challenge:
    return Challenge(request, call, attempt, said, another)


PASSED = (asked(), says(OWNER * 3), None)  # the voice matches by the way
BEGUN = (*PASSED, mark(1))


def ends(socket: Socket) -> tuple[str, str, bool]:
    (verdict,) = socket.verdicts()
    return verdict.outcome, verdict.reason, verdict.compared
