"""Enrolment: from speech to a voiceprint, or to a reason that a flow can speak."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.calibration import load_calibration
from biometrics.encoder import Encoder
from biometrics.speech import Utterance
from biometrics.voiceprint import Voiceprint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnrolmentPolicy:
    """What speech is enough, and good enough, to know somebody by.

    The speech is cut into ``segments`` that must sound like one person: each pair of them has a cosine of at least
    ``agreement_cosine`` (None: what the model's calibration says).
    """

    minimum_net_speech_seconds: float = 8.0
    segments: int = 3
    longest_net_speech_seconds: float = 30.0
    agreement_cosine: float | None = None
    lowest_level_dbfs: float = -45.0
    lowest_snr_db: float = 10.0
    highest_clipped_fraction: float = 0.02


@dataclass(frozen=True)
class EnrolmentResult:
    """A voiceprint or a refusal: too_short, too_quiet, too_noisy, clipped, inconsistent, failure."""

    voiceprint: Voiceprint | None
    refusal: str | None
    net_speech_seconds: float


DEFAULT_ENROLMENT_POLICY = EnrolmentPolicy()


def utc_now() -> datetime:
    return datetime.now(UTC)


def enrol(
    encoder: Encoder,
    utterance: Utterance,
    policy: EnrolmentPolicy = DEFAULT_ENROLMENT_POLICY,
    now: Callable[[], datetime] = utc_now,
) -> EnrolmentResult:
    """Make a voiceprint of what was said, or say why not. Never raises."""
    net_speech_seconds = round(utterance.net_speech_seconds, 3)
    try:
        if refusal := _refusal(utterance, policy):
            return EnrolmentResult(None, refusal, net_speech_seconds)
        speech = utterance.speech()[: int(policy.longest_net_speech_seconds * TELEPHONE_RATE_HZ)]
        embeddings = np.stack(
            [encoder.embed(segment, TELEPHONE_RATE_HZ) for segment in np.array_split(speech, policy.segments)]
        )
        if agreement(embeddings) < _required_agreement(encoder, policy):
            return EnrolmentResult(None, "inconsistent", net_speech_seconds)
        used_seconds = round(len(speech) / TELEPHONE_RATE_HZ, 3)
        return EnrolmentResult(Voiceprint(embeddings, encoder.sha256, now(), used_seconds), None, net_speech_seconds)
    except Exception:
        log.exception("enrolment failed; no voiceprint was made")
        return EnrolmentResult(None, "failure", net_speech_seconds)


def agreement(embeddings: np.ndarray) -> float:
    """The lowest cosine between two rows (segments, dimension) of unit length; 1 for a single row."""
    return min((float(a @ b) for a, b in combinations(embeddings, 2)), default=1.0)


def _required_agreement(encoder: Encoder, policy: EnrolmentPolicy) -> float:
    if policy.agreement_cosine is not None:
        return policy.agreement_cosine
    calibration = load_calibration(encoder.sha256)
    if calibration is None:
        raise ValueError(
            f"model {encoder.name} has no calibration, so nobody knows how alike its segments must be: "
            "run python -m biometrics calibrate, or set agreement_cosine"
        )
    return calibration.agreement_cosine


def _refusal(utterance: Utterance, policy: EnrolmentPolicy) -> str | None:
    quality = utterance.quality()
    if utterance.heard_seconds and quality.level_dbfs < policy.lowest_level_dbfs:
        return "too_quiet"
    if utterance.net_speech_seconds < policy.minimum_net_speech_seconds:
        return "too_short"
    if quality.clipped_fraction > policy.highest_clipped_fraction:
        return "clipped"
    return "too_noisy" if quality.snr_db < policy.lowest_snr_db else None
