"""Whether what was said is what a challenge asked for: all of it, in order, and nothing else that counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.flow.challenge_words import folded_words
from ivr.flow.listening import heard_digits
from ivr.flow.matching import folded, words_of
from ivr.flow.numerals import FILLING
from ivr.flow.numerals_persian import FILLING as FILLING_PERSIAN
from ivr.flow.saying import is_persian

# Said while one thinks, between two digits: never what could be a digit itself.
_HESITATING = frozenset(["um", "uh", "er", "erm", "hmm", "and", "then"])
_HESITATING_PERSIAN = frozenset(["اه", "ام", "خب", "بعد"])
# What a recogniser may write for a digit that sounds the same; where only digits are asked for it is nothing else.
_SOUNDS_LIKE = {"won": "one", "to": "two", "too": "two", "for": "four", "fore": "four", "ate": "eight"}
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[-–—.,;:/](?=\d)")  # as recognisers group them: "47-12", "4,7,1"


def is_said(words: Sequence[str], text: str, language: str) -> bool:
    """``words``: digits one by one, or words of ``challenge_words``; ``text``: the carrier's speech result."""
    if not words:
        return False
    persian = is_persian(language)
    if all(word.isdigit() for word in words):
        plain = _BETWEEN_DIGITS.sub(" ", folded(text))
        hesitating, like = (_HESITATING_PERSIAN, {}) if persian else (_HESITATING, _SOUNDS_LIKE)
        parts = [part.strip(".,!?;:،؛؟") for part in plain.split()]
        said = " ".join(like.get(part, part) for part in parts if part not in hesitating)
        return heard_digits(said, language) == "".join(words)
    known = folded_words(language)
    filling = FILLING_PERSIAN | _HESITATING_PERSIAN | {"و"} if persian else FILLING | _HESITATING
    said_words = words_of(text)
    if any(word not in known and word not in filling for word in said_words):
        return False
    return [word for word in said_words if word in known] == [part for word in words for part in words_of(word)]
