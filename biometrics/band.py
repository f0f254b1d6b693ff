"""Is the speech as wide as a telephone line carries it? A narrower band makes an owner sound like a stranger."""

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ

# Share of the speech's energy in dB. Of 95 callers of the train split, 3 s or more of speech each, the least were -13.2
# and -35.7 dB; cut to 500-2500 or 300-2000 Hz, all of them lie below one of the two.
LOW_BAND_HZ, LEAST_LOW_SHARE_DB = (300.0, 500.0), -16.0
HIGH_BAND_HZ, LEAST_HIGH_SHARE_DB = (2500.0, 3300.0), -37.0


def is_telephone_band(speech: np.ndarray) -> bool:
    """Whether speech at 8 kHz, shape (samples,), 3 s or more, has both ends of the band of 300-3400 Hz."""
    power = np.abs(np.fft.rfft(speech)) ** 2
    frequencies = np.fft.rfftfreq(len(speech), 1 / TELEPHONE_RATE_HZ)

    def share(band: tuple[float, float]) -> float:
        inside = float(power[(frequencies >= band[0]) & (frequencies < band[1])].sum())
        return float(10 * np.log10(inside / power.sum() + 1e-12))

    return share(LOW_BAND_HZ) >= LEAST_LOW_SHARE_DB and share(HIGH_BAND_HZ) >= LEAST_HIGH_SHARE_DB
