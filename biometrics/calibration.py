"""What was learnt for one model: the LLR of a cosine, and thresholds that stand for a false accept rate.

A calibration belongs to one checkpoint (by sha256) and is learnt from trials of speakers that no figure is ever
reported on. Without one there is no threshold, and without a threshold every verdict is INCONCLUSIVE.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from biometrics.encoder import Encoder
from biometrics.errors import CalibrationError
from biometrics.likelihood import LikelihoodRatio

SHIPPED_CALIBRATIONS = Path(__file__).parent / "calibrations"
FORMAT = 2  # 1: one scale and offset for all conditions
TARGET_FARS = (0.01, 0.005, 0.001)
DEFAULT_TARGET_FAR = 0.005
DEFAULT_LOOKS_SECONDS = (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Threshold:
    """Accept at look i at or above ``llrs[i]``, learnt for a FAR of ``far`` over all looks of a call.

    Of ``impostor_calls`` calls in training a share ``measured_far`` was accepted there (with its 95 % interval; less than
    ``far`` where one group of speakers asked for more than the others), and a share ``frr`` of owners was not.
    """

    far: float
    llrs: tuple[float, ...]
    frr: float
    measured_far: float
    far_interval_95: tuple[float, float]
    impostor_calls: int


@dataclass(frozen=True)
class Calibration:
    """For the model with ``model_sha256``. ``looks_seconds``: the net speech at which a caller is looked at; the first is
    the least that is ever scored, the last is the budget, and the thresholds hold for exactly these."""

    model_name: str
    model_sha256: str
    llr: LikelihoodRatio
    looks_seconds: tuple[float, ...]
    thresholds: tuple[Threshold, ...]
    reject_llr: float
    agreement_cosine: float  # segments of one enrolment that agree less than this are more than one voice
    speakers: int
    target_trials: int
    impostor_trials: int
    cllr: float  # on the trials it was learnt from, bits
    cllr_min: float
    command: str
    conditions: str
    caution: str
    format: int = FORMAT


@dataclass(frozen=True)
class OperatingPoint:
    """Where a verdict is decided: ACCEPTED at look i at or above ``accept_llrs[i]``, REJECTED at or below ``reject_llr``."""

    target_far: float
    accept_llrs: tuple[float, ...]
    reject_llr: float
    calibration: Calibration
    far_interval_95: tuple[float, float] | None = None
    calibration_sha256: str | None = None


def calibration_path(sha256: str, directory: Path = SHIPPED_CALIBRATIONS) -> Path:
    return directory / f"{sha256[:16]}.json"


def save_calibration(calibration: Calibration, directory: Path = SHIPPED_CALIBRATIONS) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = calibration_path(calibration.model_sha256, directory)
    path.write_text(json.dumps(asdict(calibration), indent=2) + "\n")
    return path


def load_calibration(sha256: str, directory: Path = SHIPPED_CALIBRATIONS) -> Calibration | None:
    """The calibration of the model with this sha256; None where there is none, ``CalibrationError`` if it is damaged, of
    another model or of an older format."""
    found = _read(sha256, directory)
    return found[0] if found else None


def _read(sha256: str, directory: Path) -> tuple[Calibration, str] | None:
    """(calibration, sha256 of its file)."""
    path = calibration_path(sha256, directory)
    if not path.is_file():
        return None
    again = "make it again: python -m biometrics calibrate"
    try:
        data = path.read_bytes()
        stored = json.loads(data)
        if (found := stored.get("format", 1)) != FORMAT:
            raise CalibrationError(f"{path} is of format {found}, this release reads format {FORMAT}: {again}")
        ratio = LikelihoodRatio(**{name: tuple(value) for name, value in stored.pop("llr").items()})
        thresholds = tuple(
            Threshold(**{name: tuple(value) if isinstance(value, list) else value for name, value in each.items()})
            for each in stored.pop("thresholds")
        )
        looks = tuple(stored.pop("looks_seconds"))
        calibration = Calibration(llr=ratio, thresholds=thresholds, looks_seconds=looks, **stored)
        if not looks or any(len(each.llrs) != len(looks) for each in thresholds):
            raise ValueError("a threshold for each look is needed")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CalibrationError(f"{path} is damaged ({error}): {again}") from error
    if calibration.model_sha256 != sha256:
        raise CalibrationError(f"{path} is of model {calibration.model_sha256[:12]}, not of {sha256[:12]}: delete it")
    return calibration, hashlib.sha256(data).hexdigest()


def operating_point(
    encoder: Encoder, target_far: float = DEFAULT_TARGET_FAR, directory: Path = SHIPPED_CALIBRATIONS
) -> OperatingPoint | None:
    """The thresholds for ``target_far`` (0-1): those of the largest learnt FAR that does not exceed it.

    None where the model has no calibration, or none strict enough: then every verdict is INCONCLUSIVE.
    """
    found = _read(encoder.sha256, directory)
    strict_enough = [each for each in found[0].thresholds if each.far <= target_far] if found else []
    if found is None or not strict_enough:
        return None
    calibration, file_sha256 = found
    threshold = max(strict_enough, key=lambda each: each.far)
    reject_llr = min(calibration.reject_llr, *threshold.llrs)
    return OperatingPoint(
        threshold.far, threshold.llrs, reject_llr, calibration, threshold.far_interval_95, file_sha256
    )
