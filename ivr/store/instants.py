"""Times as they lie in the database: microseconds since 1970 in UTC, which sort and compare alike in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """Raises ValueError for a time without a zone: it would mean another moment on another machine."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; hand in an aware UTC datetime")
    return (at - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def maybe_from_microseconds(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)
