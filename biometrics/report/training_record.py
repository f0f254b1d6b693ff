"""training.json beside a model of our own: what it learned from and how, written from the run and never by hand later."""

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from biometrics.errors import ModelError
from biometrics.report.measure import corpus_notes

RECORD = "training.json"

Record = dict[str, Any]


def read_training_record(directory: Path) -> Record | None:
    """The record of a model directory; None where there is none (a model of others). ``ModelError`` where it is damaged."""
    path = directory / RECORD
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record["splits"], list):
            raise TypeError("splits must be a list")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged ({error}): make it again, python -m biometrics card --run DIR") from error
    return record


def training_record(run: Path, recipe: dict[str, Any], speech: Path, split: str = "train") -> Record:
    """The record of a finished or stopped training run (the directory with log.jsonl), from its log, its recipe and the
    manifest of the speech."""
    log = run / "log.jsonl"
    if not log.is_file():
        raise ModelError(f"{log} is missing: give the directory that 'python -m biometrics train --out' wrote")
    entries = [json.loads(line) for line in log.read_text().splitlines() if line.strip()]
    steps = [entry for entry in entries if "cosine" in entry]
    judged = [entry for entry in entries if "dev_cosine" in entry]
    if not steps:
        raise ModelError(f"{log} has no step yet: train first")
    unheard = _never_heard(entries)
    return {
        "splits": [split],
        "held_out": unheard,
        "steps": steps[-1]["step"],
        "steps_planned": recipe["stages"][-1]["until_step"],
        "hours": round(_seconds(steps) / 3600, 1),
        "cosine_to_teacher": steps[-1]["cosine"],
        "dev_cosine_to_teacher": judged[-1]["dev_cosine"] if judged else None,
        "recipe": recipe,
        "began_with": next((entry["began_with"] for entry in entries if "began_with" in entry), None),
        "data": data_of(speech, [split], frozenset(unheard)),
    }


def _never_heard(entries: Sequence[Record]) -> list[str]:
    """Speakers ("corpus/name") whom the run held out from its first step to its last; none where it did not say so."""
    told = [entry for entry in entries if "held_out" in entry]
    if not told or told[0]["step"] > 0:
        return []
    return sorted(set(told[0]["held_out"]).intersection(*(entry["held_out"] for entry in told)))


def _seconds(steps: Sequence[Record]) -> float:
    """Time of all logged steps: each entry stands for those since the one before."""
    total, before = 0.0, 0
    for entry in steps:
        if entry["step"] > before:  # a run that was killed repeats the steps since its last checkpoint
            total += (entry["step"] - before) * entry["seconds_per_step"]
            before = entry["step"]
    return total


def data_of(speech: Path, splits: Sequence[str], without: frozenset[str] = frozenset()) -> list[Record]:
    """Speakers and hours of each corpus in these splits but for ``without`` ("corpus/name"), with the licence and source
    that the speech's README names."""
    speakers: dict[str, set[str]] = defaultdict(set)
    seconds: dict[str, float] = defaultdict(float)
    with (speech / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] in splits and f"{row['corpus']}/{row['speaker']}" not in without:
                speakers[row["corpus"]].add(row["speaker"])
                seconds[row["corpus"]] += float(row["seconds"])
    notes = corpus_notes(speech / "README.md")
    return [
        {
            "corpus": corpus,
            "speakers": len(speakers[corpus]),
            "hours": round(seconds[corpus] / 3600, 2),
            **{name: notes.get(corpus, {}).get(name, "not known") for name in ("what", "licence", "source")},
        }
        for corpus in sorted(speakers)
    ]
