"""The whole evaluation: models and labelled speech in, one dictionary of plain values out (results.json)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from biometrics.calibration import Calibration
from biometrics.encoder import PREFERRED_MODEL
from biometrics.report.fairness import fairness
from biometrics.report.figures import comparison, curves, error_figures
from biometrics.report.heard import Caller
from biometrics.report.resemblyzer import NAME as RESEMBLYZER
from biometrics.report.scores import Scores

MAIN_SECONDS = 3.0
FEWER_DRAWS = 300  # for the other lengths and the halves
GOALS = {PREFERRED_MODEL: 1.5, RESEMBLYZER: 1.0}  # upper bound of the EER ratio to it
FORMAT = 1

Track = Callable[[list, str], Iterable]


@dataclass(frozen=True)
class Model:
    """What is said of a model. ``seen``: the splits it was trained on, None where that is not known."""

    name: str
    sha256: str
    class_name: str
    calibration: Calibration | None
    uncalibrated: str | None
    seen: tuple[str, ...] | None


def measure(
    models: list[Model],
    sets: list[Scores],
    told: list[dict[str, Any]],
    about: dict[str, dict[str, str]],
    split: str,
    command: str,
    track: Track,
) -> dict[str, Any]:
    """All figures. ``told``: what callers would be told (``decisions``); ``about``: what is known of a corpus
    (``corpus_notes``)."""
    main = [each for each in sets if each.seconds == MAIN_SECONDS]
    figures = []
    for each in track(sets, "bootstrap"):
        key = {"model": each.model, "corpus": each.corpus, "half": "all"}
        whole = each.seconds == MAIN_SECONDS
        figures.append(key | error_figures(each, **({} if whole else {"draws": FEWER_DRAWS})))
        if whole:
            chosen = np.array([person.held_out for person in each.people])
            figures.append(key | {"half": "held out"} | error_figures(each.among(chosen), FEWER_DRAWS))
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "split": split,
        "main_seconds": MAIN_SECONDS,
        "models": [_about_model(model, split) for model in models],
        "corpora": _corpora(sets, about),
        "figures": figures,
        "decisions": told,
        "comparisons": _comparisons(main, {each.name for each in models if each.seen and split in each.seen}),
        "curves": [{"model": each.model, "corpus": each.corpus, **curves(each)} for each in main],
        "fairness": [
            {"model": model.name, **fairness(own)}
            for model in models
            if (own := [each for each in main if each.model == model.name])
        ],
    }


def corpus_notes(readme: Path) -> dict[str, dict[str, str]]:
    """What the README beside the manifest says of each corpus: the rows of its table ``corpus | speakers | what | licence |
    source``. Empty where there is no such table; nothing is made up."""
    if not readme.is_file():
        return {}
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in readme.read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line)
    ]
    header = next((row for row in rows if row[0] == "corpus"), None)
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows if header and len(row) == len(header)}


def _about_model(model: Model, split: str) -> dict[str, Any]:
    calibration = model.calibration
    return {
        "name": model.name,
        "sha256": model.sha256,
        "class_name": model.class_name,
        "calibrated_on": calibration and f"{calibration.speakers} speakers, {calibration.conditions}",
        "caution": calibration.caution if calibration else "",
        "uncalibrated": model.uncalibrated,
        "seen": model.seen,
        "has_seen_these_speakers": None if model.seen is None else split in model.seen,
    }


def _corpora(sets: list[Scores], about: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    people: dict[str, tuple[Caller, ...]] = {each.corpus: each.people for each in sets}
    return [
        {
            "name": corpus,
            "speakers": len(each),
            "held_out_speakers": sum(person.held_out for person in each),
            **{name: about.get(corpus, {}).get(name, "not known") for name in ("what", "licence", "source")},
        }
        for corpus, each in people.items()
    ]


def _comparisons(main: list[Scores], seen: set[str]) -> list[dict[str, Any]]:
    """Of every other model with those of ``GOALS``; "void" for one that was trained on these speakers."""
    by_name = {(each.model, each.corpus): each for each in main}
    return [
        comparison(ours, by_name[other, ours.corpus], goal) | ({"answer": "void"} if ours.model in seen else {})
        for ours in main
        if ours.model not in GOALS
        for other, goal in GOALS.items()
        if (other, ours.corpus) in by_name
    ]
