"""A telephone line may spoil a voice, but not its length, its range or the next run."""

import os
from pathlib import Path

import numpy as np
import pytest

from biometrics.training import channel, codecs
from biometrics.training import config as configuration

CHANNEL = configuration.read(Path(configuration.__file__).with_name("telephone.yaml")).channel
NO_LOSS = np.zeros(100, dtype=bool)


def tone(seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * codecs.RATE)) / codecs.RATE
    return (0.3 * np.sin(2 * np.pi * 440 * time) * (1 + np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def murmur(length: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(length).astype(np.float32)


@pytest.fixture(autouse=True)
def every_codec_is_here() -> None:
    try:
        codecs.check(CHANNEL.codecs)
    except codecs.CodecMissing as missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


def test_every_line_keeps_length_and_range():
    for seed in range(60):
        heard = channel.telephone(tone(), np.random.default_rng(seed), CHANNEL, murmur)
        assert heard.shape == (8000,) and heard.dtype == np.float32
        assert np.isfinite(heard).all() and np.abs(heard).max() <= 1


def test_silence_and_a_length_that_is_no_whole_frame_pass_through():
    for seed in range(20):
        heard = channel.telephone(np.zeros(1234, np.float32), np.random.default_rng(seed), CHANNEL, murmur)
        assert heard.shape == (1234,) and np.isfinite(heard).all()


def test_the_same_seed_is_the_same_line():
    first, second, other = (
        channel.telephone(tone(), np.random.default_rng(seed), CHANNEL, murmur) for seed in (7, 7, 8)
    )
    assert np.array_equal(first, second) and not np.array_equal(first, other)


def test_the_standard_line_has_no_bass_and_no_treble():
    rng = np.random.default_rng(0)
    heard = channel.standard_telephone((0.1 * rng.standard_normal(8000)).astype(np.float32))
    power = np.abs(np.fft.rfft(heard)) ** 2  # a bin is 1 Hz
    assert power[:250].mean() < 0.01 * power[500:3000].mean() > power[3500:].mean()


@pytest.mark.parametrize("codec", codecs.CODECS)
def test_a_codec_keeps_the_voice_audible(codec):
    heard = codecs.through(codec, tone(2.0), NO_LOSS)
    best = max(np.corrcoef(tone(2.0)[: 16000 - delay], heard[delay:])[0, 1] for delay in range(80))
    assert best > 0.9


@pytest.mark.parametrize("codec", codecs.CODECS)
def test_a_long_loss_fades_to_near_silence(codec):
    lost = NO_LOSS.copy()
    lost[50:80] = True
    heard = codecs.through(codec, tone(2.0), lost)
    assert np.sqrt(np.mean(heard[70 * 160 : 80 * 160] ** 2)) < 0.1 * np.sqrt(np.mean(heard[: 50 * 160] ** 2))
