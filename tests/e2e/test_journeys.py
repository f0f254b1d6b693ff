"""Whole journeys, as customers would tell them; each is one test. What happens in them stands in ``journeys_*.py``.

All of them run at the same time, so the time that pytest notes for one says when it ended, not how long it took.
"""

from __future__ import annotations

import os
from pathlib import Path

import journeys_asking
import journeys_joining
import journeys_person
import pytest
from journeys import PLOTS, Stage
from stage import playing
from tabs import ARGUMENTS, CHROMIUM

LEAST = 30  # whole journeys in a browser
LEAST_AT_REAL_SPEED = 3
TOLD_IN = (journeys_asking, journeys_joining, journeys_person)


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Those that were selected are all played from now on."""
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is missing; install it with `apt-get install chromium`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    mine = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    names = [item.callspec.params["name"] for item in mine]
    with playing(names, tmp_path_factory.mktemp("journeys"), CHROMIUM, ARGUMENTS) as started:
        yield started


@pytest.mark.parametrize("name", PLOTS)
def test_journey(stage, name: str) -> None:
    stage.result(name)


def test_there_are_enough_journeys_and_some_at_real_speed() -> None:
    told = {plot.__module__ for _stage, plot in PLOTS.values()}
    assert told == {module.__name__ for module in TOLD_IN}
    assert len(PLOTS) >= LEAST, f"{len(PLOTS)} whole journeys, {LEAST} are needed"
    real = [name for name, (stage, _plot) in PLOTS.items() if stage is Stage.REAL_SPEED]
    assert len(real) >= LEAST_AT_REAL_SPEED, f"{len(real)} journeys at real speed, {LEAST_AT_REAL_SPEED} are needed"
