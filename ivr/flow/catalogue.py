"""Translations in gettext's PO format: read with file and line, written from the flows with what was translated kept.

Format: https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html, without plural forms. A text is found by how
it is written in the flow, runs of white space as one space; ``msgctxt`` "flow.step" tells apart two uses of one text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import msgspec

from ivr.flow.reading.document import SIZE_MAX, unseen_in
from ivr.flow.reading.mistakes import Report

_LINE = re.compile(r'(msgctxt|msgid|msgstr)?[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ORDER = {"msgctxt": {""}, "msgid": {"", "msgctxt"}, "msgstr": {"msgid"}}
ALIKE = 0.75  # share of two texts that is the same, for the old translation to be a start for the new one

Key = tuple[str, str]  # context, text


class Entry(msgspec.Struct, frozen=True):
    """One translated text. ``fuzzy``: a guess that nobody has looked at yet."""

    context: str
    text: str
    translation: str
    line: int
    fuzzy: bool = False
    comments: tuple[str, ...] = ()  # of the translator, as written


class Catalogue(msgspec.Struct, frozen=True):
    entries: dict[Key, Entry]
    header: str = ""
    obsolete: tuple[Entry, ...] = ()  # kept for the day a text returns

    def find(self, text: str, context: str = "") -> Entry | None:
        key = one_line(text)
        return self.entries.get((context, key)) or self.entries.get(("", key))


class Wanted(msgspec.Struct, frozen=True):
    """A text of a flow that a catalogue has to hold."""

    text: str
    where: str  # flow.step, as in a msgctxt
    note: str = ""  # for the translator


def one_line(text: str) -> str:
    return " ".join(text.split())


def read_catalogue(data: bytes, report: Report) -> Catalogue:
    """What can be read; each mistake is reported with its line."""
    if len(data) > SIZE_MAX:
        report.wrong(1, f"the file has more than the {SIZE_MAX:,} bytes that are read", "split the flows")
        return Catalogue({})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        report.wrong(data.count(b"\n", 0, error.start) + 1, "the file is not UTF-8 text", "save it as UTF-8")
        return Catalogue({})
    return _Reader(report).read(text)


class _Reader:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._entries: dict[Key, Entry] = {}
        self._header = ""
        self._obsolete: list[str] = []
        self._clear()

    def _clear(self) -> None:
        self._parts: dict[str, str] = {}
        self._last, self._line, self._flags, self._comments = "", 0, "", []

    def read(self, text: str) -> Catalogue:
        for number, line in enumerate(text.split("\n"), 1):
            self._take(number, line.strip())
        self._finish()
        set_aside = _Reader(Report("")).read("\n".join(self._obsolete)).entries.values() if self._obsolete else ()
        return Catalogue(self._entries, self._header, tuple(set_aside))

    def _take(self, number: int, line: str) -> None:
        if line.startswith("#~"):
            self._finish()
            self._obsolete.append(line[2:].strip())
        elif line.startswith("#") or not line:
            if self._parts:
                self._finish()
            if line.startswith("#,"):
                self._flags += line[2:]
            elif line[:2] in ("#", "# "):
                self._comments.append(line)
        elif match := _LINE.fullmatch(line):
            keyword, written = match.groups()
            if keyword:
                self._begin(number, keyword)
            if not self._last:
                self._report.wrong(number, "a text stands here without msgid or msgstr before it", "add it")
            else:
                self._parts[self._last] += self._unescaped(number, written)
        elif line.startswith(("msgid_plural", "msgstr[")):
            self._report.wrong(number, "plural forms are not used in flows", "write msgid and msgstr only")
        else:
            self._report.wrong(number, "this is not PO syntax", 'write msgid "…" and msgstr "…", quotes inside as \\"')

    def _begin(self, number: int, keyword: str) -> None:
        if self._last == "msgstr" and keyword != "msgstr":
            self._finish()
        if self._last not in _ORDER[keyword]:
            self._report.wrong(number, f"{keyword} follows {self._last or 'nothing'}", "write msgid, then msgstr")
        self._last, self._parts[keyword] = keyword, ""
        self._line = self._line or number

    def _unescaped(self, number: int, written: str) -> str:
        unknown = {mark for mark in _ESCAPE.findall(written) if mark not in _ESCAPES}
        if unknown:
            self._report.wrong(number, f"\\{min(unknown)} means nothing here", "a backslash is written \\\\")
        return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), written)

    def _finish(self) -> None:
        if not self._parts:
            return
        parts, line, flags, comments = self._parts, self._line, self._flags, tuple(self._comments)
        self._clear()
        if "msgid" not in parts or "msgstr" not in parts:
            self._report.wrong(line, "this entry has no msgid or no msgstr", "write both")
            return
        if not parts["msgid"]:
            self._header = parts["msgstr"]
            return
        if unseen := unseen_in(parts["msgstr"]):
            self._report.wrong(line, unseen.replace("text", "translation"), "delete it: nobody can see or hear it")
        key = (parts.get("msgctxt", ""), one_line(parts["msgid"]))
        if key in self._entries:
            first = self._entries[key].line
            self._report.wrong(line, f"{key[1]!r} is translated twice", f"the first is in line {first}")
            return
        fuzzy = "fuzzy" in flags
        self._entries[key] = Entry(*key, one_line(parts["msgstr"]), line, fuzzy, comments)


def written_catalogue(language: str, wanted: Iterable[Wanted], known: Catalogue) -> str:
    """The PO file for these texts, like ``msgmerge``: translations are kept; what no flow uses any more is set aside;
    a text that was changed a little takes the old translation, marked fuzzy until somebody has looked at it."""
    places: dict[str, list[Wanted]] = {}
    for one in wanted:
        places.setdefault(one_line(one.text), []).append(one)
    all_known = {(e.context, e.text): e for e in (*known.obsolete, *known.entries.values())}.values()
    unused = [entry for entry in all_known if entry.text not in places]
    header = known.header or f"Language: {language}\nContent-Type: text/plain; charset=UTF-8\n"
    blocks = [_block(Entry("", "", header, 0))]
    for text, used in places.items():
        notes = [f"#. {note}" for note in dict.fromkeys(one.note for one in used if one.note)]
        notes += [f"#: {' '.join(dict.fromkeys(one.where for one in used))}"]
        found = [entry for entry in all_known if entry.text == text]
        blocks += [_block(entry, notes) for entry in found or [_guess(text, unused)]]
    blocks += ["".join(f"#~ {line}\n" for line in _block(entry).splitlines()) for entry in unused if entry.translation]
    return "\n".join(blocks)


def _guess(text: str, unused: list[Entry]) -> Entry:
    alike = difflib.get_close_matches(text, [entry.text for entry in unused], n=1, cutoff=ALIKE)
    old = next((entry.translation for entry in unused if entry.text in alike), "")
    return Entry("", text, old, 0, fuzzy=bool(old))


def _block(entry: Entry, notes: Iterable[str] = ()) -> str:
    lines = [*entry.comments, *notes, *(["#, fuzzy"] if entry.fuzzy else [])]
    lines += [f"msgctxt {_quoted(entry.context)}"] if entry.context else []
    lines += [f"msgid {_quoted(entry.text)}", f"msgstr {_quoted(entry.translation)}"]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\r", "\\r")
    if "\n" not in escaped:
        return f'"{escaped}"'
    return '""\n' + "\n".join(f'"{line}\\n"' for line in escaped.removesuffix("\n").split("\n"))
