"""A fact as somebody wrote it (a table, a backend) → the value that texts and conditions see."""

from __future__ import annotations

import datetime
import math

from ivr.flow.definition import FactType
from ivr.flow.spoken import parse_money


def read_fact(type_: FactType, written: str) -> str | float | bool | None:
    """The value, None for an empty cell. Raises ValueError that says how it should have been written.

    Money and dates stay text ("1204.50 GBP", "2026-11-05"): a float would lose pence, and the filters ``money`` and
    ``date`` say them.
    """
    written = written.strip()
    if not written:
        return None
    match type_:
        case FactType.TEXT:
            return written
        case FactType.MONEY:
            parse_money(written)
            return written
        case FactType.NUMBER:
            return _number(written)
        case FactType.DATE:
            return _date(written)
        case FactType.BOOLEAN:
            if written.lower() not in ("true", "false"):
                raise ValueError(f"write true or false, not {written!r}")
            return written.lower() == "true"


def _number(written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"write a number like 12 or 1.5, not {written!r}")
    return number


def _date(written: str) -> str:
    try:
        return datetime.date.fromisoformat(written).isoformat()
    except ValueError:
        raise ValueError(f"write a date like 2026-11-05, not {written!r}") from None
