"""Enrolling many speakers from a manifest: one row a recording, consent beside it, one result a speaker.

The manifest is a csv file (UTF-8) with the columns ``contact, path, consent_version, consent_wording, consent_language,
consent_how, consent_at`` and several rows a speaker; relative paths are beside the manifest. The consent is written in at least
one of a speaker's rows: the wording that was agreed to (or ``@file`` with it), its version, its language (BCP 47), how it was
given (paper, web …) and when (ISO 8601 with its offset). Without it there is no print.

Results are appended speaker by speaker to a csv file, so that a run that was ended goes on where it was: who has a
result for the same recordings, consent and model is not enrolled again.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from biometrics.audio import encode_ulaw, read_audio, telephone
from biometrics.encoder import Encoder
from biometrics.enrolment import DEFAULT_ENROLMENT_POLICY, EnrolmentPolicy, enrol
from biometrics.errors import AudioError, BiometricsError
from biometrics.speech import Utterance
from biometrics.voiceprint import Voiceprint

CONSENT_COLUMNS = ("consent_version", "consent_wording", "consent_language", "consent_how", "consent_at")
COLUMNS = ("contact", "path", *CONSENT_COLUMNS)


@dataclass(frozen=True)
class ConsentEvidence:
    """What shows that a print was agreed to: the wording and its version, language, how and when (aware)."""

    version: str
    wording: str
    language: str
    how: str
    at: datetime

    @property
    def wording_sha256(self) -> str:
        return hashlib.sha256(self.wording.encode()).hexdigest()


@dataclass(frozen=True)
class ManifestSpeaker:
    """One speaker of a manifest. ``problem``: why their rows cannot be used; then ``consent`` may be None."""

    contact: str
    paths: tuple[Path, ...]
    consent: ConsentEvidence | None
    problem: str = ""


@dataclass(frozen=True)
class BatchResult:
    """What came of one speaker. ``refusal`` empty: enrolled; else the reason, as ``enrol`` gives it, or of the manifest
    (bad_manifest, with ``detail``) or of whoever keeps the prints (opted_out …). ``detail`` also names recordings that
    could not be read. ``fingerprint``: of the recordings, the consent and the model."""

    contact: str
    refusal: str
    net_speech_seconds: float
    recordings: int
    detail: str
    model_sha256: str
    fingerprint: str

    @property
    def enrolled(self) -> bool:
        return not self.refusal


def read_manifest(path: Path) -> list[ManifestSpeaker]:
    """The speakers in the order of their first rows. ``BiometricsError`` where the file is no manifest at all."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise BiometricsError(
                    f"{path}:1: there is no column {', '.join(missing)}; the first line names the columns: {', '.join(COLUMNS)}"
                )
            rows: dict[str, list[tuple[int, dict[str, str]]]] = {}
            for row in reader:
                values = {name: (row.get(name) or "").strip() for name in COLUMNS}
                rows.setdefault(values["contact"], []).append((reader.line_num, values))
    except OSError as error:
        raise BiometricsError(f"{path} cannot be read: {error.strerror}; is it there, and may you read it?") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BiometricsError(f"{path} is not a csv file in UTF-8: {error}") from None
    return [_speaker(path, contact, found) for contact, found in rows.items()]


def _speaker(manifest: Path, contact: str, rows: list[tuple[int, dict[str, str]]]) -> ManifestSpeaker:
    paths = tuple(manifest.parent / row["path"] for _, row in rows if row["path"])
    where = f"{manifest}:{rows[0][0]}"
    problem = "" if contact else f"{where}: the contact is empty"
    problem = problem or next((f"{manifest}:{line}: the path is empty" for line, row in rows if not row["path"]), "")
    given = {name: sorted({row[name] for _, row in rows if row[name]}) for name in CONSENT_COLUMNS}
    for name, values in given.items():
        if not values:
            problem = problem or f"{where}: {name} is empty; no print is made without the consent's evidence"
        elif len(values) > 1:
            problem = problem or f"{where}: the rows of {contact} differ in {name}; write the one consent that stands"
    if problem:
        return ManifestSpeaker(contact, paths, None, problem)
    try:
        version, wording, language, how, at = (given[name][0] for name in CONSENT_COLUMNS)
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            raise ValueError("it needs its offset, such as 2026-11-22T10:00:00+00:00")
        if wording.startswith("@"):
            wording = (manifest.parent / wording[1:]).read_text(encoding="utf-8").strip()
    except ValueError as error:
        return ManifestSpeaker(contact, paths, None, f"{where}: consent_at or the wording cannot be read: {error}")
    except OSError as error:
        return ManifestSpeaker(
            contact, paths, None, f"{where}: the file of the wording: {error.strerror}: {wording[1:]}"
        )
    return ManifestSpeaker(contact, paths, ConsentEvidence(version, wording, language, how, when))


def enrol_batch(
    encoder: Encoder,
    speakers: Iterable[ManifestSpeaker],
    results: Path,
    permitted: Callable[[ManifestSpeaker], str | None],
    keep: Callable[[ManifestSpeaker, Voiceprint], str | None],
    policy: EnrolmentPolicy = DEFAULT_ENROLMENT_POLICY,
) -> Iterator[BatchResult]:
    """Enrol one speaker after the other; each result is in the file ``results`` before it is yielded.

    ``permitted`` is asked before anything is listened to and ``keep`` is given the print to store; both answer with a
    refusal or None. A speaker who has been enrolled is not asked about again.
    """
    before = {each.contact: each for each in read_results(results)}
    for speaker in speakers:
        fingerprint = _fingerprint(encoder, speaker)
        known = before.get(speaker.contact)
        if known is not None and known.fingerprint == fingerprint and known.refusal not in RETRIED:
            yield known
            continue
        result = replace(_enrol(encoder, speaker, permitted, keep, policy), fingerprint=fingerprint)
        _append(results, result)
        yield result


RETRIED = ("not_on_file", "failure")  # refusals that another run may find mended with the manifest unchanged


def _enrol(encoder, speaker, permitted, keep, policy) -> BatchResult:
    def result(refusal: str, seconds: float = 0.0, detail: str = "") -> BatchResult:
        return BatchResult(speaker.contact, refusal, seconds, len(speaker.paths), detail, encoder.sha256, "")

    if speaker.problem:
        return result("bad_manifest", detail=speaker.problem)
    if refusal := permitted(speaker):
        return result(refusal)
    utterance, unreadable = Utterance(), []
    for path in speaker.paths:
        try:
            utterance.feed(encode_ulaw(telephone(*read_audio(path))))
        except AudioError as error:
            unreadable.append(f"{path.name}: {error.reason}")
    detail = "; ".join(unreadable)
    made = enrol(encoder, utterance, policy)
    if made.voiceprint is None:
        everything = len(unreadable) == len(speaker.paths)
        return result("unreadable" if everything else made.refusal, made.net_speech_seconds, detail)
    return result(keep(speaker, made.voiceprint) or "", made.net_speech_seconds, detail)


def read_results(path: Path) -> list[BatchResult]:
    """The results so far, of several runs the latest of each speaker; none where there is no such file yet."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row["contact"]: row for row in csv.DictReader(file) if row.get("fingerprint")}  # not a torn last line
    return [
        BatchResult(
            **{
                **{each.name: row[each.name] for each in fields(BatchResult)},
                "net_speech_seconds": float(row["net_speech_seconds"]),
                "recordings": int(row["recordings"]),
            }
        )
        for row in rows.values()
    ]


def _append(path: Path, result: BatchResult) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.is_file() or path.stat().st_size == 0
    with path.open("a", newline="", encoding="utf-8") as file:
        if not new and not _ends_a_line(path):  # the run before was ended within one
            file.write("\r\n")
        writer = csv.DictWriter(file, [each.name for each in fields(BatchResult)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(result))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def _fingerprint(encoder: Encoder, speaker: ManifestSpeaker) -> str:
    recordings = [(str(path), *_state(path)) for path in speaker.paths]
    consent = [str(each) for each in asdict(speaker.consent).values()] if speaker.consent else []
    whole = json.dumps([speaker.contact, recordings, consent, speaker.problem, encoder.sha256])
    return hashlib.sha256(whole.encode()).hexdigest()


def _state(path: Path) -> tuple[int, int]:
    """Size and time of the last change, (0, 0) where there is no file: enough to see that it is another recording."""
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns
