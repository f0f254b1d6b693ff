"""Which choice an utterance means."""

from __future__ import annotations

import re
import unicodedata

from ivr.flow.waits import Offered

# Arabic letters that keyboards and recognisers write in place of the Persian ones, and what carries no meaning of its own:
# the joiner that sets off an ending counts as a space, vowel signs and the stretched stroke as nothing.
_PERSIAN = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ة": "ه",
        "ۀ": "ه",
        "أ": "ا",
        "إ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "\u200c": " ",
        "\u0640": "",
    }
)
_VOWEL_SIGNS = re.compile("[\u064b-\u065f\u0670]")


def words_of(text: str) -> tuple[str, ...]:
    """Case-folded words without punctuation, e.g. ``"My balance, please!"`` → ``("my", "balance", "please")``."""
    return tuple(re.findall(r"\w+", folded(text)))


def folded(text: str) -> str:
    """Case, Arabic letters, vowel signs, joiners and digits of any script made alike."""
    return ascii_digits(_VOWEL_SIGNS.sub("", unicodedata.normalize("NFKC", text).casefold().translate(_PERSIAN)))


def ascii_digits(text: str) -> str:
    """Decimal digits of any script as 0-9."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def spoken_choice(text: str, choices: tuple[Offered, ...]) -> Offered | None:
    """The one choice whose words or label occur in what was said; None if none or several do.

    Longer phrases win over the shorter ones they contain, so that "cancel my card" beats "card".
    """
    said = words_of(text)
    best_length, best = 0, None
    for choice in choices:
        for phrase in (choice.key, choice.label, *choice.words):
            wanted = words_of(phrase)
            if not wanted or not _contains(said, wanted):
                continue
            if len(wanted) > best_length:
                best_length, best = len(wanted), choice
            elif len(wanted) == best_length and best is not None and best.key != choice.key:
                best = None
    return best


def _contains(said: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return any(said[i : i + len(wanted)] == wanted for i in range(len(said) - len(wanted) + 1))
