"""How long a caller may still have to wait: said only where enough is known to be honest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

FEWEST_CONVERSATIONS = 5  # fewer say too little about the next one
CONVERSATIONS = 30  # the newest; older ones were of another day
LONGEST_MINUTES = 120  # beyond that a number promises more than it knows


def estimate_minutes(position: int, handling_seconds: Sequence[float], agents: int) -> int | None:
    """Median handling time × place / agents, in minutes rounded up; None where too little is known.

    ``position`` 1 = next. Every place before the caller, and the caller's own, waits until one of ``agents`` is free,
    which happens ``agents`` times in one handling time. The median, because one long conversation must not count.
    """
    if len(handling_seconds) < FEWEST_CONVERSATIONS or agents < 1:
        return None
    minutes = math.ceil(median(handling_seconds) * position / agents / 60)
    return max(1, minutes) if minutes <= LONGEST_MINUTES else None
