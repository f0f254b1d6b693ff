"""From cosine to evidence: a log-likelihood ratio (LLR), given how much and how good the speech was.

The same cosine says more after 10 s than after 2 s, in quiet than in noise, against three enrolment utterances than against
one. So scale and offset of the classic calibration (Brümmer & du Preez 2006) are linear in three conditions:

    LLR = (scale · w) * cosine + (offset · w),    w = (1, ln(net / 3 s), (SNR - 20 dB) / 10 dB, ln(utterances / 3))

At 3 s, 20 dB and 3 utterances that is scale[0] * cosine + offset[0]. Beyond the range seen in training a condition counts as
the end of that range.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from biometrics.errors import CalibrationError
from biometrics.speech import HIGHEST_SNR_DB, WINDOW_SAMPLES

REFERENCE_NET_SECONDS, REFERENCE_SNR_DB, REFERENCE_UTTERANCES = 3.0, 20.0, 3.0
SNR_STEP_DB = 10.0
RANGE_QUANTILES = (0.01, 0.99)  # of a condition in training; a stray value beyond does not stretch the range
NEWTON_STEPS = 200
RIDGE = 1e-6
QUIETEST_SHARE = 0.1


@dataclass(frozen=True)
class Conditions:
    """What a cosine was measured under: numbers, or arrays of one shape."""

    net_speech_seconds: float | np.ndarray
    snr_db: float | np.ndarray
    enrolment_utterances: float | np.ndarray  # embeddings in the print


BETWEEN_PRINTS = Conditions(
    8.0, REFERENCE_SNR_DB, REFERENCE_UTTERANCES
)  # a print taken for a call: the least enrolment


@dataclass(frozen=True)
class LikelihoodRatio:
    """The model above. ``scale`` and ``offset``: four numbers each; the ranges (lowest, highest) were seen in training."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    net_speech_seconds: tuple[float, float]
    snr_db: tuple[float, float]
    enrolment_utterances: tuple[float, float]

    def __call__(self, cosine: float | np.ndarray, conditions: Conditions) -> float | np.ndarray:
        """The LLR (natural logarithm), of the shape of ``cosine``; never falls as the cosine rises."""
        weights = _weights(
            Conditions(
                np.clip(conditions.net_speech_seconds, *self.net_speech_seconds),
                np.clip(conditions.snr_db, *self.snr_db),
                np.clip(conditions.enrolment_utterances, *self.enrolment_utterances),
            )
        )
        return weights @ np.array(self.scale) * cosine + weights @ np.array(self.offset)


def unconditional(scale: float, offset: float) -> LikelihoodRatio:
    """LLR = scale * cosine + offset, whatever the conditions."""
    anything = (1.0, 1.0), (REFERENCE_SNR_DB, REFERENCE_SNR_DB), (REFERENCE_UTTERANCES, REFERENCE_UTTERANCES)
    return LikelihoodRatio((scale, 0.0, 0.0, 0.0), (offset, 0.0, 0.0, 0.0), *anything)


def _weights(conditions: Conditions) -> np.ndarray:
    """(…, 4)."""
    terms = (
        np.log(np.asarray(conditions.net_speech_seconds) / REFERENCE_NET_SECONDS),
        (np.asarray(conditions.snr_db) - REFERENCE_SNR_DB) / SNR_STEP_DB,
        np.log(np.asarray(conditions.enrolment_utterances) / REFERENCE_UTTERANCES),
    )
    return np.stack([np.ones(np.broadcast_shapes(*(term.shape for term in terms))), *np.broadcast_arrays(*terms)], -1)


def speech_snr_db(speech: np.ndarray) -> float:
    """SNR of speech without its pauses: all of it against its quietest tenth (windows of 32 ms).

    It depends on these samples only, so that the same speech gives the same LLR however often it is asked about.
    """
    windows = speech[: len(speech) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    power = np.mean(windows.astype(np.float64) ** 2, axis=1)
    level, noise = float(power.mean()), float(np.quantile(power, QUIETEST_SHARE))
    if noise <= 0 or level <= noise:
        return HIGHEST_SNR_DB if level > 0 else 0.0
    return min(10 * float(np.log10((level - noise) / noise)), HIGHEST_SNR_DB)


def balanced_weights(is_target: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """A weight a trial, so that within each cell (a condition) owners and impostors weigh the same and the log odds that are
    learnt are the likelihood ratio. A cell weighs as many owners as it has; with one class only, nothing."""
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    owners = np.bincount(cell, weights=is_target)
    impostors = np.bincount(cell, weights=~is_target)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(is_target, 1.0, owners[cell] / impostors[cell])
    weight[(owners[cell] == 0) | (impostors[cell] == 0)] = 0.0
    total = weight.sum()
    if total == 0:
        raise CalibrationError("no condition has scores of owners and of impostors: there is nothing to learn from")
    return weight / total


def condition_cells(conditions: Conditions) -> np.ndarray:
    """(trials, 3): half an octave of net speech, 10 dB of SNR, number of utterances."""
    return np.stack(
        [
            np.round(2 * np.log2(conditions.net_speech_seconds)),
            np.round(np.asarray(conditions.snr_db) / SNR_STEP_DB),
            conditions.enrolment_utterances,
        ],
        axis=-1,
    )


def fit(cosines: np.ndarray, is_target: np.ndarray, conditions: Conditions) -> LikelihoodRatio:
    """Learn the model by prior-balanced logistic regression, Newton's method; arrays of one shape (trials,).

    ``CalibrationError`` where a class is empty, or where somewhere in the range seen the LLR would not rise with the
    cosine (too few or wrongly labelled trials).
    """
    if not is_target.any() or is_target.all():
        raise CalibrationError("calibration needs scores of owners and of impostors; one of the two is empty")
    ranges = [
        (float(low), float(high))
        for low, high in (
            np.quantile(each, RANGE_QUANTILES)
            for each in (conditions.net_speech_seconds, conditions.snr_db, conditions.enrolment_utterances)
        )
    ]
    clipped = Conditions(
        *(
            np.clip(each, *limits)
            for each, limits in zip(
                (conditions.net_speech_seconds, conditions.snr_db, conditions.enrolment_utterances), ranges, strict=True
            )
        )
    )
    terms = _weights(clipped)
    weights = balanced_weights(is_target, condition_cells(clipped))
    design = np.concatenate([terms * cosines[:, None], terms], axis=1)
    solution = logistic_regression(design, is_target, weights)
    found = LikelihoodRatio(tuple(map(float, solution[:4])), tuple(map(float, solution[4:])), *ranges)
    slopes = [float(_weights(Conditions(*corner)) @ solution[:4]) for corner in product(*ranges)]
    if min(slopes) <= 0:
        raise CalibrationError("owners do not score higher than impostors everywhere: the trials tell no voices apart")
    return found


def logistic_regression(design: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted logistic regression, (trials, terms) -> (terms,); a faint ridge keeps separable scores finite."""
    solution = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ solution, -50, 50)))
        gradient = design.T @ (weights * (p - label)) + RIDGE * solution
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(len(solution))
        step = np.linalg.solve(hessian, gradient)
        # Damping: far from the solution a full Newton step of a logistic loss can overshoot.
        solution = solution - step / max(1.0, float(np.abs(step).max()) / 10)
        if np.abs(step).max() < 1e-9:
            break
    return solution
