"""Whose voices are heard: two real people whose voices are alike where labelled speech is at hand, else synthetic ones.

The rule, which looks at no score: of the speakers of the dev split with sentences enough, those with a median pitch
below ``MALE_BELOW_HZ`` are men; the owner is the one with the most speech, the impostor the one whose pitch is nearest
to the owner's. Clips are played in the order of their names: enrolment first, what is left verifies.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ, encode_ulaw, read_audio, telephone

SPEECH = Path("../shared/speech")
SAMPLES = Path("samples")
MALE_BELOW_HZ = 150.0  # adult men speak around 85-155 Hz, women and children above 165 Hz (Titze 1994)
ENROLMENT_SECONDS = 26.0  # of audio, for 12 s or more of net speech
VERIFICATION_SECONDS = 18.0
SENTENCE_SECONDS = 3.0  # a speaker's clips last at least this on average: sentences, not commands
PITCH_CLIPS = 4
PITCH_HZ = (60.0, 400.0)
VOICED = 0.5  # normalised autocorrelation of a voiced frame
FRAME_SECONDS = 0.04
PAUSE = b"\xff" * int(0.3 * TELEPHONE_RATE_HZ)  # µ-law silence between two clips


@dataclass(frozen=True)
class Voice:
    """8 kHz µ-law. ``pitch_hz`` is the median fundamental frequency."""

    name: str
    pitch_hz: float
    enrolment: bytes
    verification: bytes


@dataclass(frozen=True)
class Cast:
    owner: Voice
    impostor: Voice
    synthetic: bool

    @property
    def note(self) -> str:
        if self.synthetic:
            return "synthetic voices: shows the path, not the accuracy"
        return (
            f"real voices of the dev split, chosen by pitch alone: owner {self.owner.name} "
            f"({self.owner.pitch_hz:.0f} Hz), impostor {self.impostor.name} ({self.impostor.pitch_hz:.0f} Hz)"
        )


def cast() -> Cast:
    """Real voices where $DUET_SPEECH or ../shared/speech holds them, else those of samples/."""
    directory = Path(os.environ.get("DUET_SPEECH") or SPEECH)
    if (directory / "manifest.csv").is_file() and (real := _real(directory)):
        return real
    return _synthetic()


def _real(directory: Path) -> Cast | None:
    clips: dict[str, list[tuple[Path, float]]] = defaultdict(list)
    with (directory / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "dev":
                clips[f"{row['corpus']}/{row['speaker']}"].append((directory / row["path"], float(row["seconds"])))
    enough = {
        name: sorted(found)
        for name, found in clips.items()
        if _seconds(found) >= max(ENROLMENT_SECONDS + VERIFICATION_SECONDS, SENTENCE_SECONDS * len(found))
    }
    pitch = {name: median_pitch([path for path, _ in found[:PITCH_CLIPS]]) for name, found in enough.items()}
    men = [name for name in enough if pitch[name] < MALE_BELOW_HZ]
    men.sort(key=lambda name: (-_seconds(enough[name]), name))
    if len(men) < 2:
        return None
    owner = men[0]
    impostor = min(men[1:], key=lambda name: (abs(pitch[name] - pitch[owner]), name))
    return Cast(_voice(owner, pitch[owner], enough[owner]), _voice(impostor, pitch[impostor], enough[impostor]), False)


def _voice(name: str, pitch_hz: float, clips: list[tuple[Path, float]]) -> Voice:
    enrolment, rest = _take(clips, ENROLMENT_SECONDS)
    verification, _ = _take(rest, VERIFICATION_SECONDS)
    return Voice(name, pitch_hz, line_audio(enrolment), line_audio(verification))


def _take(clips: list[tuple[Path, float]], seconds: float) -> tuple[list[Path], list[tuple[Path, float]]]:
    taken = 0
    while taken < len(clips) and _seconds(clips[:taken]) < seconds:
        taken += 1
    return [path for path, _ in clips[:taken]], clips[taken:]


def _seconds(clips: list[tuple[Path, float]]) -> float:
    return sum(seconds for _, seconds in clips)


@dataclass(frozen=True)
class Sample:
    """One clip of samples/: a synthetic voice, what it says, and what for."""

    voice: str
    role: str  # target | impostor | stranger
    purpose: str  # enrolment | verification
    text: str
    seconds: float
    path: Path


def samples(directory: Path = SAMPLES) -> list[Sample]:
    def sample(row: dict[str, str]) -> Sample:
        path, seconds = directory / row["path"], float(row["seconds"])
        return Sample(row["voice"], row["role"], row["purpose"], row["text"], seconds, path)

    with (directory / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [sample(row) for row in csv.DictReader(file)]


def _synthetic() -> Cast:
    def voice(role: str) -> Voice:
        own = [sample for sample in samples() if sample.role == role]
        enrolment, verification = (
            [sample.path for sample in own if sample.purpose == purpose] for purpose in ("enrolment", "verification")
        )
        return Voice(own[0].voice, median_pitch(enrolment), line_audio(enrolment), line_audio(verification))

    return Cast(voice("target"), voice("impostor"), True)


def line_audio(paths: list[Path]) -> bytes:
    """The clips as a telephone line carries them, one after another: 8 kHz µ-law."""
    return PAUSE.join(encode_ulaw(telephone(_narrow(path), TELEPHONE_RATE_HZ)) for path in paths) + PAUSE


def _narrow(path: Path) -> np.ndarray:
    """8 kHz by cutting the spectrum: exact for a whole clip, and without importing torch for it."""
    samples, rate_hz = read_audio(path)
    if rate_hz == TELEPHONE_RATE_HZ:
        return samples
    length = round(len(samples) * TELEPHONE_RATE_HZ / rate_hz)
    return np.fft.irfft(np.fft.rfft(samples)[: length // 2 + 1], length) * (length / len(samples))


def median_pitch(paths: list[Path]) -> float:
    """Median fundamental frequency in Hz of the voiced frames, from the peak of the normalised autocorrelation.

    Infinite where nothing is voiced.
    """
    size = int(FRAME_SECONDS * TELEPHONE_RATE_HZ)
    shortest, longest = (int(TELEPHONE_RATE_HZ / hz) for hz in reversed(PITCH_HZ))
    found: list[float] = []
    for path in paths:
        samples = _narrow(path)
        frames = samples[: len(samples) // size * size].reshape(-1, size)
        frames = frames - frames.mean(axis=1, keepdims=True)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[:, :size]
        # Two periods fit as well as one. The further the lag, the fewer samples overlap, so that one period wins.
        peak = correlation[:, shortest:longest].argmax(axis=1) + shortest
        height = correlation[np.arange(len(frames)), peak]
        loud = correlation[:, 0] > 0.1 * np.median(correlation[:, 0])
        voiced = loud & (height > VOICED * np.maximum(correlation[:, 0], 1e-9))
        found.extend(TELEPHONE_RATE_HZ / peak[voiced])
    return float(np.median(found)) if found else float("inf")
