"""Who pays for the errors: one threshold for everybody, and what it does to each group of people.

A group is what the data say and no more: the corpus (its language and way of recording), the pitch of the voice, and sex,
language or age where the manifest has such a column.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from biometrics.report.figures import most_without_an_error
from biometrics.report.heard import TRAITS, Caller
from biometrics.report.pitch import BANDS_HZ, HIGH_BAND, band
from biometrics.report.scores import Scores

FAR = 0.01
FEWEST_SPEAKERS, FEWEST_TRIALS = 5, 20  # a smaller group is shown, but no ratio is made of it
DRAWS, SEED = 1000, 2026

Figures = dict[str, Any]
Counts = np.ndarray  # (people, 2): errors and trials of each


def fairness(sets: list[Scores]) -> Figures:
    """The FRR and FAR of each group at the one threshold that ``FAR`` of the impostors reach (corpora weigh the same), and
    the ratio of the worst group's FRR to the best one's, by trait. ``sets``: one model, one length."""
    threshold = common_threshold(sets)
    traits = [("corpus", lambda person: person.corpus), ("pitch of the voice", _band)]
    traits += [(name, lambda person, name=name: person.traits.get(name)) for name in TRAITS]
    found = []
    for trait, group_of in traits:
        rows = [_group(sets, threshold, group_of, group) for group in _groups(sets, group_of)]
        if rows:
            found.append({"trait": trait, "groups": [_plain(row) for row in rows], **_ratio(rows)})
    known = {name for each in sets for person in each.people for name in person.traits}
    return {
        "far": FAR,
        "seconds": sets[0].seconds,
        "traits": found,
        "not_in_manifest": [name for name in TRAITS if name not in known],
    }


def common_threshold(sets: list[Scores]) -> float:
    """The lowest score that a share ``FAR`` of impostors or fewer reaches, each corpus weighing one."""
    impostors = [_score(each)[~each.is_target] for each in sets]
    pooled = np.concatenate(impostors)
    weights = np.concatenate([np.full(len(each), 1 / len(each) / len(impostors)) for each in impostors])
    order = np.argsort(pooled)[::-1]
    reached = np.cumsum(weights[order])
    return float(np.nextafter(pooled[order][np.searchsorted(reached, FAR + 1e-12)], np.inf))


def _score(scores: Scores) -> np.ndarray:
    return scores.cosine if scores.llr is None else scores.llr


def _band(person: Caller) -> str | None:
    return None if person.pitch_hz is None else band(person.pitch_hz)


def _groups(sets: list[Scores], group_of: Callable[[Caller], str | None]) -> list[str]:
    names = {group for each in sets for person in each.people if (group := group_of(person))}
    rising = [*(name for _, _, name in BANDS_HZ), HIGH_BAND]
    return sorted(names, key=lambda name: (rising.index(name) if name in rising else 0, name))


def _group(sets: list[Scores], threshold: float, group_of: Callable, group: str) -> Figures:
    owners, impostors = [], []
    for each in sets:
        members = np.array([group_of(person) == group for person in each.people])
        accepted = _score(each) >= threshold
        owners.append(_counts(each, members, each.is_target, ~accepted))
        impostors.append(_counts(each, members, ~each.is_target, accepted))
    return {"group": group, "owners": np.concatenate(owners), "impostors": np.concatenate(impostors)}


def _counts(scores: Scores, members: np.ndarray, kind: np.ndarray, wrong: np.ndarray) -> Counts:
    rows = kind & members[scores.claimed]
    size = len(scores.people)
    trials = np.bincount(scores.claimed[rows], minlength=size)
    errors = np.bincount(scores.claimed[rows & wrong], minlength=size)
    return np.stack([errors, trials], axis=1)[trials > 0]


def _rate(counts: Counts) -> float | None:
    return float(counts[:, 0].sum() / counts[:, 1].sum()) if len(counts) else None


def _drawn(counts: Counts, seed: int = SEED) -> np.ndarray:
    people = np.random.default_rng(seed).integers(0, len(counts), (DRAWS, len(counts)))
    return counts[people, 0].sum(axis=1) / counts[people, 1].sum(axis=1)


def _enough(row: Figures) -> bool:
    return len(row["owners"]) >= FEWEST_SPEAKERS and row["owners"][:, 1].sum() >= FEWEST_TRIALS


def _interval(counts: Counts) -> tuple[float, float] | None:
    if len(counts) < FEWEST_SPEAKERS:
        return None
    if not counts[:, 0].any():
        return 0.0, most_without_an_error(len(counts))
    low, high = np.quantile(_drawn(counts), (0.025, 0.975))
    return float(low), float(high)


def _plain(row: Figures) -> Figures:
    owners, impostors = row["owners"], row["impostors"]
    return {
        "group": row["group"],
        "speakers": len(owners),
        "target_trials": int(owners[:, 1].sum()),
        "frr": _rate(owners),
        "frr_interval_95": _interval(owners),
        "impostor_trials": int(impostors[:, 1].sum()),
        "far": _rate(impostors),
        "far_interval_95": _interval(impostors),
        "enough": bool(_enough(row)),
    }


def _ratio(rows: list[Figures]) -> Figures:
    """Worst to best FRR of the groups that are large enough; None where there are not two, or the best made no error."""
    large = sorted((row for row in rows if _enough(row)), key=lambda row: _rate(row["owners"]))
    if len(large) < 2:
        return {"worst": None, "best": None, "frr_ratio": None, "frr_ratio_interval_95": None}
    best, worst = large[0], large[-1]
    least = _rate(best["owners"])
    found = {"worst": worst["group"], "best": best["group"], "frr_ratio": None, "frr_ratio_interval_95": None}
    if not least:
        return found
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 tells nothing: as if without bound
        drawn = np.nan_to_num(_drawn(worst["owners"], SEED + 1) / _drawn(best["owners"]), nan=np.inf, posinf=np.inf)
    low, high = (float(np.quantile(drawn, at, method="higher")) for at in (0.025, 0.975))
    spread = (low, high if np.isfinite(high) else None)
    return found | {"frr_ratio": _rate(worst["owners"]) / least, "frr_ratio_interval_95": spread}
