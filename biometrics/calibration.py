"""From cosine to evidence: calibrated log-likelihood ratios, and thresholds that stand for a false accept rate.

A calibration belongs to one checkpoint (by sha256) and is learnt from trials of speakers that no figure is ever
reported on. Without one there is no threshold, and without a threshold every verdict is INCONCLUSIVE.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from biometrics.encoder import Encoder
from biometrics.errors import CalibrationError

SHIPPED_CALIBRATIONS = Path(__file__).parent / "calibrations"
TARGET_FARS = (0.01, 0.005, 0.001)
DEFAULT_TARGET_FAR = 0.005
# Rule of 30 (Doddington 1998): 30 errors are needed to know a rate within 30 % at 90 % confidence.
ERRORS_FOR_A_THRESHOLD = 30
# For a calibrated ratio, at most 1/100 of the owners score below 1:100 (P(LLR <= -t | owner) <= exp(-t)).
REJECT_LLR = -float(np.log(100))
OWNERS_REJECTED = 0.01
NEWTON_STEPS = 200
RIDGE = 1e-6


@dataclass(frozen=True)
class Threshold:
    """Accept at or above ``llr``: a share ``far`` of impostors was accepted there, a share ``frr`` of owners was not."""

    far: float
    llr: float
    frr: float


@dataclass(frozen=True)
class Calibration:
    """LLR = ``scale`` * cosine + ``offset`` (natural logarithm), for the model with ``model_sha256``."""

    model_name: str
    model_sha256: str
    scale: float
    offset: float
    thresholds: tuple[Threshold, ...]
    reject_llr: float
    agreement_cosine: float  # segments of one enrolment that agree less than this are more than one voice
    speakers: int
    target_trials: int
    impostor_trials: int
    command: str
    conditions: str
    caution: str

    def llr(self, cosine: float | np.ndarray) -> float | np.ndarray:
        return self.scale * cosine + self.offset


@dataclass(frozen=True)
class OperatingPoint:
    """Where a verdict is decided: ACCEPTED at or above ``accept_llr``, REJECTED at or below ``reject_llr``."""

    target_far: float
    accept_llr: float
    reject_llr: float
    calibration: Calibration


def logistic_regression(targets: np.ndarray, impostors: np.ndarray) -> tuple[float, float]:
    """(scale, offset) of the LLR by prior-balanced logistic regression (Brümmer & du Preez 2006), Newton's method.

    Both classes weigh one half, so that the fitted log odds are the log-likelihood ratio. ``CalibrationError`` where
    a class is empty. A faint ridge keeps separable scores finite.
    """
    if not len(targets) or not len(impostors):
        raise CalibrationError("calibration needs scores of owners and of impostors; one of the two is empty")
    x = np.concatenate([targets, impostors])
    design = np.stack([x, np.ones_like(x)], axis=1)
    label = np.concatenate([np.ones(len(targets)), np.zeros(len(impostors))])
    weight = np.where(label == 1, 0.5 / len(targets), 0.5 / len(impostors))
    ridge = np.diag([RIDGE, 0.0])
    solution = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ solution, -50, 50)))
        gradient = design.T @ (weight * (p - label)) + ridge @ solution
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + ridge + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Damping: far from the solution a full Newton step of a logistic loss can overshoot.
        solution -= step / max(1.0, float(np.abs(step).max()) / 10)
        if np.abs(step).max() < 1e-9:
            break
    return float(solution[0]), float(solution[1])


def threshold_at(far: float, impostors: np.ndarray) -> float:
    """The lowest score that at most a share ``far`` of the impostors reaches (impostor scores, any order)."""
    ranked = np.sort(impostors)[::-1]
    allowed = int(np.floor(far * len(ranked)))
    return float(np.nextafter(ranked[allowed], np.inf)) if allowed < len(ranked) else float(ranked[-1])


def calibration_path(sha256: str, directory: Path = SHIPPED_CALIBRATIONS) -> Path:
    return directory / f"{sha256[:16]}.json"


def save_calibration(calibration: Calibration, directory: Path = SHIPPED_CALIBRATIONS) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = calibration_path(calibration.model_sha256, directory)
    path.write_text(json.dumps(asdict(calibration), indent=2) + "\n")
    return path


def load_calibration(sha256: str, directory: Path = SHIPPED_CALIBRATIONS) -> Calibration | None:
    """The calibration of the model with this sha256; None where there is none, ``CalibrationError`` if damaged."""
    path = calibration_path(sha256, directory)
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text())
        thresholds = tuple(Threshold(**each) for each in stored.pop("thresholds"))
        calibration = Calibration(thresholds=thresholds, **stored)
    except (ValueError, TypeError, KeyError) as error:
        raise CalibrationError(f"{path} is damaged ({error}): make it again, python -m biometrics calibrate") from error
    if calibration.model_sha256 != sha256:
        raise CalibrationError(f"{path} is of model {calibration.model_sha256[:12]}, not of {sha256[:12]}: delete it")
    return calibration


def operating_point(
    encoder: Encoder, target_far: float = DEFAULT_TARGET_FAR, directory: Path = SHIPPED_CALIBRATIONS
) -> OperatingPoint | None:
    """The thresholds for ``target_far`` (0-1): those of the largest learnt FAR that does not exceed it.

    None where the model has no calibration, or none strict enough: then every verdict is INCONCLUSIVE.
    """
    calibration = load_calibration(encoder.sha256, directory)
    strict_enough = [each for each in calibration.thresholds if each.far <= target_far] if calibration else []
    if calibration is None or not strict_enough:
        return None
    threshold = max(strict_enough, key=lambda each: each.far)
    return OperatingPoint(threshold.far, threshold.llr, min(calibration.reject_llr, threshold.llr), calibration)
