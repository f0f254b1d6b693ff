"""What a caller is asked to say: drawn here, where chance is, at the very moment it is asked."""

from __future__ import annotations

import secrets

from ivr.flow.challenge_words import words_for
from ivr.flow.events import ChallengeRequested
from ivr.flow.inputs import ChallengeDrawn
from ivr.flow.steps import ChallengeOf

DIGITS = "0123456789"
_chance = secrets.SystemRandom()


def draw_challenge(request: ChallengeRequested) -> ChallengeDrawn:
    """Different words of the language asked for, or digits, of which none stands three times in a row."""
    words = words_for(request.language) if request.of is ChallengeOf.WORDS else ()
    drawn = _chance.sample(words, request.count) if words else _digits(request.count)
    return ChallengeDrawn(id=request.request, words=tuple(drawn))


def _digits(count: int) -> list[str]:
    drawn: list[str] = []
    while len(drawn) < count:
        digit = secrets.choice(DIGITS)
        if drawn[-2:] != [digit, digit]:
            drawn.append(digit)
    return drawn
