import numpy as np
import pytest

from biometrics import CalibrationError
from biometrics.evaluation import cllr, cllr_min
from biometrics.likelihood import Conditions, LikelihoodRatio, balanced_weights, fit, speech_snr_db

FLAT = (1.0, 10.0), (0.0, 40.0), (1.0, 3.0)


def drawn(count: int, owner: bool, seconds: float, generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores N(0.6, s²) of owners and N(0.2, s²) of impostors, s = 0.2 at 2 s and 0.1 at 8 s."""
    spread = {2.0: 0.2, 8.0: 0.1}[seconds]
    return generator.normal(0.6 if owner else 0.2, spread, count), np.full(count, seconds)


def test_the_llr_of_normal_distributions_is_found_for_each_length_of_speech():
    # LLR = (0.6 - 0.2) / s² * x - (0.36 - 0.04) / 2 s²: 10 x - 4 at 2 s, 40 x - 16 at 8 s.
    generator = np.random.default_rng(0)
    sets = [
        (owner, *drawn(count, owner, seconds, generator))
        for seconds, owners in ((2.0, 30_000), (8.0, 10_000))
        for owner, count in ((True, owners), (False, 60_000))
    ]
    cosines, seconds = (np.concatenate([each[index] for each in sets]) for index in (1, 2))
    is_target = np.concatenate([np.full(len(each[1]), each[0]) for each in sets])
    count = len(cosines)
    model = fit(cosines, is_target, Conditions(seconds, np.full(count, 20.0), np.full(count, 3.0)))
    for length, scale, offset in ((2.0, 10, -4), (8.0, 40, -16)):
        conditions = Conditions(length, 20.0, 3.0)
        assert model(1.0, conditions) - model(0.0, conditions) == pytest.approx(scale, rel=0.05)
        assert model(0.0, conditions) == pytest.approx(offset, rel=0.05)


def test_the_llr_by_hand():
    model = LikelihoodRatio((10.0, 2.0, 1.0, 0.0), (-5.0, 0.0, 0.5, 1.0), *FLAT)
    assert model(0.5, Conditions(3.0, 20.0, 3.0)) == pytest.approx(0.0)
    # 10 dB more: scale 11, offset -4.5; e times the speech: scale 12
    assert model(0.5, Conditions(3.0, 30.0, 3.0)) == pytest.approx(11 * 0.5 - 4.5)
    assert model(0.5, Conditions(3.0 * np.e, 20.0, 3.0)) == pytest.approx(12 * 0.5 - 5.0)
    assert model(0.5, Conditions(3.0, 20.0, 3.0 / np.e)) == pytest.approx(10 * 0.5 - 6.0)


def test_beyond_the_range_seen_nothing_changes():
    model = LikelihoodRatio((10.0, 2.0, 1.0, 1.0), (-5.0, 1.0, 0.5, 1.0), *FLAT)
    assert model(0.5, Conditions(60.0, 99.0, 9.0)) == model(0.5, Conditions(10.0, 40.0, 3.0))
    assert model(0.5, Conditions(0.1, -20.0, 1.0)) == model(0.5, Conditions(1.0, 0.0, 1.0))


def test_owners_who_talk_longer_are_no_evidence():
    """With the same scores for both, the length of a call says nothing, although owners' calls are long ones."""
    cell = np.array([[0], [0], [0], [1], [1], [1]])
    is_target = np.array([True, False, False, True, True, False])
    weights = balanced_weights(is_target, cell)
    for number in (0, 1):
        of_cell = cell[:, 0] == number
        assert weights[of_cell & is_target].sum() == pytest.approx(weights[of_cell & ~is_target].sum())
    assert weights.sum() == pytest.approx(1)


def test_scores_without_overlap_stay_finite_and_what_cannot_be_learnt_is_refused():
    three = Conditions(np.full(4, 3.0), np.full(4, 20.0), np.full(4, 3.0))
    labels = np.array([True, True, False, False])
    assert np.isfinite(fit(np.array([0.9, 0.95, 0.1, 0.2]), labels, three).scale).all()
    with pytest.raises(CalibrationError, match="empty"):
        fit(np.full(4, 0.5), np.ones(4, dtype=bool), three)
    with pytest.raises(CalibrationError, match="higher"):
        fit(np.array([0.1, 0.2, 0.9, 0.95]), labels, three)
    apart = Conditions(np.array([2.0, 2.0, 8.0, 8.0]), three.snr_db, three.enrolment_utterances)
    with pytest.raises(CalibrationError, match="no condition"):
        fit(np.array([0.9, 0.95, 0.1, 0.2]), labels, apart)


def test_what_is_lost_to_calibration_is_told_from_what_is_lost_to_the_scores():
    is_target = np.array([True, True, False, False])
    assert cllr_min(np.array([5.0, 4.0, 3.0, 2.0]), is_target) == pytest.approx(0)
    assert cllr_min(np.array([1.0, 1.0, 1.0, 1.0]), is_target) == pytest.approx(1)
    # In rising order: impostor | owner and impostor | owner. The middle block has LLR 0 and costs 1 bit for half of each.
    assert cllr_min(np.array([4.0, 2.0, 3.0, 1.0]), is_target) == pytest.approx(0.5)
    generator = np.random.default_rng(1)
    scores, labels = generator.normal(size=200), generator.random(200) < 0.3
    assert cllr_min(scores, labels) <= min(cllr(scores, labels), 1)
    assert cllr_min(3 * scores + 1, labels) == pytest.approx(cllr_min(scores, labels))


@pytest.mark.parametrize("wanted", [5, 10, 20])
def test_the_noise_in_speech_is_measured(wanted):
    """Speech of loud and (a tenth) silent windows, noise at a known level."""
    generator = np.random.default_rng(0)
    loud = np.where(np.arange(200) % 5 == 0, 0.0, 0.1 / np.sqrt(0.8))
    speech = np.repeat(loud, 256) * generator.choice([-1, 1], 200 * 256)
    noisy = speech + generator.normal(0, 0.1 * 10 ** (-wanted / 20), len(speech))
    assert speech_snr_db(noisy) == pytest.approx(wanted, abs=1)
    assert speech_snr_db(np.zeros(2560)) == 0 and speech_snr_db(np.ones(2560)) > 50
