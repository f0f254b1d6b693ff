"""Log-mel filter banks in numpy: what a model hears, computed without torch.

One description covers SpeechBrain's ``Fbank`` and Kaldi's filter bank; its window and mel weights are read from the
model when it is exported, so nothing about a particular model is written down here twice.
"""

import base64
import json
from dataclasses import dataclass, fields

import numpy as np

QUIETEST = 1e-6  # root mean square below which a waveform is not raised any further


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Float32 waveform (samples,) -> float32 features (1, frames, mels), their mean over time subtracted.

    ``level`` (root mean square, 0: as it is) is what the waveform is brought to before ``noise`` times faint white
    noise is added; ``padding`` zeros stand before and after it. Each frame of ``len(window)`` samples, ``hop`` apart,
    is centred and pre-emphasised where asked, windowed and transformed (``fft_size``); ``mel`` (fft_size / 2 + 1, mels)
    weighs the power; ``scale * log10`` of it has a ``floor`` and lies at most ``range_db`` below the loudest.
    """

    window: np.ndarray
    mel: np.ndarray
    hop: int
    fft_size: int
    padding: int
    floor: float
    scale: float
    range_db: float
    remove_offset: bool
    pre_emphasis: float
    level: float
    noise: float

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        if self.noise:
            loudness = max(float(np.sqrt(np.mean(waveform * waveform))), QUIETEST)
            waveform = waveform * np.float32(self.level / loudness) + np.float32(self.noise) * white_noise(
                len(waveform)
            )
        padded = np.pad(waveform, self.padding)
        frames = np.lib.stride_tricks.sliding_window_view(padded, len(self.window))[:: self.hop]
        if self.remove_offset:
            frames = frames - frames.mean(axis=1, keepdims=True)
        if self.pre_emphasis:
            before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
            frames = frames - np.float32(self.pre_emphasis) * before
        spectrum = np.fft.rfft(frames * self.window, self.fft_size)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ self.mel
        features = np.float32(self.scale) * np.log10(np.maximum(power, np.float32(self.floor)))
        features = np.maximum(features, features.max() - np.float32(self.range_db))
        return (features - features.mean(axis=0))[None]


def white_noise(count: int) -> np.ndarray:
    """Float32 (count,) of unit variance, the same every time: numpy promises that this generator never changes."""
    return np.random.RandomState(0).standard_normal(count).astype(np.float32)


def to_json(bank: FilterBank) -> str:
    """The filter bank as text, arrays as base64 of little-endian float32."""
    values = {each.name: getattr(bank, each.name) for each in fields(bank)}
    arrays = {name: packed(values.pop(name)) for name in ("window", "mel")}
    return json.dumps({**values, **arrays, "mels": bank.mel.shape[1]})


def from_json(text: str) -> FilterBank:
    """The filter bank that ``to_json`` wrote; ``ValueError``, ``KeyError`` or ``TypeError`` where it did not."""
    values = json.loads(text)
    mels = values.pop("mels")
    arrays = {"window": unpacked(values.pop("window")), "mel": unpacked(values.pop("mel")).reshape(-1, mels)}
    return FilterBank(**arrays, **values)


def packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4")
