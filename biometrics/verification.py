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
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import Quality, Utterance
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

    ``score`` and ``threshold`` are log-likelihood ratios (natural logarithm; None where nothing was scored), the threshold
    that of ``target_far``, which was measured in training to lie in ``far_interval_95``.
    ``reason``: match · other_voice · too_short · silent · too_quiet · too_noisy · clipped · undecided · budget_spent ·
    wrong_band · no_pause · two_voices · no_operating_point · other_model · failure.
    ``next_look_seconds``: seconds of net speech at which asking again can change the answer; None: it cannot.
    ``snr_db``: of the speech that was scored, else of all that was heard.
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
    far_interval_95: tuple[float, float] | None = None
    snr_db: float | None = None
    calibration_sha256: str | None = None


@dataclass(frozen=True)
class VerificationPolicy:
    """What audio is too poor to judge."""

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
    """Compare what has been said so far with the print. Never raises; may be asked again as audio arrives.

    A caller is scored at most once for each of the calibration's ``looks_seconds`` of net speech, on exactly that much of
    it, however often the question is asked: every look is another chance for an impostor, and the thresholds are learnt
    for these. Whoever was ACCEPTED or REJECTED is not asked about again.
    """

    def verdict(
        outcome: Outcome,
        reason: str,
        score: float | None = None,
        next_look: float | None = None,
        snr_db: float | None = None,
        threshold: float | None = None,
    ) -> Verdict:
        return Verdict(
            outcome,
            reason,
            score,
            threshold,
            operating_point.target_far if operating_point else None,
            round(utterance.net_speech_seconds, 3),
            encoder.name,
            encoder.class_name,
            encoder.sha256,
            next_look,
            operating_point.far_interval_95 if operating_point else None,
            None if snr_db is None else round(snr_db, 1),
            operating_point.calibration_sha256 if operating_point else None,
        )

    try:
        if operating_point is None:
            return verdict(Outcome.INCONCLUSIVE, "no_operating_point")
        if operating_point.calibration.model_sha256 != encoder.sha256:
            return verdict(Outcome.INCONCLUSIVE, "other_model")
        looks = operating_point.calibration.looks_seconds
        reached = [look for look in looks if utterance.net_speech_seconds >= look]
        ahead = [look for look in looks if utterance.net_speech_seconds < look]
        next_look = ahead[0] if ahead else None
        quality = utterance.quality()
        if not reached:
            reason = _too_short(quality, utterance.heard_seconds, policy)
            return verdict(Outcome.INCONCLUSIVE, reason, next_look=next_look, snr_db=quality.snr_db)
        if poor := _too_poor(quality, policy):
            return verdict(Outcome.INCONCLUSIVE, poor, next_look=next_look, snr_db=quality.snr_db)
        heard = utterance.speech()[: int(reached[-1] * TELEPHONE_RATE_HZ)]

        def llr(samples: np.ndarray) -> float:
            cosine = voiceprint.cosine(encoder.embed(samples, TELEPHONE_RATE_HZ), encoder.sha256)
            seconds, utterances = len(samples) / TELEPHONE_RATE_HZ, len(voiceprint.embeddings)
            conditions = Conditions(seconds, speech_snr_db(samples), utterances)
            return float(operating_point.calibration.llr(cosine, conditions))

        score, snr_db = llr(heard), speech_snr_db(heard)
        threshold = operating_point.accept_llrs[len(reached) - 1]
        # Written so that a score that is not a number lands in the last line.
        if score >= threshold:
            return verdict(Outcome.ACCEPTED, "match", score, None, snr_db, threshold)
        if score <= operating_point.reject_llr:
            if not is_telephone_band(heard):
                return verdict(Outcome.INCONCLUSIVE, "wrong_band", score, next_look, snr_db, threshold)
            if not pauses_are_heard(heard, utterance.pauses(reached[-1]), reached[-1]):
                return verdict(Outcome.INCONCLUSIVE, "no_pause", score, next_look, snr_db, threshold)
            if highest_half(heard, llr) > operating_point.reject_llr:
                return verdict(Outcome.INCONCLUSIVE, "two_voices", score, next_look, snr_db, threshold)
            return verdict(Outcome.REJECTED, "other_voice", score, None, snr_db, threshold)
        reason = "undecided" if ahead else "budget_spent"
        return verdict(Outcome.INCONCLUSIVE, reason, score, next_look, snr_db, threshold)
    except ModelMismatchError as error:
        log.warning("verification: %s", error)
        return verdict(Outcome.INCONCLUSIVE, "other_model")
    except Exception:
        log.exception("verification failed; the answer is INCONCLUSIVE")
        return verdict(Outcome.INCONCLUSIVE, "failure")


def _too_short(quality: Quality, heard_seconds: float, policy: VerificationPolicy) -> str:
    quiet = quality.level_dbfs < policy.lowest_level_dbfs
    return "silent" if quiet and heard_seconds >= policy.silence_seconds else "too_short"


def _too_poor(quality: Quality, policy: VerificationPolicy) -> str | None:
    if quality.level_dbfs < policy.lowest_level_dbfs:
        return "too_quiet"
    if quality.clipped_fraction > policy.highest_clipped_fraction:
        return "clipped"
    return "too_noisy" if quality.snr_db < policy.lowest_snr_db else None
