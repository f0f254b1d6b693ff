"""Is the speech as wide as a telephone line carries it? A narrower band makes an owner sound like a stranger."""

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ

# Share of the speech's energy in dB, chosen below the least of 95 callers of the train split (README.md, "A narrower line").
LOW_BAND_HZ, LEAST_LOW_SHARE_DB = (300.0, 500.0), -16.0
HIGH_BAND_HZ, LEAST_HIGH_SHARE_DB = (2500.0, 3300.0), -37.0


def ends_db(speech: np.ndarray) -> tuple[float, float]:
    """The share of the energy that lies at the lower and at the upper end of the telephone's band, in dB."""
    power = np.abs(np.fft.rfft(speech)) ** 2
    frequencies = np.fft.rfftfreq(len(speech), 1 / TELEPHONE_RATE_HZ)

    def share(band: tuple[float, float]) -> float:
        inside = float(power[(frequencies >= band[0]) & (frequencies < band[1])].sum())
        return float(10 * np.log10(inside / power.sum() + 1e-12))

    return share(LOW_BAND_HZ), share(HIGH_BAND_HZ)


def is_telephone_band(speech: np.ndarray) -> bool:
    """Whether speech at 8 kHz, shape (samples,), 3 s or more, has both ends of the band of 300-3400 Hz."""
    low, high = ends_db(speech)
    return low >= LEAST_LOW_SHARE_DB and high >= LEAST_HIGH_SHARE_DB
