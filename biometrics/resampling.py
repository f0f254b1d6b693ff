"""Change of sample rate by a windowed sinc (Smith, "Digital Audio Resampling"), in numpy alone.

The kernel is that of ``torchaudio.functional.resample`` (``sinc_interp_hann``, rolloff 0.99) with a width of 64 zero
crossings instead of 6: a narrow transition band keeps telephone speech whole up to 3.9 kHz.
"""

from functools import lru_cache
from math import ceil, gcd

import numpy as np

from biometrics.errors import AudioError

ZERO_CROSSINGS = 64  # on each side of the sinc; torchaudio calls it lowpass_filter_width
ROLLOFF = 0.99  # cut-off as a share of the lower Nyquist frequency
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000
LARGEST_MATRIX = 1 << 24  # numbers (64 MiB) up to which the kernel of every phase is kept
CHUNK = 1 << 20  # numbers in flight at once


def resample(samples: np.ndarray, from_rate_hz: int, to_rate_hz: int) -> np.ndarray:
    """Float32 (samples,) at one rate -> float32 (ceil(samples * to / from),) at the other.

    ``AudioError`` for a rate below 1 kHz or above 768 kHz: no recording of a voice has one.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if from_rate_hz == to_rate_hz or not len(samples):
        return samples
    for rate in (from_rate_hz, to_rate_hz):
        if not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
            message = f"a sample rate of {rate} Hz is none of a voice: {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz are"
            raise AudioError("not_audio", message)
    divisor = gcd(from_rate_hz, to_rate_hz)
    step_in, step_out = from_rate_hz // divisor, to_rate_hz // divisor
    length = ceil(len(samples) * to_rate_hz / from_rate_hz)
    if (2 * _width(step_in, step_out) + step_in) * step_out <= LARGEST_MATRIX:
        return _by_matrix(samples, step_in, step_out, length)
    return _by_taps(samples, step_in, step_out, length)


def _width(step_in: int, step_out: int) -> int:
    """Input samples on each side of an output sample that count."""
    return ceil(ZERO_CROSSINGS * step_in / (min(step_in, step_out) * ROLLOFF))


def _kernel(distance: np.ndarray, step_in: int, step_out: int) -> np.ndarray:
    """Weights of input samples so far from the output sample, in units of ``step_in`` input samples."""
    base = min(step_in, step_out) * ROLLOFF
    crossings = np.clip(distance * base, -ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.cos(crossings * np.pi / ZERO_CROSSINGS / 2) ** 2
    return (np.sinc(crossings) * window * base / step_in).astype(np.float32)


@lru_cache(maxsize=8)
def _matrix(step_in: int, step_out: int) -> tuple[np.ndarray, int]:
    """(inputs, outputs) weights of one tile of output samples, and how many input samples a tile moves on.

    A tile is as long as the kernel is wide, so that a sample is copied about twice whatever the rates.
    """
    width = _width(step_in, step_out)
    repeats = max(1, 2 * width // step_in)
    tile_in, tile_out = repeats * step_in, repeats * step_out
    inputs = np.arange(-width, width + tile_in)[:, None] / step_in
    outputs = np.arange(tile_out)[None, :] / step_out
    matrix = _kernel(inputs - outputs, step_in, step_out)
    matrix.setflags(write=False)
    return matrix, tile_in


def _by_matrix(samples: np.ndarray, step_in: int, step_out: int, length: int) -> np.ndarray:
    matrix, tile_in = _matrix(step_in, step_out)
    width, (window, tile_out) = _width(step_in, step_out), matrix.shape
    tiles = ceil(length / tile_out)
    padded = np.zeros(max((tiles - 1) * tile_in + window, width + len(samples)), dtype=np.float32)
    padded[width : width + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::tile_in]
    resampled = np.empty((tiles, tile_out), dtype=np.float32)
    rows = max(1, CHUNK // window)
    for start in range(0, tiles, rows):
        chunk = np.ascontiguousarray(windows[start : min(start + rows, tiles)])
        np.matmul(chunk, matrix, out=resampled[start : start + rows])
    return resampled.reshape(-1)[:length]


def _by_taps(samples: np.ndarray, step_in: int, step_out: int, length: int) -> np.ndarray:
    """Rates with next to no common divisor: the weights are worked out for each output sample."""
    width = _width(step_in, step_out)
    padded = np.zeros(len(samples) + 2 * width + 2, dtype=np.float32)
    padded[width : width + len(samples)] = samples
    taps = np.arange(2 * width + 2)
    resampled = np.empty(length, dtype=np.float32)
    rows = max(1, CHUNK // len(taps))
    for start in range(0, length, rows):
        outputs = np.arange(start, min(start + rows, length))
        first, phase = np.divmod(outputs * step_in, step_out)  # whole input samples, and the rest in 1 / step_out
        distance = (taps - width)[None, :] / step_in - phase[:, None] / (step_out * step_in)
        weights = _kernel(distance, step_in, step_out)
        resampled[start : start + rows] = np.einsum("ij,ij->i", padded[first[:, None] + taps], weights)
    return resampled
