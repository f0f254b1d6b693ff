"""What the student has to say: the teacher's embedding of every clean, wide-band chunk of six seconds.

The teacher is CAM++ as ONNX with a fixed input of 598 frames. One embedding costs about 0.2 s of a core, so the answers are
kept on disk, one file per speed; each row is appended as it comes and a killed run goes on where it stopped.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torchaudio

from biometrics.runtime import onnx_runtime
from biometrics.training.corpus import SAMPLE_RATE, Speech

CHUNK_SECONDS = 6.0
CHUNK = int(CHUNK_SECONDS * SAMPLE_RATE)
FRAMES = 598  # of a 6 s chunk at 25/10 ms
MELS = 80
DIMENSIONS = 192

Embed = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """Six seconds of a speaker as heard at `speed`; `start` is a sample of that speaker's stream."""

    speaker: int
    start: int


@dataclass(frozen=True)
class Lessons:
    """All chunks at one speed and the teacher's unit-length embedding of each: (chunks, 192) float32."""

    speed: float
    chunks: tuple[Chunk, ...]
    targets: np.ndarray


def load(model: Path) -> Embed:
    """The teacher as a function from 96,000 samples (float32, 16 kHz) to a unit-length vector of 192."""
    if not model.exists():
        raise FileNotFoundError(f"{model} does not exist: give the teacher's ONNX file (6 s input) with --teacher")
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def embed(samples: np.ndarray) -> np.ndarray:
        vector = session.run(None, {name: features(samples)[None]})[0][0]
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    return embed


def features(samples: np.ndarray) -> np.ndarray:
    """Kaldi filterbank as the teacher was trained on: (598, 80) float32, mean over time subtracted."""
    bank = torchaudio.compliance.kaldi.fbank(
        torch.from_numpy(samples)[None], num_mel_bins=MELS, sample_frequency=SAMPLE_RATE, dither=0.0
    )[:FRAMES]
    return (bank - bank.mean(dim=0)).numpy()


def chunks(speech: Speech, speed: float) -> tuple[Chunk, ...]:
    """Chunks that cover every speaker's stream evenly; a speaker with less than six seconds goes round in a circle."""
    length = source_samples(CHUNK_SECONDS, speed)
    placed = []
    for number, speaker in enumerate(speech.speakers):
        count = max(1, round(speaker.length / length))
        placed += [Chunk(number, index * speaker.length // count) for index in range(count)]
    return tuple(placed)


def source_samples(seconds: float, speed: float) -> int:
    """How many samples of the recording become `seconds` when it is played `speed` times as fast."""
    return round(seconds * SAMPLE_RATE * speed)


def at_speed(samples: np.ndarray, speed: float, rate: int) -> np.ndarray:
    """Play 16 kHz samples `speed` times as fast (pitch moves with it) and give them at `rate` Hz."""
    heard_rate = round(SAMPLE_RATE * speed)
    if heard_rate == rate:
        return samples
    return torchaudio.functional.resample(torch.from_numpy(samples), heard_rate, rate).numpy()


def lessons(speech: Speech, speed: float, embed: Embed, cache: Path, progress: Callable[[int, int], None]) -> Lessons:
    """The teacher's answers at one speed, from `cache` as far as they are there, else asked now and appended."""
    placed = chunks(speech, speed)
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"speed-{speed:.2f}.float32"
    row = DIMENSIONS * 4
    with path.open("ab") as out:
        fcntl.flock(out, fcntl.LOCK_EX)  # a second run that needs the same answers waits for them
        done = out.seek(0, os.SEEK_END) // row
        out.truncate(done * row)  # a kill may leave half a row
        for number in range(done, len(placed)):
            chunk = placed[number]
            source = speech.read(chunk.speaker, chunk.start, source_samples(CHUNK_SECONDS, speed))
            heard = at_speed(source, speed, SAMPLE_RATE)
            out.write(embed(np.ascontiguousarray(np.resize(heard, CHUNK))).tobytes())
            if number % 50 == 0:
                out.flush()
            progress(number + 1, len(placed))
        out.flush()
        os.fsync(out.fileno())
    targets = np.fromfile(path, dtype=np.float32).reshape(-1, DIMENSIONS)
    return Lessons(speed, placed, targets)


def cache_directory(cache: Path, teacher: Path, speech_fingerprint: str) -> Path:
    """A directory of its own for every pair of teacher and prepared speech, so that answers are never mixed."""
    digest = hashlib.sha256(teacher.read_bytes() + speech_fingerprint.encode()).hexdigest()
    return cache / f"targets-{digest[:16]}"
