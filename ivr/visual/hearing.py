"""How far listening has come, and what came of it: seconds and words, never a score."""

from __future__ import annotations

import math

import msgspec

from ivr.flow.inputs import Outcome
from ivr.visual.labels import Labels, numerals


class Hearing(msgspec.Struct, frozen=True):
    """``needed_seconds`` of net speech are what the next look takes; 0: not known."""

    seconds: float = 0.0
    needed_seconds: float = 0.0
    matched: bool = False  # the voice matches; the answer to a challenge is still missing

    def words(self, labels: Labels) -> str:
        if self.matched:
            return labels.voice_matches
        if not self.needed_seconds:
            return labels.keep_talking
        left = math.ceil(self.needed_seconds - self.seconds)
        return numerals(labels.keep_talking_for.format(seconds=left), labels.language) if left > 0 else labels.comparing


def verdict_words(verdict: Outcome | None, reason: str, labels: Labels) -> str:
    """INCONCLUSIVE is not a no. Empty where nothing has been compared."""
    match verdict:
        case Outcome.INCONCLUSIVE if reason in ("challenge_open", "challenge_not_asked"):
            return labels.voice_not_live
        case Outcome.INCONCLUSIVE if reason == "challenge_failed":
            return labels.challenge_failed
        case Outcome.ACCEPTED:
            return labels.voice_accepted
        case Outcome.REJECTED:
            return labels.voice_rejected
        case Outcome.INCONCLUSIVE:
            return labels.voice_inconclusive
        case None:
            return ""
