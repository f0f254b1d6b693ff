"""From scores to the figures of the page: plain values, so that results.json holds all that the page and the card say."""

from collections.abc import Callable
from typing import Any

import numpy as np

from biometrics.evaluation import (
    Curve,
    Ranking,
    best_llrs,
    cllr,
    cllr_min,
    eer,
    frr_at_far,
    min_dcf,
    paired_ratio,
    speaker_draws,
)
from biometrics.report.scores import Scores

FARS = (0.01, 0.001, 0.0001)
ERRORS_WANTED = 30  # rule of 30 (Doddington 1998): a rate is known within 30 % once 30 errors were seen
DRAWS = 1000
SEED = 2026
FEWEST_SPEAKERS = 5  # with fewer, drawing speakers again says nothing and no interval is given
POINTS = 120  # of a curve in the page
LLR_RANGE = 10.0

Figures = dict[str, Any]
Interval = tuple[float, float] | None


def error_figures(scores: Scores, draws: int = DRAWS) -> Figures:
    """EER, minDCF, FRR at each FAR, Cllr and Cllr_min of one set, each with its 95 % speaker-bootstrap interval.

    An FRR at a FAR is None where there are fewer impostor trials than 1/FAR, and ``rough`` with fewer than 30/FAR.
    """
    is_target = scores.is_target
    owners, impostors = int(is_target.sum()), int((~is_target).sum())
    found: Figures = {
        "seconds": scores.seconds,
        "speakers": len(np.unique(scores.speaking[is_target])),
        "target_trials": owners,
        "impostor_trials": impostors,
    }
    if not owners or not impostors:
        return found
    ranking = Ranking(scores.cosine, is_target)
    curve = ranking.curve()
    measures: list[Callable[[Curve], float]] = [eer, min_dcf]
    measures += [lambda each, far=far: frr_at_far(each, far) for far in FARS]
    values = [measure(curve) for measure in measures]
    spread = _intervals(ranking, scores, measures, draws)
    nothing = (0.0, most_without_an_error(found["speakers"]))
    spread = [nothing if value == 0 and each else each for value, each in zip(values, spread, strict=True)]
    found["eer"], found["eer_interval_95"] = values[0], spread[0]
    found["min_dcf"], found["min_dcf_interval_95"] = values[1], spread[1]
    found["frr_at_far"] = [
        {
            "far": far,
            "frr": value if impostors >= 1 / far else None,
            "interval_95": interval if impostors >= 1 / far else None,
            "rough": impostors < ERRORS_WANTED / far,
            "impostor_trials_needed": round(ERRORS_WANTED / far),
        }
        for far, value, interval in zip(FARS, values[2:], spread[2:], strict=True)
    ]
    found["cllr"] = None if scores.llr is None else cllr(scores.llr, is_target)
    found["cllr_min"] = cllr_min(scores.cosine if scores.llr is None else scores.llr, is_target)
    return found


def most_without_an_error(speakers: int) -> float:
    """The largest rate (0-1) at which that many people without a single error are not surprising (2.5 %, one chance a person).

    Drawing speakers again cannot know this: where nobody errs, every draw has no error and the interval would be [0, 0].
    """
    return 1 - 0.025 ** (1 / speakers)


def _intervals(ranking: Ranking, scores: Scores, measures: list, draws: int) -> list[Interval]:
    if len(np.unique(scores.speaking)) < FEWEST_SPEAKERS:
        return [None] * len(measures)
    drawn = []
    for weights in speaker_draws(scores.claimed, scores.speaking, draws, SEED):
        with np.errstate(invalid="ignore"):
            curve = ranking.curve(weights)
        if np.isfinite(curve.frr).all() and np.isfinite(curve.far).all():
            drawn.append([measure(curve) for measure in measures])
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def comparison(ours: Scores, theirs: Scores, goal: float, draws: int = DRAWS) -> Figures:
    """The ratio of two models' EER on the very same trials, and whether the goal (an upper bound of it) is met."""
    assert np.array_equal(ours.claimed, theirs.claimed) and np.array_equal(ours.speaking, theirs.speaking)
    rankings = [Ranking(each.cosine, each.is_target) for each in (ours, theirs)]
    ratio, low, high = paired_ratio(*rankings, ours.claimed, ours.speaking, draws, SEED)
    speakers = len(np.unique(ours.speaking))
    if ratio == 0:
        high = max(high, most_without_an_error(speakers) / eer(rankings[1].curve()))
    if speakers < FEWEST_SPEAKERS:
        low, high = 0.0, np.inf
    return {
        "model": ours.model,
        "other": theirs.model,
        "corpus": ours.corpus,
        "seconds": ours.seconds,
        "ratio": ratio,
        "low": low,
        "high": high if np.isfinite(high) else None,
        "goal": goal,
        "answer": "met" if high < goal else "missed" if low > goal else "not shown",
    }


def curves(scores: Scores) -> Figures:
    """What the plots need: the detection error trade-off, LLRs as given and as they should have been, histograms."""
    is_target = scores.is_target
    curve = Ranking(scores.cosine, is_target).curve()
    turns = np.flatnonzero(np.diff(curve.frr, prepend=-1) * 1 + np.diff(curve.far, prepend=2) != 0)
    chosen = turns[np.linspace(0, len(turns) - 1, min(POINTS, len(turns))).astype(int)]
    found: Figures = {"far": _short(curve.far[chosen]), "frr": _short(curve.frr[chosen])}
    if scores.llr is None:
        return found
    given, best = best_llrs(scores.llr, is_target)
    inside = np.isfinite(best) & (np.abs(given) <= LLR_RANGE)
    given, best = given[inside], best[inside]
    kept = np.linspace(0, len(given) - 1, min(POINTS, len(given))).astype(int)
    found["llr_given"], found["llr_should_be"] = _short(given[kept]), _short(best[kept])
    edges = np.linspace(-LLR_RANGE, LLR_RANGE, 41)
    clipped = scores.llr.clip(-LLR_RANGE, LLR_RANGE)
    found["llr_edges"] = _short(edges)
    found["owners"], found["impostors"] = (
        _short(np.histogram(clipped[rows], edges)[0] / rows.sum()) for rows in (is_target, ~is_target)
    )
    return found


def _short(values: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in values]
