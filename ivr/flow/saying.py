"""Values and kept answers as the call's language says and shows them; every language but Persian says them in English."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import assert_never

from ivr.flow import spoken, spoken_persian
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
from ivr.flow.waits import Offered


def is_persian(language: str) -> bool:
    """Of a BCP 47 ``language``."""
    return language.partition("-")[0].lower() == "fa"


def numerals(text: str, language: str) -> str:
    """Digits as ``language`` writes them."""
    return spoken_persian.numerals(text) if is_persian(language) else text


def money(value: object, language: str) -> str:
    """ "1204.50 GBP" in words. Raises ValueError on another form."""
    return spoken_persian.money(value) if is_persian(language) else spoken.money(value)


def date(value: object, language: str) -> str:
    """ "2026-11-05" in words. Raises ValueError on another form."""
    return spoken_persian.date(value) if is_persian(language) else spoken.date(value)


def number(value: str, language: str) -> str:
    """ "-12.5" → "minus 12.5"."""
    return spoken_persian.number(value) if is_persian(language) else value.replace("-", "minus ")


def currency_words(currency: str, language: str) -> str:
    """What many of an ISO 4217 ``currency`` are called; its code where we do not know."""
    if is_persian(language):
        return spoken_persian.CURRENCIES.get(currency, (currency,))[0]
    return spoken.CURRENCIES[currency][1] if currency in spoken.CURRENCIES else currency


def speaking_seconds(text: str) -> float:
    """How long a voice takes at most to say ``text``: our estimate, on the slow side of what carriers' voices need (about
    15 characters a second), because digits take longer than their characters and a limit that is too early cuts people off.
    """
    return 0.5 + len(text) / 12 + 0.4 * sum(character.isdigit() for character in text)


def listed(words: Sequence[str], language: str) -> str:
    """Words or digits one after the other, as a voice can say them: "4 7 1", "river, candle"."""
    if all(word.isdigit() for word in words):
        return numerals(spoken.digits("".join(words)), language)
    return ("، " if is_persian(language) else ", ").join(words)


def spoken_answer(kind: AnyKind, choices: Sequence[Offered], answer: str, language: str) -> str:
    """A kept answer as it is read back. Raises ValueError where it is none of this kind."""
    match kind:
        case MoneyKind():
            return money(answer, language)
        case DateKind():
            return date(answer, language)
        case DigitsKind():
            return numerals(spoken.digits(answer), language)
        case PhoneKind():
            plus = "مثبت" if is_persian(language) else "plus"
            return numerals(spoken.digits(answer).replace("+", plus), language)
        case NumberKind():
            return number(answer, language)
        case YesNoKind() | ListKind():
            return next((choice.label for choice in choices if choice.value == answer), answer)
        case SpeechKind():
            return answer
        case _:
            assert_never(kind)


def typed_answer(kind: AnyKind, answer: str, language: str) -> str:
    """A kept answer as its caller would write it into a field of the page, e.g. a date in the calendar they live by."""
    match kind:
        case DateKind() if answer and is_persian(language):
            year, month, day = spoken_persian.solar_hijri(datetime.date.fromisoformat(answer))
            return numerals(f"{year}/{month:02}/{day:02}", language)
        case MoneyKind(currency=currency):
            return numerals(answer.removesuffix(f" {currency}"), language)
        case SpeechKind() | ListKind() | YesNoKind():
            return answer
        case _:
            return numerals(answer, language)
