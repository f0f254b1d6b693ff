"""Moved formants: the throat changes, the pitch does not."""

import numpy as np
import pytest

from biometrics.training.formants import with_formants

RATE = 16_000


def vowel(pitch: float, formant: float, seconds: float = 2.0) -> np.ndarray:
    """Harmonics of `pitch` under one broad resonance at `formant`, both in Hz."""
    time = np.arange(round(RATE * seconds)) / RATE
    harmonics = np.arange(1, int(7000 / pitch)) * pitch
    heights = 1 / (1 + ((harmonics - formant) / 250) ** 2) + 0.002
    sound = sum(height * np.sin(2 * np.pi * at * time + at) for at, height in zip(harmonics, heights, strict=True))
    return (0.1 * sound).astype(np.float32)


def spectrum(samples: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(samples * np.hanning(len(samples))))[: 5 * RATE // 8]  # half a hertz a bin, to 5 kHz


def formant_of(samples: np.ndarray) -> float:
    """The mean frequency of the power, in Hz."""
    power = spectrum(samples) ** 2
    return float(np.sum(power * np.arange(len(power)) / 2) / np.sum(power))


@pytest.mark.parametrize("factor", [0.86, 0.93, 1.08, 1.16])
@pytest.mark.parametrize("pitch", [100, 220])
def test_the_formant_moves_and_the_pitch_stays(factor, pitch):
    before = vowel(pitch, 1500)
    after = with_formants(before, factor)
    assert formant_of(after) / formant_of(before) == pytest.approx(factor, abs=0.04)
    strong = np.flatnonzero(spectrum(after) > 0.1 * spectrum(after).max()) / 2
    assert np.all(np.abs(strong - np.round(strong / pitch) * pitch) <= 5)


def test_length_power_and_silence_stay():
    sound = np.concatenate([vowel(120, 800, 0.5), np.zeros(RATE, np.float32), vowel(120, 800, 0.317)])
    after = with_formants(sound, 1.16)
    assert after.shape == sound.shape and after.dtype == np.float32
    assert np.mean(after**2) == pytest.approx(np.mean(sound**2), rel=1e-3)
    assert np.abs(after[RATE : RATE + 4000]).max() < 1e-6
    assert np.array_equal(with_formants(np.zeros(1000, np.float32), 0.9), np.zeros(1000, np.float32))


def test_a_factor_of_one_changes_nothing():
    assert np.array_equal(with_formants(vowel(120, 900), 1.0), vowel(120, 900))
