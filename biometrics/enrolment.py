"""Enrolment: from speech to a voiceprint, or to a reason that a flow can speak.

``enrol`` makes a print of one stretch of speech. ``Enrolment`` is guided: it takes utterances one at a time, says of each
whether it will do or what was wrong with it, and is complete when enough of them are of one and the same voice.
"""

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

    One stretch of speech is cut into ``segments`` that must sound like one person: each pair of them has a cosine of at
    least ``agreement_cosine`` (None: what the model's calibration says). A guided enrolment takes ``utterances`` of at
    least ``minimum_utterance_seconds`` each instead, which must agree with each other in the same way; an utterance twice
    ``shortest_part_seconds`` long is also compared with itself, its first half with its second.
    """

    minimum_net_speech_seconds: float = 8.0
    segments: int = 3
    longest_net_speech_seconds: float = 30.0
    agreement_cosine: float | None = None
    lowest_level_dbfs: float = -45.0
    lowest_snr_db: float = 10.0
    highest_clipped_fraction: float = 0.02
    utterances: int = 3
    minimum_utterance_seconds: float = 2.5
    shortest_part_seconds: float = 2.5


@dataclass(frozen=True)
class EnrolmentResult:
    """A voiceprint or a refusal: too_short, too_quiet, too_noisy, clipped, inconsistent, failure."""

    voiceprint: Voiceprint | None
    refusal: str | None
    net_speech_seconds: float


@dataclass(frozen=True)
class Taken:
    """What came of one utterance.

    ``refusal`` None: it was accepted; else too_short, too_quiet, too_noisy, clipped, more_than_one_voice (within it),
    disagrees (it is not the voice of the others) or failure. ``accepted`` of ``needed`` utterances are there by now;
    ``voiceprint`` is set once that is enough.
    """

    refusal: str | None
    accepted: int
    needed: int
    voiceprint: Voiceprint | None = None


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
        if refusal := _refusal(utterance, policy, policy.minimum_net_speech_seconds):
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


@dataclass(frozen=True, eq=False)
class _Said:
    """An utterance that will do by itself: its embedding (dimension,), unit length, and how long it was."""

    embedding: np.ndarray
    seconds: float


class Enrolment:
    """A guided enrolment under way. Embeddings only are kept: what was said is let go utterance by utterance."""

    def __init__(
        self,
        encoder: Encoder,
        policy: EnrolmentPolicy = DEFAULT_ENROLMENT_POLICY,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._encoder, self._policy, self._now = encoder, policy, now
        self._accepted: list[_Said] = []
        self._others: list[_Said] = []  # of one voice among themselves, but not that of the accepted ones

    def take(self, utterance: Utterance) -> Taken:
        """Judge the next utterance. Never raises; a print comes with the utterance that makes it complete."""
        try:
            refusal = _refusal(utterance, self._policy, self._policy.minimum_utterance_seconds) or self._judge(
                utterance
            )
            return Taken(refusal, len(self._accepted), self._needed(), self._voiceprint())
        except Exception:
            log.exception("an utterance of an enrolment could not be judged; it is not used")
            return Taken("failure", len(self._accepted), self._needed())

    def _judge(self, utterance: Utterance) -> str | None:
        speech = utterance.speech()[: int(self._policy.longest_net_speech_seconds * TELEPHONE_RATE_HZ)]
        seconds = len(speech) / TELEPHONE_RATE_HZ
        parts = np.array_split(speech, 2 if seconds >= 2 * self._policy.shortest_part_seconds else 1)
        embeddings = np.stack([self._encoder.embed(part, TELEPHONE_RATE_HZ) for part in parts])
        if agreement(embeddings) < _required_agreement(self._encoder, self._policy):
            return "more_than_one_voice"
        mean = embeddings.mean(axis=0)
        return self._compare(_Said(mean / np.linalg.norm(mean), seconds))

    def _compare(self, said: _Said) -> str | None:
        """Whether it is the voice of the others. The first utterance may be the wrong one: the more numerous voice wins."""
        if self._agrees(said, self._accepted):
            self._accepted.append(said)
            return None
        self._others = [*self._others, said] if self._agrees(said, self._others) else [said]
        if len(self._others) <= len(self._accepted):
            return "disagrees"
        self._accepted, self._others = self._others, self._accepted
        return None

    def _agrees(self, said: _Said, others: list[_Said]) -> bool:
        required = _required_agreement(self._encoder, self._policy)
        return all(float(said.embedding @ other.embedding) >= required for other in others)

    def _needed(self) -> int:
        """Utterances in all, as far as can be said now: more than the policy's where they were short."""
        return max(self._policy.utterances, len(self._accepted) + (0 if self._long_enough() else 1))

    def _long_enough(self) -> bool:
        return sum(said.seconds for said in self._accepted) >= self._policy.minimum_net_speech_seconds

    def _voiceprint(self) -> Voiceprint | None:
        if len(self._accepted) < self._policy.utterances or not self._long_enough():
            return None
        embeddings = np.stack([said.embedding for said in self._accepted])
        seconds = round(sum(said.seconds for said in self._accepted), 3)
        return Voiceprint(embeddings, self._encoder.sha256, self._now(), seconds)


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


def _refusal(utterance: Utterance, policy: EnrolmentPolicy, minimum_seconds: float) -> str | None:
    quality = utterance.quality()
    if utterance.heard_seconds and quality.level_dbfs < policy.lowest_level_dbfs:
        return "too_quiet"
    if utterance.net_speech_seconds < minimum_seconds:
        return "too_short"
    if quality.clipped_fraction > policy.highest_clipped_fraction:
        return "clipped"
    return "too_noisy" if quality.snr_db < policy.lowest_snr_db else None
