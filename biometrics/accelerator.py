"""ONNX Runtime as an accelerator of a SpeechBrain model: the same embeddings, a third of the time, and no torch.

The file beside the checkpoint (or, for a model directory that is not to be written to, under
``var/models/<name>@<sha256>``) says in its metadata what it was made from. One that was made from anything else, is
damaged, or does not give the embedding it gave when it was made is never used.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from biometrics.errors import ModelError
from biometrics.features import FilterBank, from_json, unpacked
from biometrics.resampling import resample
from biometrics.runtime import onnx_runtime

log = logging.getLogger(__name__)

ACCELERATED = "embedding_model.onnx"
FORMAT = "1"  # of the metadata; raise it too when resampling, features or campplus compute something else
INPUT, OUTPUT = "features", "embedding"
LEAST_COSINE = 0.9999  # between an embedding of SpeechBrain and ours
PROBE_SECONDS, PROBE_RATE_HZ = 3.0, 8000
EXPORT = "python -m biometrics export"


@dataclass(frozen=True)
class Source:
    """What a file was made from: sha256 of the checkpoint and of hyperparams.yaml."""

    checkpoint_sha256: str
    hyperparams_sha256: str


@dataclass(frozen=True, eq=False)
class Accelerated:
    """The graph and all that is needed around it."""

    session: Any
    filter_bank: FilterBank
    class_name: str
    sample_rate: int
    probe: np.ndarray  # the embedding that SpeechBrain gave of ``probe_samples``

    def encode(self, samples: np.ndarray) -> np.ndarray:
        """Float32 samples at ``sample_rate`` -> float32 embedding, not of unit length. Safe in threads."""
        return self.session.run([OUTPUT], {INPUT: self.filter_bank(samples)})[0]


def places(directory: Path, search: Path, checkpoint_sha256: str) -> tuple[Path, Path]:
    """Where the file of a model is looked for: beside the checkpoint, then among the fetched models."""
    return directory / ACCELERATED, search / f"{directory.name}@{checkpoint_sha256[:16]}" / ACCELERATED


def find(directory: Path, search: Path, source: Source) -> Accelerated | None:
    """The accelerator of a model; None where there is none that can be trusted (the log says why)."""
    for path in places(directory, search, source.checkpoint_sha256):
        if path.is_file():
            try:
                return read(path, source)
            except ModelError as error:
                log.warning("%s is not used: %s; SpeechBrain serves instead. Make it anew: %s", path, error, EXPORT)
            except ImportError:
                log.warning("onnxruntime is not installed: SpeechBrain serves instead, slower")
    return None


def read(path: Path, source: Source) -> Accelerated:
    """``ModelError`` where the file is damaged, was made from something else, or cannot be read."""
    onnxruntime = onnx_runtime()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"it cannot be read ({error})") from error
    if not is_whole(data):
        raise ModelError("it is damaged")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # two on a busy machine are several times slower
    options.enable_cpu_mem_arena = False  # recordings of every length would each leave their largest buffers behind
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        told = session.get_modelmeta().custom_metadata_map
        if told["format"] != FORMAT:
            raise ModelError("it was made by another version of this package")
        made_from = Source(told["checkpoint_sha256"], told["hyperparams_sha256"])
        filter_bank, probe = from_json(told["features"]), unpacked(told["probe"])
        accelerated = Accelerated(session, filter_bank, told["class_name"], int(told["sample_rate"]), probe)
    except ModelError:
        raise
    except Exception as error:  # onnxruntime raises many kinds of its own
        raise ModelError(f"it cannot be loaded ({type(error).__name__}: {error})") from error
    if made_from.checkpoint_sha256 != source.checkpoint_sha256:
        raise ModelError("it was made from another checkpoint")
    if made_from.hyperparams_sha256 != source.hyperparams_sha256:
        raise ModelError("hyperparams.yaml has changed since it was made")
    # Catches what no digest can: another onnxruntime or another version of this package that computes otherwise.
    if cosine(accelerated.encode(probe_samples(accelerated.sample_rate)), accelerated.probe) < LEAST_COSINE:
        raise ModelError("it does not give the embedding that SpeechBrain gave when it was made")
    return accelerated


def probe_samples(sample_rate: int) -> np.ndarray:
    """What is embedded when a file is made and whenever it is read."""
    return resample(speech_like(PROBE_SECONDS, PROBE_RATE_HZ), PROBE_RATE_HZ, sample_rate)


# A protobuf message is the sum of its parts, so an entry of metadata can be appended to a finished file: the last one
# is the sha256 of everything before it. (ModelProto.metadata_props is field 14: a key, field 1, and a value, field 2.)
DIGEST_KEY = b"content_sha256"
DIGEST_LENGTH = 64


def seal(data: bytes) -> bytes:
    """A serialised model -> the same model with the digest of its bytes at its end."""
    return data + _digest_entry(data)


def is_whole(data: bytes) -> bool:
    """Whether the bytes are what ``seal`` gave, down to the last one."""
    size = len(_digest_entry(b""))
    return len(data) > size and data[-size:] == _digest_entry(data[:-size])


def _digest_entry(data: bytes) -> bytes:
    digest = hashlib.sha256(data).hexdigest().encode()
    entry = bytes([0x0A, len(DIGEST_KEY)]) + DIGEST_KEY + bytes([0x12, DIGEST_LENGTH]) + digest
    return bytes([0x72, len(entry)]) + entry


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of two embeddings; 0 where one of them is nothing or not finite."""
    one, other = np.asarray(one, dtype=np.float64).ravel(), np.asarray(other, dtype=np.float64).ravel()
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if one.shape == other.shape and np.isfinite(lengths) and lengths > 0 else 0.0


def speech_like(seconds: float, rate_hz: int, seed: int = 0) -> np.ndarray:
    """Float32 (samples,): a buzz of gliding pitch through three moving resonances, in syllables, over faint noise."""
    random = np.random.RandomState(seed)
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    pitch = random.uniform(90, 220) * 2 ** (0.2 * np.sin(2 * np.pi * random.uniform(0.3, 0.8) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    resonances = [
        centre * (1 + 0.2 * np.sin(2 * np.pi * random.uniform(1, 3) * time)) for centre in (500.0, 1500.0, 2500.0)
    ]
    voice = np.zeros(len(time))
    for harmonic in range(1, int(0.45 * rate_hz / 260) + 1):
        gain = sum(1 / (1 + ((harmonic * pitch - resonance) / 120) ** 2) for resonance in resonances)
        voice += gain * np.sin(harmonic * phase)
    syllables = np.clip(np.sin(2 * np.pi * random.uniform(2, 4) * time) + 0.5, 0, 1)
    return (0.05 * voice * syllables + 0.001 * random.standard_normal(len(time))).astype(np.float32)
