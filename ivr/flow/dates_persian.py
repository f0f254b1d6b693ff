"""Dates as Persian speakers say, key and type them, in Iran's calendar or the Gregorian one. What is in doubt is none.

The year tells the calendar: it lies below 1600 in the one and above 1899 in the other. The order of day, month and year
needs no rule either: a year of four digits is never a month and a day.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from ivr.flow.dates import EARLIEST_YEAR, LATEST_YEAR
from ivr.flow.matching import folded
from ivr.flow.numerals import plain_digits
from ivr.flow.numerals_persian import cardinal, tokens_of
from ivr.flow.spoken_persian import MONTHS, gregorian, solar_hijri

_SOLAR = {folded(name): number for number, name in enumerate(MONTHS, start=1)} | {"امرداد": 5}
_YEAR = "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر"
_GREGORIAN = {folded(name): number for number, name in enumerate(_YEAR.split(), start=1)}
_GREGORIAN |= {"می": 5, "جولای": 7, "آگوست": 8, "اگوست": 8, "اپریل": 4}
_WEEK = {"شنبه": 5, "یک شنبه": 6, "دو شنبه": 0, "سه شنبه": 1, "چهار شنبه": 2, "پنج شنبه": 3, "جمعه": 4}
_RELATIVE = {"امروز": 0, "فردا": 1, "پس فردا": 2, "پسفردا": 2}
_BETWEEN = frozenset({"ماه", "سال", "روز"})
_ORDINALS = {"اول": 1, "یکم": 1, "سوم": 3}
_LAST_SOLAR_YEAR = 1599


def keyed_date(keys: str) -> datetime.date | None:
    """Day, month and year in eight keys, or year, month and day: "14081405", "14050814"."""
    if not re.fullmatch(r"[0-9]{8}", keys):
        return None
    return _date(int(keys[4:]), int(keys[2:4]), int(keys[:2])) or _date(int(keys[:4]), int(keys[4:6]), int(keys[6:]))


def typed_date(text: str) -> datetime.date | None:
    """ "۱۴۰۵/۸/۱۴", "14-8-1405", "2026-11-05", "5/11/2026", "14050814"."""
    text = plain_digits(text)
    if match := re.fullmatch(r"([0-9]{4})([-/. ])([0-9]{1,2})\2([0-9]{1,2})", text):
        return _date(int(match[1]), int(match[3]), int(match[4]))
    if match := re.fullmatch(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})", text):
        return _date(int(match[4]), int(match[3]), int(match[1]))
    return keyed_date(text)


def spoken_date(text: str, today: datetime.date | None) -> datetime.date | None:
    """ "پنجشنبه چهاردهم آبان ۱۴۰۵", "۱۴ آبان", "فردا". Without a year: the next one from today on."""
    if (typed := typed_date(text)) is not None:
        return typed
    tokens = [token for token in tokens_of(text) if token not in _BETWEEN]
    if (days := _RELATIVE.get(" ".join(tokens))) is not None:
        return None if today is None else today + datetime.timedelta(days=days)
    weekday, tokens = _weekday(tokens)
    date = _named(tokens, today)
    return None if date is None or (weekday is not None and date.weekday() != weekday) else date


def _weekday(tokens: list[str]) -> tuple[int | None, list[str]]:
    """In one word or two: "سه شنبه", "سهشنبه"."""
    if tokens and tokens[0].endswith("شنبه") and tokens[0] != "شنبه":
        tokens = [tokens[0].removesuffix("شنبه"), "شنبه", *tokens[1:]]
    for size in (2, 1):
        weekday = _WEEK.get(" ".join(tokens[:size]))
        if weekday is not None:
            return weekday, tokens[size:]
    return None, tokens


def _named(tokens: Sequence[str], today: datetime.date | None) -> datetime.date | None:
    at = [place for place, token in enumerate(tokens) if token in _SOLAR or token in _GREGORIAN]
    if len(at) != 1:
        return None
    name, day, after = tokens[at[0]], _day(tokens[: at[0]]), tokens[at[0] + 1 :]
    solar = name in _SOLAR
    month = _SOLAR[name] if solar else _GREGORIAN[name]
    if day is None:
        return None
    if after:
        year = cardinal(after)
        fits = year is not None and (year <= _LAST_SOLAR_YEAR) is solar
        return _date(year, month, day) if fits else None
    if today is None:
        return None
    this_year = solar_hijri(today)[0] if solar else today.year
    ahead = (_date(this_year + years, month, day) for years in range(9))  # a leap day is years away
    return next((date for date in ahead if date is not None and date >= today), None)


def _day(tokens: Sequence[str]) -> int | None:
    """ "چهاردهم", "سی و یکم", "سی ام", "۱۴ ام" or a bare number."""
    said = [token for token in tokens if token not in ("ام", "م")]
    if not said:
        return None
    *before, last = said
    if last in _ORDINALS:
        number = cardinal([*before, str(_ORDINALS[last])]) if not before else _joined(before, _ORDINALS[last])
    else:
        number = cardinal(said) or cardinal([*before, last.removesuffix("م")])
    return number if number is not None and 1 <= number <= 31 else None


def _joined(before: Sequence[str], unit: int) -> int | None:
    """ "بیست و" and 3 → 23."""
    tens = cardinal(before[:-1]) if before[-1] == "و" else None
    return tens + unit if tens in (20, 30) else None


def _date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        date = gregorian(year, month, day) if year <= _LAST_SOLAR_YEAR else datetime.date(year, month, day)
    except ValueError:
        return None
    return date if EARLIEST_YEAR <= date.year <= LATEST_YEAR else None
