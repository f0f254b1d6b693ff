"""What the student has to say: the teacher's embedding of clean, wide-band chunks of six seconds.

The teacher is CAM++ as ONNX with a fixed input of 598 frames. One embedding costs about 0.2 s of a core, so the answers are
kept on disk, one file per voice; each row is appended as it comes and a killed run goes on where it stopped.
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
from biometrics.training.config import Voice
from biometrics.training.corpus import SAMPLE_RATE, Speech
from biometrics.training.corpus import without as without_speakers

CHUNK_SECONDS = 6.0
CHUNK = int(CHUNK_SECONDS * SAMPLE_RATE)
FRAMES = 598  # of a 6 s chunk at 25/10 ms
MELS = 80
DIMENSIONS = 192

Embed = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Chunk:
    """Six seconds of a speaker in some voice; `start` is a sample of that speaker's stream."""

    speaker: int
    start: int


@dataclass(frozen=True)
class Lessons:
    """The chunks of one voice, the speech to cut them from (formants moved, speed not yet), and the teacher's unit-length
    embedding of each: (chunks, 192) float32."""

    voice: Voice
    speech: Speech
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


def chunks(speech: Speech, voice: Voice) -> tuple[Chunk, ...]:
    """Chunks that cover every speaker's stream evenly; a speaker with less than six seconds goes round in a circle."""
    length = source_samples(CHUNK_SECONDS, voice.speed)
    placed = []
    for number, speaker in enumerate(speech.speakers):
        count = min(voice.chunks, max(1, round(speaker.length / length)))
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


def lessons(speech: Speech, voice: Voice, embed: Embed, cache: Path, progress: Callable[[int, int], None]) -> Lessons:
    """The teacher's answers in one voice, from `cache` as far as they are there, else asked now and appended.

    `speech` has its formants moved already.
    """
    placed = chunks(speech, voice)
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"speed-{voice.speed:.2f}-formants-{voice.formants:.2f}-chunks-{voice.chunks}.float32"
    row = DIMENSIONS * 4
    with path.open("ab") as out:
        fcntl.flock(out, fcntl.LOCK_EX)  # a second run that needs the same answers waits for them
        done = out.seek(0, os.SEEK_END) // row
        out.truncate(done * row)  # a kill may leave half a row
        for number in range(done, len(placed)):
            chunk = placed[number]
            source = speech.read(chunk.speaker, chunk.start, source_samples(CHUNK_SECONDS, voice.speed))
            heard = at_speed(source, voice.speed, SAMPLE_RATE)
            out.write(embed(np.ascontiguousarray(np.resize(heard, CHUNK))).tobytes())
            if number % 50 == 0:
                out.flush()
            progress(number + 1, len(placed))
        out.flush()
        os.fsync(out.fileno())
    targets = np.fromfile(path, dtype=np.float32).reshape(-1, DIMENSIONS)
    return Lessons(voice, speech, placed, targets)


def without(lessons: Lessons, names: frozenset[str]) -> Lessons:
    """The lessons of all but the speakers `names` ("corpus/name"), numbered as in `corpus.without`."""
    kept = [number for number, each in enumerate(lessons.speech.speakers) if each.identity not in names]
    numbers = {old: new for new, old in enumerate(kept)}
    rows = [row for row, chunk in enumerate(lessons.chunks) if chunk.speaker in numbers]
    taken = tuple(Chunk(numbers[lessons.chunks[row].speaker], lessons.chunks[row].start) for row in rows)
    return Lessons(lessons.voice, without_speakers(lessons.speech, names), taken, lessons.targets[rows])


def cache_directory(cache: Path, teacher: Path, speech_fingerprint: str) -> Path:
    """A directory of its own for every pair of teacher and prepared speech, so that answers are never mixed."""
    digest = hashlib.sha256(teacher.read_bytes() + speech_fingerprint.encode()).hexdigest()
    return cache / f"targets-{digest[:16]}"
