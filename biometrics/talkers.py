"""Might somebody else be talking too? Asked before a verdict is final: a second voice, a television or a screen reader in
the room make an owner sound like a stranger, and a stranger's call with a stretch of the owner in it like the owner.

Two signs, both about what an honest verdict needs rather than about how a second voice sounds:

- Nobody is REJECTED whose pauses were not heard. One person falls silent between words; where the line never does,
  another voice or music may fill the pauses, and what was compared is not one voice.
- No half of the speech contradicts the verdict. Who is ACCEPTED is not clearly a stranger in one half, who is REJECTED is
  a stranger in both.
"""

from collections.abc import Callable

import numpy as np

from biometrics.speech import WINDOW_SECONDS

# On the train split (README, "Somebody else talks too"): the share at which a voice that talks on at 10 dB below the
# caller's is always found after 3 s of speech.
LEAST_PAUSE_SHARE = 0.15  # seconds of pause for each second of speech
PAUSE_BELOW_SPEECH_DB = 15.0  # a pause louder than this holds something that may be speech


def pauses_are_heard(speech: np.ndarray, pauses: np.ndarray, net_speech_seconds: float) -> bool:
    """Whether the line fell silent between the words of ``speech``.

    ``speech``: samples; ``pauses``: powers of the windows between its words, see ``Utterance.pauses``.
    """
    quiet = float(np.mean(np.square(speech, dtype=np.float64))) * 10 ** (-PAUSE_BELOW_SPEECH_DB / 10)
    return float(np.sum(pauses <= quiet)) * WINDOW_SECONDS >= LEAST_PAUSE_SHARE * net_speech_seconds


def lowest_and_highest_half(speech: np.ndarray, llr: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """The lower and the higher LLR of the two halves of ``speech``; ``llr`` compares samples with the print."""
    first, second = sorted(llr(half) for half in np.array_split(speech, 2))
    return first, second
