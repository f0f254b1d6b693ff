"""Flow files → a checked bundle, or every mistake in them."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ivr.errors import FlowMistakes, Mistake
from ivr.flow.check import check
from ivr.flow.checking.media import check_media, unused_media
from ivr.flow.definition import Flow
from ivr.flow.media import MEDIA, is_media, media_name, read_media_files
from ivr.flow.reading.document import SIZE_MAX, read_document
from ivr.flow.reading.flow import read_flow
from ivr.flow.reading.mistakes import Report


class Bundle(msgspec.Struct, frozen=True):
    """Everything a call pins: the files as they were and the flows read from them."""

    hash: str  # sha256, hexadecimal
    files: dict[str, bytes]  # name → content
    flows: dict[str, Flow]  # name of the flow → flow
    warnings: tuple[Mistake, ...] = ()  # what is odd, but playable


def load_bundle(path: Path) -> Bundle:
    """The flows of a directory (its ``*.yaml``, not deeper), or of one file, with the media beside them.

    Raises FlowMistakes.
    """
    files: dict[str, bytes] = {}
    mistakes: list[Mistake] = []
    directory = path if path.is_dir() else path.parent
    for file in [*_flow_files(path, mistakes), *_media_files(directory / MEDIA, mistakes)]:
        try:
            files[file.relative_to(directory).as_posix()] = _content(file)
        except OSError as error:
            mistakes.append(
                Mistake(str(file), 1, f"cannot be read: {error.strerror}", "is it there, and may you read it?")
            )
    if mistakes:
        raise FlowMistakes(mistakes)
    if all(map(is_media, files)):
        raise FlowMistakes(
            [Mistake(str(path), 1, "holds no flow", "put a file NAME.yaml there, or name another directory")]
        )
    return parse_bundle(files, shown_in=f"{directory}/" if str(directory) != "." else "")


def parse_bundle(files: Mapping[str, bytes], *, shown_in: str = "") -> Bundle:
    """The flows of these files; pure, so that a pinned bundle is restored from the database the way it was loaded.

    ``shown_in`` is put before the names of files in mistakes. Raises FlowMistakes.
    """
    digest = bundle_hash(files)
    flows: dict[str, Flow] = {}
    mistakes: list[Mistake] = []
    warnings: list[Mistake] = []
    media = read_media_files(files, shown_in, mistakes)
    for name in sorted(name for name in files if not is_media(name)):
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
    return Bundle(digest, dict(files), flows, tuple(warnings))


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
