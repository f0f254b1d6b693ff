"""YAML text → a tree with positions. A plain subset: no anchors, aliases, tags, merge keys or second documents.

Built on libyaml's events rather than its node tree: in the tree a written tag and a guessed one look the same, and a
duplicate key or an alias would have to be found afterwards.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from ivr.flow.reading.mistakes import Report

SIZE_MAX = 1024 * 1024  # bytes of one file
QUOTE = "put quotes around a text that starts with { or ["
DEPTH_MAX = 12  # a flow needs seven
# What nobody sees in an editor: control characters (also written as "\x07"), what is no character, and the directional
# overrides that turn what stands beside them around (Unicode UAX #9).
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")


class Scalar(NamedTuple):
    text: str
    line: int
    empty: bool  # nothing, ~ or null was written


class Listing(NamedTuple):
    items: list[Node]
    line: int


class Entry(NamedTuple):
    value: Node
    line: int  # of the key


class Table(NamedTuple):
    entries: dict[str, Entry]
    line: int


Node = Scalar | Listing | Table


class _Refused(Exception):
    """Reading cannot go on; the mistake has been reported."""


def read_document(data: bytes, report: Report) -> Table | None:
    """The mapping a file holds, or None with the reason in ``report``."""
    text = _decoded(data, report)
    if text is None:
        return None
    loader = yaml.CSafeLoader(text)
    try:
        return _Reader(loader, report).document()
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        report.wrong(
            line, f"this is not YAML: {error.problem or error.context}", _syntax_remedy(text, line, error.problem or "")
        )
    except yaml.YAMLError as error:
        report.wrong(
            1, f"this is not YAML: {str(error).splitlines()[0]}", "write plain text, without control characters"
        )
    finally:
        loader.dispose()
    return None


def _decoded(data: bytes, report: Report) -> str | None:
    if len(data) > SIZE_MAX:
        report.wrong(1, f"the file has more than the {SIZE_MAX:,} bytes that are read", "split it into several flows")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.wrong(line, "the file is not UTF-8 text", "save it with the encoding UTF-8")
        return None


def _syntax_remedy(text: str, line: int, problem: str) -> str:
    lines = text.splitlines()
    near = " ".join(lines[max(0, line - 2) : line])
    if "\t" in near:
        return "indent with spaces, not with tabs"
    if ": {{" in near or ": {%" in near:
        return "put quotes around a text that starts with {{ or {%"
    if "mapping values" in problem:
        return "put quotes around a text that contains a colon"
    if "did not find expected" in problem:
        return "a quote or a bracket is missing here or above, or the indentation is off"
    return "check indentation, quotes and colons here and on the line above"


def unseen_in(text: str) -> str:
    """What is wrong with a text that holds something invisible, or ""."""
    found = UNSEEN.search(text)
    return f"the text holds the invisible character U+{ord(found[0]):04X}" if found else ""


class _Reader:
    def __init__(self, loader: yaml.CSafeLoader, report: Report) -> None:
        self._loader = loader
        self._report = report

    def document(self) -> Table:
        self._loader.get_event()  # the stream starts
        event = self._loader.get_event()
        if isinstance(event, yaml.StreamEndEvent):
            self._refuse(1, "the file is empty", "start with: schema: duet/1")
        root = self._node(self._loader.get_event(), 1)
        self._loader.get_event()  # the document ends
        after = self._loader.get_event()
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(
                after.start_mark.line + 1, "a second document starts here", "one file holds one flow: delete ---"
            )
        if not isinstance(root, Table):
            self._refuse(root.line, "a flow is a mapping of keys to values", "start with: schema: duet/1")
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            self._refuse(line, f"the alias *{event.anchor} is not allowed", 'write it out; the star key is written "*"')
        if event.anchor:
            self._refuse(line, f"the anchor &{event.anchor} is not allowed", "write the value out where it is used")
        if event.tag:
            written = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._refuse(line, f"the tag {written} is not allowed", 'put quotes around a text that starts with "!"')
        if depth > DEPTH_MAX:
            self._refuse(line, "this is nested too deeply", f"at most {DEPTH_MAX} levels")
        match event:
            case yaml.ScalarEvent():
                if unseen := unseen_in(event.value):
                    self._report.wrong(line, unseen, "delete it: nobody can see or hear it")
                return Scalar(event.value, line, event.implicit[0] and event.value in ("", "~", "null", "Null", "NULL"))
            case yaml.SequenceStartEvent():
                return Listing(self._items(depth), line)
            case _:
                return Table(self._entries(depth), line)

    def _items(self, depth: int) -> list[Node]:
        items = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return items

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                self._refuse(key.line, "a bracket opens where a word is expected", QUOTE)
            value = self._node(self._loader.get_event(), depth + 1)
            if key.text == "<<":
                self._report.wrong(key.line, "the merge key << is not allowed", "write the values out")
            elif key.text in entries:
                first = entries[key.text].line
                self._report.wrong(key.line, f"the key {key.text!r} is here twice", f"the first is in line {first}")
            else:
                entries[key.text] = Entry(value, key.line)
        return entries

    def _refuse(self, line: int, problem: str, remedy: str) -> None:
        self._report.wrong(line, problem, remedy)
        raise _Refused
