"""Learning a calibration from trials: the LLR, the rejection bound and the thresholds, and how good they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biometrics.calibration import TARGET_FARS, Calibration, Threshold
from biometrics.encoder import Encoder
from biometrics.errors import CalibrationError
from biometrics.evaluation import cllr, cllr_min
from biometrics.likelihood import fit
from biometrics.sequential import Calls, clopper_pearson, decide, learn_threshold, rate_interval, whole_calls
from biometrics.trials import Trials

# For a calibrated ratio, at most 1/100 of the owners score below 1:100 (P(LLR <= -t | owner) <= exp(-t)).
REJECT_LLR = -float(np.log(100))
OWNERS_REJECTED = 0.01
AGREEMENT_REFUSED = 0.01  # share of honest enrolments that the agreement threshold may refuse


@dataclass(frozen=True)
class Learning:
    """What a calibration is to say besides its numbers. ``far_divisor`` > 1 sets thresholds for so much less than each FAR;
    ``agreement_cosine`` is taken where the trials have no enrolments to learn it from."""

    looks_seconds: tuple[float, ...]
    command: str
    conditions: str
    caution: str = ""
    far_divisor: float = 1.0
    agreement_cosine: float | None = None


def calibrate(
    encoder: Encoder, trials: Trials, learning: Learning, fars: Sequence[float] = TARGET_FARS
) -> tuple[Calibration, list[str]]:
    """Learn LLR and thresholds: (calibration, why there is no threshold for a FAR, one sentence each).

    Thresholds are learnt from calls against prints of the most utterances, as enrolment makes them. ``CalibrationError``
    where no FAR has enough calls. The counts of trials are those of calls without noise added.
    """
    ratio = fit(trials.cosine, trials.is_target, trials.conditions)
    llrs = ratio(trials.cosine, trials.conditions)
    utterances = trials.conditions.enrolment_utterances
    usual = utterances == utterances.max()
    calls = whole_calls(trials.where(usual), llrs[usual], learning.looks_seconds)
    owners = calls.of(calls.is_target)
    if not len(owners.llrs):
        looks = ", ".join(f"{look:g}" for look in learning.looks_seconds)
        raise CalibrationError(
            f"no owner's call has a trial at each look ({looks} s net speech, from the first to the last it reached): "
            "score the calls at these, or say at which they were scored, --looks"
        )
    thresholds: list[Threshold] = []
    refused: list[str] = []
    for far in sorted(fars, reverse=True):
        try:
            found = learn_threshold(calls, learning.looks_seconds, far, learning.far_divisor)
        except CalibrationError as error:
            refused.append(f"no threshold for FAR {far:.2%}: {error}")
        else:
            thresholds.append(found)
    if not thresholds:
        raise CalibrationError("; ".join(refused))
    agreement_cosine = learning.agreement_cosine
    if len(trials.agreements):
        agreement_cosine = float(np.quantile(trials.agreements, AGREEMENT_REFUSED))
    if agreement_cosine is None:
        raise CalibrationError(
            "how alike segments of one enrolment are is not known for this model: --agreement-cosine"
        )
    calibration = Calibration(
        model_name=encoder.name,
        model_sha256=encoder.sha256,
        llr=ratio,
        looks_seconds=learning.looks_seconds,
        thresholds=tuple(thresholds),
        reject_llr=min(REJECT_LLR, float(np.quantile(np.nanmin(owners.llrs, axis=1), OWNERS_REJECTED))),
        agreement_cosine=agreement_cosine,
        speakers=len(np.unique(trials.claimed)),
        target_trials=int((~owners.in_noise()).sum()),
        impostor_trials=int((~calls.is_target & ~calls.in_noise()).sum()),
        cllr=cllr(llrs, trials.is_target),
        cllr_min=cllr_min(llrs, trials.is_target),
        command=learning.command,
        conditions=learning.conditions,
        caution=learning.caution,
    )
    return calibration, refused


@dataclass(frozen=True)
class VerdictRates:
    """Shares (0-1) of calls by outcome, each with its 95 % interval; net speech in seconds until the call ended.

    ``owners_decided``: ACCEPTED or REJECTED within the budget. ``seconds``: quartiles (25, 50, 75 %) of the net speech that
    all owners' calls took, those that stayed undecided with all they had.
    """

    group: str
    speakers: int
    owner_calls: int
    owners_accepted: float
    owners_accepted_95: tuple[float, float]
    owners_rejected: float
    owners_decided: float
    owners_decided_95: tuple[float, float]
    seconds: tuple[float, float, float] | None
    impostor_calls: int
    impostors_accepted: float
    impostors_accepted_95: tuple[float, float]
    impostors_rejected: float


@dataclass(frozen=True)
class SpeechUsed:
    """Of the owners' calls, the share that was ACCEPTED by so many seconds of net speech (the curve)."""

    net_speech_seconds: float
    owners_accepted: float


def verdict_rates(
    trials: Trials, calibration: Calibration, accept_llrs: Sequence[float]
) -> tuple[list[VerdictRates], list[SpeechUsed]]:
    """What callers would have been told, looking as speech arrives until decided: (a row a group; all noisy calls, the
    clean ones that spoke for the whole budget, all clean ones), and the curve of the net speech that owners' clean calls used.
    """
    usual = trials.conditions.enrolment_utterances == trials.conditions.enrolment_utterances.max()
    trials = trials.where(usual)
    calls = whole_calls(trials, calibration.llr(trials.cosine, trials.conditions), calibration.looks_seconds)
    noisy, whole = calls.in_noise(), np.isfinite(calls.llrs[:, -1])
    groups = [(group, calls.group == group) for group in sorted(set(calls.group))]
    groups += [("all noisy", noisy), ("all clean, whole budget", ~noisy & whole), ("all clean", ~noisy)]
    reject_llr = min(calibration.reject_llr, *accept_llrs)
    looks = np.array(calibration.looks_seconds)
    rows = [_rates(name, calls.of(mask), looks, accept_llrs, reject_llr) for name, mask in groups if mask.any()]
    clean_owners = calls.of(~noisy & calls.is_target)
    outcome, at = decide(clean_owners.llrs, accept_llrs, reject_llr)
    curve = [
        SpeechUsed(float(look), float(np.mean((outcome == 1) & (at <= index)))) for index, look in enumerate(looks)
    ]
    return rows, curve


def _rates(name: str, calls: Calls, looks: np.ndarray, accept_llrs: Sequence[float], reject_llr: float) -> VerdictRates:
    outcome, at = decide(calls.llrs, accept_llrs, reject_llr)
    owner, impostor = calls.is_target, ~calls.is_target
    accepted, decided = outcome == 1, outcome != 0

    def interval(happened: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
        if not mask.any():
            return clopper_pearson(0, 0)
        return rate_interval(happened[mask], calls.claimed[mask], calls.speaking[mask])

    def share(happened: np.ndarray, mask: np.ndarray) -> float:
        return float(np.mean(happened[mask])) if mask.any() else 0.0

    return VerdictRates(
        name,
        len(np.unique(calls.claimed)),
        int(owner.sum()),
        share(accepted, owner),
        interval(accepted, owner),
        share(outcome == -1, owner),
        share(decided, owner),
        interval(decided, owner),
        tuple(float(each) for each in np.quantile(looks[at[owner]], (0.25, 0.5, 0.75))) if owner.any() else None,
        int(impostor.sum()),
        share(accepted, impostor),
        interval(accepted, impostor),
        share(outcome == -1, impostor),
    )
