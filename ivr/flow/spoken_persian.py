"""The filters of ``spoken`` in Persian: its numerals, its words for money, its calendar."""

from __future__ import annotations

import datetime

from ivr.flow.spoken import parse_money

_NUMERALS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
CURRENCIES = {  # ISO 4217 code → (main unit, one hundredth); Persian has no plural after a number
    "GBP": ("پوند", "پنی"),
    "EUR": ("یورو", "سنت"),
    "USD": ("دلار", "سنت"),
    "IRR": ("ریال", "دینار"),
}
MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
_ANCHOR_YEAR, _ANCHOR = 1400, datetime.date(2021, 3, 21)  # 1 Farvardin 1400
_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})  # of each 33 years
_YEARS = (1178, 1633)  # in which the cycle of 33 years agrees with the equinox


def numerals(text: str) -> str:
    """Its digits as Persian writes them."""
    return text.translate(_NUMERALS)


def money(value: object) -> str:
    """ "1204.50 GBP" → "۱٬۲۰۴ پوند و ۵۰ پنی"."""
    amount, code = parse_money(str(value))
    sign = "منفی " if amount < 0 else ""
    amount = abs(amount)
    if code not in CURRENCIES:
        return sign + _grouped(f"{amount:,.2f}") + f" {code}"
    unit, hundredth = CURRENCIES[code]
    whole, rest = divmod(int((amount * 100).to_integral_value()), 100)
    parts = [f"{_grouped(f'{whole:,}')} {unit}"] if whole or not rest else []
    parts += [f"{numerals(str(rest))} {hundredth}"] if rest else []
    return sign + " و ".join(parts)


def number(value: str) -> str:
    """ "-12.5" → "منفی ۱۲٫۵"."""
    return numerals(value.replace("-", "منفی ").replace(".", "\u066b"))


def date(value: object) -> str:
    """ "2026-11-05" → "۱۴ آبان ۱۴۰۵". Raises ValueError on another form and outside 1178–1633 (1799–2254)."""
    year, month, day = solar_hijri(datetime.date.fromisoformat(str(value)[:10]))
    return f"{numerals(str(day))} {MONTHS[month - 1]} {numerals(str(year))}"


def solar_hijri(day: datetime.date) -> tuple[int, int, int]:
    """Year, month and day of Iran's calendar, by the 33-year cycle (A. Birashk, A Comparative Calendar, 1993)."""
    year, left = _ANCHOR_YEAR, (day - _ANCHOR).days
    while left < 0:
        year -= 1
        left += _days(year)
    while left >= _days(year):
        left -= _days(year)
        year += 1
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise ValueError(f"{day} lies outside the years that the calendar is sure of")
    month = left // 31 if left < 186 else 6 + (left - 186) // 30
    return year, month + 1, left - (31 * month if month < 6 else 186 + 30 * (month - 6)) + 1


def gregorian(year: int, month: int, day: int) -> datetime.date:
    """The inverse of ``solar_hijri``. Raises ValueError where that calendar has no such day."""
    if not _YEARS[0] <= year <= _YEARS[1] or not 1 <= month <= 12:
        raise ValueError(f"there is no month {month} of the year {year}")
    longest = 31 if month < 7 else 30 if month < 12 or _days(year) == 366 else 29
    if not 1 <= day <= longest:
        raise ValueError(f"month {month} of the year {year} has no day {day}")
    years = range(_ANCHOR_YEAR, year) if year >= _ANCHOR_YEAR else range(year, _ANCHOR_YEAR)
    before = sum(map(_days, years)) * (1 if year >= _ANCHOR_YEAR else -1)
    in_year = 31 * (month - 1) if month < 8 else 186 + 30 * (month - 7)
    return _ANCHOR + datetime.timedelta(days=before + in_year + day - 1)


def _days(year: int) -> int:
    return 366 if year % 33 in _LEAP else 365


def _grouped(number: str) -> str:
    """With the Arabic separators: U+066C between thousands, U+066B before decimals."""
    return numerals(number.replace(",", "\u066c").replace(".", "\u066b"))
