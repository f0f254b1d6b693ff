"""Trial lists in csv: recordings of enrolled speakers and of claims, scored and counted (``evaluate --enrol --trials``)."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ, read_audio, resample, telephone
from biometrics.calibration import Calibration, load_calibration
from biometrics.encoder import Encoder
from biometrics.errors import AudioError, BiometricsError, CalibrationError
from biometrics.evaluation import Ranking, cllr, cllr_min, eer, frr_at_far, min_dcf, speaker_bootstrap
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import speech_only

BOOTSTRAP_DRAWS, BOOTSTRAP_DRAWS_OF_MANY_TRIALS, MANY_TRIALS = 1000, 200, 200_000
FARS = {"frr_at_far_1pct": 0.01, "frr_at_far_01pct": 0.001}
ERRORS_WANTED = 30  # rule of 30 (Doddington 1998)
LEAST_SPEECH_SECONDS = 0.5  # with less than this found, the recording is taken whole
LONGEST_SPEECH_SECONDS = 60.0


def evaluate(
    encoder: Encoder,
    enrol_csv: Path,
    trials_csv: Path,
    through_telephone: bool = False,
    scores_csv: Path | None = None,
    track: Callable[[list[str], str], Iterable[str]] = lambda items, _: items,
) -> dict:
    """Score ``trials.csv`` (speaker, path, target) against ``enrol.csv`` (speaker, path); the figures as a dict.

    A recording that cannot be scored is named under ``unscored`` with its reason; its trials are left out. Without a
    calibration of the model ``cllr`` is None and ``uncalibrated`` says why. ``trials_of_enrolled_recordings`` should be 0:
    such trials compare a recording with itself. ``rough``: rates with fewer impostor trials than 30 errors at their FAR need.
    Paths are relative to the working directory or else to the csv. ``BiometricsError`` for a csv that makes no sense.
    """
    enrolments = _rows(enrol_csv, ("speaker", "path"))
    trials = _rows(trials_csv, ("speaker", "path", "target"))
    if scores_csv and not scores_csv.parent.is_dir():
        raise BiometricsError(f"{scores_csv.parent} is no directory: make it first, or write the scores elsewhere")
    unknown = {row["speaker"] for row in trials} - {row["speaker"] for row in enrolments}
    if unknown:
        raise BiometricsError(f"{trials_csv} claims speakers that {enrol_csv} does not enrol: {min(unknown)} …")
    if bad := next((i for i, row in enumerate(trials, start=2) if row["target"] not in ("0", "1")), None):
        raise BiometricsError(
            f"{trials_csv}:{bad}: target must be 1 (same speaker) or 0, not {trials[bad - 2]['target']!r}"
        )
    if len(kinds := {row["target"] for row in trials}) < 2:
        only = "target trials (1)" if kinds == {"1"} else "impostor trials (0)"
        raise BiometricsError(f"{trials_csv} holds only {only}: error rates need at least one of each kind")
    calibration, uncalibrated = _calibration(encoder)

    embeddings: dict[str, np.ndarray] = {}
    heard: dict[str, tuple[float, float]] = {}  # seconds and SNR in dB of the speech
    unscored: list[dict[str, str]] = []
    for path in track(sorted({row["path"] for row in enrolments + trials}), "embedding recordings"):
        try:
            speech, rate = _speech(path, through_telephone)
            embeddings[path] = encoder.embed(speech, rate)
            heard[path] = len(speech) / rate, speech_snr_db(resample(speech, rate, TELEPHONE_RATE_HZ))
        except AudioError as error:
            unscored.append({"path": path, "reason": error.reason, "message": str(error)})
    centres = _centres(enrolments, embeddings)
    scored = [row for row in trials if row["path"] in embeddings and row["speaker"] in centres]
    if not scored:
        raise BiometricsError(
            f"none of the {len(trials)} trials could be scored; first reason: {unscored[0]['message']}"
        )

    scores = np.array([float(centres[row["speaker"]] @ embeddings[row["path"]]) for row in scored])
    is_target = np.array([row["target"] == "1" for row in scored])
    llrs = calibration.llr(scores, _conditions(scored, enrolments, embeddings, heard)) if calibration else None
    ranking = Ranking(scores, is_target)
    curve = ranking.curve()
    claimed, speaking = _speaker_numbers(scored)
    draws = BOOTSTRAP_DRAWS if len(scored) < MANY_TRIALS else BOOTSTRAP_DRAWS_OF_MANY_TRIALS
    if scores_csv:
        _write_scores(scores_csv, scored, scores, llrs)
    return {
        "eer": eer(curve),
        "eer_interval_95": _interval(speaker_bootstrap(ranking, eer, claimed, speaking, draws)),
        "min_dcf": min_dcf(curve),
        **{name: frr_at_far(curve, far) for name, far in FARS.items()},
        "rough": [name for name, far in FARS.items() if (~is_target).sum() < ERRORS_WANTED / far],
        "cllr": cllr(llrs, is_target) if llrs is not None else None,
        "cllr_min": cllr_min(scores if llrs is None else llrs, is_target),
        "uncalibrated": uncalibrated,
        "trials": len(scored),
        "target_trials": int(is_target.sum()),
        "impostor_trials": int((~is_target).sum()),
        "speakers": len(centres),
        "telephone": through_telephone,
        "model": encoder.name,
        "model_class": encoder.class_name,
        "model_sha256": encoder.sha256,
        "trials_of_enrolled_recordings": _of_enrolled_recordings(enrolments, scored),
        "trials_unscored": len(trials) - len(scored),
        "unscored": unscored,
    }


def _calibration(encoder: Encoder) -> tuple[Calibration | None, str | None]:
    """(calibration, why there is none): error rates need none, so one that cannot be read stops nothing here."""
    try:
        found = load_calibration(encoder.sha256)
    except CalibrationError as error:
        return None, str(error)
    return found, None if found else f"{encoder.name} has no calibration: python -m biometrics calibrate"


def _interval(interval: tuple[float, float]) -> list[float] | None:
    """None instead of NaN, which is no JSON: too few speakers for an interval."""
    return list(interval) if np.isfinite(interval).all() else None


def _of_enrolled_recordings(enrolments: list[dict[str, str]], trials: list[dict[str, str]]) -> int:
    enrolled = {(row["speaker"], row["path"]) for row in enrolments}
    return sum((row["speaker"], row["path"]) in enrolled for row in trials)


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BiometricsError(f"{path} cannot be read: {error}") from error
    if not rows:
        raise BiometricsError(f"{path} has no rows; it needs the columns {', '.join(columns)}")
    for line, row in enumerate(rows, start=2):
        if missing := [column for column in columns if not row.get(column)]:
            raise BiometricsError(f"{path}:{line}: nothing in column {missing[0]}; needed: {', '.join(columns)}")
        beside = path.parent / row["path"]
        if not Path(row["path"]).exists() and beside.exists():
            row["path"] = str(beside)
    return rows


def _speech(path: str, through_telephone: bool) -> tuple[np.ndarray, int]:
    samples, rate = read_audio(path)
    if through_telephone:
        samples, rate = telephone(samples, rate), TELEPHONE_RATE_HZ
    if not samples.any():
        raise AudioError("empty", f"{path} is silent")
    speech = speech_only(samples, rate)
    heard = speech if len(speech) >= LEAST_SPEECH_SECONDS * rate else samples
    return heard[: int(LONGEST_SPEECH_SECONDS * rate)], rate


def _conditions(
    trials: list[dict[str, str]],
    enrolments: list[dict[str, str]],
    embeddings: dict[str, np.ndarray],
    heard: dict[str, tuple[float, float]],
) -> Conditions:
    utterances = Counter(row["speaker"] for row in enrolments if row["path"] in embeddings)
    seconds, snrs = np.array([heard[row["path"]] for row in trials]).T
    return Conditions(seconds, snrs, np.array([utterances[row["speaker"]] for row in trials], dtype=float))


def _centres(enrolments: list[dict[str, str]], embeddings: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    rows: dict[str, list[np.ndarray]] = {}
    for row in enrolments:
        if row["path"] in embeddings:
            rows.setdefault(row["speaker"], []).append(embeddings[row["path"]])
    means = {speaker: np.mean(each, axis=0) for speaker, each in rows.items()}
    return {speaker: mean / np.linalg.norm(mean) for speaker, mean in means.items()}


def _speaker_numbers(trials: list[dict[str, str]]) -> tuple[np.ndarray, np.ndarray]:
    """(claimed, speaking): who speaks is known where the recording is also somebody's target trial, else -1."""
    numbers = {name: number for number, name in enumerate(sorted({row["speaker"] for row in trials}))}
    owners = {row["path"]: numbers[row["speaker"]] for row in trials if row["target"] == "1"}
    claimed = np.array([numbers[row["speaker"]] for row in trials])
    return claimed, np.array([owners.get(row["path"], -1) for row in trials])


def _write_scores(path: Path, trials: list[dict[str, str]], scores: np.ndarray, llrs: np.ndarray | None) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["speaker", "path", "target", "cosine", "llr"])
        for index, row in enumerate(trials):
            llr = "" if llrs is None else f"{llrs[index]:.6f}"
            writer.writerow([row["speaker"], row["path"], row["target"], f"{scores[index]:.6f}", llr])
