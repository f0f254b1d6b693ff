"""How high a voice is: the median fundamental frequency. It is neither sex nor age, and is not called so."""

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ

FRAME, HOP = int(0.04 * TELEPHONE_RATE_HZ), int(0.02 * TELEPHONE_RATE_HZ)
LOWEST_HZ, HIGHEST_HZ = 70.0, 400.0
VOICED = 0.5  # normalised autocorrelation at the period, from which a frame counts as voiced
FEWEST_VOICED_FRAMES = 20
SHORTER_PERIOD_SHARE = 0.85  # a period half as long wins if it is nearly as good: the octave error goes downwards
BANDS_HZ = ((0.0, 165.0, "low voice (under 165 Hz)"), (165.0, 240.0, "middle voice (165-240 Hz)"))
HIGH_BAND = "high voice (240 Hz and more)"


def median_pitch_hz(speech: np.ndarray) -> float | None:
    """Of float32 speech at 8 kHz, by autocorrelation of 40 ms frames; None where too little of it is voiced.

    Works on telephone speech without its fundamental, because the harmonics repeat with the same period.
    """
    if len(speech) < FRAME:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(speech, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames, 2 * FRAME)) ** 2
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(FRAME), 2 * FRAME)) ** 2)[:FRAME]
    correlation = np.fft.irfft(power)[:, :FRAME]
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.nan_to_num(correlation / correlation[:, :1] / (window / window[0]))
    shortest, longest = int(TELEPHONE_RATE_HZ / HIGHEST_HZ), int(TELEPHONE_RATE_HZ / LOWEST_HZ)
    searched = correlation[:, shortest : longest + 1]
    best = searched.max(axis=1)
    # The first peak that is nearly the best: multiples of the period are as good as the period itself.
    peak = np.zeros_like(searched, dtype=bool)
    peak[:, 1:-1] = (searched[:, 1:-1] >= searched[:, :-2]) & (searched[:, 1:-1] >= searched[:, 2:])
    good = peak & (searched >= SHORTER_PERIOD_SHARE * best[:, None])
    voiced = (best >= VOICED) & good.any(axis=1)
    if voiced.sum() < FEWEST_VOICED_FRAMES:
        return None
    return float(np.median(TELEPHONE_RATE_HZ / (good[voiced].argmax(axis=1) + shortest)))


def band(pitch_hz: float) -> str:
    """The name of the band that a pitch lies in."""
    return next((name for low, high, name in BANDS_HZ if low <= pitch_hz < high), HIGH_BAND)
