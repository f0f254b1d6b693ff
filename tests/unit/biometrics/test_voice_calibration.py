import json

import pytest

from biometrics import CalibrationError, operating_point
from biometrics.calibration import Threshold, load_calibration, save_calibration


def thresholds() -> tuple[Threshold, ...]:
    return tuple(
        Threshold(far, (llr, llr, llr, llr - 1), 0.02, far, (0.0, 2 * far), 90_000)
        for far, llr in ((0.01, 1.0), (0.005, 2.0), (0.001, 4.0))
    )


@pytest.fixture
def stored(a_calibration):
    return lambda sha256: a_calibration(sha256, thresholds(), -4.6)


def test_the_operating_point_is_the_largest_far_not_above_the_target(tmp_path, scripted, stored):
    encoder = scripted([1, 0])
    save_calibration(stored(encoder.sha256), tmp_path)
    for target, far, llr in ((0.005, 0.005, 2.0), (0.0099, 0.005, 2.0), (0.5, 0.01, 1.0), (0.001, 0.001, 4.0)):
        point = operating_point(encoder, target, tmp_path)
        assert (point.target_far, point.accept_llrs, point.reject_llr) == (far, (llr, llr, llr, llr - 1), -4.6)
        assert point.far_interval_95 == (0.0, 2 * far)
        assert point.calibration == stored(encoder.sha256)


def test_no_calibration_or_none_strict_enough_is_no_operating_point(tmp_path, scripted, stored):
    encoder = scripted([1, 0])
    assert operating_point(encoder, 0.005, tmp_path) is None
    save_calibration(stored(encoder.sha256), tmp_path)
    assert operating_point(encoder, 0.0001, tmp_path) is None


def test_a_damaged_or_foreign_file_is_an_error_with_its_name(tmp_path, stored):
    path = save_calibration(stored("a" * 64), tmp_path)
    path.write_text(path.read_text().replace("a" * 64, "a" * 63 + "b"))
    with pytest.raises(CalibrationError, match="delete"):
        load_calibration("a" * 64, tmp_path)
    path.write_text("{}")
    with pytest.raises(CalibrationError, match=path.name):
        load_calibration("a" * 64, tmp_path)


def test_a_file_of_an_older_format_says_what_to_do(tmp_path, stored):
    path = save_calibration(stored("a" * 64), tmp_path)
    old = {**json.loads(path.read_text()), "scale": 10.0, "offset": -5.0}
    del old["format"]
    path.write_text(json.dumps(old))
    with pytest.raises(CalibrationError, match="format 1.*make it again: python -m biometrics calibrate"):
        load_calibration("a" * 64, tmp_path)


def test_the_operating_point_names_its_file_by_hash(tmp_path, scripted, stored):
    encoder = scripted([1, 0])
    path = save_calibration(stored(encoder.sha256), tmp_path)
    first = operating_point(encoder, 0.005, tmp_path).calibration_sha256
    path.write_text(path.read_text().replace("0.09", "0.08"))
    assert len(first) == 64 and operating_point(encoder, 0.005, tmp_path).calibration_sha256 != first
