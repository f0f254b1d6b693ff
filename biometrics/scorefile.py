"""Trials of an operator's own: a csv of scores, or recordings to be scored.

Scores, one row a trial and look (as ``calibrate --scores`` writes them):

| column | holds |
|---|---|
| ``speaker`` | whose print was compared (any name, the same for the same print) |
| ``test`` | which call spoke; its rows with one print are the looks at that call |
| ``target`` | 1: the print's owner speaks, 0: somebody else |
| ``cosine`` | -1 to 1 |
| ``net_speech_seconds`` | net speech compared |
| ``snr_db`` | of the speech compared |
| ``enrolment_utterances`` | embeddings in the print |
| ``group`` | optional: where the speakers come from; no threshold is lower than one large group alone asks for. In one whose name
ends in ``, noise`` are copies of other calls with noise added, which are not counted twice. |
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ, encode_ulaw, read_audio, telephone
from biometrics.encoder import Encoder
from biometrics.enrolment import agreement
from biometrics.errors import BiometricsError
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import Utterance
from biometrics.trials import Trials

NUMBERS = ("cosine", "net_speech_seconds", "snr_db", "enrolment_utterances")
COLUMNS = ("speaker", "test", "target", *NUMBERS)
LOWEST = {"cosine": -1.0001, "net_speech_seconds": 0.1, "snr_db": -100.0, "enrolment_utterances": 1.0}
HIGHEST = {"cosine": 1.0001, "net_speech_seconds": 3600.0, "snr_db": 100.0, "enrolment_utterances": 1000.0}
PathTrack = Callable[[list[str], str], Iterable[str]]


def holds_scores(path: Path) -> bool:
    """Whether the csv has scores in it, rather than the paths of recordings."""
    return "cosine" in _read(path)[0]


def read_scores(path: Path) -> Trials:
    """The trials of a csv of scores; ``BiometricsError`` names the line that makes no sense."""
    columns, rows = _read(path)
    if missing := [column for column in COLUMNS if column not in columns]:
        raise BiometricsError(f"{path} has no column {missing[0]}; it needs {', '.join(COLUMNS)}")
    numbers = np.empty((len(rows), len(NUMBERS)))
    for index, row in enumerate(rows):
        _check_target(path, index, row)
        for column, name in enumerate(NUMBERS):
            try:
                numbers[index, column] = float(row[name])
            except (TypeError, ValueError):
                raise BiometricsError(f"{path}:{index + 2}: {name} is {row[name]!r}, not a number") from None
            if not LOWEST[name] <= numbers[index, column] <= HIGHEST[name]:
                raise BiometricsError(f"{path}:{index + 2}: {name} is {row[name]}, which cannot be")
    groups = [row.get("group") or "all" for row in rows]
    return _trials(rows, groups, numbers, np.empty(0))


def write_scores(path: Path, trials: Trials) -> None:
    """Write trials as ``read_scores`` reads them; speakers and calls become numbers."""
    told = trials.conditions
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "group"])
        for index in range(len(trials.cosine)):
            writer.writerow(
                [
                    trials.claimed[index], trials.test[index], int(trials.is_target[index]),
                    f"{trials.cosine[index]:.5f}", f"{told.net_speech_seconds[index]:g}", f"{told.snr_db[index]:.1f}",
                    f"{told.enrolment_utterances[index]:g}", trials.group[index],
                ]
            )  # fmt: skip


def score_recordings(
    encoder: Encoder, enrol_csv: Path, trials_csv: Path, looks_seconds: tuple[float, ...], track: PathTrack
) -> Trials:
    """Score recordings as calls: ``enrol.csv`` speaker, path (each recording an utterance); ``trials.csv`` speaker, path,
    target and perhaps group. Each goes through the telephone and the speech detector and is looked at ``looks_seconds``."""
    enrolments, trials = _read(enrol_csv)[1], _read(trials_csv)[1]
    for source, rows in ((enrol_csv, enrolments), (trials_csv, trials)):
        for index, row in enumerate(rows):
            if not row.get("speaker") or not row.get("path"):
                raise BiometricsError(f"{source}:{index + 2}: it needs the columns speaker and path")
            if source is trials_csv:
                _check_target(source, index, row)
            beside = source.parent / row["path"]
            row["path"] = str(beside) if beside.exists() else row["path"]
    segments: dict[str, list[np.ndarray]] = defaultdict(list)
    for row in track(enrolments, f"{encoder.name}: enrolments"):
        segments[row["speaker"]].append(encoder.embed(_heard(row["path"]).speech(), TELEPHONE_RATE_HZ))
    tests = {}
    for path in track(sorted({row["path"] for row in trials}), f"{encoder.name}: calls"):
        utterance = _heard(path)
        reached = [look for look in looks_seconds if utterance.net_speech_seconds >= look]
        parts = [utterance.speech()[: int(look * TELEPHONE_RATE_HZ)] for look in reached]
        tests[path] = [
            (look, encoder.embed(part, TELEPHONE_RATE_HZ), speech_snr_db(part))
            for look, part in zip(reached, parts, strict=True)
        ]
    rows, groups, numbers = [], [], []
    for row in trials:
        if row["speaker"] not in segments:
            raise BiometricsError(f"{trials_csv} claims speaker {row['speaker']}, whom {enrol_csv} does not enrol")
        print_ = np.mean(segments[row["speaker"]], axis=0)
        for look, embedding, snr_db in tests[row["path"]]:
            rows.append({**row, "test": row["path"]})
            groups.append(row.get("group") or "all")
            cosine = float(print_ @ embedding / np.linalg.norm(print_))
            numbers.append((cosine, look, snr_db, len(segments[row["speaker"]])))
    if not rows:
        raise BiometricsError(f"no recording of {trials_csv} has {looks_seconds[0]:g} s of speech")
    agreements = [agreement(np.stack(each)) for each in segments.values() if len(each) > 1]
    return _trials(rows, groups, np.array(numbers), np.array(agreements))


def _heard(path: str) -> Utterance:
    utterance = Utterance()
    utterance.feed(encode_ulaw(telephone(*read_audio(path))))
    return utterance


def _trials(rows: list[dict[str, str]], groups: list[str], numbers: np.ndarray, agreements: np.ndarray) -> Trials:
    """Who really speaks in a call is known where the call is also somebody's target trial."""
    speakers = {name: number for number, name in enumerate(sorted({row["speaker"] for row in rows}))}
    owners = {row["test"]: speakers[row["speaker"]] for row in rows if row["target"] == "1"}
    tests: dict[str, int] = {}
    pairs: dict[tuple, int] = {}
    utterances = numbers[:, 3]
    keys = [(row["speaker"], row["test"], count) for row, count in zip(rows, utterances, strict=True)]
    looks = Counter((*key, seconds) for key, seconds in zip(keys, numbers[:, 1], strict=True))
    (twice, times), *_ = looks.most_common(1)
    if times > 1:
        raise BiometricsError(
            f"test {twice[1]} against speaker {twice[0]} has {times} rows of {twice[3]:g} s net speech"
        )
    return Trials(
        np.array(groups, dtype=object),
        np.array([speakers[row["speaker"]] for row in rows]),
        np.array([owners.get(row["test"], -1) for row in rows]),
        np.array([tests.setdefault(row["test"], len(tests)) for row in rows]),
        np.array([pairs.setdefault(key, len(pairs)) for key in keys]),
        np.array([row["target"] == "1" for row in rows]),
        numbers[:, 0],
        Conditions(numbers[:, 1], numbers[:, 2], utterances),
        agreements,
    )


def _check_target(path: Path, index: int, row: dict[str, str]) -> None:
    if row.get("target") not in ("0", "1"):
        raise BiometricsError(f"{path}:{index + 2}: target must be 1 (same speaker) or 0, not {row.get('target')!r}")


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BiometricsError(f"{path} cannot be read: {error}") from error
    if not rows:
        raise BiometricsError(f"{path} has no rows")
    return list(reader.fieldnames or ()), rows
