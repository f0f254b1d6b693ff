"""A stand-in encoder whose answers are set by the test, and the synthetic voices of samples/ as callers."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from biometrics.audio import encode_ulaw, read_audio
from biometrics.calibration import Calibration, OperatingPoint, Threshold
from biometrics.likelihood import unconditional
from biometrics.speech import Utterance

SAMPLES = Path(__file__).parents[3] / "samples"


class _ScriptedEncoder:
    """Gives the embeddings it was told to, in turn, the last one for ever; notes how much it was given."""

    name, class_name, sample_rate, dimension = "scripted", "tests.ScriptedEncoder", 8000, 2

    def __init__(self, *answers, sha256: str = hashlib.sha256(b"scripted").hexdigest()) -> None:
        self.answers, self.sha256, self.seconds = list(answers), sha256, []

    def embed(self, samples, sample_rate_hz):
        self.seconds.append(len(samples) / sample_rate_hz)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return np.asarray(answer, dtype=np.float32)


@pytest.fixture(scope="session")
def scripted() -> type[_ScriptedEncoder]:
    return _ScriptedEncoder


@pytest.fixture(scope="session")
def at_cosine():
    """A unit vector with the given cosine to (1, 0)."""
    return lambda cosine: [cosine, float(np.sqrt(1 - cosine**2))]


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


def _spoken(voice: str, purpose: str = "enrolment") -> bytes:
    """µ-law audio of one of the synthetic voices, all sentences."""
    clips = sorted((SAMPLES / voice).glob(f"{purpose}-*.wav"))
    return b"".join(encode_ulaw(read_audio(clip)[0]) for clip in clips)


@pytest.fixture(scope="session")
def long_speech() -> bytes:
    """About 25 s of one voice."""
    return _spoken("flite-rms")


@pytest.fixture
def heard(long_speech):
    """An utterance of at least the given seconds of net speech, with a pause of half a second after every one of them."""

    def build(net_seconds: float, pause: bytes = b"\xff" * 4000) -> Utterance:
        utterance, pauses = Utterance(), 0
        for start in range(0, len(long_speech), 160):
            if utterance.net_speech_seconds >= net_seconds:
                break
            utterance.feed(long_speech[start : start + 160])
            if utterance.net_speech_seconds >= pauses + 1:
                utterance.feed(pause)
                pauses += 1
        assert utterance.net_speech_seconds >= net_seconds
        return utterance

    return build


def a_calibration(sha256: str, thresholds: tuple[Threshold, ...], reject_llr: float) -> Calibration:
    ratio = unconditional(10.0, -5.0)
    looks = (3.0, 4.5, 7.0, 10.0)
    return Calibration(
        "scripted", sha256, ratio, looks, thresholds, reject_llr, 0.5, 10, 10, 9000, 0.1, 0.09, "-", "-", ""
    )


@pytest.fixture(name="a_calibration", scope="session")
def _a_calibration():
    return a_calibration


@pytest.fixture
def point() -> OperatingPoint:
    """LLR = 10 * cosine - 5: accept from cosine 0.7 (LLR 2), at 10 s from 0.65 (LLR 1.5), reject to cosine 0.3 (LLR -2)."""
    thresholds = (Threshold(0.005, (2.0, 2.0, 2.0, 1.5), 0.1, 0.004, (0.003, 0.006), 9000),)
    calibration = a_calibration(_ScriptedEncoder([1, 0]).sha256, thresholds, -2.0)
    return OperatingPoint(0.005, thresholds[0].llrs, -2.0, calibration, (0.003, 0.006), "c" * 64)
