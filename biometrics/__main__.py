"""``python -m biometrics fetch | export | enrol | reseal | verify | evaluate | card | calibrate | attack | …``; see --help."""

import argparse
import json
import logging
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from biometrics.attack_rates import add_attack, run_attack
from biometrics.audio import encode_ulaw, read_audio, telephone
from biometrics.calibration import DEFAULT_TARGET_FAR, operating_point
from biometrics.commands import add_calibrate, run_calibrate
from biometrics.encoder import FALLBACK_MODEL, FETCHED, PREFERRED_MODEL, Encoder, load_encoder
from biometrics.enrol_commands import add_enrol_options, add_reseal_options, run_enrol, run_reseal
from biometrics.errors import BiometricsError, ModelError
from biometrics.export import export
from biometrics.fetch import fetch_campplus
from biometrics.keys import KEY_VARIABLE, OLD_KEY_VARIABLE, keys_from
from biometrics.receipts import check, read_key
from biometrics.replay_evaluation import run_memory
from biometrics.report.command import add_card, add_evaluate, run_card, run_evaluate
from biometrics.speech import Utterance
from biometrics.verification import Outcome, Verdict, verify
from biometrics.voiceprint import Voiceprint, unseal

FRAME_BYTES = 160  # 20 ms
EXIT_CODES = {Outcome.ACCEPTED: 0, Outcome.REJECTED: 3, Outcome.INCONCLUSIVE: 4}

Item = TypeVar("Item")


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["train"]:
        from biometrics.training import main as train

        return train(arguments[1:]) or 0
    options = _parser().parse_args(arguments)
    options.arguments = arguments[1:]
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("biometrics").setLevel(logging.INFO)
    try:
        return options.run(options)
    except (BiometricsError, OSError) as error:  # OSError: a print that cannot be read or written, by name
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m biometrics", description="Voice biometrics for telephone calls.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        added.add_argument("--models", type=Path, default=FETCHED, metavar="DIR", help="fetched models (%(default)s)")
        added.add_argument("--json", action="store_true", help="print one JSON object")
        if name not in ("fetch", "verify-receipts", "evaluate"):
            added.add_argument("--model", default="", help="directory, shipped or fetched name, or hub id")
        if name not in ("fetch", "export", "verify-receipts", "card"):
            added.add_argument(
                "--reference", action="store_true", help="SpeechBrain, even where ONNX Runtime could serve"
            )
        return added

    command("fetch", _fetch, "Fetch the CAM++ speaker model (the shipped one serves without it); accelerate both.")

    added = command("export", _export, "Make a model's accelerator: ONNX Runtime then serves it, without torch.")
    added.add_argument("--out", type=Path, metavar="DIR", help="instead of beside the checkpoint or under --models")

    add_enrol_options(command("enrol", run_enrol, f"Make voiceprints, sealed with the key in {KEY_VARIABLE}."))
    add_reseal_options(
        command("reseal", run_reseal, f"Seal prints of {OLD_KEY_VARIABLE} with {KEY_VARIABLE}; may be run again.")
    )

    added = command(
        "verify", _verify, "Compare a recording with a voiceprint. Exit code 0 ACCEPTED, 3 REJECTED, 4 INCONCLUSIVE."
    )
    added.add_argument("--contact", required=True, help="whose print it is claimed to be")
    added.add_argument("--print", dest="sealed", type=Path, required=True, help="file with the sealed voiceprint")
    added.add_argument("--target-far", type=float, default=DEFAULT_TARGET_FAR, help="0-1 (%(default)s)")
    added.add_argument("audio", nargs="+", help="recordings of the caller, 3 s of speech or more in all")

    add_evaluate(command("evaluate", _evaluate, "Error rates on trials of your own, or a page on labelled speakers."))
    add_card(command("card", run_card, "Write the card of a model of our own from its training and its figures."))

    add_calibrate(command("calibrate", _calibrate, "Learn LLR and thresholds from labelled speakers or own trials."))

    add_attack(
        command("attack", _attack, "What gets through: replays and synthetic voices, with and without replay memory.")
    )

    added = command("verify-receipts", _verify_receipts, "Check a chain of receipts. Exit code 0 whole, 1 not.")
    added.add_argument("file", type=Path, help="receipts.jsonl")
    added.add_argument("--key-file", type=Path, metavar="FILE", help="the chain's key in base64, if it has one")
    added.add_argument("--anchor", metavar="HASH", help="a head hash noted before: finds an end that was cut off")
    commands.add_parser("train", help="Train a speaker model of our own (see biometrics/training).")
    return parser


def _fetch(options: argparse.Namespace) -> int:
    directory = fetch_campplus(options.models, say=_say)
    for model in [FALLBACK_MODEL] + ([PREFERRED_MODEL] if directory else []):
        try:
            export(model, options.models, say=_say)
        except ModelError as error:
            _say(f"export: {error}; SpeechBrain serves {model} instead, slower")
    if options.json:
        print(json.dumps({"fetched": directory is not None, "directory": str(directory) if directory else None}))
    return 0


def _export(options: argparse.Namespace) -> int:
    path = export(options.model, options.models, options.out, _say)
    if options.json:
        print(json.dumps({"exported": str(path)}))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _encoder(options: argparse.Namespace) -> Encoder:
    return load_encoder(options.model, options.models, accelerate=not options.reference)


def _verify(options: argparse.Namespace) -> int:
    voiceprint = unseal(options.sealed.read_bytes(), keys_from(), options.contact)
    encoder = _encoder(options)
    verdict = _listen(encoder, voiceprint, _ulaw(options.audio), operating_point(encoder, options.target_far))
    if options.json:
        print(json.dumps(asdict(verdict)))
    else:
        score = "" if verdict.score is None else f", LLR {verdict.score:+.2f} (threshold {verdict.threshold:+.2f})"
        print(f"{verdict.outcome}: {verdict.reason}{score}, {verdict.net_speech_seconds:.1f} s of speech")
        print(f"  {verdict.model_name}, {verdict.model_class}, sha256 {verdict.model_sha256}")
    return EXIT_CODES[verdict.outcome]


def _listen(encoder, voiceprint: Voiceprint, ulaw: bytes, point) -> Verdict:
    """As on a live call: frame by frame, asking again at each look until the answer cannot change."""
    utterance = Utterance()
    verdict = verify(encoder, voiceprint, utterance, point)
    for start in range(0, len(ulaw), FRAME_BYTES):
        utterance.feed(ulaw[start : start + FRAME_BYTES])
        if verdict.next_look_seconds is not None and utterance.net_speech_seconds >= verdict.next_look_seconds:
            verdict = verify(encoder, voiceprint, utterance, point)
        if verdict.next_look_seconds is None:
            return verdict
    return verify(encoder, voiceprint, utterance, point)


def _evaluate(options: argparse.Namespace) -> int:
    return run_evaluate(options, _track)


def _calibrate(options: argparse.Namespace) -> int:
    return run_calibrate(options, _encoder(options), _track)


def _attack(options: argparse.Namespace) -> int:
    return run_memory(options, _track) if options.memory else run_attack(options, lambda: _encoder(options), _track)


def _verify_receipts(options: argparse.Namespace) -> int:
    try:
        key = read_key(options.key_file.read_text()) if options.key_file else None
    except (OSError, UnicodeDecodeError) as error:
        raise BiometricsError(f"the key file cannot be read: {error}") from error
    checked = check(options.file, key, options.anchor)
    if options.json:
        print(json.dumps(asdict(checked)))
    elif checked.problem:
        print(
            f"{options.file}:{checked.wrong_line}: {checked.problem} ({checked.receipts} receipts before it are whole)"
        )
    else:
        print(f"{options.file}: {checked.receipts} receipts, all whole; head {checked.head}")
    return 1 if checked.problem else 0


def _ulaw(paths: list[str]) -> bytes:
    return b"".join(encode_ulaw(telephone(*read_audio(path))) for path in paths)


def _track(items: list[Item], description: str) -> Iterable[Item]:
    from rich.console import Console
    from rich.progress import track

    return track(items, description, console=Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
