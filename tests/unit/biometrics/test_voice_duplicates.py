"""One voice under two contacts is found, however many prints there are; strangers are hardly ever flagged."""

from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics import Voiceprint, find_duplicates
from biometrics.calibration import Calibration, Threshold
from biometrics.duplicates import flag_threshold
from biometrics.likelihood import unconditional

MODEL = "a" * 64
# LLR = 40 * cosine - 25: 15 for the same print twice, 0 at a cosine of 0.625.
THRESHOLDS = (Threshold(0.005, (3.0,), 0.1, 0.004, (0.0, 0.01), 6000),)
CALIBRATION = Calibration(
    "m",
    MODEL,
    unconditional(40.0, -25.0),
    (3.0,),
    (Threshold(0.005, (3.0,), 0.1, 0.004, (0.0, 0.01), 6000),),
    -4.6,
    0.5,
    10,
    10,
    90,
    0.1,
    0.1,
    "-",
    "-",
    "",
)


def printed(direction: np.ndarray, model: str = MODEL) -> Voiceprint:
    row = (direction / np.linalg.norm(direction)).astype(np.float32)
    return Voiceprint(row[None, :], model, datetime(2026, 11, 22, tzinfo=UTC), 9.0)


@pytest.fixture(scope="module")
def crowd() -> dict[str, Voiceprint]:
    """1,200 strangers, among them one person twice: as c7 and as c1100."""
    directions = np.random.default_rng(0).normal(size=(1200, 64))
    directions[1100] = directions[7] + np.random.default_rng(1).normal(size=64) * 0.1
    return {f"c{index}": printed(direction) for index, direction in enumerate(directions)}


def test_the_one_pair_among_many_is_found_once(crowd):
    search = find_duplicates(CALIBRATION, crowd)
    assert [{each.contact, each.other} for each in search.found] == [{"c7", "c1100"}]
    assert search.comparisons == 1200 * 1199 // 2
    assert search.found[0].llr >= search.threshold_llr


@pytest.mark.parametrize("of", [{"c7"}, {"c1100"}, {"c7", "c1100"}])
def test_asked_about_some_only_they_are_compared_with_everybody(crowd, of):
    search = find_duplicates(CALIBRATION, crowd, of)
    assert [{each.contact, each.other} for each in search.found] == [{"c7", "c1100"}]
    assert search.comparisons == 1199 * len(of) - (len(of) - 1)
    assert not find_duplicates(CALIBRATION, crowd, {"c8"}).found


def test_the_more_comparisons_the_stricter_and_never_laxer_than_what_was_learnt():
    assert flag_threshold(CALIBRATION, 1) == 3.0
    assert flag_threshold(CALIBRATION, 1000, false_flags=0.5) == pytest.approx(np.log(2000))
    assert flag_threshold(CALIBRATION, 1_000_000) > flag_threshold(CALIBRATION, 1000)


def test_prints_of_another_model_are_named_and_never_compared(crowd):
    prints = {"a": crowd["c7"], "b": crowd["c1100"], "old": printed(np.ones(8), "b" * 64)}
    search = find_duplicates(CALIBRATION, prints)
    assert (search.comparisons, search.other_model) == (1, ("old",))
    assert find_duplicates(CALIBRATION, {"old": prints["old"]}).comparisons == 0
    assert find_duplicates(CALIBRATION, {}).found == ()
