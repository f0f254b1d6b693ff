"""Audio in and out: G.711 µ-law, files of any sample rate, and what a telephone line does to speech."""

from pathlib import Path

import numpy as np
import soundfile

from biometrics.errors import AudioError
from biometrics.resampling import resample

TELEPHONE_RATE_HZ = 8000
TELEPHONE_BAND_HZ = (300.0, 3400.0)
BAND_EDGE_HZ = 100.0  # width of the raised-cosine slope outside the band
LONGEST_FILE_SECONDS = 3600.0
SAME_CHANNELS_CORRELATION = 0.9  # below this, two channels are two microphones or two people
ULAW_BIAS, ULAW_CLIP = 33, 8158  # ITU-T G.711 µ-law, 14-bit magnitudes


def _decoding_table() -> np.ndarray:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((codes & 0x0F) * 2 + ULAW_BIAS) << ((codes >> 4) & 7)) - ULAW_BIAS
    return (np.where(codes & 0x80, -magnitude, magnitude) * 4 / 32768.0).astype(np.float32)


ULAW_TO_FLOAT = _decoding_table()


def decode_ulaw(data: bytes) -> np.ndarray:
    """G.711 µ-law bytes -> float32 samples in [-1, 1]. Every byte is valid, so this never fails."""
    return ULAW_TO_FLOAT[np.frombuffer(data, dtype=np.uint8)]


def encode_ulaw(samples: np.ndarray) -> bytes:
    """Float samples in [-1, 1] (beyond is clipped) -> G.711 µ-law bytes, one a sample."""
    linear = np.round(np.asarray(samples, dtype=np.float64) * 8192)
    magnitude = np.minimum(np.abs(linear), ULAW_CLIP).astype(np.int32) + ULAW_BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()


def read_audio(path: str | Path) -> tuple[np.ndarray, int]:
    """Read wav, flac, ogg or opus of any sample rate -> (float32 mono samples, sample rate in Hz).

    Channels that say the same are averaged; channels that differ are two people and an ``AudioError``. So are a file
    that is not audio, holds nothing, holds NaN or infinity, or lasts more than an hour. A file cut short gives what
    it holds.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate = file.samplerate
            if file.frames > LONGEST_FILE_SECONDS * rate:
                raise AudioError("too_long", f"{path} lasts more than {LONGEST_FILE_SECONDS:.0f} s: cut it first")
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise AudioError("not_audio", f"{path} cannot be read as wav, flac, ogg or opus: {error}") from error
    return checked(mono(samples, path), path), rate


def mono(samples: np.ndarray, source: str | Path) -> np.ndarray:
    """(frames, channels) -> (frames,); ``AudioError`` two_channels where the channels differ."""
    if samples.shape[1] == 1:
        return samples[:, 0]
    if len(samples) > 1 and np.isfinite(samples).all():
        spread = samples.std(axis=0)
        if spread.min() > 0 and np.corrcoef(samples.T).min() < SAME_CHANNELS_CORRELATION:
            message = f"{source} has {samples.shape[1]} channels that differ (two people?): give the speaker's channel"
            raise AudioError("two_channels", message)
        if spread.min() == 0 < spread.max():
            return samples[:, int(spread.argmax())]
    return samples.mean(axis=1)


def checked(samples: np.ndarray, source: str | Path = "audio") -> np.ndarray:
    """One-dimensional, not empty, finite float32; otherwise an ``AudioError`` that names ``source``."""
    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim != 1:
        raise AudioError("not_audio", f"{source}: expected one row of samples, got an array of shape {samples.shape}")
    if samples.size == 0:
        raise AudioError("empty", f"{source} holds no samples")
    if not np.isfinite(samples).all():
        raise AudioError("not_finite", f"{source} holds NaN or infinity: the file is damaged")
    return samples


def telephone(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """What a narrow-band line leaves of ``samples``: 8 kHz, 300-3400 Hz, G.711 µ-law and back; float32."""
    narrow = resample(samples, rate_hz, TELEPHONE_RATE_HZ)
    low, high = TELEPHONE_BAND_HZ
    frequencies = np.fft.rfftfreq(len(narrow), 1 / TELEPHONE_RATE_HZ)
    outside = np.maximum(low - frequencies, frequencies - high).clip(0, BAND_EDGE_HZ) / BAND_EDGE_HZ
    shaped = np.fft.irfft(np.fft.rfft(narrow) * (0.5 + 0.5 * np.cos(np.pi * outside)), len(narrow))
    return decode_ulaw(encode_ulaw(shaped))
