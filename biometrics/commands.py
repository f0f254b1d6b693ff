"""``python -m biometrics calibrate``, and ``evaluate`` of labelled speakers: what they take and what they print."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from biometrics.calibrating import Learning, VerdictRates, calibrate, verdict_rates
from biometrics.calibration import (
    DEFAULT_LOOKS_SECONDS,
    SHIPPED_CALIBRATIONS,
    TARGET_FARS,
    Calibration,
    load_calibration,
    operating_point,
    save_calibration,
)
from biometrics.corpus import speakers
from biometrics.encoder import Encoder, model_directory
from biometrics.errors import BiometricsError, CalibrationError
from biometrics.evaluation import cllr, cllr_min
from biometrics.report.training_record import read_training_record
from biometrics.scorefile import holds_scores, read_scores, score_recordings, write_scores
from biometrics.trials import CALIBRATION_TESTS, EVALUATION_TESTS, Trials, collect, score, with_somebody_unheard

Track = Callable[[list, str], Iterable]
SPEECH = Path("../shared/speech")


def add_calibrate(added: argparse.ArgumentParser) -> None:
    added.add_argument("--speech", type=Path, default=SPEECH, metavar="DIR", help="labelled speakers (%(default)s)")
    added.add_argument("--corpus", action="append", metavar="NAME", help="only this corpus of them (repeatable; all)")
    added.add_argument(
        "--trials",
        type=Path,
        metavar="CSV",
        help="instead: speaker,test,target,cosine,net_speech_seconds,snr_db,enrolment_utterances[,group], or with --enrol "
        "speaker,path,target[,group] of recordings",
    )
    added.add_argument("--enrol", type=Path, metavar="CSV", help="speaker,path (several rows a speaker)")
    added.add_argument("--scores", type=Path, metavar="CSV", help="write every score here, as --trials reads them")
    added.add_argument(
        "--out", type=Path, default=SHIPPED_CALIBRATIONS, metavar="DIR", help="for the file (%(default)s)"
    )
    added.add_argument(
        "--looks",
        type=rising_seconds,
        default=DEFAULT_LOOKS_SECONDS,
        metavar="S,S,…",
        help="net speech at which to look",
    )
    added.add_argument(
        "--target-far", type=float, action="append", metavar="FAR", help="0-1 (repeatable; 0.01, 0.005 and 0.001)"
    )
    added.add_argument("--agreement-cosine", type=float, help="of one enrolment's segments, where it cannot be learnt")
    added.add_argument(
        "--seen-in-training",
        action="store_true",
        help="the model was trained on these speakers and held none out: thresholds are set for half of each FAR, and the "
        "file says so",
    )


def run_calibrate(options: argparse.Namespace, encoder: Encoder, track: Track) -> int:
    """Learn, save and print. A FAR that was asked for by name and has too few trials is an error."""
    trials, conditions = _trials(options, encoder, track)
    if options.scores:
        write_scores(options.scores, trials)
    before = _known(encoder, options.out)
    learning = Learning(
        options.looks,
        " ".join(["python -m biometrics calibrate", *_without_out(options.arguments)]),
        conditions,
        "The model was trained on these speakers, so its scores here are too good: thresholds are those of half the FAR."
        if options.seen_in_training
        else "",
        2.0 if options.seen_in_training else 1.0,
        options.agreement_cosine if options.agreement_cosine is not None else before and before.agreement_cosine,
    )
    calibration, refused = calibrate(encoder, trials, learning, options.target_far or TARGET_FARS)
    if refused and options.target_far:
        raise CalibrationError("; ".join(refused) + ": nothing was written")
    path = save_calibration(calibration, options.out)
    for reason in refused:
        print(f"warning: {reason}", file=sys.stderr)
    if options.json:
        print(json.dumps(asdict(calibration)))
        return 0
    print(f"{path}: {calibration.target_trials} owner and {calibration.impostor_trials} impostor calls")
    print(f"  Cllr {calibration.cllr:.3f}, of which {calibration.cllr - calibration.cllr_min:.3f} by calibration")
    for each in calibration.thresholds:
        low, high = each.far_interval_95
        print(
            f"  FAR {each.far:.1%} (measured {each.measured_far:.2%} [{low:.2%}, {high:.2%}]): accept at LLR "
            f"{each.llrs[0]:+.2f} ({options.looks[0]:g} s) to {each.llrs[-1]:+.2f} ({options.looks[-1]:g} s), FRR {each.frr:.1%}"
        )
    print(f"  reject at LLR {calibration.reject_llr:+.2f} or below")
    return 0


def _trials(options: argparse.Namespace, encoder: Encoder, track: Track) -> tuple[Trials, str]:
    """(trials, under which conditions they were made)."""
    looks = ", ".join(f"{look:g}" for look in options.looks)
    if options.trials and holds_scores(options.trials):
        return read_scores(options.trials), f"scores of {options.trials.name}, looked at after {looks} s"
    if options.trials:
        if not options.enrol:
            raise BiometricsError(f"{options.trials} names recordings, so --enrol must say who is enrolled with which")
        found = score_recordings(encoder, options.enrol, options.trials, options.looks, track)
        return found, f"recordings of {options.trials.name}, over the telephone, looked at after {looks} s"
    people = [each for each in speakers(options.speech, "train") if not options.corpus or each.corpus in options.corpus]
    unheard = _held_out(options)
    heard = collect(encoder, people, options.looks, track, CALIBRATION_TESTS)
    conditions = (
        "train split, telephone (8 kHz, 300-3400 Hz, G.711 µ-law), a third of the speakers also in noise (5-20 dB), enrolment "
        f">= 8 s net speech, tests looked at after {looks} s, impostors within a corpus, one recording session a speaker: "
        "optimistic for calls weeks apart"
    )
    if not unheard or options.seen_in_training:
        return score(heard), conditions
    trials, count = with_somebody_unheard(heard, unheard)
    return trials, (
        f"{conditions}; {count} speakers were held out from the model's training: all owners' calls are theirs, and of each "
        "impostor call at least one side, caller or print"
    )


def _held_out(options: argparse.Namespace) -> frozenset[str]:
    """Whom ("corpus/name") the model's training kept aside, by the record beside it; nobody where there is none."""
    record = read_training_record(model_directory(options.model, options.models)) or {"splits": []}
    unheard = frozenset(record.get("held_out", ()))
    if "train" in record["splits"] and not unheard and not options.seen_in_training:
        raise CalibrationError(
            "this model learned from all these speakers (training.json beside it), so its scores of them are too good: "
            "say --seen-in-training, or calibrate on others with --trials"
        )
    return unheard


def _known(encoder: Encoder, directory: Path) -> Calibration | None:
    try:
        return load_calibration(encoder.sha256, directory) or load_calibration(encoder.sha256)
    except CalibrationError:
        return None  # it is being made again


def _without_out(arguments: list[str]) -> list[str]:
    """What was typed, without where it was written: the same data make the same file anywhere."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument not in ("--out", "--speech", "--models"):
            kept.append(argument)
        skip = not skip and argument in ("--out", "--speech", "--models")
    return kept


def rising_seconds(text: str) -> tuple[float, ...]:
    try:
        looks = tuple(float(each) for each in text.split(","))
    except ValueError:
        looks = ()
    if not looks or looks[0] < 0.5 or any(after <= before for before, after in zip(looks, looks[1:], strict=False)):
        raise argparse.ArgumentTypeError(f"{text!r}: rising seconds of 0.5 or more are needed, such as 3,4,6,10")
    return looks


def run_evaluate_speakers(options: argparse.Namespace, encoder: Encoder, track: Track) -> int:
    point = operating_point(encoder, options.target_far)
    if point is None:
        raise BiometricsError(
            f"{encoder.name} has no threshold for FAR {options.target_far}: python -m biometrics calibrate"
        )
    looks = point.calibration.looks_seconds
    trials = score(collect(encoder, speakers(options.speech, options.split), looks, track, EVALUATION_TESTS))
    if options.scores:
        write_scores(options.scores, trials)
    rows, curve = verdict_rates(trials, point.calibration, point.accept_llrs)
    llrs = point.calibration.llr(trials.cosine, trials.conditions)
    cost, least = cllr(llrs, trials.is_target), cllr_min(llrs, trials.is_target)
    if options.json:
        figures = {"model": encoder.name, "model_sha256": encoder.sha256, "target_far": point.target_far}
        figures |= {"calibration_sha256": point.calibration_sha256, "cllr": cost, "cllr_min": least}
        figures |= {"rates": [asdict(row) for row in rows], "speech_used": [asdict(each) for each in curve]}
        print(json.dumps(figures))
        return 0
    print(f"{encoder.name} ({encoder.sha256[:12]}), FAR {point.target_far:.1%}, 95 % intervals in brackets")
    for row in rows:
        print(_line(row))
    print(f"Cllr {cost:.3f} over all looks, levels of noise and enrolments; {cost - least:.3f} of it by calibration")
    print("owners of clean calls ACCEPTED by net speech:")
    print("  " + ", ".join(f"{each.net_speech_seconds:g} s {each.owners_accepted:.1%}" for each in curve))
    return 0


def _line(row: VerdictRates) -> str:
    def share(value: float, interval: tuple[float, float], digits: int = 1) -> str:
        return f"{value:.{digits}%} [{interval[0]:.{digits}%}, {interval[1]:.{digits}%}]"

    seconds = "-" if row.seconds is None else "/".join(f"{each:g}" for each in row.seconds)
    return (
        f"{row.group}: {row.speakers} speakers\n"
        f"  {row.owner_calls} owners: ACCEPTED {share(row.owners_accepted, row.owners_accepted_95)}, REJECTED "
        f"{row.owners_rejected:.1%}, decided {share(row.owners_decided, row.owners_decided_95)}, net speech {seconds} s "
        "(quartiles)\n"
        f"  {row.impostor_calls} impostors: ACCEPTED {share(row.impostors_accepted, row.impostors_accepted_95, 2)}, "
        f"REJECTED {row.impostors_rejected:.1%}"
    )
