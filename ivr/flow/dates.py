"""Dates as people say, key and type them (UK English, day before month). What is in doubt is no date."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from ivr.flow.numerals import cardinal, plain_digits, tokens_of

_YEAR = "january february march april may june july august september october november december"
_MONTHS = {name: number for number, name in enumerate(_YEAR.split(), start=1)}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_WEEK = "monday tuesday wednesday thursday friday saturday sunday"
_WEEKDAYS = {name: number for number, name in enumerate(_WEEK.split())}
_COUNTED = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ORDINALS = {word: number for number, word in enumerate(_COUNTED.split(), start=1)} | {"thirtieth": 30}
_RELATIVE = re.compile(r"today(?:([+-])([0-9]{1,5}))?")
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199


def bound(text: str, today: str) -> str:
    """An ISO date for ``2026-11-05``, ``today``, ``today+90`` or ``today-3`` (days). Raises ValueError."""
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return datetime.date.fromisoformat(text).isoformat()
    if not today:
        raise ValueError("nobody has told which day is today")
    days = int(match[2] or 0) * (-1 if match[1] == "-" else 1)
    return (datetime.date.fromisoformat(today) + datetime.timedelta(days=days)).isoformat()


def keyed_date(keys: str) -> datetime.date | None:
    """Day, month and year in eight keys: "05112026"."""
    if not re.fullmatch(r"[0-9]{8}", keys):
        return None
    return _date(int(keys[4:]), int(keys[2:4]), int(keys[:2]))


def typed_date(text: str) -> datetime.date | None:
    """ "2026-11-05", "5/11/2026", "5.11.2026"; else as it would be said."""
    text = plain_digits(text)
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})", text):
        return _date(int(match[4]), int(match[3]), int(match[1]))
    return None


def spoken_date(text: str, today: datetime.date | None) -> datetime.date | None:
    """ "Thursday the fifth of November 2026", "November 5th", "tomorrow". Without a year: the next one from today on."""
    if (typed := typed_date(text)) is not None:
        return typed
    tokens = [token for token in tokens_of(text) if token not in ("the", "of", "on", "in")]
    if today is not None and tokens in (["today"], ["tomorrow"]):
        return today + datetime.timedelta(days=tokens == ["tomorrow"])
    weekday = _WEEKDAYS.get(tokens[0]) if tokens else None
    if weekday is not None:
        tokens = tokens[1:]
    date = _named(tokens, today)
    return None if date is None or (weekday is not None and date.weekday() != weekday) else date


def _named(tokens: Sequence[str], today: datetime.date | None) -> datetime.date | None:
    months = [at for at, token in enumerate(tokens) if token in _MONTHS]
    if len(months) != 1:
        return None
    before, after = list(tokens[: months[0]]), list(tokens[months[0] + 1 :])
    month = _MONTHS[tokens[months[0]]]
    if before:
        days = {(_day(before), _year(after) if after else None)} if after == [] or _year(after) else set()
    else:  # the day after the month; then "november twenty twenty six" can be cut in several ways
        days = {
            (_day(after[:at]), _year(after[at:]) if after[at:] else None)
            for at in (1, 2)
            if at <= len(after) and (not after[at:] or _year(after[at:]))
        }
    days = {(day, year) for day, year in days if day is not None}
    if len(days) != 1:
        return None
    ((day, year),) = days
    if year is not None:
        return _date(year, month, day)
    if today is None:
        return None
    ahead = (_date(today.year + years, month, day) for years in range(9))  # a 29 February is up to eight years away
    return next((date for date in ahead if date is not None and date >= today), None)


def _day(tokens: Sequence[str]) -> int | None:
    match list(tokens):
        case [word] if word in _ORDINALS:
            return _ORDINALS[word]
        case [("twenty" | "thirty") as ten, unit] if _ORDINALS.get(unit, 10) < 10:
            return (20 if ten == "twenty" else 30) + _ORDINALS[unit]
        case [word] if match_ := re.fullmatch(r"([0-9]{1,2})(?:st|nd|rd|th)?", word):
            return int(match_[1])
        case _:
            number = cardinal(tokens)
            return number if number is not None and 1 <= number <= 31 else None


def _year(tokens: Sequence[str]) -> int | None:
    """Four digits, "two thousand [and] twenty six", "twenty twenty six", "nineteen oh five"."""
    if len(tokens) == 1:
        return int(tokens[0]) if re.fullmatch(r"[0-9]{4}", tokens[0]) else None
    if "thousand" in tokens:
        return cardinal(tokens)
    century, rest = cardinal(tokens[:1]), list(tokens[1:])
    if century not in (19, 20, 21):
        return None
    if len(rest) == 2 and rest[0] in ("oh", "o"):
        unit = cardinal(rest[1:])
        return 100 * century + unit if unit is not None and 0 < unit < 10 else None
    years = cardinal(rest)
    return 100 * century + years if years is not None and 10 <= years <= 99 else None


def _date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day) if EARLIEST_YEAR <= year <= LATEST_YEAR else None
    except ValueError:
        return None
