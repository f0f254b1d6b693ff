"""What the student has to say: the teacher's embedding of clean, wide-band chunks of six seconds, and its frames.

The teacher is CAM++ as ONNX with a fixed input of 598 frames. One answer costs 0.07-0.2 s of a core, so the answers are
kept on disk, two files per voice; each row is appended as it comes and a killed run goes on where it stopped.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
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
FRAME_OUTPUT = "/xvector/out_nonlinear/relu/Relu_output_0"  # (batch, 512, 299): what is pooled, every 20 ms
FRAME_SECONDS = 0.04  # of those kept: every two are averaged, since a codec's delay is not known to the millisecond
FRAME_COUNT = 149
FRAME_DIMENSIONS = 512


@dataclass(frozen=True)
class Answer:
    """What the teacher says of a chunk: a unit-length embedding (192,) float32, and frames (149, 512) float16."""

    embedding: np.ndarray
    frames: np.ndarray


Teacher = Callable[[np.ndarray], Answer]


@dataclass(frozen=True)
class Chunk:
    """Six seconds of a speaker in some voice; `start` is a sample of that speaker's stream, `row` that of the files."""

    speaker: int
    start: int
    row: int


@dataclass(frozen=True)
class Lessons:
    """The chunks of one voice, the speech to cut them from (formants moved, speed not yet), and the teacher's unit-length
    embedding of each: (chunks, 192) float32. `frames` are by the row of a chunk: (rows, 149, 512) float16, on disk."""

    voice: Voice
    speech: Speech
    chunks: tuple[Chunk, ...]
    targets: np.ndarray
    frames: np.ndarray


def load(model: Path) -> Teacher:
    """The teacher as a function of 96,000 samples (float32, 16 kHz)."""
    if not model.exists():
        raise FileNotFoundError(f"{model} does not exist: give the teacher's ONNX file (6 s input) with --teacher")
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    graph = onnx.load(model)
    graph.graph.output.append(onnx.helper.make_tensor_value_info(FRAME_OUTPUT, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def answer(samples: np.ndarray) -> Answer:
        (vector,), (frames,) = session.run(None, {name: features(samples)[None]})
        pairs = frames[:, : 2 * FRAME_COUNT].reshape(FRAME_DIMENSIONS, FRAME_COUNT, 2)
        embedding = (vector / np.linalg.norm(vector)).astype(np.float32)
        return Answer(embedding, pairs.mean(axis=2).T.astype(np.float16))

    return answer


@dataclass(frozen=True)
class Tail:
    """The teacher's linear map from mean and standard deviation of its frames to the embedding: (192, 1024) and (192,)."""

    weight: np.ndarray
    bias: np.ndarray


def tail(model: Path) -> Tail:
    """The last layer of the ONNX file at `model`, and the normalisation after it, as one map."""
    values = {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(model).graph.initializer}
    mean, variance = (values[f"xvector.dense.bn.running_{name}"] for name in ("mean", "var"))
    factor = 1 / np.sqrt(variance + 1e-5)
    return Tail(values["xvector.dense.linear.weight"][:, :, 0] * factor[:, None], -mean * factor)


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
        placed += [Chunk(number, index * speaker.length // count, len(placed) + index) for index in range(count)]
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


def lessons(speech: Speech, voice: Voice, ask: Teacher, cache: Path, progress: Callable[[int, int], None]) -> Lessons:
    """The teacher's answers in one voice, from `cache` as far as they are there, else asked now and appended.

    `speech` has its formants moved already.
    """
    placed = chunks(speech, voice)
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"speed-{voice.speed:.2f}-formants-{voice.formants:.2f}-chunks-{voice.chunks}.float32"
    frames = path.with_suffix(".frames.float16")
    row, frame_row = DIMENSIONS * 4, FRAME_COUNT * FRAME_DIMENSIONS * 2
    with path.open("ab") as out, frames.open("ab") as out_frames:
        fcntl.flock(out, fcntl.LOCK_EX)  # a second run that needs the same answers waits for them
        done = min(out.seek(0, os.SEEK_END) // row, out_frames.seek(0, os.SEEK_END) // frame_row)
        out.truncate(done * row)  # a kill may leave half a row
        out_frames.truncate(done * frame_row)
        for number in range(done, len(placed)):
            chunk = placed[number]
            source = speech.read(chunk.speaker, chunk.start, source_samples(CHUNK_SECONDS, voice.speed))
            heard = at_speed(source, voice.speed, SAMPLE_RATE)
            answer = ask(np.ascontiguousarray(np.resize(heard, CHUNK)))
            out.write(answer.embedding.tobytes())
            out_frames.write(answer.frames.tobytes())
            if number % 50 == 0:
                out.flush()
            progress(number + 1, len(placed))
        for file in (out, out_frames):
            file.flush()
            os.fsync(file.fileno())
    targets = np.fromfile(path, dtype=np.float32).reshape(-1, DIMENSIONS)
    kept = np.memmap(frames, np.float16, "r").reshape(-1, FRAME_COUNT, FRAME_DIMENSIONS)
    return Lessons(voice, speech, placed, targets, kept)


def without(lessons: Lessons, names: frozenset[str]) -> Lessons:
    """The lessons of all but the speakers `names` ("corpus/name"), numbered as in `corpus.without`."""
    kept = [number for number, each in enumerate(lessons.speech.speakers) if each.identity not in names]
    numbers = {old: new for new, old in enumerate(kept)}
    rows = [row for row, chunk in enumerate(lessons.chunks) if chunk.speaker in numbers]
    taken = tuple(replace(lessons.chunks[row], speaker=numbers[lessons.chunks[row].speaker]) for row in rows)
    speech = without_speakers(lessons.speech, names)
    return replace(lessons, speech=speech, chunks=taken, targets=lessons.targets[rows])


def cache_directory(cache: Path, teacher: Path, speech_fingerprint: str) -> Path:
    """A directory of its own for every pair of teacher and prepared speech, so that answers are never mixed."""
    digest = hashlib.sha256(teacher.read_bytes() + speech_fingerprint.encode()).hexdigest()
    return cache / f"targets-{digest[:16]}"
