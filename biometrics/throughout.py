"""Is *all* of it the voice of the print? For an answer whose words were drawn at random and are known to have been said.

A recording of the owner that is played before, between or after the words, which somebody else says, makes one utterance that
as a whole is the owner's. So besides the whole, every two seconds of it are compared: none may be a stranger's.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.calibration import OperatingPoint
from biometrics.encoder import Encoder
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import Utterance
from biometrics.verification import Outcome, Verdict, verify
from biometrics.voiceprint import Voiceprint

log = logging.getLogger(__name__)

PART_SECONDS = 2.0  # of net speech: as little as is ever compared
STRANGER_LLR = 0.0  # chosen on the train split (README.md, "Said live")


def verify_throughout(
    encoder: Encoder, voiceprint: Voiceprint, utterance: Utterance, operating_point: OperatingPoint | None
) -> Verdict:
    """``verify``, but ACCEPTED only where no part of the utterance is more a stranger's than the owner's.

    Of an utterance that is over; INCONCLUSIVE ``two_voices`` where parts of it differ. Never raises.
    """
    verdict = verify(encoder, voiceprint, utterance, operating_point)
    if verdict.outcome is not Outcome.ACCEPTED:
        return replace(verdict, next_look_seconds=None)
    try:
        # A score that is not a number reaches nothing.
        if all(llr(encoder, voiceprint, part, operating_point) >= STRANGER_LLR for part in parts(utterance.speech())):
            return verdict
    except Exception:
        log.exception("an answer cannot be compared part by part; it is INCONCLUSIVE")
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="failure")
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="two_voices")


def leaves_open(verdict: Verdict) -> bool:
    """Whether more words from the same mouth may still make an answer ACCEPTED: all that it lacks is speech.

    Too little of it to compare anything (none means that nothing reaches us, nor would more), or a voice that is more the
    owner's than a stranger's, but not surely enough. Nothing else is mended by more: not noise, a second voice, a recording,
    a fault, nor a voice that is a stranger's rather.
    """
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return False
    if verdict.reason == "undecided":
        return verdict.score is not None and verdict.score >= STRANGER_LLR
    return verdict.reason == "too_short" and verdict.net_speech_seconds > 0


def parts(speech: np.ndarray) -> Iterator[np.ndarray]:
    """Stretches of 2 s, evenly spaced, that together hold all of ``speech`` (samples at 8 kHz, at least 2 s of them)."""
    size = int(PART_SECONDS * TELEPHONE_RATE_HZ)
    for start in np.linspace(0, len(speech) - size, -(-len(speech) // size)):
        yield speech[int(start) : int(start) + size]


def llr(encoder: Encoder, voiceprint: Voiceprint, speech: np.ndarray, operating_point: OperatingPoint) -> float:
    cosine = voiceprint.cosine(encoder.embed(speech, TELEPHONE_RATE_HZ), encoder.sha256)
    conditions = Conditions(len(speech) / TELEPHONE_RATE_HZ, speech_snr_db(speech), len(voiceprint.embeddings))
    return float(operating_point.calibration.llr(cosine, conditions))
