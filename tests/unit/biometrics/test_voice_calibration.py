import numpy as np
import pytest

from biometrics import CalibrationError, operating_point
from biometrics.calibration import (
    Calibration,
    Threshold,
    load_calibration,
    logistic_regression,
    save_calibration,
    threshold_at,
)

THRESHOLDS = (Threshold(0.01, 1.0, 0.02), Threshold(0.005, 2.0, 0.03), Threshold(0.001, 4.0, 0.1))


def stored(sha256: str) -> Calibration:
    return Calibration("scripted", sha256, 10.0, -5.0, THRESHOLDS, -4.6, 0.5, 10, 10, 90, "command", "conditions", "")


def test_the_llr_of_two_normal_distributions_is_found():
    # N(0.6, 0.1²) and N(0.2, 0.1²): LLR = (0.6 - 0.2) / 0.01 * x - (0.36 - 0.04) / 0.02 = 40 x - 16.
    generator = np.random.default_rng(0)
    targets, impostors = generator.normal(0.6, 0.1, 20000), generator.normal(0.2, 0.1, 60000)
    scale, offset = logistic_regression(targets, impostors)
    assert scale == pytest.approx(40, rel=0.05)
    assert offset == pytest.approx(-16, rel=0.05)


def test_scores_without_overlap_stay_finite_and_an_empty_class_is_refused():
    assert np.isfinite(logistic_regression(np.array([0.9, 0.95]), np.array([0.1, 0.2]))).all()
    with pytest.raises(CalibrationError, match="empty"):
        logistic_regression(np.array([]), np.array([0.1]))


def test_a_threshold_lets_in_no_more_than_its_share():
    impostors = np.arange(1000) / 1000
    for far in (0.01, 0.005, 0.001):
        assert np.mean(impostors >= threshold_at(far, impostors)) == pytest.approx(far)
    assert np.mean(np.ones(50) >= threshold_at(0.01, np.ones(50))) == 0


def test_the_operating_point_is_the_largest_far_not_above_the_target(tmp_path, scripted):
    encoder = scripted([1, 0])
    save_calibration(stored(encoder.sha256), tmp_path)
    for target, far, llr in ((0.005, 0.005, 2.0), (0.0099, 0.005, 2.0), (0.5, 0.01, 1.0), (0.001, 0.001, 4.0)):
        point = operating_point(encoder, target, tmp_path)
        assert (point.target_far, point.accept_llr, point.reject_llr) == (far, llr, -4.6)


def test_no_calibration_or_none_strict_enough_is_no_operating_point(tmp_path, scripted):
    encoder = scripted([1, 0])
    assert operating_point(encoder, 0.005, tmp_path) is None
    save_calibration(stored(encoder.sha256), tmp_path)
    assert operating_point(encoder, 0.0001, tmp_path) is None


def test_a_damaged_or_foreign_file_is_an_error_with_its_name(tmp_path):
    path = save_calibration(stored("a" * 64), tmp_path)
    path.write_text(path.read_text().replace("a" * 64, "a" * 63 + "b"))
    with pytest.raises(CalibrationError, match="delete"):
        load_calibration("a" * 64, tmp_path)
    path.write_text("{}")
    with pytest.raises(CalibrationError, match=path.name):
        load_calibration("a" * 64, tmp_path)
