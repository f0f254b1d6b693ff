"""Flow files → a checked bundle, or every mistake in them."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ivr.errors import FlowMistakes, Mistake
from ivr.flow.catalogue import read_catalogue, written_catalogue
from ivr.flow.check import check
from ivr.flow.checking.media import check_media, unused_media
from ivr.flow.definition import Flow
from ivr.flow.media import MEDIA, is_media, media_name, read_media_files
from ivr.flow.reading.document import SIZE_MAX, read_document
from ivr.flow.reading.flow import read_flow
from ivr.flow.reading.mistakes import Report
from ivr.flow.translating import FOLDER, add_languages, names_of, wanted_of


class Bundle(msgspec.Struct, frozen=True):
    """Everything a call pins: the files as they were and the flows read from them."""

    hash: str  # sha256, hexadecimal
    files: dict[str, bytes]  # name → content
    flows: dict[str, Flow]  # name of the flow → flow
    warnings: tuple[Mistake, ...] = ()  # what is odd, but playable


def load_bundle(path: Path) -> Bundle:
    """The flows of a directory (its ``*.yaml``, not deeper) or of one file, with the catalogues
    (``i18n/*.po``) and the media beside them.

    Raises FlowMistakes.
    """
    files = read_files(path)
    directory = path if path.is_dir() else path.parent
    return parse_bundle(files, shown_in=f"{directory}/" if str(directory) != "." else "", whole=path.is_dir())


def read_files(path: Path) -> dict[str, bytes]:
    """What a bundle of this directory or file is made of, by its name in the directory. Raises FlowMistakes."""
    files: dict[str, bytes] = {}
    mistakes: list[Mistake] = []
    directory = path if path.is_dir() else path.parent
    for file in [*_flow_files(path, mistakes), *_beside(directory, mistakes)]:
        try:
            files[file.relative_to(directory).as_posix()] = _content(file)
        except OSError as error:
            mistakes.append(
                Mistake(str(file), 1, f"cannot be read: {error.strerror}", "is it there, and may you read it?")
            )
    if mistakes:
        raise FlowMistakes(mistakes)
    if not any(map(is_flow, files)):
        raise FlowMistakes(
            [Mistake(str(path), 1, "holds no flow", "put a file NAME.yaml there, or name another directory")]
        )
    return files


def parse_bundle(files: Mapping[str, bytes], *, shown_in: str = "", whole: bool = True) -> Bundle:
    """The flows of these files; pure, so that a pinned bundle is restored from the database the way it was loaded.

    ``shown_in`` is put before the names of files in mistakes; ``whole``: these are all the flows there are. Raises
    FlowMistakes.
    """
    flows, warnings = read_flows(files, shown_in=shown_in)
    flows, mistakes, doubts = add_languages(flows, files, shown_in, whole)
    if mistakes:
        raise FlowMistakes(mistakes)
    return Bundle(bundle_hash(files), dict(files), flows, (*warnings, *doubts))


def read_flows(files: Mapping[str, bytes], *, shown_in: str = "") -> tuple[dict[str, Flow], list[Mistake]]:
    """The flows as they are written, without their translations, and warnings. Raises FlowMistakes."""
    digest = bundle_hash(files)
    flows: dict[str, Flow] = {}
    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []
    media = read_media_files(files, shown_in, mistakes)
    for name in sorted(filter(is_flow, files)):
        report = Report(shown_in + name)
        document = read_document(files[name], report)
        if document is not None:
            read = read_flow(document, report, digest)
            check(read, report)
            flow = msgspec.structs.replace(read.flow, file=name, media=media)
            check_media(flow, frozenset(map(media_name, filter(is_media, files))), report)
            if flow.name in flows:
                report.wrong(read.lines["flow"], f"{flows[flow.name].file} has a flow {flow.name!r} too", "rename one")
            flows[flow.name] = flow
        mistakes += sorted(dict.fromkeys(report.mistakes), key=lambda mistake: mistake.line)
        warnings += sorted(dict.fromkeys(report.warnings), key=lambda mistake: mistake.line)
    if mistakes:
        raise FlowMistakes(mistakes)
    warnings += unused_media(flows.values(), media, shown_in)
    return flows, warnings


def updated_catalogues(directory: Path, language: str | None = None) -> dict[Path, tuple[str, int]]:
    """For each language that the flows declare (or only ``language``) the catalogue's file, what it should hold now, and
    how many of its texts are not translated yet. Raises FlowMistakes, also for a catalogue that cannot be read."""
    files = read_files(directory)
    flows, _ = read_flows(files, shown_in=f"{directory}/")
    spoken = {one for flow in flows.values() for one in flow.languages[1:]}
    if language is not None and language not in spoken:
        problem = f"no flow speaks {language!r}"
        raise FlowMistakes([Mistake(str(directory), 1, problem, f"add it at the top: languages: [{language}]")])
    updated = {}
    for one in sorted(spoken) if language is None else [language]:
        name = next((name for name in names_of(one) if name in files), names_of(one)[-1])
        report = Report(f"{directory}/{name}")
        known = read_catalogue(files.get(name, b""), report)
        if report.mistakes:
            raise FlowMistakes(report.mistakes)
        wanted = [text for flow in flows.values() if one in flow.languages for text in wanted_of(flow, one)]
        written = written_catalogue(one, wanted, known)
        entries = read_catalogue(written.encode(), report).entries.values()
        updated[directory / name] = written, sum(entry.fuzzy or not entry.translation for entry in entries)
    return updated


def is_flow(name: str) -> bool:
    """Whether a file of a bundle is a flow, and not media or a catalogue."""
    return not is_media(name) and not name.endswith(".po")


def bundle_hash(files: Mapping[str, bytes]) -> str:
    """sha256 over the sorted names and contents, each with its length before it, so that no two bundles look alike."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _content(file: Path) -> bytes:
    """At most one byte more than is allowed: reading the document then tells that it is too long. Raises OSError."""
    if file.exists() and not file.is_file() and not file.is_dir():
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")  # reading it might never end
    with file.open("rb") as opened:
        return opened.read(SIZE_MAX + 1)


def _beside(directory: Path, mistakes: list[Mistake]) -> list[Path]:
    """What belongs to the flows of a directory: their media and their catalogues."""
    catalogues = sorted(directory.glob(f"{FOLDER}[!.]*.po"))
    return [*_media_files(directory / MEDIA, mistakes), *(one for one in catalogues if _has_plain_name(one, mistakes))]


def _media_files(directory: Path, mistakes: list[Mistake]) -> list[Path]:
    """Hidden files are left out, as beside the flows; whatever else is there must be media."""
    files = sorted(directory.iterdir()) if directory.is_dir() else []
    return [file for file in files if not file.name.startswith(".") and _has_plain_name(file, mistakes)]


def _has_plain_name(file: Path, mistakes: list[Mistake]) -> bool:
    shown = str(file).encode(errors="replace").decode()
    if shown != str(file):
        mistakes.append(Mistake(shown, 1, "its name is not UTF-8 text", "rename it, with letters a-z only"))
    return shown == str(file)


def _flow_files(path: Path, mistakes: list[Mistake]) -> list[Path]:
    """Hidden files are what editors and operating systems leave beside the real ones."""
    if not path.is_dir():
        return [path]
    found = []
    for file in sorted(path.iterdir()):
        if file.name.startswith(".") or file.suffix.lower() not in (".yaml", ".yml"):
            continue
        if not _has_plain_name(file, mistakes):
            continue
        if file.suffix != ".yaml":
            mistakes.append(
                Mistake(str(file), 1, "is not read: its name does not end in .yaml", f"rename it {file.stem}.yaml")
            )
        else:
            found.append(file)
    return found
