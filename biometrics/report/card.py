"""The model card: README.md beside a model, every figure of it read from a file."""

import json
from pathlib import Path
from typing import Any

from biometrics.calibration import load_calibration
from biometrics.encoder import CHECKPOINT, HYPERPARAMS, file_sha256
from biometrics.errors import ModelError
from biometrics.report.training_record import Record
from biometrics.report.words import between, count, percent

README = "README.md"
MEGABYTE = 1_000_000
Results = dict[str, Any]


def read_results(path: Path, sha256: str) -> Results:
    """results.json, if it has figures of this very checkpoint; ``ModelError`` otherwise."""
    again = f"python -m biometrics evaluate --speech DIR --report {path.with_name('report.html')} --model …"
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        known = [model["sha256"] for model in results["models"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read as results ({error}): {again}") from error
    if sha256 not in known:
        raise ModelError(f"{path} has no figures of the checkpoint {sha256[:12]}…: {again}")
    return results


def card(directory: Path, record: Record, results: Results) -> str:
    """Markdown of the card; ``CalibrationError`` where its calibration cannot be read."""
    sha256 = file_sha256(directory / CHECKPOINT)
    name = next(model["name"] for model in results["models"] if model["sha256"] == sha256)
    seen = results["split"] in record["splits"]
    size = (directory / CHECKPOINT).stat().st_size
    parts = [
        f"# {directory.name}: model card",
        f"<!-- Written by `python -m biometrics card --model {directory.name}`: change the command, not this page. -->",
        f"SpeechBrain ECAPA-TDNN for telephone speech, {count(_parameters(directory))} parameters, {size / MEGABYTE:.1f} "
        f"MB, cosine scoring. sha256 of `{CHECKPOINT}`:\n`{sha256}`. Apache-2.0 like the rest of the project.\n"
        "It loads with `SpeakerRecognition.from_hparams(source=<this directory>)`.",
        f"```yaml\n{_shape(directory)}\n```",
        "## What it is for\n\nComparing a caller's voice with a voiceprint in calls of 8 kHz, as one risk signal among others. "
        "It is not a lock: it cannot tell a living person from a recording or a synthetic voice.",
        "## What it learned from\n\n" + _training(record),
        f"## Figures\n\n{_conditions(results, seen)}\n\n{_table(results, name)}",
        _comparisons(results, name),
        _fairness(results, name),
        "## Calibration\n\n" + _calibration(sha256),
        "## Limits\n\n" + "\n".join(f"- {each}" for each in _limits(results, record, seen)),
        f"Figures of {results['made_at'][:10]} by `{results['command']}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _parameters(directory: Path) -> int:
    import torch

    stored = torch.load(directory / CHECKPOINT, map_location="cpu", weights_only=True)
    kept = ("running_mean", "running_var", "num_batches_tracked")
    return sum(value.numel() for name, value in stored.items() if not name.endswith(kept))


def _shape(directory: Path) -> str:
    lines = (directory / HYPERPARAMS).read_text(encoding="utf-8").splitlines()
    wanted = (
        "sample_rate:",
        "n_mels:",
        "channels:",
        "attention_channels:",
        "lin_neurons:",
        "kernel_sizes:",
        "dilations:",
    )
    return "\n".join(line.strip() for line in lines if line.strip().startswith(wanted) and "!ref" not in line)


def _training(record: Record) -> str:
    rows = ["| corpus | speakers | hours | what | licence | source |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {each['corpus']} | {each['speakers']} | {each['hours']:.1f} | {each['what']} | {each['licence']} | {each['source']} |"
        for each in record["data"]
    ]
    told = [f"Splits: {', '.join(record['splits'])}. The speech itself is not part of the project.", "\n".join(rows)]
    if record.get("held_out"):
        told.append(
            f"{len(record['held_out'])} more speakers of these splits were never heard (`held_out` in `training.json`)."
        )
    if "steps" in record:
        steps = f"{count(record['steps'])} of {count(record['steps_planned'])} steps, {record['hours']} hours"
        cosine = f"cosine to the teacher {record['cosine_to_teacher']:.2f} at the end"
        if record["dev_cosine_to_teacher"] is not None:
            cosine += f", {record['dev_cosine_to_teacher']:.2f} on dev speakers"
        told.append(
            "Taught by CAM++ (Apache-2.0): the student hears a random telephone line, the teacher the clean recording. "
            f"{steps}; {cosine}. Seed {record['recipe']['seed']}. Recipe: `biometrics/training`, with"
        )
        told.append("```json\n" + json.dumps(record["recipe"], indent=1) + "\n```")
    if record.get("began_with"):
        told.append(
            f"Its convolutions began as those of another run after {count(record['began_with']['step'])} steps, whose recipe is "
            "under `began_with` in `training.json`; of the speakers held out, neither has heard."
        )
    told += record.get("notes", [])
    return "\n\n".join(told)


def _conditions(results: Results, seen: bool) -> str:
    warning = "**It was trained on these very speakers: the figures mean nothing.** " if seen else ""
    return (
        f"{warning}Split {results['split']}, enrolment 8 s of net speech, tests of {results['main_seconds']:g} s, 8 kHz, "
        "300-3400 Hz, G.711 µ-law; impostors within a corpus; one recording session and one microphone a speaker, "
        "**which flatters**. In brackets 95 % intervals by speaker bootstrap. A rate with fewer than 30/FAR impostor "
        "trials is rough (~), with fewer than 1/FAR it is not given."
    )


def _table(results: Results, name: str) -> str:
    rows = ["| corpus | half | speakers | EER | FRR at FAR 1 % | 0.1 % | 0.01 % | minDCF | Cllr | − Cllr_min |"]
    rows.append("|" + "---|" * 10)
    for each in results["figures"]:
        if (each["model"], each["seconds"]) != (name, results["main_seconds"]) or "eer" not in each:
            continue
        fars = [_frr(entry, each["impostor_trials"]) for entry in each["frr_at_far"]]
        cost = "–" if each["cllr"] is None else f"{each['cllr']:.3f}"
        lost = "–" if each["cllr"] is None else f"{each['cllr'] - each['cllr_min']:.3f}"
        cells = [
            each["corpus"],
            each["half"],
            each["speakers"],
            f"{percent(each['eer'])} {between(each['eer_interval_95'])}",
        ]
        rows.append("| " + " | ".join(map(str, [*cells, *fars, f"{each['min_dcf']:.2f}", cost, lost])) + " |")
    return "\n".join(rows)


def _frr(entry: dict[str, Any], impostors: int) -> str:
    if entry["frr"] is None:
        return f"{count(impostors)} trials, {count(entry['impostor_trials_needed'])} needed"
    return f"{'~' if entry['rough'] else ''}{percent(entry['frr'])} {between(entry['interval_95'])}"


def _comparisons(results: Results, name: str) -> str:
    own = [each for each in results["comparisons"] if each["model"] == name]
    if not own:
        return ""
    rows = ["| against | corpus | ratio of EER | 95 % interval | goal | |", "|---|---|---|---|---|---|"]
    for each in own:
        ratio = "–" if each["ratio"] is None else f"{each['ratio']:.2f}"
        high = "no bound" if each["high"] is None else f"{each['high']:.2f}"
        rows.append(
            f"| {each['other']} | {each['corpus']} | {ratio} | {each['low']:.2f} to {high} | ≤ {each['goal']:g} | "
            f"{each['answer']} |"
        )
    return "## Against other models\n\nPaired speaker bootstrap; met = the upper bound keeps the goal.\n\n" + "\n".join(
        rows
    )


def _fairness(results: Results, name: str) -> str:
    lines = []
    for entry in results["fairness"]:
        if entry["model"] != name:
            continue
        for trait in entry["traits"]:
            told = ", ".join(f"{row['group']} {percent(row['frr'])} ({row['speakers']})" for row in trait["groups"])
            ratio = "not given" if trait["frr_ratio"] is None else f"{trait['frr_ratio']:.1f}"
            lines.append(f"- by {trait['trait']} (speakers): {told}; worst to best: {ratio}")
        lines.append(
            f"- not known of the speakers, and not guessed: {', '.join(entry['not_in_manifest']) or 'nothing'}"
        )
    told = "## By group\n\nFRR at one threshold with FAR 1 % over all:\n\n"
    return told + "\n".join(lines) if lines else ""


def _calibration(sha256: str) -> str:
    found = load_calibration(sha256)
    if found is None:
        return "None: every verdict is INCONCLUSIVE until `python -m biometrics calibrate` has been run."
    told = (
        f"`../../calibrations/{sha256[:16]}.json`, by `{found.command}`: {found.speakers} speakers, {found.conditions}."
    )
    return f"{told} {found.caution}".strip()


def _limits(results: Results, record: Record, seen: bool) -> list[str]:
    heard = ", ".join(each["name"] for each in results["corpora"])
    limits = [
        f"Measured on {heard} only; other languages, real telephone lines and calls weeks apart were not measured: expect worse.",
        "All impostors were other people who made no effort; recordings and synthetic voices were not tried here.",
        "A threshold learnt on these speakers may give another false accept rate with yours: calibrate with your own calls "
        "(`python -m biometrics calibrate --trials`).",
    ]
    if seen:
        limits.insert(0, f"It has heard the {results['split']} speakers in training.")
    return limits + record.get("limits", [])
