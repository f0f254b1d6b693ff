"""Numbers as Persian speakers say them: words or digits, the parts of one number joined by "و". What is in doubt is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from ivr.flow.matching import folded
from ivr.flow.numerals import typed_number

AND, POINT, MINUS = "و", "ممیز", ("منفی", "منهای")
_SMALL = (
    "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
)  # fmt: skip
_UNITS = {word: number for number, word in enumerate(_SMALL.split())}
_UNITS |= {"یه": 1, "چار": 4, "شیش": 6, "پونزده": 15, "شونزده": 16, "هیفده": 17, "هیجده": 18, "هژده": 18}
_TENS = {
    word: 10 * number
    for number, word in enumerate(["بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"], start=2)
}
_HUNDREDS = {
    word: 100 * number
    for number, word in enumerate(["صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"], start=1)
} | {"یکصد": 100, "چارصد": 400, "پونصد": 500, "شیشصد": 600}
_WORDS = _UNITS | _TENS | _HUNDREDS
_SCALES = (("میلیون", 1_000_000), ("هزار", 1000))
_AROUND = (  # said around an answer without changing it
    "لطفا خب خوب اه آره بله من شماره شماره‌ام شمارم مبلغ تاریخ عدد رقم برای به در روز است هست هستش میشه می‌شود می‌خواهم"
    " میخواهم میخوام خواهم خوام ممنون متشکرم باشه بفرمایید تلفن تلفنم ام"
)
FILLING = frozenset(folded(_AROUND).split())
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?(?![^\W_])|[^\W\d_]+|[^\s،؛؟.,!?;:]")


def tokens_of(text: str) -> list[str]:
    """Words, numbers ("1,204.50") and signs of what was said, without filling words around them."""
    plain = re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", text)
    plain = plain.replace("\u066b", ".").replace("\u066c", ",").replace("\u2212", "-")
    tokens = [part for token in _TOKEN.findall(folded(plain)) for part in _parted(token)]
    while tokens and (tokens[0] in FILLING or tokens[:2] in (["می", "خواهم"], ["می", "خوام"], ["می", "شود"])):
        tokens.pop(0)
    while tokens and tokens[-1] in FILLING:
        tokens.pop()
    return tokens


def _parted(token: str) -> tuple[str, ...]:
    """ "دوهزار", written as one word, is two."""
    before = token.removesuffix("هزار")
    return (before, "هزار") if before != token and before in _WORDS else (token,)


def cardinal(tokens: Sequence[str]) -> int | None:
    """ "دو هزار و بیست و شش" → 2026, "۵۰ هزار" → 50000. None for anything else, also "یک دو سه"."""
    rest, total = list(tokens), 0
    for word, scale in _SCALES:
        if word not in rest:
            continue
        at = rest.index(word)
        group = 1 if at == 0 and word == "هزار" else _below_thousand(rest[:at])
        if not group:
            return None
        total, rest = total + group * scale, rest[at + 1 :]
        if not rest:
            return total
        if rest[0] != AND:
            return None
        rest = rest[1:]
    group = _below_thousand(rest, largest=999 if total else 10**9)
    return None if group is None or (total and not group) else total + group


def spoken_number(tokens: Sequence[str]) -> Decimal | None:
    """ "منفی صد و بیست ممیز پنج" → -120.5."""
    if tokens and tokens[0] in (*MINUS, "-"):
        number = spoken_number(tokens[1:]) if tokens[1:] and tokens[1] not in (*MINUS, "-") else None
        return None if number is None else -number
    if POINT in tokens:
        at = list(tokens).index(POINT)
        whole, places = cardinal(tokens[:at]), spoken_digits(tokens[at + 1 :])
        return None if whole is None or not places or len(places) > 15 else Decimal(f"{whole}.{places}")
    if len(tokens) == 1 and tokens[0][0].isdigit():
        return typed_number(tokens[0])
    whole = cardinal(tokens)
    return None if whole is None else Decimal(whole)


def spoken_digits(tokens: Sequence[str]) -> str | None:
    """ "صفر نهصد و دوازده سیصد و چهل و پنج" → "0912345": a row of digits is said in groups. None for anything else.

    "بیست سه" without "و" is in doubt: 203 or 23.
    """
    digits, rest, before = "", list(tokens), ""
    while rest:
        if rest[0].isdigit():
            digits, before, rest = digits + rest[0], "", rest[1:]
            continue
        size = 1
        while rest[size : size + 1] == [AND]:
            size += 2
        group = _below_thousand(rest[:size])
        if group is None:
            return None
        said = str(group)
        if before.endswith("0") and 1 < len(before) > len(said) and group:
            return None
        digits, before, rest = digits + said, said, rest[size:]
    return digits or None


def _below_thousand(tokens: Sequence[str], largest: int = 999) -> int | None:
    """A number below a thousand in words, or one written in digits."""
    if len(tokens) == 1 and tokens[0][0].isdigit():
        number = typed_number(tokens[0])
        return int(number) if number is not None and number == int(number) and number <= largest else None
    values = [_WORDS.get(token) for token in tokens[::2]]
    if not values or None in values or len(tokens) % 2 == 0 or any(joint != AND for joint in tokens[1::2]):
        return None
    sizes = [100 if value >= 100 else 10 if value >= 20 else 1 for value in values]
    falling = all(one > two for one, two in zip(sizes, sizes[1:], strict=False))
    teens = len(values) > 1 and sizes[-2:] == [10, 1] and values[-1] > 9
    return sum(values) if falling and not teens and (len(values) == 1 or values[-1]) else None
