"""The one validator: keys, words and typed text become an answer in its canonical form, or a Problem to tell.

The voice and the page both come here; nobody else decides what an answer is. ``spoken_answer`` says a kept answer so
that ``read_answer`` would understand it again: what cannot be read back is not taken.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

import msgspec

from ivr.flow import phrases, spoken
from ivr.flow.dates import keyed_date, spoken_date, typed_date
from ivr.flow.kinds import (
    AnyKind,
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.matching import spoken_choice
from ivr.flow.numerals import (
    cardinal,
    keyed_number,
    plain_digits,
    spoken_digits,
    spoken_number,
    tokens_of,
    typed_number,
)
from ivr.flow.waits import Offered

LONGEST = 1000  # characters read of anything
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
# National numbers by calling code: the prefix put before them inside the country, and how long they are without it
# (ITU-T E.164 and its national numbering plans). Elsewhere a 0 is put before, and E.164 only bounds the whole.
_TRUNK = {
    "1": ("1", 10, 10),
    "7": ("8", 10, 10),
    "36": ("06", 8, 9),
    "39": ("", 6, 11),
    "34": ("", 9, 9),
    "45": ("", 8, 8),
}
_TRUNK |= {"47": ("", 8, 8), "48": ("", 9, 9), "351": ("", 9, 9), "420": ("", 9, 9), "30": ("", 10, 10)}


class Given(StrEnum):
    """How an answer came."""

    KEYED = "keyed"
    SPOKEN = "spoken"
    TYPED = "typed"


class Problem(msgspec.Struct, frozen=True):
    """Why something is no answer, in words for the caller. ``unread``: not understood at all."""

    phrase: str  # one of ``phrases``
    names: dict[str, str] = {}
    unread: bool = False

    @property
    def text(self) -> str:
        return self.phrase.format(**self.names)


def read_answer(kind: AnyKind, choices: Sequence[Offered], given: str, how: Given) -> str | Problem:
    """The canonical answer, or what is wrong. Never raises."""
    if len(given) > LONGEST:
        return Problem(phrases.TOO_LONG, {"most": str(LONGEST)})
    match kind:
        case DigitsKind():
            return _digits(kind, given, how)
        case NumberKind():
            return _number(kind, _amount(given, how))
        case MoneyKind():
            return _money(kind, given, how)
        case DateKind():
            return _date(kind, given, how)
        case PhoneKind():
            return _phone(kind, given, how)
        case YesNoKind() | ListKind():
            return _choice(choices, given, how)
        case SpeechKind():
            return _words(kind, given, how)
        case _:
            assert_never(kind)


def spoken_answer(kind: AnyKind, choices: Sequence[Offered], answer: str) -> str:
    """A kept answer as it is read back. Raises ValueError where it is none of this kind."""
    match kind:
        case MoneyKind():
            return spoken.money(answer)
        case DateKind():
            return spoken.date(answer)
        case DigitsKind():
            return spoken.digits(answer)
        case PhoneKind():
            return spoken.digits(answer).replace("+", "plus")
        case NumberKind():
            return answer.replace("-", "minus ")
        case YesNoKind() | ListKind():
            return next((choice.label for choice in choices if choice.value == answer), answer)
        case SpeechKind():
            return answer
        case _:
            assert_never(kind)


def must_be_confirmed(kind: AnyKind, how: Given) -> bool:
    """Whether an answer is read back first: what a machine heard as a number, unless the caller keyed or typed it."""
    heard = isinstance(kind, DigitsKind | NumberKind | MoneyKind | DateKind | PhoneKind)
    return heard and how is Given.SPOKEN


def zero_is_an_answer(kind: AnyKind) -> bool:
    """Whether a caller who keys 0 may mean it, so that it cannot lead to a person."""
    match kind:
        case NumberKind() | MoneyKind():
            return kind.minimum <= 0 <= kind.maximum
        case DigitsKind():
            return kind.min_length <= 1
        case _:
            return False


def _digits(kind: DigitsKind, given: str, how: Given) -> str | Problem:
    if how is Given.SPOKEN:
        digits = spoken_digits(tokens_of(given))
    else:
        digits = re.sub(r"[ ./()-]", "", plain_digits(given)) if how is Given.TYPED else given
    if not digits or not re.fullmatch(r"[0-9]+", digits):
        return Problem(phrases.NO_DIGITS, unread=True)
    if not kind.min_length <= len(digits) <= kind.max_length:
        exact = kind.min_length == kind.max_length
        names = {"least": str(kind.min_length), "most": str(kind.max_length)}
        return Problem(phrases.DIGITS_EXACTLY if exact else phrases.DIGITS_BETWEEN, names, unread=True)
    return digits


def _amount(given: str, how: Given) -> Decimal | None:
    match how:
        case Given.KEYED:
            return keyed_number(given)
        case Given.TYPED:
            return typed_number(plain_digits(given))
        case Given.SPOKEN:
            return spoken_number(tokens_of(given))
        case _:
            assert_never(how)


def _number(kind: NumberKind, number: Decimal | None) -> str | Problem:
    if number is None:
        return Problem(phrases.NO_NUMBER, unread=True)
    if -number.normalize().as_tuple().exponent > kind.decimals:
        return Problem(phrases.DECIMALS if kind.decimals else phrases.WHOLE_NUMBER, {"decimals": str(kind.decimals)})
    if number < kind.minimum:
        return Problem(phrases.AT_LEAST, {"least": _written(kind.minimum)})
    if number > kind.maximum:
        return Problem(phrases.AT_MOST, {"most": _written(kind.maximum)})
    return _written(number)


def _written(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _money(kind: MoneyKind, given: str, how: Given) -> str | Problem:
    amount = keyed_number(given) if how is Given.KEYED else _said_amount(kind.currency, given, how)
    if amount is None:
        return Problem(phrases.NO_AMOUNT, {"currency": currency_words(kind.currency)}, unread=True)
    if amount != amount.quantize(Decimal("0.01")):
        return Problem(phrases.DECIMALS, {"decimals": "2"})
    if amount < kind.minimum:
        return Problem(phrases.AT_LEAST, {"least": spoken.money(f"{kind.minimum:.2f} {kind.currency}")})
    if amount > kind.maximum:
        return Problem(phrases.AT_MOST, {"most": spoken.money(f"{kind.maximum:.2f} {kind.currency}")})
    return f"{amount or abs(amount):.2f} {kind.currency}"


def currency_words(currency: str) -> str:
    return spoken.CURRENCIES[currency][1] if currency in spoken.CURRENCIES else currency


def _said_amount(currency: str, given: str, how: Given) -> Decimal | None:
    """ "£1,204.50", "fifty pounds and twenty pence", "50 pence"; another currency is none."""
    tokens = tokens_of(given) if how is Given.SPOKEN else tokens_of(given.replace("-", " minus "))
    sign = 1
    if tokens[:1] in (["minus"], ["negative"]):
        sign, tokens = -1, tokens[1:]
    marks = (_SYMBOLS.get(currency), currency.casefold())
    if tokens and tokens[0] in marks:
        tokens = tokens[1:]
    elif tokens and tokens[-1] in marks:
        tokens = tokens[:-1]
    one, many, hundredth, hundredths = spoken.CURRENCIES.get(currency, ("", "", "", ""))
    small = [token for token in tokens if token in (hundredth, hundredths)]
    if small and tokens[-1] != small[0] or len(small) > 1:
        return None
    tokens = tokens[:-1] if small else tokens
    at = next((at for at, token in enumerate(tokens) if token in (one, many)), None)
    if at is None:
        amount = spoken_number(tokens)
        if small:
            amount = None if amount is None or amount != int(amount) else amount / 100
    else:
        amount, rest = spoken_number(tokens[:at]), tokens[at + 1 :]
        if rest:
            rest = rest[1:] if rest[0] == "and" else rest
            cents = cardinal(rest)
            whole = amount is not None and amount == int(amount)
            amount = amount + Decimal(cents) / 100 if whole and cents is not None and 0 < cents < 100 else None
        elif small:
            amount = None
    return None if amount is None or amount < 0 else sign * amount


def _date(kind: DateKind, given: str, how: Given) -> str | Problem:
    today = datetime.date.fromisoformat(kind.today) if kind.today else None
    match how:
        case Given.KEYED:
            date = keyed_date(given)
        case Given.TYPED:
            date = typed_date(given) or spoken_date(given, today)
        case Given.SPOKEN:
            date = spoken_date(given, today)
        case _:
            assert_never(how)
    if date is None:
        return Problem(phrases.NO_DATE, unread=True)
    if kind.earliest and date < datetime.date.fromisoformat(kind.earliest):
        return Problem(phrases.TOO_EARLY, {"earliest": spoken.date(kind.earliest)})
    if kind.latest and date > datetime.date.fromisoformat(kind.latest):
        return Problem(phrases.TOO_LATE, {"latest": spoken.date(kind.latest)})
    return date.isoformat()


def _phone(kind: PhoneKind, given: str, how: Given) -> str | Problem:
    if how is Given.SPOKEN:
        tokens = tokens_of(given)
        abroad = tokens[:1] in (["plus"], ["+"])
        digits = spoken_digits(tokens[abroad:]) or ""
    else:
        text = given if how is Given.KEYED else re.sub(r"^(\+[\d ]+)\(0\)", r"\1", plain_digits(given))
        abroad = text.startswith("+")
        digits = re.sub(r"[ ./()-]", "", text[abroad:]) if how is Given.TYPED else text[abroad:]
    if not re.fullmatch(r"[0-9]+", digits):
        return Problem(phrases.NO_PHONE, unread=True)
    trunk, shortest, longest = _TRUNK.get(kind.country_code, ("0", 4, 14))
    if not abroad and (exit_code := "011" if kind.country_code == "1" else "00") and digits.startswith(exit_code):
        abroad, digits = True, digits.removeprefix(exit_code)
    if not abroad:
        national = digits.removeprefix(trunk) if len(digits) > longest or kind.country_code != "1" else digits
        if (trunk and national == digits and kind.country_code != "1") or not shortest <= len(national) <= longest:
            return Problem(phrases.PHONE_NATIONAL if trunk else phrases.PHONE_ABROAD, {"trunk": trunk})
        digits = kind.country_code + national
    if not 8 <= len(digits) <= 15 or digits.startswith("0"):
        return Problem(phrases.PHONE_LENGTH)
    return f"+{digits}"


def _choice(choices: Sequence[Offered], given: str, how: Given) -> str | Problem:
    match how:
        case Given.KEYED:
            chosen = next((choice for choice in choices if choice.key == given), None)
        case Given.TYPED:
            typed = plain_digits(given)
            chosen = next((choice for choice in choices if typed in (choice.value, choice.key)), None)
        case Given.SPOKEN:
            chosen = spoken_choice(given, tuple(choices))
        case _:
            assert_never(how)
    return Problem(phrases.NO_CHOICE, unread=True) if chosen is None else chosen.value


def _words(kind: SpeechKind, given: str, how: Given) -> str | Problem:
    text = " ".join(given.split())
    if how is Given.KEYED or not text:
        return Problem(phrases.NO_WORDS, unread=True)
    if not kind.min_length <= len(text) <= kind.max_length:
        return Problem(phrases.WORDS_BETWEEN, {"least": str(kind.min_length), "most": str(kind.max_length)})
    return text
