"""What was said, understood in the call's language; every language but Persian is heard as English."""

from __future__ import annotations

import datetime
from decimal import Decimal

from ivr.flow import amounts, dates, dates_persian, numerals, numerals_persian
from ivr.flow.saying import is_persian

_PLUS = (("plus",), ("+",))
_PLUS_PERSIAN = (("مثبت",), ("پلاس",), ("به", "علاوه"), ("بعلاوه",), ("+",))


def heard_digits(text: str, language: str) -> str | None:
    """A row of digits."""
    words = numerals_persian if is_persian(language) else numerals
    return words.spoken_digits(words.tokens_of(text))


def heard_phone(text: str, language: str) -> tuple[bool, str]:
    """Whether a plus was said, and the digits after it; no digits where anything else was said."""
    words, plus = (numerals_persian, _PLUS_PERSIAN) if is_persian(language) else (numerals, _PLUS)
    tokens = words.tokens_of(text)
    said = next((each for each in plus if tuple(tokens[: len(each)]) == each), ())
    return bool(said), words.spoken_digits(tokens[len(said) :]) or ""


def heard_number(text: str, language: str) -> Decimal | None:
    words = numerals_persian if is_persian(language) else numerals
    return words.spoken_number(words.tokens_of(text))


def heard_amount(text: str, currency: str, language: str) -> Decimal | None:
    return amounts.said_amount(text, currency, amounts.PERSIAN if is_persian(language) else amounts.ENGLISH)


def typed_amount(text: str, currency: str, language: str) -> Decimal | None:
    """What is typed may have its minus as a sign."""
    minus = numerals_persian.MINUS[0] if is_persian(language) else "minus"
    return heard_amount(text.replace("-", f" {minus} "), currency, language)


def keyed_date(keys: str, language: str) -> datetime.date | None:
    return (dates_persian if is_persian(language) else dates).keyed_date(keys)


def typed_date(text: str, today: datetime.date | None, language: str) -> datetime.date | None:
    """As a date is written, else as it would be said."""
    words = dates_persian if is_persian(language) else dates
    return words.typed_date(text) or words.spoken_date(text, today)


def heard_date(text: str, today: datetime.date | None, language: str) -> datetime.date | None:
    return (dates_persian if is_persian(language) else dates).spoken_date(text, today)
