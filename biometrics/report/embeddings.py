"""Embeddings kept on disk by model and audio, so that a second evaluation takes seconds."""

import hashlib
from pathlib import Path

import numpy as np

from biometrics.encoder import Encoder


class RememberingEncoder:
    """An ``Encoder`` that computes each embedding once. ``save`` writes what is new; ``computed`` counts it."""

    def __init__(self, encoder: Encoder, cache: Path) -> None:
        self._encoder = encoder
        self.name, self.class_name, self.sha256 = encoder.name, encoder.class_name, encoder.sha256
        self.sample_rate, self.dimension = encoder.sample_rate, encoder.dimension
        self.computed = 0
        # How it is computed is part of the key: ONNX Runtime and SpeechBrain agree, but not to the last bit.
        way = hashlib.sha256(f"{encoder.sha256}{encoder.class_name}".encode()).hexdigest()
        self._file = cache / f"embeddings-{way[:16]}.npz"
        self._known: dict[str, np.ndarray] = {}
        if self._file.is_file():
            with np.load(self._file) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["embeddings"], strict=True))

    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        """As ``Encoder.embed``."""
        key = hashlib.sha256(np.ascontiguousarray(samples).tobytes() + str(sample_rate_hz).encode()).hexdigest()
        if key not in self._known:
            self._known[key] = self._encoder.embed(samples, sample_rate_hz)
            self.computed += 1
        return self._known[key]

    def save(self) -> None:
        """Write what was computed; a run that is stopped in between goes on from here."""
        if not self.computed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_name(f".{self._file.name}")
        np.savez(partial, keys=np.array(list(self._known)), embeddings=np.stack(list(self._known.values())))
        partial.rename(self._file)
