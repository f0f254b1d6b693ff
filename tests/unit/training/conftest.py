"""A corpus of buzzing voices, a teacher that is a projection, and a run of a few steps."""

import csv
import dataclasses
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile

from biometrics.training import config as configuration
from biometrics.training import teacher
from biometrics.training.config import AS_RECORDED, LossConfig, ModelConfig, Stage, TrainingConfig, Voice

RECIPE = Path(configuration.__file__).with_name("telephone.yaml")


def voice(pitch: float, seconds: float, seed: int) -> np.ndarray:
    """A buzz with syllables four times a second; float32 at 16 kHz."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    buzz = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * (buzz + 0.1 * noise) * (1.1 + np.sin(2 * np.pi * 4 * time))).astype(np.float32)


@pytest.fixture
def speech_directory(tmp_path: Path) -> Path:
    rows = []
    for split, speakers, clip_seconds in (("train", 3, (2.0, 5.0)), ("dev", 2, (7.0, 8.0))):
        for speaker in range(speakers):
            for clip, seconds in enumerate(clip_seconds):
                path = f"buzz/{split}-{speaker}/{clip}.wav"
                (tmp_path / "speech" / path).parent.mkdir(parents=True, exist_ok=True)
                pitch = 90 + 35 * speaker + (10 if split == "dev" else 0)
                soundfile.write(tmp_path / "speech" / path, voice(pitch, seconds, clip), 16_000)
                rows.append((path, "buzz", f"{split}-{speaker}", split, seconds, 16_000))
    with (tmp_path / "speech" / "manifest.csv").open("w", newline="") as out:
        csv.writer(out).writerows([("path", "corpus", "speaker", "split", "seconds", "source_rate_hz"), *rows])
    return tmp_path / "speech"


def projection(samples: np.ndarray) -> teacher.Answer:
    """Stands for the teacher: the same for the same voice, 192 numbers of unit length; frames that follow the loudness."""
    spectrum = np.abs(np.fft.rfft(samples[: teacher.CHUNK]))[:19_200].reshape(192, 100).mean(axis=1)
    vector = np.log(spectrum + 1e-3)
    vector -= vector.mean()
    loudness = np.abs(samples[: teacher.FRAME_COUNT * 640]).reshape(teacher.FRAME_COUNT, 640).mean(axis=1)
    return teacher.Answer(
        (vector / np.linalg.norm(vector)).astype(np.float32),
        np.outer(loudness, 1 + np.arange(teacher.FRAME_DIMENSIONS)).astype(np.float16),
    )


def tail(path: Path) -> teacher.Tail:
    weight = np.random.default_rng(0).standard_normal((teacher.DIMENSIONS, 2 * teacher.FRAME_DIMENSIONS))
    return teacher.Tail(weight, np.zeros(teacher.DIMENSIONS))


@pytest.fixture
def tiny(tmp_path: Path, speech_directory: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingConfig:
    """The shipped recipe with a model of a few thousand parameters and six steps in two stages and two voices."""
    monkeypatch.setattr(teacher, "load", lambda path: projection)
    monkeypatch.setattr(teacher, "tail", tail)
    model = tmp_path / "teacher.onnx"
    model.write_bytes(b"stands for the teacher")
    shipped = configuration.read(RECIPE)
    return dataclasses.replace(
        shipped,
        speech=speech_directory,
        teacher=model,
        cache=tmp_path / "cache",
        model=ModelConfig(mels=24, channels=16, attention=8),
        held_out=0.05,  # of three speakers: one, by its hash
        voices=(AS_RECORDED, Voice(speed=0.9, formants=1.1, chunks=1)),
        stages=(
            Stage(until_step=4, batch=4, crop_seconds=(0.4, 0.8), voices=2, learning_rate=(0.0015, 0.001)),
            Stage(until_step=6, batch=3, crop_seconds=(6.2, 6.6), voices=1, learning_rate=(0.001, 0.0001)),
        ),
        channel=dataclasses.replace(shipped.channel, codecs=("mulaw", "gsm"), codec_weights=(1.0, 1.0)),
        loss=LossConfig(cosine=2.0, speakers=0.5, relations=5.0, scale=20.0, margin=0.15, frames=2.0, frame_means=1.5),
        warmup_steps=2,
        evaluate_every=3,
        log_every=1,
        checkpoint_seconds=1e9,
    )


@pytest.fixture(autouse=True)
def signals_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
