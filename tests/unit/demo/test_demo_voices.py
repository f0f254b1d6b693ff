"""Whose voices the demo plays: chosen by pitch, never by score."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.demo import voices

RATE_HZ = 16000


def sings(path: Path, pitch_hz: float, seconds: float) -> None:
    """A buzz with the harmonics of a voice, in syllables."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * pitch_hz * n * time) / n for n in range(1, 20))
    soundfile.write(path, 0.1 * buzz * (np.sin(2 * np.pi * 2 * time) > -0.5), RATE_HZ)


@pytest.mark.parametrize("pitch_hz", [90, 120, 150, 210, 300])
def test_pitch_is_heard(tmp_path, pitch_hz):
    sings(tmp_path / "a.wav", pitch_hz, 3)
    assert voices.median_pitch([tmp_path / "a.wav"]) == pytest.approx(pitch_hz, rel=0.04)


def test_silence_has_no_pitch(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE_HZ), RATE_HZ)
    assert voices.median_pitch([tmp_path / "a.wav"]) == float("inf")


@pytest.fixture
def speech(tmp_path, monkeypatch):
    """Four speakers of the dev split and one of the train split who speaks most."""
    rows = []
    people = {"low": ("dev", 100, 10), "near": ("dev", 104, 9), "far": ("dev", 140, 9), "high": ("dev", 220, 12)}
    for name, (split, pitch_hz, clips) in (people | {"trained": ("train", 100, 20)}).items():
        (tmp_path / name).mkdir()
        for clip in range(clips):
            path = f"{name}/{clip:02}.wav"
            if split == "dev":
                sings(tmp_path / path, pitch_hz, 5)
            rows.append({"path": path, "corpus": "c", "speaker": name, "split": split, "seconds": 5.0})
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setenv("DUET_SPEECH", str(tmp_path))


def test_the_owner_speaks_most_and_the_impostor_sounds_nearest(speech):
    cast = voices.cast()
    assert (cast.owner.name, cast.impostor.name, cast.synthetic) == ("c/low", "c/near", False)
    assert len(cast.owner.enrolment) >= voices.ENROLMENT_SECONDS * 8000
    assert len(cast.owner.verification) >= voices.VERIFICATION_SECONDS * 8000


def test_without_labelled_speech_it_says_that_voices_are_synthetic(tmp_path, monkeypatch):
    monkeypatch.setenv("DUET_SPEECH", str(tmp_path))
    cast = voices.cast()
    assert cast.note == "synthetic voices: shows the path, not the accuracy"
    assert cast.owner.name != cast.impostor.name
