"""``python -m biometrics evaluate`` and ``card``: what they take, and what they write and print."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from biometrics.calibration import DEFAULT_TARGET_FAR, Calibration, load_calibration, operating_point
from biometrics.commands import SPEECH, run_evaluate_speakers
from biometrics.encoder import CHECKPOINT, Encoder, file_sha256, load_encoder, model_directory
from biometrics.errors import BiometricsError, CalibrationError, ModelError
from biometrics.report.card import README, card, read_results
from biometrics.report.decisions import decisions
from biometrics.report.embeddings import RememberingEncoder
from biometrics.report.heard import callers
from biometrics.report.measure import Model, corpus_notes, measure
from biometrics.report.page import page
from biometrics.report.resemblyzer import NAME as RESEMBLYZER
from biometrics.report.resemblyzer import ResemblyzerEncoder, fetch_resemblyzer
from biometrics.report.scores import score
from biometrics.report.training_record import RECORD, read_training_record, training_record
from biometrics.trial_lists import evaluate

RESULTS = "results.json"
CACHE = Path("var/eval/cache")
RECIPE = Path("biometrics/training/telephone.yaml")

Track = Callable[[list, str], Iterable]


def add_evaluate(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--model",
        action="append",
        help="directory, shipped or fetched name, or hub id; with --report repeatable, and also resemblyzer",
    )
    added.add_argument("--enrol", type=Path, metavar="CSV", help="speaker,path (several rows a speaker)")
    added.add_argument("--trials", type=Path, metavar="CSV", help="speaker,path,target (1 or 0)")
    added.add_argument("--telephone", action="store_true", help="first 8 kHz, 300-3400 Hz, G.711 µ-law")
    added.add_argument("--scores", type=Path, metavar="CSV", help="write every score here")
    added.add_argument("--speech", type=Path, metavar="DIR", help="instead of csv: labelled speakers (manifest.csv)")
    added.add_argument("--split", default="dev", help="of the labelled speakers (%(default)s)")
    added.add_argument("--report", type=Path, metavar="HTML", help="of the labelled speakers: error rates on one page")
    added.add_argument(
        "--cache", type=Path, default=CACHE, metavar="DIR", help="for prepared speech and embeddings (%(default)s)"
    )
    added.add_argument(
        "--target-far",
        type=float,
        default=DEFAULT_TARGET_FAR,
        help="of verdicts on labelled speakers (%(default)s)",
    )


def add_card(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--results",
        type=Path,
        default=Path("var/eval") / RESULTS,
        metavar="JSON",
        help="of evaluate --report (%(default)s)",
    )
    added.add_argument("--run", dest="run_directory", type=Path, metavar="DIR", help="the training that made the model")
    added.add_argument("--config", type=Path, default=RECIPE, metavar="YAML", help="its recipe (%(default)s)")
    added.add_argument("--speech", type=Path, default=SPEECH, metavar="DIR", help="what it heard (%(default)s)")


def run_evaluate(options: argparse.Namespace, track: Track) -> int:
    """Figures of trial lists, a page on labelled speakers, or verdict rates on them; 1 where a trial was not scored."""
    if options.speech and options.report:
        return run_report(options, track)
    if options.report:
        raise BiometricsError("--report needs --speech: a directory of labelled speakers with manifest.csv")
    if len(options.model or []) > 1:
        raise BiometricsError("several models are compared on a page only: add --speech and --report")
    if not options.speech and not (options.enrol and options.trials):
        raise BiometricsError("evaluate needs --enrol and --trials, or --speech")
    encoder = load_encoder((options.model or [""])[0], options.models, accelerate=not options.reference)
    if options.speech:
        return run_evaluate_speakers(options, encoder, track)
    figures = evaluate(encoder, options.enrol, options.trials, options.telephone, options.scores, track)
    if options.json:
        print(json.dumps(figures, allow_nan=False))
    else:
        for name, value in figures.items():
            print(f"{name:28} {value}")
    return 1 if figures["trials_unscored"] else 0


def run_report(options: argparse.Namespace, track: Track) -> int:
    """Measure, and write the page and results.json beside it. A model that cannot be had is named on the page; it is an
    error only where none can."""
    heard = callers(options.speech, options.split, options.cache, track)
    if not heard:
        raise BiometricsError(f"{options.speech} has no speaker of split {options.split!r} with enough speech to test")
    models, sets, told, missing = [], [], [], []
    for name in options.model or [""]:
        try:
            encoder = RememberingEncoder(_encoder(name, options), options.cache)
        except ModelError as error:
            missing.append(f"{name or 'default model'}: {error}")
            continue
        if any(model.sha256 == encoder.sha256 for model in models):
            continue
        calibration, reason = _calibration(encoder)
        model = Model(
            _distinct(encoder.name, models),
            encoder.sha256,
            encoder.class_name,
            calibration,
            reason,
            _seen(name, options),
        )
        models.append(model)
        sets += [replace(each, model=model.name) for each in score(encoder, calibration, heard, track)]
        if calibration and (point := operating_point(encoder, options.target_far)):
            told += [each | {"model": model.name} for each in decisions(encoder, point, heard, track)]
    if not models:
        raise ModelError("none of the models can be had: " + "; ".join(missing))
    command = " ".join(["python -m biometrics evaluate", *_portable(options.arguments)])
    results = measure(models, sets, told, corpus_notes(options.speech / "README.md"), options.split, command, track)
    results["missing"] = missing
    options.report.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=1, allow_nan=False)
    options.report.with_name(RESULTS).write_text(text + "\n", encoding="utf-8")
    options.report.write_text(page(json.loads(text)), encoding="utf-8")
    print(text if options.json else f"{options.report}: {len(models)} models, {len(heard)} speakers")
    return 0


def run_card(options: argparse.Namespace) -> int:
    """Write the card of a model directory; with ``--run`` first its training record."""
    directory = model_directory(options.model, options.models)
    if options.run_directory:
        from biometrics.training.config import read, recipe

        record = training_record(options.run_directory, recipe(read(options.config)), options.speech)
        (directory / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    record = read_training_record(directory)
    if record is None:
        raise ModelError(f"{directory} has no {RECORD}: say with --run which training made it")
    results = read_results(options.results, file_sha256(directory / CHECKPOINT))
    (directory / README).write_text(card(directory, record, results), encoding="utf-8")
    print(json.dumps({"card": str(directory / README)}) if options.json else f"{directory / README}: written")
    return 0


def _portable(arguments: list[str]) -> list[str]:
    """What was typed, with the names of files and directories but not where they lie on this machine."""
    return [Path(each).name if each.startswith(("/", "~")) else each for each in arguments]


def _encoder(name: str, options: argparse.Namespace) -> Encoder:
    if name != RESEMBLYZER:
        return load_encoder(name, options.models, accelerate=not options.reference)
    weights = fetch_resemblyzer(options.models, lambda text: print(text, file=sys.stderr, flush=True))
    if weights is None:
        raise ModelError("its wheel is not to be had from the package index here")
    return ResemblyzerEncoder(weights)


def _calibration(encoder: RememberingEncoder) -> tuple[Calibration | None, str | None]:
    try:
        found = load_calibration(encoder.sha256)
    except CalibrationError as error:
        return None, str(error)
    return found, None if found else "it has no calibration (python -m biometrics calibrate)"


def _seen(name: str, options: argparse.Namespace) -> tuple[str, ...] | None:
    """The splits of this speech that the model was trained on, from the record beside it; None where there is none."""
    if name == RESEMBLYZER:
        return None
    record = read_training_record(model_directory(name, options.models))
    return None if record is None else tuple(record["splits"])


def _distinct(name: str, models: list[Model]) -> str:
    taken = sum(model.name.split(" (")[0] == name for model in models)
    return f"{name} ({taken + 1})" if taken else name
