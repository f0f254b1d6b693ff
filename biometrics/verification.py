"""Verification (1:1): is this the voice of the print? Three answers; doubt and failure are never ACCEPTED."""

import logging
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.band import is_telephone_band
from biometrics.calibration import OperatingPoint
from biometrics.encoder import Encoder
from biometrics.errors import ModelMismatchError
from biometrics.speech import Utterance
from biometrics.talkers import highest_half, pauses_are_heard
from biometrics.voiceprint import Voiceprint

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Verdict:
    """What was decided and on what grounds.

    ``score`` and ``threshold`` are log-likelihood ratios (natural logarithm; None where nothing was scored).
    ``reason``: match · other_voice · too_short · silent · too_quiet · too_noisy · clipped · undecided · budget_spent ·
    wrong_band · no_pause · two_voices · no_operating_point · other_model · failure.
    ``next_look_seconds``: seconds of net speech at which asking again can change the answer; None: it cannot.
    """

    outcome: Outcome
    reason: str
    score: float | None
    threshold: float | None
    target_far: float | None
    net_speech_seconds: float
    model_name: str
    model_class: str
    model_sha256: str
    next_look_seconds: float | None = None


@dataclass(frozen=True)
class VerificationPolicy:
    """When to look, and what audio is too poor to judge.

    A caller is scored at most once for each of ``looks_seconds`` of net speech, on exactly that much of it, however
    often the question is asked: every look is another chance for an impostor, and the thresholds are learnt for these.
    The first look is the least net speech ever scored, the last one is the budget.
    """

    looks_seconds: tuple[float, ...] = (3.0, 4.5, 7.0, 10.0)
    lowest_level_dbfs: float = -50.0
    lowest_snr_db: float = 5.0
    highest_clipped_fraction: float = 0.05
    silence_seconds: float = 3.0  # heard for this long without speech or level: silent rather than too short


DEFAULT_VERIFICATION_POLICY = VerificationPolicy()


def verify(
    encoder: Encoder,
    voiceprint: Voiceprint,
    utterance: Utterance,
    operating_point: OperatingPoint | None,
    policy: VerificationPolicy = DEFAULT_VERIFICATION_POLICY,
) -> Verdict:
    """Compare what has been said so far with the print. Never raises; may be asked again as audio arrives."""

    def verdict(outcome: Outcome, reason: str, score: float | None = None, next_look: float | None = None) -> Verdict:
        return Verdict(
            outcome,
            reason,
            score,
            operating_point.accept_llr if operating_point else None,
            operating_point.target_far if operating_point else None,
            round(utterance.net_speech_seconds, 3),
            encoder.name,
            encoder.class_name,
            encoder.sha256,
            next_look,
        )

    try:
        if operating_point is None:
            return verdict(Outcome.INCONCLUSIVE, "no_operating_point")
        if operating_point.calibration.model_sha256 != encoder.sha256:
            return verdict(Outcome.INCONCLUSIVE, "other_model")
        reached = [look for look in policy.looks_seconds if utterance.net_speech_seconds >= look]
        ahead = [look for look in policy.looks_seconds if utterance.net_speech_seconds < look]
        next_look = ahead[0] if ahead else None
        if not reached:
            return verdict(Outcome.INCONCLUSIVE, _too_short(utterance, policy), next_look=next_look)
        if poor := _too_poor(utterance, policy):
            return verdict(Outcome.INCONCLUSIVE, poor, next_look=next_look)
        heard = utterance.speech()[: int(reached[-1] * TELEPHONE_RATE_HZ)]

        def llr(samples: np.ndarray) -> float:
            cosine = voiceprint.cosine(encoder.embed(samples, TELEPHONE_RATE_HZ), encoder.sha256)
            return float(operating_point.calibration.llr(cosine))

        score = llr(heard)
        # Written so that a score that is not a number lands in the last line.
        if score >= operating_point.accept_llr:
            return verdict(Outcome.ACCEPTED, "match", score)
        if score <= operating_point.reject_llr:
            if not is_telephone_band(heard):
                return verdict(Outcome.INCONCLUSIVE, "wrong_band", score, next_look)
            if not pauses_are_heard(heard, utterance.pauses(reached[-1]), reached[-1]):
                return verdict(Outcome.INCONCLUSIVE, "no_pause", score, next_look)
            if highest_half(heard, llr) > operating_point.reject_llr:
                return verdict(Outcome.INCONCLUSIVE, "two_voices", score, next_look)
            return verdict(Outcome.REJECTED, "other_voice", score)
        return verdict(Outcome.INCONCLUSIVE, "undecided" if ahead else "budget_spent", score, next_look)
    except ModelMismatchError as error:
        log.warning("verification: %s", error)
        return verdict(Outcome.INCONCLUSIVE, "other_model")
    except Exception:
        log.exception("verification failed; the answer is INCONCLUSIVE")
        return verdict(Outcome.INCONCLUSIVE, "failure")


def _too_short(utterance: Utterance, policy: VerificationPolicy) -> str:
    quiet = utterance.quality().level_dbfs < policy.lowest_level_dbfs
    return "silent" if quiet and utterance.heard_seconds >= policy.silence_seconds else "too_short"


def _too_poor(utterance: Utterance, policy: VerificationPolicy) -> str | None:
    quality = utterance.quality()
    if quality.level_dbfs < policy.lowest_level_dbfs:
        return "too_quiet"
    if quality.clipped_fraction > policy.highest_clipped_fraction:
        return "clipped"
    return "too_noisy" if quality.snr_db < policy.lowest_snr_db else None
