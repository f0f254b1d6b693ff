"""Is one voice enrolled under two contacts? A question for a person to look into, never an accusation.

Every print is compared with every other one, so a threshold of one comparison will not do: with N comparisons a false
accept rate of f flags N·f pairs of strangers. The threshold here grows with N so that at most ``false_flags`` pairs of
strangers are expected in one search. For a calibrated log-likelihood ratio, P(LLR >= t | two people) <= exp(-t) (Markov's
inequality on the ratio, whose mean over pairs of strangers is at most 1), hence t = ln(N / false_flags); it is never below the
strictest threshold that the model has learnt.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from biometrics.calibration import Calibration
from biometrics.likelihood import BETWEEN_PRINTS
from biometrics.voiceprint import Voiceprint

FALSE_FLAGS = 0.5  # pairs of strangers expected among what one search flags
ROWS_AT_ONCE = 1024  # of the matrix of cosines: 10,000 prints a time take 40 MB


@dataclass(frozen=True)
class Duplicate:
    """Two contacts whose prints are alike: ``llr`` is the evidence (natural logarithm) that it is one person."""

    contact: str
    other: str
    llr: float


@dataclass(frozen=True)
class DuplicateSearch:
    """``found``: most alike first. ``other_model``: contacts whose print is of another model and was not compared."""

    found: tuple[Duplicate, ...]
    comparisons: int
    threshold_llr: float
    false_accept_rate: float  # at most, of one comparison
    other_model: tuple[str, ...]


def flag_threshold(calibration: Calibration, comparisons: int, false_flags: float = FALSE_FLAGS) -> float:
    """LLR from which on a pair is flagged in a search of so many comparisons."""
    strictest = max((max(each.llrs) for each in calibration.thresholds), default=0.0)
    return max(strictest, float(np.log(max(comparisons, 1) / false_flags)))


def find_duplicates(
    calibration: Calibration,
    prints: Mapping[str, Voiceprint],
    of: Collection[str] | None = None,
    false_flags: float = FALSE_FLAGS,
) -> DuplicateSearch:
    """Compare the prints of ``prints`` (by contact) with each other, or only those ``of`` some with all others.

    Prints of another model than the calibration's are never compared; they are named in ``other_model``.
    """
    comparable = sorted(contact for contact, each in prints.items() if each.model_sha256 == calibration.model_sha256)
    other_model = tuple(sorted(set(prints) - set(comparable)))
    asked = [index for index, contact in enumerate(comparable) if of is None or contact in of]
    comparisons = len(asked) * (len(comparable) - 1) - len(asked) * (len(asked) - 1) // 2
    threshold = flag_threshold(calibration, comparisons, false_flags)
    found: list[Duplicate] = []
    if comparisons:
        centres = np.stack([prints[contact].centre() for contact in comparable])
        for start in range(0, len(asked), ROWS_AT_ONCE):
            found += _alike(
                calibration, comparable, centres, asked[start : start + ROWS_AT_ONCE], set(asked), threshold
            )
    found.sort(key=lambda each: (-each.llr, each.contact, each.other))
    return DuplicateSearch(tuple(found), comparisons, threshold, float(np.exp(-threshold)), other_model)


def _alike(
    calibration: Calibration,
    contacts: list[str],
    centres: np.ndarray,
    rows: list[int],
    asked: set[int],
    threshold: float,
) -> list[Duplicate]:
    """Pairs at or above the threshold, each once: of two that were both asked about, the later row leaves it out."""
    ratios = calibration.llr(np.clip(centres[rows] @ centres.T, -1.0, 1.0), BETWEEN_PRINTS)
    pairs = ((rows[row], column, row) for row, column in np.argwhere(ratios >= threshold))
    return [
        Duplicate(contacts[one], contacts[int(other)], float(ratios[row, other]))
        for one, other, row in pairs
        if one != other and not (other in asked and other < one)
    ]
