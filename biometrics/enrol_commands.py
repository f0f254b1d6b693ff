"""``python -m biometrics enrol | reseal``: prints in files, of one person or of a manifest of them."""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, unquote

from biometrics.audio import encode_ulaw, read_audio, telephone
from biometrics.batch import BatchResult, ManifestSpeaker, enrol_batch, read_manifest
from biometrics.calibration import load_calibration
from biometrics.duplicates import Duplicate, DuplicateSearch, find_duplicates
from biometrics.encoder import Encoder, load_encoder
from biometrics.enrolment import enrol
from biometrics.errors import BiometricsError, SealError
from biometrics.keys import Keys, keys_from
from biometrics.speech import Utterance
from biometrics.voiceprint import Voiceprint, reseal, seal, unseal

NOT_ENROLLED = 4  # exit code
SUFFIX = ".print"


def add_enrol_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--contact", help="whose print it is; it opens for this contact only")
    command.add_argument(
        "--out", type=Path, required=True, help="file for the sealed voiceprint; with --manifest a directory"
    )
    command.add_argument(
        "--manifest", type=Path, metavar="CSV", help="many speakers with their consents (see README.md)"
    )
    command.add_argument("--results", type=Path, metavar="CSV", help="a row a speaker (default: OUT/results.csv)")
    command.add_argument("--opted-out", type=Path, metavar="FILE", help="contacts who are never enrolled, one a line")
    command.add_argument("audio", nargs="*", help="recordings of the person, 8 s of speech or more in all")


def add_reseal_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--contact", help="whose print it is (default: as the file is named)")
    command.add_argument("prints", nargs="+", type=Path, help="files with sealed voiceprints")


def run_enrol(options: argparse.Namespace) -> int:
    if options.manifest:
        if options.contact or options.audio:
            raise BiometricsError(
                "--manifest names the contacts and their recordings: leave out --contact and the files"
            )
        return _enrol_many(options)
    if not options.contact or not options.audio:
        raise BiometricsError("enrol needs --contact and recordings, or --manifest")
    keys, utterance = keys_from(), Utterance()
    for path in options.audio:
        utterance.feed(encode_ulaw(telephone(*read_audio(path))))
    result = enrol(load_encoder(options.model, options.models, accelerate=not options.reference), utterance)
    if result.voiceprint:
        options.out.write_bytes(seal(result.voiceprint, keys, options.contact))
    answer = {"enrolled": result.voiceprint is not None, "refusal": result.refusal}
    answer["net_speech_seconds"] = result.net_speech_seconds
    done = f"enrolled {options.contact} with {result.net_speech_seconds:.1f} s of speech: {options.out}"
    refused = f"not enrolled: {result.refusal} ({result.net_speech_seconds:.1f} s of speech)"
    print(json.dumps(answer) if options.json else done if result.voiceprint else refused)
    return 0 if result.voiceprint else NOT_ENROLLED


def _enrol_many(options: argparse.Namespace) -> int:
    keys = keys_from()
    speakers = read_manifest(options.manifest)
    opted_out = _lines(options.opted_out) if options.opted_out else set()
    encoder = load_encoder(options.model, options.models, accelerate=not options.reference)
    options.out.mkdir(parents=True, exist_ok=True)

    def permitted(speaker: ManifestSpeaker) -> str | None:
        return "opted_out" if speaker.contact in opted_out else None

    def keep(speaker: ManifestSpeaker, voiceprint: Voiceprint) -> None:
        path = options.out / (quote(speaker.contact, safe="") + SUFFIX)
        path.write_bytes(seal(voiceprint, keys, speaker.contact))

    results = options.results or options.out / "results.csv"
    outcome = track_batch(speakers, enrol_batch(encoder, speakers, results, permitted, keep))
    prints = {}
    for path in sorted(options.out.glob(f"*{SUFFIX}")):
        contact = unquote(path.name.removesuffix(SUFFIX))
        try:
            prints[contact] = unseal(path.read_bytes(), keys, contact)
        except SealError as error:
            print(f"{path}: {error}", file=sys.stderr)
    return tell_batch(outcome, duplicates_of(encoder, prints, outcome), results, options.json)


def _lines(path: Path) -> set[str]:
    try:
        return {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
    except OSError as error:
        raise BiometricsError(f"{path} cannot be read: {error.strerror}; nobody was enrolled") from None


def track_batch(speakers: list[ManifestSpeaker], outcomes) -> list[BatchResult]:
    """All outcomes, behind a progress bar that counts the enrolled."""
    from tqdm import tqdm

    outcome: list[BatchResult] = []
    with tqdm(total=len(speakers), desc="enrolling", unit="speaker", disable=not sys.stderr.isatty()) as bar:
        for each in outcomes:
            outcome.append(each)
            bar.update()
            bar.set_postfix(enrolled=sum(result.enrolled for result in outcome), refresh=False)
    return outcome


def duplicates_of(
    encoder: Encoder, prints: dict[str, Voiceprint], outcome: list[BatchResult] | None = None
) -> DuplicateSearch | None:
    """Who was enrolled in this batch (None: everybody), against all prints; None where the model has no calibration."""
    calibration = load_calibration(encoder.sha256)
    of = None if outcome is None else {each.contact for each in outcome if each.enrolled}
    return find_duplicates(calibration, prints, of) if calibration else None


def tell_batch(outcome: list[BatchResult], search: DuplicateSearch | None, results: Path, as_json: bool) -> int:
    """Print what came of a batch. Exit code 0: everybody was enrolled."""
    refused = [each for each in outcome if not each.enrolled]
    if as_json:
        told = {"results": [asdict(each) for each in outcome], "duplicates": asdict(search) if search else None}
        print(json.dumps(told))
        return NOT_ENROLLED if refused else 0
    for each in refused:
        print(
            f"{each.contact or '(nobody)'}: not enrolled: {each.refusal}" + (f" ({each.detail})" if each.detail else "")
        )
    reasons = ", ".join(
        f"{count} {reason}" for reason, count in Counter(each.refusal for each in refused).most_common()
    )
    print(
        f"{len(outcome) - len(refused)} of {len(outcome)} speakers are enrolled" + (f"; {reasons}" if reasons else "")
    )
    tell_duplicates(search)
    print(f"a row a speaker: {results}")
    return NOT_ENROLLED if refused else 0


def tell_duplicates(search: DuplicateSearch | None, name=lambda contact: contact) -> None:
    if search is None:
        print("duplicates: not searched, the model has no calibration (python -m biometrics calibrate)")
        return
    for each in search.found:
        print(_duplicate(each, name))
    print(
        f"duplicates: {len(search.found)} pairs to look into among {search.comparisons} comparisons "
        f"(LLR {search.threshold_llr:.2f} or more; FAR of one comparison at most {search.false_accept_rate:.2g})"
    )
    if search.other_model:
        print(f"not compared, the print is of another model: {', '.join(name(each) for each in search.other_model)}")


def _duplicate(each: Duplicate, name) -> str:
    return (
        f"  {name(each.contact)} and {name(each.other)} may be one person (LLR {each.llr:+.2f}): a person should look"
    )


def run_reseal(options: argparse.Namespace) -> int:
    """Each file is replaced in one move, so that a run that was ended has lost nothing and goes on where it was."""
    if options.contact and len(options.prints) > 1:
        raise BiometricsError(
            "--contact names one person: give one file, or files named CONTACT.print without --contact"
        )
    keys, changed, closed = keys_from(), 0, 0
    for path in options.prints:
        try:
            changed += _reseal(path, options.contact or unquote(path.name.removesuffix(SUFFIX)), keys)
        except SealError as error:
            closed += 1
            print(f"{path}: {error}", file=sys.stderr)
    told = {"resealed": changed, "already": len(options.prints) - changed - closed, "not_opened": closed}
    print(json.dumps(told) if options.json else ", ".join(f"{count} {name}" for name, count in told.items()))
    return 1 if closed else 0


def _reseal(path: Path, contact: str, keys: Keys) -> bool:
    before = path.read_bytes()
    after = reseal(before, keys, contact)
    if after == before:
        return False
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(after)
    beside.replace(path)
    return True
