"""Figures of merit of a speaker recogniser: EER, minDCF, FRR at a FAR, Cllr, and their speaker bootstrap.

Higher scores mean more alike. At a threshold t, FRR is the share of target trials below t and FAR the share of
impostor trials at or above t. Every function takes weights so that a bootstrap only has to draw weights.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ, read_audio, resample, telephone
from biometrics.calibration import load_calibration
from biometrics.encoder import Encoder
from biometrics.errors import AudioError, BiometricsError
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import speech_only

TARGET_PRIOR = 0.01  # of minDCF, with both costs 1 (NIST SRE)
BOOTSTRAP_DRAWS, BOOTSTRAP_DRAWS_OF_MANY_TRIALS, MANY_TRIALS = 1000, 200, 200_000
LEAST_SPEECH_SECONDS = 0.5  # with less than this found, the recording is taken whole
LONGEST_SPEECH_SECONDS = 60.0


@dataclass(frozen=True)
class Curve:
    """FRR and FAR at every threshold that makes a difference, from accept-all to accept-none."""

    frr: np.ndarray
    far: np.ndarray


class Ranking:
    """Scores sorted once, so that the curve under many weightings costs a cumulative sum each."""

    def __init__(self, scores: np.ndarray, is_target: np.ndarray) -> None:
        if not is_target.any() or is_target.all():
            raise BiometricsError("rates need at least one target trial and one impostor trial")
        self._order = np.argsort(scores, kind="stable")
        self._is_target = is_target[self._order]
        ranked = scores[self._order]
        self._ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # last of each run of equal scores

    def curve(self, weights: np.ndarray | None = None) -> Curve:
        weight = np.ones(len(self._order)) if weights is None else weights[self._order]
        below_target = np.cumsum(np.where(self._is_target, weight, 0))
        below_impostor = np.cumsum(np.where(self._is_target, 0, weight))
        with np.errstate(invalid="ignore"):  # weights that leave no target or no impostor give NaN
            frr = np.append(0, below_target[self._ends]) / below_target[-1]
            far = 1 - np.append(0, below_impostor[self._ends]) / below_impostor[-1]
        return Curve(frr, far.clip(0, 1))


def eer(curve: Curve) -> float:
    """Equal error rate (0-1): where FRR = FAR, linear between the two thresholds around the crossing."""
    after = int(np.argmax(curve.frr >= curve.far))
    before = max(after - 1, 0)
    gap_before = curve.far[before] - curve.frr[before]
    gap_after = curve.frr[after] - curve.far[after]
    share = gap_before / (gap_before + gap_after) if gap_before + gap_after > 0 else 0.0
    return float(curve.frr[before] + share * (curve.frr[after] - curve.frr[before]))


def min_dcf(curve: Curve, prior: float = TARGET_PRIOR) -> float:
    """Lowest detection cost prior*FRR + (1-prior)*FAR, as a multiple of the better of always-yes and always-no."""
    return float((prior * curve.frr + (1 - prior) * curve.far).min() / min(prior, 1 - prior))


def frr_at_far(curve: Curve, far: float) -> float:
    """The lowest FRR of any threshold whose FAR does not exceed ``far``."""
    return float(curve.frr[curve.far <= far + 1e-12].min())


def cllr(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cost of the log-likelihood ratios (natural) in bits (Brümmer & du Preez 2006): 0 perfect, 1 says nothing."""
    owners = np.logaddexp(0, -llrs[is_target]).mean()
    impostors = np.logaddexp(0, llrs[~is_target]).mean()
    return float((owners + impostors) / 2 / np.log(2))


def cllr_min(llrs: np.ndarray, is_target: np.ndarray) -> float:
    """Cllr after the best monotone recalibration of these very scores (pool adjacent violators): what is lost to telling
    voices apart alone; the rest of ``cllr`` is lost to calibration."""
    order = np.argsort(llrs, kind="stable")
    _, tie = np.unique(llrs[order], return_inverse=True)
    owners, counts = np.bincount(tie, weights=is_target[order]), np.bincount(tie).astype(float)
    pooled: list[tuple[float, float]] = []  # (owners, trials) of blocks whose share of owners rises
    for block in zip(owners, counts, strict=True):
        while pooled and pooled[-1][0] * block[1] >= block[0] * pooled[-1][1]:
            before = pooled.pop()
            block = (before[0] + block[0], before[1] + block[1])
        pooled.append(block)
    of_owners, of_all = np.array(pooled).T
    of_impostors = of_all - of_owners
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.log(of_owners / of_impostors) - np.log(of_owners.sum() / of_impostors.sum())
        owner_cost = np.where(of_owners > 0, of_owners * np.logaddexp(0, -best), 0).sum() / of_owners.sum()
        impostor_cost = np.where(of_impostors > 0, of_impostors * np.logaddexp(0, best), 0).sum() / of_impostors.sum()
    return float((owner_cost + impostor_cost) / 2 / np.log(2))


def speaker_bootstrap(
    ranking: Ranking,
    figure: Callable[[Curve], float],
    claimed: np.ndarray,
    speaking: np.ndarray,
    draws: int,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of ``figure`` when speakers, not trials, are drawn again with replacement.

    ``claimed`` and ``speaking`` are speaker numbers a trial (-1: unknown, weighs by the claimed one alone); a trial
    weighs as often as both of its speakers were drawn.
    """
    generator = np.random.default_rng(seed)
    count = int(max(claimed.max(), speaking.max())) + 1
    figures = []
    for _ in range(draws):
        drawn = np.append(np.bincount(generator.integers(0, count, count), minlength=count), 1).astype(float)
        weights = np.where(claimed == speaking, drawn[claimed], drawn[claimed] * drawn[speaking])
        curve = ranking.curve(weights)
        if np.isfinite(curve.frr).all() and np.isfinite(curve.far).all():  # else no target or impostor was drawn
            figures.append(figure(curve))
    if not figures:
        return float("nan"), float("nan")
    low, high = np.quantile(figures, (0.025, 0.975))
    return float(low), float(high)


def evaluate(
    encoder: Encoder,
    enrol_csv: Path,
    trials_csv: Path,
    through_telephone: bool = False,
    scores_csv: Path | None = None,
    track: Callable[[list[str], str], Iterable[str]] = lambda items, _: items,
) -> dict:
    """Score ``trials.csv`` (speaker, path, target) against ``enrol.csv`` (speaker, path); the figures as a dict.

    A recording that cannot be scored is named under ``unscored`` with its reason; its trials are left out.
    Paths are relative to the working directory or else to the csv. ``BiometricsError`` for a csv that makes no sense.
    """
    enrolments = _rows(enrol_csv, ("speaker", "path"))
    trials = _rows(trials_csv, ("speaker", "path", "target"))
    unknown = {row["speaker"] for row in trials} - {row["speaker"] for row in enrolments}
    if unknown:
        raise BiometricsError(f"{trials_csv} claims speakers that {enrol_csv} does not enrol: {min(unknown)} …")
    if bad := next((i for i, row in enumerate(trials, start=2) if row["target"] not in ("0", "1")), None):
        raise BiometricsError(
            f"{trials_csv}:{bad}: target must be 1 (same speaker) or 0, not {trials[bad - 2]['target']!r}"
        )

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
    calibration = load_calibration(encoder.sha256)
    llrs = calibration.llr(scores, _conditions(scored, enrolments, embeddings, heard)) if calibration else None
    ranking = Ranking(scores, is_target)
    curve = ranking.curve()
    claimed, speaking = _speaker_numbers(scored)
    draws = BOOTSTRAP_DRAWS if len(scored) < MANY_TRIALS else BOOTSTRAP_DRAWS_OF_MANY_TRIALS
    if scores_csv:
        _write_scores(scores_csv, scored, scores, llrs)
    return {
        "eer": eer(curve),
        "eer_interval_95": list(speaker_bootstrap(ranking, eer, claimed, speaking, draws)),
        "min_dcf": min_dcf(curve),
        "frr_at_far_1pct": frr_at_far(curve, 0.01),
        "frr_at_far_01pct": frr_at_far(curve, 0.001),
        "cllr": cllr(llrs, is_target) if llrs is not None else None,
        "trials": len(scored),
        "target_trials": int(is_target.sum()),
        "impostor_trials": int((~is_target).sum()),
        "speakers": len(centres),
        "telephone": through_telephone,
        "model": encoder.name,
        "model_class": encoder.class_name,
        "model_sha256": encoder.sha256,
        "trials_unscored": len(trials) - len(scored),
        "unscored": unscored,
    }


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
