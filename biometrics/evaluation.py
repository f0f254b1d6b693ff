"""Figures of merit of a speaker recogniser: EER, minDCF, FRR at a FAR, Cllr, and their speaker bootstrap.

Higher scores mean more alike. At a threshold t, FRR is the share of target trials below t and FAR the share of
impostor trials at or above t. Every function takes weights so that a bootstrap only has to draw weights.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from biometrics.errors import BiometricsError

TARGET_PRIOR = 0.01  # of minDCF, with both costs 1 (NIST SRE)


@dataclass(frozen=True)
class Curve:
    """FRR and FAR at every threshold that makes a difference, from accept-all to accept-none."""

    frr: np.ndarray
    far: np.ndarray


class Ranking:
    """Scores sorted once, so that the curve under many weightings costs a cumulative sum each."""

    def __init__(self, scores: np.ndarray, is_target: np.ndarray) -> None:
        if not is_target.any() or is_target.all():
            raise BiometricsError("rates need at least one target trial and one impostor trial")
        self._order = np.argsort(scores, kind="stable")
        self._is_target = is_target[self._order]
        ranked = scores[self._order]
        self._ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # last of each run of equal scores

    def curve(self, weights: np.ndarray | None = None) -> Curve:
        weight = np.ones(len(self._order)) if weights is None else weights[self._order]
        below_target = np.cumsum(np.where(self._is_target, weight, 0))
        below_impostor = np.cumsum(np.where(self._is_target, 0, weight))
        with np.errstate(invalid="ignore"):  # weights that leave no target or no impostor give NaN
            frr = np.append(0, below_target[self._ends]) / below_target[-1]
            far = 1 - np.append(0, below_impostor[self._ends]) / below_impostor[-1]
        return Curve(frr, far.clip(0, 1))


def eer(curve: Curve) -> float:
    """Equal error rate (0-1): where FRR = FAR, linear between the two thresholds around the crossing."""
    after = int(np.argmax(curve.frr >= curve.far))
    before = max(after - 1, 0)
    gap_before = curve.far[before] - curve.frr[before]
    gap_after = curve.frr[after] - curve.far[after]
    share = gap_before / (gap_before + gap_after) if gap_before + gap_after > 0 else 0.0
    return float(curve.frr[before] + share * (curve.frr[after] - curve.frr[before]))


def min_dcf(curve: Curve, prior: float = TARGET_PRIOR) -> float:
    """Lowest detection cost prior*FRR + (1-prior)*FAR, as a multiple of the better of always-yes and always-no."""
    return float((prior * curve.frr + (1 - prior) * curve.far).min() / min(prior, 1 - prior))


def frr_at_far(curve: Curve, far: float) -> float:
    """The lowest FRR of any threshold whose FAR does not exceed ``far``."""
    return float(curve.frr[curve.far <= far + 1e-12].min())


def cllr(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cost of the log-likelihood ratios (natural) in bits (Brümmer & du Preez 2006): 0 perfect, 1 says nothing."""
    owners = np.logaddexp(0, -llrs[is_target]).mean()
    impostors = np.logaddexp(0, llrs[~is_target]).mean()
    return float((owners + impostors) / 2 / np.log(2))


def best_llrs(llrs: np.ndarray, is_target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(LLRs given, rising, each once; the LLR each of them should have been): the best monotone recalibration of these very
    trials, by pooling adjacent violators (Ahuja et al.; Brümmer & du Preez 2006). ±inf where one class alone was seen."""
    given, tie = np.unique(llrs, return_inverse=True)
    owners, counts = np.bincount(tie, weights=is_target), np.bincount(tie).astype(float)
    pooled: list[tuple[float, float, int]] = []  # (owners, trials, values) of blocks whose share of owners rises
    for owner, count in zip(owners, counts, strict=True):
        block = (owner, count, 1)
        while pooled and pooled[-1][0] * block[1] >= block[0] * pooled[-1][1]:
            before = pooled.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        pooled.append(block)
    of_owners, of_all, values = np.array(pooled).T
    with np.errstate(divide="ignore"):
        prior = np.log(of_owners.sum()) - np.log((of_all - of_owners).sum())
        best = np.log(of_owners) - np.log(of_all - of_owners) - prior
    return given, np.repeat(best, values.astype(int))


def cllr_min(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cllr after ``best_llrs``: what is lost to telling voices apart alone; the rest of ``cllr`` is lost to calibration."""
    given, best = best_llrs(llrs, is_target)
    return cllr(best[np.searchsorted(given, llrs)], is_target)


def speaker_bootstrap(
    ranking: Ranking,
    figure: Callable[[Curve], float],
    claimed: np.ndarray,
    speaking: np.ndarray,
    draws: int,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of ``figure`` when speakers, not trials, are drawn again with replacement.

    ``claimed`` and ``speaking`` are speaker numbers a trial (-1: unknown, weighs by the claimed one alone); a trial
    weighs as often as both of its speakers were drawn.
    """
    figures = []
    for weights in speaker_draws(claimed, speaking, draws, seed):
        curve = ranking.curve(weights)
        if np.isfinite(curve.frr).all() and np.isfinite(curve.far).all():  # else no target or impostor was drawn
            figures.append(figure(curve))
    if not figures:
        return float("nan"), float("nan")
    low, high = np.quantile(figures, (0.025, 0.975))
    return float(low), float(high)


def speaker_draws(claimed: np.ndarray, speaking: np.ndarray, draws: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Weights (trials,) of each draw; the same seed draws the same speakers, so that two models can be compared in pairs."""
    generator = np.random.default_rng(seed)
    count = int(max(claimed.max(), speaking.max())) + 1
    for _ in range(draws):
        drawn = np.append(np.bincount(generator.integers(0, count, count), minlength=count), 1).astype(float)
        yield np.where(claimed == speaking, drawn[claimed], drawn[claimed] * drawn[speaking])


def paired_ratio(
    ours: Ranking, theirs: Ranking, claimed: np.ndarray, speaking: np.ndarray, draws: int, seed: int = 0
) -> tuple[float | None, float, float]:
    """(EER of ours / EER of theirs, its 95 % interval), both under the same draws of speakers.

    None where theirs makes no error. A draw in which theirs makes none bounds nothing from above, and one in which neither
    does bounds nothing at all: the interval then reaches to 0 or to infinity, never to a flattering 1.
    """
    lows, highs = [], []
    for weights in speaker_draws(claimed, speaking, draws, seed):
        with np.errstate(invalid="ignore"):
            mine, other = (ranking.curve(weights) for ranking in (ours, theirs))
        if not (np.isfinite(mine.frr).all() and np.isfinite(mine.far).all()):
            continue
        over, under = eer(mine), eer(other)
        highs.append(over / under if under > 0 else np.inf)
        lows.append(over / under if under > 0 else np.inf if over > 0 else 0.0)
    if not highs:
        return None, 0.0, float("inf")
    low = float(np.quantile(lows, 0.025, method="lower"))
    high = float(np.quantile(highs, 0.975, method="higher"))
    whole = eer(theirs.curve())
    return eer(ours.curve()) / whole if whole > 0 else None, low, high
