"""Scores of owners and impostors on real speakers over a simulated telephone line, and a calibration learnt from them.

Impostors are taken within a corpus only: across corpora the room, microphone and language give them away.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.calibration import (
    ERRORS_FOR_A_THRESHOLD,
    OWNERS_REJECTED,
    REJECT_LLR,
    TARGET_FARS,
    Calibration,
    Threshold,
    logistic_regression,
    threshold_at,
)
from biometrics.corpus import Speaker, calls
from biometrics.encoder import Encoder
from biometrics.enrolment import DEFAULT_ENROLMENT_POLICY, agreement
from biometrics.errors import CalibrationError
from biometrics.verification import DEFAULT_VERIFICATION_POLICY

Track = Callable[[list[Speaker], str], Iterable[Speaker]]
CALIBRATION_TESTS, EVALUATION_TESTS = 1, 2  # calls a speaker
AGREEMENT_REFUSED = 0.01  # share of honest enrolments that the agreement threshold may refuse


@dataclass(frozen=True)
class TrialScores:
    """Cosines of one corpus. ``cosines``: (prints, tests, looks), NaN where a test did not reach the look."""

    corpus: str
    cosines: np.ndarray
    is_target: np.ndarray  # (prints, tests)
    agreements: np.ndarray  # (prints,)


def score_speakers(
    encoder: Encoder, people: list[Speaker], track: Track, tests_each: int = EVALUATION_TESTS
) -> list[TrialScores]:
    """Enrol everyone who has enough speech; score up to ``tests_each`` calls of each against every print of the
    corpus."""
    looks = DEFAULT_VERIFICATION_POLICY.looks_seconds
    prints: dict[str, list[np.ndarray]] = {}
    agreements: dict[str, list[float]] = {}
    tests: dict[str, list[tuple[int, np.ndarray]]] = {}
    for speaker in track(people, f"{encoder.name}: speakers"):
        if (heard := calls(speaker, tests=tests_each)) is None:
            continue
        segments = np.array_split(heard.enrolment.speech(), DEFAULT_ENROLMENT_POLICY.segments)
        embeddings = np.stack([encoder.embed(segment, TELEPHONE_RATE_HZ) for segment in segments])
        centre = embeddings.mean(axis=0)
        prints.setdefault(speaker.corpus, []).append(centre / np.linalg.norm(centre))
        agreements.setdefault(speaker.corpus, []).append(agreement(embeddings))
        owner = len(prints[speaker.corpus]) - 1
        for test in heard.tests:
            seen = np.full((len(looks), encoder.dimension), np.nan, dtype=np.float32)
            for index, look in enumerate(looks):
                if test.net_speech_seconds >= look:
                    seen[index] = encoder.embed(test.speech()[: int(look * TELEPHONE_RATE_HZ)], TELEPHONE_RATE_HZ)
            tests.setdefault(speaker.corpus, []).append((owner, seen))
    return [
        TrialScores(
            corpus,
            np.einsum("pd,tld->ptl", np.stack(prints[corpus]), np.stack([seen for _, seen in tests[corpus]])),
            np.arange(len(prints[corpus]))[:, None] == np.array([owner for owner, _ in tests[corpus]])[None, :],
            np.array(agreements[corpus]),
        )
        for corpus in prints
    ]


def calibrate(
    encoder: Encoder, scores: list[TrialScores], command: str, conditions: str, caution: str, far_divisor: float = 1.0
) -> Calibration:
    """Learn LLR and thresholds. A trial counts as accepted if any of its looks would be, as on a live call.

    The threshold of a FAR is the highest that any corpus with enough trials asks for (rule of 30; no pooling to
    flatter), nor lower than the one of all trials together. ``far_divisor`` > 1 asks for so much stricter thresholds.
    ``CalibrationError`` where no FAR has enough trials.
    """
    targets = np.concatenate([each.cosines[each.is_target] for each in scores])
    impostors = [each.cosines[~each.is_target] for each in scores]
    pooled = np.concatenate(impostors)
    scale, offset = logistic_regression(targets[np.isfinite(targets)], pooled[np.isfinite(pooled)])
    if scale <= 0:
        raise CalibrationError("owners do not score higher than impostors: this model cannot tell voices apart")
    owner_llr = scale * np.nanmax(targets, axis=1) + offset
    thresholds = []
    for far in TARGET_FARS:
        if len(pooled) * far < ERRORS_FOR_A_THRESHOLD:
            continue
        sets = [pooled, *(each for each in impostors if len(each) * far >= ERRORS_FOR_A_THRESHOLD)]
        llr = max(scale * threshold_at(far / far_divisor, np.nanmax(each, axis=1)) + offset for each in sets)
        llr = max([llr, *(looser.llr for looser in thresholds)])  # a stricter FAR never asks for less
        thresholds.append(Threshold(far, llr, float(np.mean(owner_llr < llr))))
    if not thresholds:
        needed = int(ERRORS_FOR_A_THRESHOLD / max(TARGET_FARS))
        raise CalibrationError(f"{len(pooled)} impostor trials are too few for any threshold: {needed} or more needed")
    every_owner_look = scale * targets[np.isfinite(targets)] + offset
    return Calibration(
        model_name=encoder.name,
        model_sha256=encoder.sha256,
        scale=scale,
        offset=offset,
        thresholds=tuple(thresholds),
        reject_llr=min(REJECT_LLR, float(np.quantile(every_owner_look, OWNERS_REJECTED))),
        agreement_cosine=float(np.quantile(np.concatenate([each.agreements for each in scores]), AGREEMENT_REFUSED)),
        speakers=sum(len(each.agreements) for each in scores),
        target_trials=len(targets),
        impostor_trials=len(pooled),
        command=command,
        conditions=conditions,
        caution=caution,
    )


@dataclass(frozen=True)
class VerdictRates:
    """Shares (0-1) of trials by outcome, and the median net speech that owners needed to be accepted (seconds)."""

    corpus: str
    speakers: int
    owner_trials: int
    owners_accepted: float
    owners_rejected: float
    impostor_trials: int
    impostors_accepted: float
    impostors_rejected: float
    median_seconds_to_accept: float | None


def verdict_rates(scores: list[TrialScores], calibration: Calibration, accept_llr: float) -> list[VerdictRates]:
    """What callers would have been told, looking again as speech arrives until decided; a row a corpus, then all."""
    looks = np.array(DEFAULT_VERIFICATION_POLICY.looks_seconds)
    told: list[tuple[str, int, np.ndarray, np.ndarray, np.ndarray]] = []
    for each in scores:
        llrs = calibration.llr(each.cosines)
        accepts, rejects = llrs >= accept_llr, llrs <= min(calibration.reject_llr, accept_llr)
        first_accept = np.where(accepts.any(-1), accepts.argmax(-1), len(looks))
        first_reject = np.where(rejects.any(-1), rejects.argmax(-1), len(looks))
        outcome = np.sign(first_reject - first_accept)  # 1 accepted first, -1 rejected first, 0 neither
        seconds = np.append(looks, np.nan)[first_accept]
        told.append((each.corpus, len(each.agreements), outcome, each.is_target, seconds))
    flat = [(corpus, count, o.ravel(), t.ravel(), s.ravel()) for corpus, count, o, t, s in told]
    joined = [np.concatenate([each[index] for each in flat]) for index in (2, 3, 4)]
    flat.append(("all", sum(each[1] for each in flat), *joined))
    return [_rates(*each) for each in flat]


def _rates(corpus: str, count: int, outcome: np.ndarray, is_target: np.ndarray, seconds: np.ndarray) -> VerdictRates:
    owners, impostors = outcome[is_target], outcome[~is_target]
    waited = seconds[is_target & (outcome == 1)]
    return VerdictRates(
        corpus,
        count,
        len(owners),
        float(np.mean(owners == 1)),
        float(np.mean(owners == -1)),
        len(impostors),
        float(np.mean(impostors == 1)) if len(impostors) else 0.0,
        float(np.mean(impostors == -1)) if len(impostors) else 0.0,
        float(np.median(waited)) if len(waited) else None,
    )
