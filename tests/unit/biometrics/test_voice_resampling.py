"""Sample rates: what torchaudio makes of them at the same width, every length, and no torch."""

import subprocess
import sys

import numpy as np
import pytest

from biometrics import resampling
from biometrics.audio import telephone
from biometrics.errors import AudioError
from biometrics.resampling import resample


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0, 0.2, count).astype(np.float32)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(8000, 16000), (16000, 8000), (44100, 16000), (48000, 8000), (22050, 8000), (11025, 16000), (8000, 44100)],
)
def test_it_agrees_with_torchaudio_at_the_same_width(from_hz, to_hz):
    import torch
    from torchaudio.functional import resample as reference

    for count in (1, 77, from_hz + 13):
        samples = noise(count)
        expected = reference(torch.from_numpy(samples), from_hz, to_hz, lowpass_filter_width=64).numpy()
        found = resample(samples, from_hz, to_hz)
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 5e-5  # torchaudio counts time in float32, we in float64


def test_rates_without_a_common_divisor_give_the_same_as_the_usual_ones(monkeypatch):
    samples = noise(4321)
    usual = [resample(samples, 8000, 16000), resample(samples, 44100, 16000)]
    monkeypatch.setattr(resampling, "LARGEST_MATRIX", 0)
    for expected, rate in zip(usual, (8000, 44100), strict=True):
        assert np.abs(resample(samples, rate, 16000) - expected).max() < 1e-6
    assert len(resample(samples, 9973, 8000)) == -(-4321 * 8000 // 9973)


def test_a_long_recording_is_the_same_piece_by_piece(monkeypatch):
    samples = noise(60000)
    whole = resample(samples, 16000, 8000)
    monkeypatch.setattr(resampling, "CHUNK", 5000)
    assert np.abs(resample(samples, 16000, 8000) - whole).max() < 1e-6


def test_speech_up_to_the_edge_of_the_band_survives_and_what_would_fold_back_does_not():
    time = np.arange(32000) / 16000
    for frequency, low, high in ((3850, 0.98, 1.02), (4200, 0.0, 0.001)):
        narrow = resample(np.sin(2 * np.pi * frequency * time).astype(np.float32), 16000, 8000)[200:-200]
        assert low <= np.sqrt(2 * np.mean(narrow**2)) <= high


def test_nothing_stays_nothing_and_an_impossible_rate_is_refused():
    assert len(resample(np.zeros(0, dtype=np.float32), 44100, 8000)) == 0
    for rate in (0, -8000, 3, 2_000_000_000):
        with pytest.raises(AudioError, match="sample rate"):
            resample(noise(100), rate, 8000)


def test_a_telephone_needs_no_torch():
    program = (
        "import sys, numpy; from biometrics.audio import telephone; "
        "print(len(telephone(numpy.zeros(16000), 16000)), 'torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["8000", "False"]
    assert len(telephone(noise(44100), 44100)) == 8000
