import numpy as np
import pytest

from biometrics import CalibrationError
from biometrics.calibrating import Learning, calibrate, verdict_rates
from biometrics.likelihood import Conditions
from biometrics.sequential import (
    Calls,
    clopper_pearson,
    decide,
    learn_threshold,
    missing_trials,
    rate_interval,
    whole_calls,
)
from biometrics.trials import Trials

LOOKS = (2.0, 3.0, 4.0)


def made_calls(owners: np.ndarray, impostors: np.ndarray, groups: np.ndarray | None = None) -> Calls:
    llrs = np.concatenate([owners, impostors])
    is_target = np.arange(len(llrs)) < len(owners)
    claimed = np.arange(len(llrs)) % 10
    names = np.concatenate([np.full(len(owners), "a"), np.full(len(impostors), "a") if groups is None else groups])
    return Calls(llrs, names, claimed, np.where(is_target, claimed, (claimed + 1) % 10), is_target)


def random_trials(seed: int, people: int = 30) -> Trials:
    """Everybody calls once and is compared with everybody's print at each look; longer speech tells more."""
    generator = np.random.default_rng(seed)
    claimed, speaking, look = (
        each.ravel() for each in np.meshgrid(range(people), range(people), range(3), indexing="ij")
    )
    is_target = claimed == speaking
    seconds = np.array(LOOKS)[look]
    drawn = np.repeat(generator.normal(0, 1, people * people), 3) + 0.5 * generator.normal(0, 1, len(look))
    cosines = 0.2 + 0.4 * is_target + 0.12 / np.sqrt(seconds) * drawn
    ones = np.ones(len(look))
    return Trials(
        np.full(len(look), "a", dtype=object), claimed, speaking, speaking, claimed * people + speaking, is_target, cosines,
        Conditions(seconds, 20 * ones, 3 * ones), np.linspace(0.4, 0.9, people),
    )  # fmt: skip


def test_a_far_holds_over_all_looks_of_a_call():
    """Each look alone lets 1 % in; together they would let in three times as many."""
    impostors = np.zeros((6000, 3))
    for look in range(3):
        impostors[look * 60 : look * 60 + 60, look] = 5.0
    threshold = learn_threshold(made_calls(np.full((10, 3), 9.0), impostors), LOOKS, 0.01)
    assert min(threshold.llrs) > 5.0 and threshold.measured_far <= 0.01
    wider = learn_threshold(made_calls(np.full((10, 3), 9.0), impostors), LOOKS, 0.03)
    assert max(wider.llrs) <= 5.0 and wider.measured_far == pytest.approx(0.03)
    assert wider.far_interval_95[0] < 0.03 < wider.far_interval_95[1]


def test_a_group_that_is_let_in_more_often_sets_the_threshold():
    impostors = np.zeros((12_000, 3))
    impostors[:300] = np.linspace(3, 6, 300)[:, None]
    groups = np.where(np.arange(12_000) < 3000, "like voices", "others")
    strict = learn_threshold(made_calls(np.full((10, 3), 9.0), impostors, groups), LOOKS, 0.01)
    pooled = learn_threshold(made_calls(np.full((10, 3), 9.0), impostors), LOOKS, 0.01)
    assert min(strict.llrs) > min(pooled.llrs) and strict.measured_far < 0.005 < pooled.measured_far


def test_the_thresholds_may_fall_with_time_where_that_lets_owners_in_sooner():
    """Impostors are high early, owners late."""
    impostors = np.tile([3.0, 2.0, 1.0], (6000, 1))
    threshold = learn_threshold(made_calls(np.tile([0.0, 2.5, 4.0], (50, 1)), impostors), LOOKS, 0.005)
    assert threshold.llrs[0] > 3.0 and threshold.llrs[1] <= 2.5 and threshold.frr == 0


def test_too_few_trials_make_no_threshold_and_say_how_many_are_missing():
    assert (missing_trials(0.005, 6000), missing_trials(0.005, 5999), missing_trials(0.001, 28_864)) == (0, 1, 1136)
    with pytest.raises(CalibrationError, match=r"0\.50% needs 6,000 impostor calls.*there are 5,000: 1,000 more"):
        learn_threshold(made_calls(np.zeros((5, 3)), np.zeros((5000, 3))), LOOKS, 0.005)


def test_a_call_ends_at_the_first_bound_it_reaches():
    nan = np.nan
    llrs = np.array([[0, 5, -9], [-9, 9, 9], [0, 0, 0], [0, 0, nan], [3, nan, nan], [1, 1, 3]], dtype=float)
    outcome, at = decide(llrs, (4, 4, 3), -5)
    assert outcome.tolist() == [1, -1, 0, 0, 0, 1]
    assert at.tolist() == [1, 0, 2, 1, 0, 2]


def test_only_calls_with_every_look_up_to_their_last_count():
    def trials(rows):
        call, seconds = np.array(rows, dtype=float).T
        count = len(call)
        number, ones = call.astype(int), np.ones(count)
        labels = np.ones(count, dtype=bool)
        told = Conditions(seconds, 20 * ones, 3 * ones)
        return Trials(np.full(count, "a"), number, number, number, number, labels, seconds, told, np.ones(1))

    rows = [(0, 2), (0, 3.04), (0, 4), (1, 2), (1, 3), (2, 3), (2, 4), (3, 2), (3, 4), (4, 2.5)]
    calls = whole_calls(trials(rows), np.array([llr for _, llr in rows], dtype=float), LOOKS)
    assert calls.claimed.tolist() == [0, 1]
    assert calls.llrs[0].tolist() == [2, 3.04, 4] and calls.llrs[1, :2].tolist() == [2, 3]


def test_the_exact_interval_is_that_of_the_tables():
    assert clopper_pearson(0, 100) == (0.0, pytest.approx(0.0362, abs=1e-4))
    assert clopper_pearson(5, 100) == (pytest.approx(0.0164, abs=1e-4), pytest.approx(0.1128, abs=1e-4))
    assert clopper_pearson(100, 100) == (pytest.approx(0.9638, abs=1e-4), 1.0)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_errors_of_one_speaker_make_an_interval_wide():
    claimed, speaking = (each.ravel() for each in np.meshgrid(range(40), range(40)))
    apart = (claimed * 40 + speaking) % 50 == 0
    one = claimed == 0
    assert apart.mean() == pytest.approx(0.02) and one.mean() == pytest.approx(0.025)
    width = [high - low for low, high in (rate_interval(each, claimed, speaking) for each in (apart, one))]
    assert width[1] > 1.5 * width[0]


def test_what_was_learnt_on_some_holds_for_others(scripted):
    learning = Learning(LOOKS, "command", "conditions")
    calibration, refused = calibrate(scripted([1, 0]), random_trials(0, 80), learning, (0.01, 0.001))
    assert [each.far for each in calibration.thresholds] == [0.01]
    assert "FAR 0.10% needs 30,000" in refused[0] and "23,680 more are missing" in refused[0]
    assert calibration.agreement_cosine == pytest.approx(0.405, abs=0.001)
    assert calibration.cllr - calibration.cllr_min < 0.02
    rows, curve = verdict_rates(random_trials(1, 80), calibration, calibration.thresholds[0].llrs)
    every = rows[-1]
    assert every.group == "all clean" and every.impostors_accepted < 0.02 and every.owners_accepted > 0.9
    assert every.owners_accepted_95[0] <= every.owners_accepted <= every.owners_accepted_95[1]
    accepted = [each.owners_accepted for each in curve]
    assert accepted == sorted(accepted) and accepted[-1] == every.owners_accepted


def test_what_cannot_be_calibrated_says_why(scripted):
    encoder = scripted([1, 0])
    with pytest.raises(CalibrationError, match="2,130 more are missing"):
        calibrate(encoder, random_trials(0), Learning(LOOKS, "-", "-"), (0.01,))
    with pytest.raises(CalibrationError, match="--looks"):
        calibrate(encoder, random_trials(0), Learning((1.0, 2.0), "-", "-"), (0.05,))


def test_copies_in_noise_are_a_group_of_their_own_and_no_more_trials():
    clean, noisy = np.zeros((6000, 3)), np.zeros((6000, 3))
    noisy[:120] = 5.0
    groups = np.where(np.arange(12_000) < 6000, "a", "a, noise")
    calls = made_calls(np.full((10, 3), 9.0), np.concatenate([clean, noisy]), groups)
    threshold = learn_threshold(calls, LOOKS, 0.01)
    assert threshold.impostor_calls == 6000 and min(threshold.llrs) > 5.0
    with pytest.raises(CalibrationError, match="there are 6,000: 4,000 more"):
        learn_threshold(calls, LOOKS, 0.003)
