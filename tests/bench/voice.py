"""A sample voice as the telephone carries it."""

from __future__ import annotations

from biometrics import encode_ulaw
from biometrics.audio import read_audio, telephone
from tests.bench.lab import ROOT

SPEAKER = "flite-rms"
GAP = bytes([0xFF]) * 1600  # 0.2 s of silence in µ-law


def ulaw(purpose: str) -> bytes:
    """All samples of ``purpose`` (enrolment, verification) one after the other: µ-law, 8 kHz."""
    files = sorted((ROOT / "samples" / SPEAKER).glob(f"{purpose}-*.wav"))
    return b"".join(encode_ulaw(telephone(*read_audio(file))) + GAP for file in files)
