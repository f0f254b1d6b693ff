"""The sequential test: looks at a call as speech comes in, and thresholds that hold a FAR over all of them.

Each look compares *all* speech so far, so its LLR already holds what the earlier ones knew, and looks are not added up. What
a further look does cost is a further chance for an impostor. So a threshold is learnt on the best LLR that any look of a
whole call gives, for exactly the looks that ``verify`` takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from biometrics.calibration import Threshold
from biometrics.errors import CalibrationError
from biometrics.trials import NOISY_GROUP, Trials

# Rule of 30 (Doddington 1998): 30 errors are needed to know a rate within 30 % at 90 % confidence.
ERRORS_FOR_A_THRESHOLD = 30
LOOK_TOLERANCE_SECONDS = 0.1  # how far a trial's net speech may be from the look it stands for
BOOTSTRAP_DRAWS = 400
TILTS = (0.0, 1.0, 2.0, 3.0)  # LLR by which the last threshold is below the first
UNDECIDED_BUDGETS = 2.0


@dataclass(frozen=True, eq=False)
class Calls:
    """One row a call: its LLR at each look, (calls, looks), NaN where it was over before."""

    llrs: np.ndarray
    group: np.ndarray
    claimed: np.ndarray
    speaking: np.ndarray
    is_target: np.ndarray

    def in_noise(self) -> np.ndarray:
        """(calls,) bool: copies of other calls with noise added, which are no trials more in the sense of the rule of 30."""
        return np.char.endswith(self.group.astype(str), NOISY_GROUP)

    def of(self, mask: np.ndarray) -> "Calls":
        return Calls(self.llrs[mask], self.group[mask], self.claimed[mask], self.speaking[mask], self.is_target[mask])


def whole_calls(trials: Trials, llrs: np.ndarray, looks_seconds: tuple[float, ...]) -> Calls:
    """The calls that have a trial at every look up to the last one they reached; the others are left out."""
    looks = np.array(looks_seconds)
    distance = np.abs(trials.conditions.net_speech_seconds[:, None] - looks[None, :])
    at = distance.argmin(axis=1)
    fits = distance[np.arange(len(at)), at] <= LOOK_TOLERANCE_SECONDS
    _, first, call = np.unique(trials.call, return_index=True, return_inverse=True)
    matrix = np.full((len(first), len(looks)), np.nan)
    matrix[call[fits], at[fits]] = llrs[fits]
    there = np.isfinite(matrix)
    whole = there[:, 0] & (there.sum(axis=1) == len(looks) - there[:, ::-1].argmax(axis=1))
    return Calls(
        matrix, trials.group[first], trials.claimed[first], trials.speaking[first], trials.is_target[first]
    ).of(whole)


def missing_trials(far: float, impostor_calls: int) -> int:
    """How many more impostor calls a threshold for ``far`` needs by the rule of 30."""
    return max(0, int(np.ceil(ERRORS_FOR_A_THRESHOLD / far - 1e-9)) - impostor_calls)


def learn_threshold(calls: Calls, looks_seconds: tuple[float, ...], far: float, far_divisor: float = 1.0) -> Threshold:
    """The LLRs, one a look, that at most a share ``far`` of impostor calls reaches at any of their looks.

    They fall by a ``tilt`` from the first look to the last (linear in the logarithm of time). Of a few tilts that one is
    taken with which owners who talk for the whole budget need the least net speech, undecided ones counted with
    twice the budget (they are asked for something else instead). For each tilt the level
    is the highest that any group with enough calls asks for (no pooling to flatter), nor lower than that of all calls.
    ``far_divisor`` > 1 sets it for so much less. ``CalibrationError`` by the rule of 30, with the number that is missing.
    """
    impostors, owners = calls.of(~calls.is_target), calls.of(calls.is_target)
    originals = ~impostors.in_noise()
    if missing := missing_trials(far, int(originals.sum())):
        raise CalibrationError(
            f"FAR {far:.2%} needs {ERRORS_FOR_A_THRESHOLD / far:,.0f} impostor calls (rule of {ERRORS_FOR_A_THRESHOLD}); "
            f"there are {originals.sum():,}: {missing:,} more are missing"
        )
    looks = np.array(looks_seconds)
    progress = np.log(looks / looks[0]) / np.log(looks[-1] / looks[0]) if len(looks) > 1 else np.zeros(1)
    groups = [
        originals,
        *(impostors.group == name for name in np.unique(impostors.group)),
    ]
    large = [group for group in groups if not missing_trials(far, int(group.sum()))]
    to_the_end = np.isfinite(owners.llrs[:, -1])
    talkative = owners.llrs[to_the_end] if to_the_end.any() else owners.llrs
    candidates = []
    for tilt in TILTS:
        best = np.nanmax(impostors.llrs + tilt * progress, axis=1)
        level = max(threshold_at(far / far_divisor, best[group]) for group in large)
        llrs = level - tilt * progress
        candidates.append((_mean_seconds(talkative, looks, llrs), tilt, llrs))
    llrs = min(candidates, key=lambda each: each[:2])[2]
    with np.errstate(invalid="ignore"):
        accepted, let_in = (impostors.llrs >= llrs).any(axis=1), (owners.llrs >= llrs).any(axis=1)
    return Threshold(
        far,
        tuple(float(each) for each in llrs),
        float(np.mean(~let_in[~owners.in_noise()])) if len(let_in) else 1.0,
        float(accepted[originals].mean()),
        rate_interval(accepted[originals], impostors.claimed[originals], impostors.speaking[originals]),
        int(originals.sum()),
    )


def _mean_seconds(owners: np.ndarray, looks: np.ndarray, llrs: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        accepts = owners >= llrs
    undecided = UNDECIDED_BUDGETS * looks[-1]
    return float(np.where(accepts.any(axis=1), looks[accepts.argmax(axis=1)], undecided).mean()) if len(owners) else 0.0


def threshold_at(far: float, impostors: np.ndarray) -> float:
    """The lowest score that at most a share ``far`` of the impostors reaches (impostor scores, any order)."""
    ranked = np.sort(impostors)[::-1]
    allowed = int(np.floor(far * len(ranked)))
    return float(np.nextafter(ranked[allowed], np.inf)) if allowed < len(ranked) else float(ranked[-1])


def decide(llrs: np.ndarray, accept_llrs: Sequence[float], reject_llr: float) -> tuple[np.ndarray, np.ndarray]:
    """(calls, looks) -> (outcome: 1 ACCEPTED, -1 REJECTED, 0 neither; index of the look at which the call ended)."""
    reached = np.isfinite(llrs)
    with np.errstate(invalid="ignore"):
        accepts, rejects = llrs >= np.array(accept_llrs), llrs <= reject_llr
    ends = accepts | rejects
    last = reached.shape[1] - 1 - reached[:, ::-1].argmax(axis=1)
    at = np.where(ends.any(axis=1), ends.argmax(axis=1), last)
    rows = np.arange(len(llrs))
    return np.where(accepts[rows, at], 1, np.where(rejects[rows, at], -1, 0)), at


def rate_interval(
    happened: np.ndarray, claimed: np.ndarray, speaking: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a rate over calls: the wider, on each side, of Clopper-Pearson (calls drawn one by one) and a bootstrap
    that draws speakers (a call weighs as often as both of its speakers were drawn; -1: unknown, weighs by the claimed)."""
    low, high = clopper_pearson(int(happened.sum()), len(happened))
    if not happened.any() or happened.all():
        return low, high
    generator = np.random.default_rng(seed)
    count = int(max(claimed.max(), speaking.max())) + 1
    known = np.where(speaking < 0, count, speaking)
    rates = []
    for _ in range(BOOTSTRAP_DRAWS):
        drawn = np.append(np.bincount(generator.integers(0, count, count), minlength=count), 1).astype(float)
        weights = np.where(claimed == known, drawn[claimed], drawn[claimed] * drawn[known])
        if (total := weights.sum()) > 0:
            rates.append(float(weights[happened].sum() / total))
    drawn_low, drawn_high = np.quantile(rates, (0.025, 0.975))
    return min(low, float(drawn_low)), max(high, float(drawn_high))


def clopper_pearson(errors: int, trials: int) -> tuple[float, float]:
    """The exact binomial 95 % interval of errors/trials (Clopper & Pearson 1934)."""
    if trials == 0:
        return 0.0, 1.0
    if 2 * errors > trials:  # the shorter sum is that of the others
        low, high = clopper_pearson(trials - errors, trials)
        return 1 - high, 1 - low
    # ln of "trials choose k" for k = 0 … errors
    k = np.arange(errors)
    choices = np.concatenate([[0.0], np.cumsum(np.log((trials - k) / (k + 1)))])

    def at_most(most: int, rate: float) -> float:
        k = np.arange(most + 1)
        return float(np.exp(choices[: most + 1] + k * np.log(rate) + (trials - k) * np.log1p(-rate)).sum())

    low = 0.0 if errors == 0 else _solve(lambda rate: 1 - at_most(errors - 1, rate) < 0.025)
    return low, _solve(lambda rate: at_most(errors, rate) > 0.025)


def _solve(below: Callable[[float], bool]) -> float:
    """The rate up to which ``below`` holds."""
    low, high = 1e-12, 1 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2
