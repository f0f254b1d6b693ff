"""Numbers as people say, key and type them (UK English words; digits of any script). What is in doubt is no number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_UNITS = {word: number for number, word in enumerate(_SMALL.split())} | {"nought": 0}
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_ROUND.split(), start=2)}
_SCALES = (("million", 1_000_000), ("thousand", 1_000))
_DIGIT_WORDS = {word: str(number) for word, number in _UNITS.items() if number < 10} | {"oh": "0", "o": "0"}
_REPEATS = {"double": 2, "triple": 3}
_AROUND = (  # said around an answer without changing it
    "please um uh er erm well hmm okay ok its it is the i id would like want to that thats a an on my number amount date"
    " be for thanks thank you"
)
FILLING = frozenset(_AROUND.split())
_TYPED = re.compile(r"([-+]?)(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d+))?")


def plain_digits(text: str) -> str:
    """``text`` folded: digits of any script as 0-9, their separators as "." and ",", without invisible characters.

    Only true decimal digits count (Unicode ``Nd``): a superscript two is no two.
    """
    characters = []
    for character in text:
        if unicodedata.category(character) == "Cf":
            continue
        digit = unicodedata.decimal(character, None)
        characters.append(character if digit is None else str(digit))
    folded = "".join(characters).casefold()
    return " ".join(folded.replace("\u066b", ".").replace("\u066c", ",").replace("\u2212", "-").split())


def tokens_of(text: str) -> list[str]:
    """Words, numbers ("1,204.50", "5th") and signs of what was said, without filling words around them."""
    text = re.sub(r"['’]", "", plain_digits(text))
    text = re.sub(r"(?<!\d)[.,!?;:](?!\d)|(?<=\d)[.,!?;:](?!\d)|(?<!\d)[,!?;:](?=\d)", " ", text)
    text = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", " ", text)
    tokens = re.findall(r"\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th)?(?![^\W_])|[^\W\d_]+|\S", text)
    while tokens and tokens[0] in FILLING and tokens[:2] not in (["a", "hundred"], ["a", "thousand"], ["a", "million"]):
        tokens.pop(0)
    while tokens and tokens[-1] in FILLING:
        tokens.pop()
    return tokens


def typed_number(text: str) -> Decimal | None:
    """ "1,204.50" → 1204.50. A comma only between groups of three: "12,5" is in doubt."""
    match = _TYPED.fullmatch(text)
    if match is None or (match[2] is None and match[3] is None):
        return None
    whole = (match[2] or "0").replace(",", "")
    if len(whole) > 15 or len(match[3] or "") > 15:
        return None
    return Decimal(f"{'-' if match[1] == '-' else ''}{whole}.{match[3] or '0'}")


def keyed_number(keys: str) -> Decimal | None:
    """Star is the decimal point: "12*5" → 12.5."""
    if not re.fullmatch(r"\d*(\*\d+)?", keys) or not keys.isascii():
        return None
    return typed_number(keys.replace("*", "."))


def spoken_number(tokens: Sequence[str]) -> Decimal | None:
    """ "minus one hundred and twenty point five" → -120.5."""
    if not tokens:
        return None
    if tokens[0] in ("minus", "negative", "-"):
        number = spoken_number(tokens[1:]) if tokens[1:] and tokens[1] not in ("minus", "negative", "-") else None
        return None if number is None else -number
    if "point" in tokens:
        at = tokens.index("point")
        whole, places = cardinal(tokens[:at]), spoken_digits(tokens[at + 1 :])
        return None if whole is None or not places or len(places) > 15 else Decimal(f"{whole}.{places}")
    if len(tokens) == 1 and tokens[0][0].isdigit():
        return typed_number(tokens[0])
    whole = cardinal(tokens)
    return None if whole is None else Decimal(whole)


def cardinal(tokens: Sequence[str]) -> int | None:
    """ "two thousand and twenty six" → 2026, "50 thousand" → 50000. None for anything else, also "one two three"."""
    rest, total = list(tokens), 0
    for word, scale in _SCALES:
        if word in rest:
            at = rest.index(word)
            group = _group(rest[:at])
            if group is None or group == 0:
                return None
            total += group * scale
            rest = rest[at + 1 :]
            if not rest:
                return total
            if rest[0] == "and":
                rest = rest[1:]
                if not rest:
                    return None
    group = _group(rest, largest=999 if total else 10**9)
    return None if group is None else total + group


def spoken_digits(tokens: Sequence[str]) -> str | None:
    """ "oh seven double four" → "0744"; None where anything else was said."""
    digits, repeat = "", 1
    for token in tokens:
        if token in _REPEATS and repeat == 1:
            repeat = _REPEATS[token]
            continue
        if token.isdigit() and (repeat == 1 or len(token) == 1):
            digits += token * repeat
        elif token in _DIGIT_WORDS:
            digits += _DIGIT_WORDS[token] * repeat
        else:
            return None
        repeat = 1
    return digits if repeat == 1 else None


def _group(tokens: Sequence[str], largest: int = 999) -> int | None:
    """A number below a thousand in words, or one written in digits."""
    if len(tokens) == 1 and tokens[0][0].isdigit():
        number = typed_number(tokens[0])
        return int(number) if number is not None and number == int(number) and number <= largest else None
    if "hundred" in tokens:
        at = tokens.index("hundred")
        hundreds = 1 if tokens[:at] == ["a"] else _below_hundred(tokens[:at])
        rest = list(tokens[at + 1 :])
        if rest[:1] == ["and"]:
            rest = rest[1:] or ["and"]
        tail = _below_hundred(rest) if rest else 0
        return 100 * hundreds + tail if hundreds is not None and 0 < hundreds < 10 and tail is not None else None
    if list(tokens) == ["a"]:
        return 1
    return _below_hundred(tokens)


def _below_hundred(tokens: Sequence[str]) -> int | None:
    match list(tokens):
        case [word] if word in _UNITS:
            return _UNITS[word]
        case [word] if word in _TENS:
            return _TENS[word]
        case [word] if word.isdigit() and len(word) <= 2:
            return int(word)
        case [ten, unit] if ten in _TENS and 0 < _UNITS.get(unit, 0) < 10:
            return _TENS[ten] + _UNITS[unit]
        case _:
            return None
