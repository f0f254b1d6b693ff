"""The one validator: keys, words and typed text become an answer in its canonical form, or a Problem to tell.

The voice and the page both come here; nobody else decides what an answer is. ``saying.spoken_answer`` says a kept
answer so that ``read_answer`` would understand it again in the same language: what cannot be read back is not taken.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

import msgspec

from ivr.flow import phrases, saying
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
from ivr.flow.listening import (
    heard_amount,
    heard_date,
    heard_digits,
    heard_number,
    heard_phone,
    keyed_date,
    typed_amount,
    typed_date,
)
from ivr.flow.matching import spoken_choice
from ivr.flow.numerals import keyed_number, plain_digits, typed_number
from ivr.flow.waits import Offered

LONGEST = 1000  # characters read of anything
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

    def text(self, language: str) -> str:
        """In the BCP 47 ``language`` that it was read in, for ``names`` are in its words already."""
        return saying.numerals(phrases.phrase(self.phrase, language).format(**self.names), language)


def read_answer(kind: AnyKind, choices: Sequence[Offered], given: str, how: Given, language: str) -> str | Problem:
    """The canonical answer, or what is wrong. ``language``: of the call, BCP 47. Never raises."""
    if len(given) > LONGEST:
        return Problem(phrases.TOO_LONG, {"most": str(LONGEST)})
    match kind:
        case DigitsKind():
            return _digits(kind, given, how, language)
        case NumberKind():
            return _number(kind, _amount(given, how, language), language)
        case MoneyKind():
            return _money(kind, given, how, language)
        case DateKind():
            return _date(kind, given, how, language)
        case PhoneKind():
            return _phone(kind, given, how, language)
        case YesNoKind() | ListKind():
            return _choice(choices, given, how)
        case SpeechKind():
            return _words(kind, given, how)
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


def _digits(kind: DigitsKind, given: str, how: Given, language: str) -> str | Problem:
    if how is Given.SPOKEN:
        digits = heard_digits(given, language)
    else:
        digits = re.sub(r"[ ./()-]", "", plain_digits(given)) if how is Given.TYPED else given
    if not digits or not re.fullmatch(r"[0-9]+", digits):
        return Problem(phrases.NO_DIGITS, unread=True)
    if not kind.min_length <= len(digits) <= kind.max_length:
        exact = kind.min_length == kind.max_length
        names = {"least": str(kind.min_length), "most": str(kind.max_length)}
        return Problem(phrases.DIGITS_EXACTLY if exact else phrases.DIGITS_BETWEEN, names, unread=True)
    return digits


def _amount(given: str, how: Given, language: str) -> Decimal | None:
    match how:
        case Given.KEYED:
            return keyed_number(given)
        case Given.TYPED:
            return typed_number(plain_digits(given))
        case Given.SPOKEN:
            return heard_number(given, language)
        case _:
            assert_never(how)


def _number(kind: NumberKind, number: Decimal | None, language: str) -> str | Problem:
    if number is None:
        return Problem(phrases.NO_NUMBER, unread=True)
    if -number.normalize().as_tuple().exponent > kind.decimals:
        return Problem(phrases.DECIMALS if kind.decimals else phrases.WHOLE_NUMBER, {"decimals": str(kind.decimals)})
    if number < kind.minimum:
        return Problem(phrases.AT_LEAST, {"least": saying.number(_written(kind.minimum), language)})
    if number > kind.maximum:
        return Problem(phrases.AT_MOST, {"most": saying.number(_written(kind.maximum), language)})
    return _written(number)


def _written(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _money(kind: MoneyKind, given: str, how: Given, language: str) -> str | Problem:
    match how:
        case Given.KEYED:
            amount = keyed_number(given)
        case Given.TYPED:
            amount = typed_amount(given, kind.currency, language)
        case Given.SPOKEN:
            amount = heard_amount(given, kind.currency, language)
        case _:
            assert_never(how)
    if amount is None:
        return Problem(phrases.NO_AMOUNT, {"currency": saying.currency_words(kind.currency, language)}, unread=True)
    if amount != amount.quantize(Decimal("0.01")):
        return Problem(phrases.DECIMALS, {"decimals": "2"})
    if amount < kind.minimum:
        return Problem(phrases.AT_LEAST, {"least": saying.money(f"{kind.minimum:.2f} {kind.currency}", language)})
    if amount > kind.maximum:
        return Problem(phrases.AT_MOST, {"most": saying.money(f"{kind.maximum:.2f} {kind.currency}", language)})
    return f"{amount or abs(amount):.2f} {kind.currency}"


def _date(kind: DateKind, given: str, how: Given, language: str) -> str | Problem:
    today = datetime.date.fromisoformat(kind.today) if kind.today else None
    match how:
        case Given.KEYED:
            date = keyed_date(given, language)
        case Given.TYPED:
            date = typed_date(given, today, language)
        case Given.SPOKEN:
            date = heard_date(given, today, language)
        case _:
            assert_never(how)
    if date is None:
        return Problem(phrases.NO_DATE, unread=True)
    if kind.earliest and date < datetime.date.fromisoformat(kind.earliest):
        return Problem(phrases.TOO_EARLY, {"earliest": saying.date(kind.earliest, language)})
    if kind.latest and date > datetime.date.fromisoformat(kind.latest):
        return Problem(phrases.TOO_LATE, {"latest": saying.date(kind.latest, language)})
    return date.isoformat()


def _phone(kind: PhoneKind, given: str, how: Given, language: str) -> str | Problem:
    if how is Given.SPOKEN:
        abroad, digits = heard_phone(given, language)
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
