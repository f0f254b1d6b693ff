"""What an answer may be: the closed set of kinds an ``ask`` or a field of a ``form`` asks for.

The same values stand in the flow's step and in the session's wait. A bound on dates may say ``today`` in the step; in
the wait it is a date.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

DIGITS_MAX = 32
SPEECH_MAX = 500  # characters
DECIMALS_MAX = 6
LARGEST = Decimal(999_999_999)  # of numbers and amounts: twelve keys with a star are as many as anybody gets right


class AskType(StrEnum):
    DIGITS = "digits"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    PHONE = "phone"
    YES_NO = "yes_no"
    LIST = "list"
    SPEECH = "speech"


class Kind(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class DigitsKind(Kind, frozen=True, kw_only=True, tag="digits"):
    """Kept as they are, e.g. "0042"."""

    min_length: int = 1
    max_length: int = DIGITS_MAX


class NumberKind(Kind, frozen=True, kw_only=True, tag="number"):
    """Kept without an exponent and without zeros at its end, e.g. "12.5"."""

    minimum: Decimal = Decimal(0)
    maximum: Decimal = LARGEST
    decimals: int = 2


class MoneyKind(Kind, frozen=True, kw_only=True, tag="money"):
    """Kept with two decimals and its ISO 4217 code, e.g. "12.50 GBP"."""

    currency: str
    minimum: Decimal = Decimal(0)
    maximum: Decimal = LARGEST


class DateKind(Kind, frozen=True, kw_only=True, tag="date"):
    """Kept as ISO 8601, e.g. "2026-11-05". ``today`` is empty where nobody has told it: then "tomorrow" is no date."""

    earliest: str = ""
    latest: str = ""
    today: str = ""


class PhoneKind(Kind, frozen=True, kw_only=True, tag="phone"):
    """Kept as E.164, e.g. "+447700900123"; ``country_code`` is put before a national number."""

    country_code: str


class YesNoKind(Kind, frozen=True, kw_only=True, tag="yes_no"):
    """Kept as "yes" or "no"."""


class ListKind(Kind, frozen=True, kw_only=True, tag="list"):
    """Kept as the option's name."""


class SpeechKind(Kind, frozen=True, kw_only=True, tag="speech"):
    """Kept in the caller's words."""

    min_length: int = 1
    max_length: int = 200


AnyKind = DigitsKind | NumberKind | MoneyKind | DateKind | PhoneKind | YesNoKind | ListKind | SpeechKind
