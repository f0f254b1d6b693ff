"""How long it may still take: said only where enough is known, and never too short by rounding."""

from __future__ import annotations

import pytest

from ivr.dispatch.estimate import FEWEST_CONVERSATIONS, estimate_minutes

FIVE_MINUTES = [300.0] * FEWEST_CONVERSATIONS


@pytest.mark.parametrize(
    ("position", "handling", "agents", "minutes"),
    [
        (1, FIVE_MINUTES, 1, 5),
        (3, FIVE_MINUTES, 1, 15),
        (3, FIVE_MINUTES, 2, 8),  # 7.5, rounded up
        (1, [1.0] * FEWEST_CONVERSATIONS, 4, 1),
        (1, [300.0, 300.0, 300.0, 300.0, 7200.0], 1, 5),  # one long conversation does not count
        (1, FIVE_MINUTES[1:], 1, None),  # too few
        (1, [], 1, None),
        (1, FIVE_MINUTES, 0, None),  # nobody works
        (30, FIVE_MINUTES, 1, None),  # hours: no number is better than that one
    ],
)
def test_the_estimate_is_honest(position: int, handling: list[float], agents: int, minutes: int | None) -> None:
    assert estimate_minutes(position, handling, agents) == minutes
