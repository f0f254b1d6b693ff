"""Synthetic voices for the wire: a voiceprint of one of them, and what both say, as 8 kHz µ-law."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from biometrics import EnrolmentPolicy, Utterance, Voiceprint, encode_ulaw, enrol, load_encoder
from biometrics.audio import read_audio, telephone

MODEL = "ecapa-telephone"
_SAMPLES = Path(__file__).parents[2] / "samples"
_PAUSE = b"\xff" * 4000  # half a second


@dataclass(frozen=True)
class Voices:
    """``sounds``: µ-law by name, "owner" and "impostor"."""

    print: Voiceprint
    sounds: dict[str, bytes]


def synthetic_voices() -> Voices:
    """Loads the model in this process: some seconds."""
    utterance = Utterance()
    utterance.feed(_ulaw("flite-rms", "enrolment-*.wav"))
    result = enrol(load_encoder(MODEL), utterance, EnrolmentPolicy())
    assert result.voiceprint is not None, f"the samples do not make a voiceprint: {result.refusal}"
    sounds = {"owner": _ulaw("flite-rms", "verification-*.wav"), "impostor": _ulaw("flite-kal16", "verification-*.wav")}
    return Voices(result.voiceprint, sounds)


def _ulaw(voice: str, pattern: str) -> bytes:
    clips = sorted((_SAMPLES / voice).glob(pattern))
    return b"".join(encode_ulaw(telephone(*read_audio(clip))) + _PAUSE for clip in clips)
