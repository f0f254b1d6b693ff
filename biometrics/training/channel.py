"""What happens to a voice between a mouth and the far end of a telephone line, drawn at random.

room → noise and babble around the speaker → handset and line response → level, overdrive → codec with lost packets, often a
second one → noise of the line. Everything at 8 kHz. The same generator state gives the same line.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from biometrics.training.codecs import FRAME, RATE, Codec, through

Babble = Callable[[int], np.ndarray]
"""Other people's speech: (samples) -> float32 at 8 kHz."""


@dataclass(frozen=True)
class ChannelConfig:
    """How often each fault occurs (0-1) and how strong it is."""

    codecs: tuple[Codec, ...]
    codec_weights: tuple[float, ...]
    second_codec: float
    room: float
    noise: float
    babble: float
    line_noise: float
    overdrive: float
    packet_loss: float
    snr_decibels: tuple[float, float]
    level_decibels: tuple[float, float]


def telephone(samples: np.ndarray, rng: np.random.Generator, config: ChannelConfig, babble: Babble) -> np.ndarray:
    """Send a clean utterance (float32, 8 kHz) through one random line; same length, float32 in [-1, 1]."""
    heard = samples
    response = _handset(rng, len(heard))
    if rng.random() < config.room:
        heard = _filtered(heard, _room(rng))
    if rng.random() < config.noise:
        around = babble(len(heard)) if rng.random() < config.babble else _noise(rng, len(heard))
        heard = _mixed(heard, around, rng.uniform(*config.snr_decibels))
    heard = np.fft.irfft(np.fft.rfft(heard, _fft_length(len(heard))) * response)[: len(heard)].astype(np.float32)
    heard = _at_level(heard, rng.uniform(*config.level_decibels))
    if rng.random() < config.overdrive:
        heard = np.clip(heard * 10 ** (rng.uniform(6, 18) / 20), -1, 1) * 10 ** (-rng.uniform(0, 12) / 20)
    weights = np.asarray(config.codec_weights) / sum(config.codec_weights)
    for hop in range(2 if rng.random() < config.second_codec else 1):
        codec = config.codecs[rng.choice(len(config.codecs), p=weights)]
        loss = rng.random() < config.packet_loss and hop == 0
        lost = _lost_frames(rng, len(heard)) if loss else np.zeros(-(-len(heard) // FRAME), dtype=bool)
        heard = through(codec, heard, lost, amr_mode=int(rng.integers(0, 8)))
    if rng.random() < config.line_noise:
        heard = _mixed(heard, _noise(rng, len(heard)), rng.uniform(25, 45))
    return np.clip(heard, -1, 1).astype(np.float32)


def standard_telephone(samples: np.ndarray) -> np.ndarray:
    """The one fixed line on which figures are given: 300-3400 Hz, G.711 µ-law; float32 at 8 kHz."""
    spectrum = np.fft.rfft(samples, _fft_length(len(samples)))
    frequencies = np.linspace(0, RATE / 2, len(spectrum))
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    band = np.fft.irfft(spectrum)[: len(samples)].astype(np.float32)
    return through("mulaw", band, np.zeros(-(-len(band) // FRAME), dtype=bool))


def _fft_length(length: int) -> int:
    """At least 64 ms longer, so that nothing wraps round, and a multiple of 512, which is quick to transform."""
    return -(-(length + 512) // 512) * 512


def _filtered(samples: np.ndarray, impulse_response: np.ndarray) -> np.ndarray:
    length = _fft_length(len(samples) + len(impulse_response))
    product = np.fft.rfft(samples, length) * np.fft.rfft(impulse_response, length)
    return np.fft.irfft(product)[: len(samples)].astype(np.float32)


def _mixed(samples: np.ndarray, noise: np.ndarray, snr_decibels: float) -> np.ndarray:
    wanted = np.sqrt(np.mean(samples**2) + 1e-12) * 10 ** (-snr_decibels / 20)
    return samples + noise * np.float32(wanted / np.sqrt(np.mean(noise**2) + 1e-12))


def _at_level(samples: np.ndarray, decibels: float) -> np.ndarray:
    """Set the root mean square, in dB under full scale; peaks beyond full scale are clipped by the codec."""
    return samples * np.float32(10 ** (decibels / 20) / np.sqrt(np.mean(samples**2) + 1e-12))


def _handset(rng: np.random.Generator, length: int) -> np.ndarray:
    """Amplitude response over the bins of a real FFT: a pass band with random edges and a smooth, random curve in it."""
    frequencies = np.linspace(0, RATE / 2, _fft_length(length) // 2 + 1)
    low, high = rng.uniform(50, 400), rng.uniform(2900, 3900)
    low_order, high_order = rng.uniform(2, 8), rng.uniform(6, 24)
    passband = 1 / np.sqrt(1 + (low / np.maximum(frequencies, 1)) ** (2 * low_order))
    passband /= np.sqrt(1 + (frequencies / high) ** (2 * high_order))
    anchors = np.array([0, 200, 500, 1000, 1600, 2300, 3000, 4000])
    decibels = np.interp(frequencies, anchors, rng.normal(0, 3, len(anchors)))
    tilt = rng.uniform(-3, 3) * np.log2(np.maximum(frequencies, 100) / 1000)  # dB per octave
    return passband * 10 ** ((decibels + tilt) / 20)


def _room(rng: np.random.Generator) -> np.ndarray:
    """Impulse response of a shoebox room as its statistics have it: direct sound, early echoes, decaying noise (Polack 1988)."""
    reverberation = rng.uniform(0.1, 0.7)  # seconds until the sound is 60 dB down
    distance = rng.uniform(0.1, 2.0)  # metres from mouth to microphone
    time = np.arange(int(reverberation * RATE)) / RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / reverberation)
    tail[: int(0.004 * RATE)] = 0
    for delay in rng.uniform(0.002, 0.03, size=6):
        tail[min(int(delay * RATE), len(tail) - 1)] += rng.choice([-1, 1]) * rng.uniform(2, 6)
    critical = rng.uniform(0.5, 1.5)  # metres at which direct and reverberant sound are equally strong
    tail *= (distance / critical) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail.astype(np.float32)


def _noise(rng: np.random.Generator, length: int) -> np.ndarray:
    """One of: coloured noise (white to brown), the same coming and going, mains hum, clicks."""
    kind = rng.choice(4, p=(0.45, 0.3, 0.15, 0.1))
    if kind == 2:
        time = np.arange(length) / RATE
        mains = rng.choice((50.0, 60.0))
        parts = [
            np.sin(2 * np.pi * mains * k * time + rng.uniform(0, 6.3)) * rng.uniform(0, 1) / k for k in range(1, 20)
        ]
        return (np.sum(parts, axis=0) + 0.02 * rng.standard_normal(length)).astype(np.float32)
    if kind == 3:
        clicks = (rng.random(length) < 10 / RATE) * rng.standard_normal(length)
        return (np.convolve(clicks, np.exp(-np.arange(80) / 20.0))[:length] + 1e-3).astype(np.float32)
    size = _fft_length(length)
    frequencies = np.maximum(np.linspace(0, RATE / 2, size // 2 + 1), 20)
    spectrum = np.fft.rfft(rng.standard_normal(size)) / frequencies ** rng.uniform(0, 1)
    noise = np.fft.irfft(spectrum)[:length]
    if kind == 1:
        turns = np.interp(np.arange(length), np.linspace(0, length, 8), rng.uniform(-20, 0, 8))
        noise *= 10 ** (turns / 20)
    return noise.astype(np.float32)


def _lost_frames(rng: np.random.Generator, length: int) -> np.ndarray:
    """Which 20 ms frames never arrive: bursts by a two-state chain (Gilbert 1960), 1-10 % on average, bursts of 1-4 frames."""
    rate, burst = rng.uniform(0.01, 0.10), rng.uniform(1, 4)
    leave, enter = 1 / burst, rate / (burst * (1 - rate))
    lost = np.zeros(-(-length // FRAME), dtype=bool)
    bad = False
    for frame in range(len(lost)):
        bad = rng.random() < (1 - leave if bad else enter)
        lost[frame] = bad
    return lost
