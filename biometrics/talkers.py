"""Might somebody else be talking too? Asked before anybody is REJECTED.

A second person, a television or a screen reader in the room makes an owner sound like a stranger. How a second voice sounds
is hard to tell; what an honest rejection needs is not:

- pauses were heard. One person falls silent between words; where the line never does, another voice or music may fill
  the pauses, and what was compared is not one voice;
- both halves of the speech are a stranger's. In one of them the owner may have been the only one who spoke.
"""

from collections.abc import Callable

import numpy as np

from biometrics.speech import WINDOW_SECONDS

# On the train split (README, "Somebody else talks too"): the share at which a reader that talks on at 10 dB below the
# caller's voice is always found after 3 s of speech.
LEAST_PAUSE_SHARE = 0.15  # seconds of pause for each second of speech
PAUSE_BELOW_SPEECH_DB = 15.0  # a pause louder than this holds something that may be speech


def pauses_are_heard(speech: np.ndarray, pauses: np.ndarray, net_speech_seconds: float) -> bool:
    """Whether the line fell silent between the words of ``speech``.

    ``speech``: samples; ``pauses``: powers of the windows between its words, see ``Utterance.pauses``.
    """
    quiet = float(np.mean(np.square(speech, dtype=np.float64))) * 10 ** (-PAUSE_BELOW_SPEECH_DB / 10)
    return float(np.sum(pauses <= quiet)) * WINDOW_SECONDS >= LEAST_PAUSE_SHARE * net_speech_seconds


def highest_half(speech: np.ndarray, llr: Callable[[np.ndarray], float]) -> float:
    """The LLR of that half of ``speech`` that is more like the print; ``llr`` compares samples with it."""
    return max(llr(half) for half in np.array_split(speech, 2))
