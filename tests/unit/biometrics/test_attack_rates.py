"""What the command that measures attacks counts with."""

import numpy as np
import pytest

from biometrics.attack_rates import rate
from biometrics.attacks import at_speed, in_noise, pitch_hz, towards


def tone(hz: float, seconds: float = 2.0) -> np.ndarray:
    """Harmonics of one pitch."""
    time = np.arange(int(8000 * seconds)) / 8000
    return sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 8)) * 0.1


def test_wilsons_interval_by_hand() -> None:
    # p = 0.1, n = 100, z = 1.96: centre (0.1 + 0.019208) / 1.038416, half-width 1.96 √(0.0009 + 0.00009604) / 1.038416.
    found = rate("x", 10, 100)
    assert found.rate == 0.1
    assert (found.low, found.high) == (pytest.approx(0.0552, abs=1e-4), pytest.approx(0.1744, abs=1e-4))


def test_nothing_caught_in_no_attempts_is_no_figure() -> None:
    assert np.isnan(rate("x", 0, 0).rate)
    assert rate("x", 0, 3000).high == pytest.approx(3.8416 / 3003.8416, abs=1e-6)


@pytest.mark.parametrize("hz", [100.0, 160.0, 250.0])
def test_pitch_is_found_and_moved_to_the_target(hz: float) -> None:
    assert pitch_hz(tone(hz)) == pytest.approx(hz, rel=0.03)
    assert pitch_hz(towards(tone(150), tone(hz))) == pytest.approx(hz, rel=0.05)


def test_faster_is_shorter_and_higher() -> None:
    faster = at_speed(tone(200), 1.1)
    assert len(faster) == pytest.approx(16000 / 1.1, abs=2)
    assert pitch_hz(faster) == pytest.approx(220, rel=0.03)


def test_noise_is_as_loud_as_it_says() -> None:
    clean = tone(200)
    noise = in_noise(clean, np.random.default_rng(0), 10.0) - clean
    loud = clean[np.abs(clean) > 0.005]
    assert 10 * np.log10(np.mean(loud**2) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.1)
