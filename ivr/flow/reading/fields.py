"""Reading the keys of one mapping: each with its type, its limits and its default, each mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, TypeVar

from ivr.flow.names import NAME, RESERVED, SOURCE_LENGTH_MAX
from ivr.flow.reading.document import QUOTE, Entry, Listing, Node, Scalar, Table
from ivr.flow.reading.mistakes import Report, closest, listed, similar
from ivr.flow.steps import Text

RETURN = "return"
Option = TypeVar("Option", bound=StrEnum)


class Reference(NamedTuple):
    """A place in the file that names a step."""

    step: str  # "" = the flow itself
    key: str
    target: str
    line: int


class Fields:
    """The keys of a mapping that belongs to ``owner`` ("step 'main'"). ``finish`` ends the reading.

    A getter whose value is missing or wrong reports it and answers with a harmless value of the right type, so that
    reading goes on and finds the next mistake.
    """

    def __init__(self, table: Table, owner: str, report: Report, references: list[Reference], step: str = "") -> None:
        self.line = table.line
        self.owner = owner
        self.report = report
        self._entries = table.entries
        self._references = references
        self.step = step
        self._known: list[str] = []
        self._missing: dict[str, str] = {}

    def keys(self) -> list[str]:
        return list(self._entries)

    def has(self, key: str) -> bool:
        return key in self._entries

    def line_of(self, key: str) -> int:
        return self._entries[key].line if key in self._entries else self.line

    def finish(self) -> None:
        """Reports keys that are missing or that nobody asked for; one misspelt key is one mistake, not two."""
        misspelt = {similar(key, self._known) for key in self._entries if key not in self._known}
        for key, remedy in self._missing.items():
            if key not in misspelt:
                self.report.wrong(self.line, f"{self.owner} lacks the key {key!r}", remedy)
        for key, entry in self._entries.items():
            if key not in self._known:
                self.report.wrong(
                    entry.line,
                    f"{self.owner} has no key {key!r}",
                    closest(key, self._known, "delete it, or see flows/README.md"),
                )

    def wrong(self, key: str, problem: str, remedy: str = "") -> None:
        self.report.wrong(self.line_of(key), f"{self.owner}: {problem}", remedy)

    def entry(self, key: str, required: bool, remedy: str = "") -> Entry | None:
        self._known.append(key)
        entry = self._entries.get(key)
        if entry is None and required:
            self._missing[key] = remedy or f"add {key}: …"
        return entry

    def word(self, key: str, default: str | None = None, *, remedy: str = "") -> str:
        """A piece of text in one scalar. ``default`` None: required."""
        entry = self.entry(key, default is None, remedy)
        if entry is None:
            return default or ""
        return self.scalar(key, entry.value) or ""

    def name(self, key: str, remedy: str = "") -> str:
        value = self.word(key, remedy=remedy)
        if value:
            check_name(value, f"{self.owner}: {key}", self.line_of(key), self.report)
        return value

    def step_name(self, key: str, default: str | None = None) -> str:
        """The name of another step; that it exists is checked when all steps have been read."""
        value = self.word(key, default, remedy=f"add {key}: NAME OF A STEP")
        if value and self.has(key):
            self._references.append(Reference(self.step, key, value, self.line_of(key)))
        return value

    def returns(self, key: str) -> bool:
        """Whether ``key: return`` is written, which names no step."""
        entry = self._entries.get(key)
        return entry is not None and isinstance(entry.value, Scalar) and entry.value.text == RETURN

    def is_empty(self, key: str) -> bool:
        """Whether ``key:`` is written without a value."""
        entry = self.entry(key, True)
        return entry is not None and isinstance(entry.value, Scalar) and entry.value.empty

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        entry = self.entry(key, default is None)
        fallback = low if default is None else default
        if entry is None:
            return fallback
        text = self.scalar(key, entry.value)
        if text is None:
            return fallback
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            self.wrong(key, f"{key} is {text!r}", f"write a whole number from {low} to {high}")
            return high if text.isdecimal() and int(text) > high else fallback
        return int(text)

    def length(self, low: int, high: int, default: tuple[int, int]) -> tuple[int, int]:
        """``length: 4..12`` or ``length: 4``."""
        text = self.word("length", "")
        if not text:
            return default
        match = re.fullmatch(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?", text)
        shortest, longest = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not low <= shortest <= longest <= high:
            self.wrong("length", f"length is {text!r}", f"write it like 4..12, from {low} to {high}")
            return default
        return shortest, longest

    def one_of(self, key: str, options: type[Option], default: Option | None = None) -> Option:
        value = self.word(key, None if default is None else default.value)
        if value in set(options):
            return options(value)
        if value:
            self.wrong(key, f"{key} is {value!r}", closest(value, list(options)))
        meant = similar(value, list(options))
        return options(meant) if meant else default or next(iter(options))

    def text(self, key: str, *, required: bool = True, limit: int = 500, must_hear: bool = False) -> Text | None:
        """A Liquid text: a string, or ``{text: …, must_hear: true}``. ``must_hear`` True: it always must."""
        entry = self.entry(key, required)
        if entry is None:
            return Text("", self.line) if required else None
        return self.text_of(key, entry.value, limit, must_hear)

    def texts(self, key: str) -> tuple[Text, ...]:
        """One text or a list of them."""
        entry = self.entry(key, False)
        if entry is None:
            return ()
        return tuple(self.text_of(key, item) for item in self._items(key, entry, False))

    def words(self, key: str, *, required: bool, limit: int = 50) -> list[tuple[str, int]]:
        """One word or a list of words, each with its line."""
        entry = self.entry(key, required)
        if entry is None:
            return []
        read = [(self.scalar(key, item), item.line) for item in self._items(key, entry, required)]
        for word, line in read:
            if word and len(word) > limit:
                self.report.wrong(
                    line, f"{self.owner}: {key} has an entry of {len(word)} characters", f"at most {limit}"
                )
        return [(word, line) for word, line in read if word]

    def _items(self, key: str, entry: Entry, required: bool) -> list[Node]:
        """One value or a list of them."""
        if not isinstance(entry.value, Listing):
            return [entry.value]
        if not entry.value.items:
            self.wrong(
                key, f"{key} is empty", "name at least one" if required else "name at least one, or delete the key"
            )
        return entry.value.items

    def table(self, key: str, owner: str, *, required: bool = False) -> Fields | None:
        entry = self.entry(key, required)
        return None if entry is None else self.fields_of(key, entry.value, owner)

    def tables(self, key: str, owner: str) -> Iterator[Fields]:
        """A list of mappings."""
        entry = self.entry(key, True)
        if entry is None:
            return
        if not isinstance(entry.value, Listing) or not entry.value.items:
            self.wrong(key, f"{key} must be a list of mappings", "start each entry with a dash")
            return
        for item in entry.value.items:
            fields = self.fields_of(key, item, owner)
            if fields is not None:
                yield fields

    def named(self, key: str, *, required: bool = False) -> Iterator[tuple[str, Entry]]:
        """The entries of a mapping whose keys the author chooses."""
        entry = self.entry(key, required)
        if entry is None:
            return
        if not isinstance(entry.value, Table) or not entry.value.entries:
            self.wrong(key, f"{key} must be a mapping of names to values", "write NAME: VALUE, one a line, indented")
            return
        yield from entry.value.entries.items()

    def fields_of(self, key: str, node: Node, owner: str) -> Fields | None:
        if not isinstance(node, Table):
            self.report.wrong(
                node.line, f"{self.owner}: {key} must be a mapping", "write KEY: VALUE, one a line, indented"
            )
            return None
        return Fields(node, owner, self.report, self._references, self.step)

    def text_of(self, key: str, node: Node, limit: int = 500, must_hear: bool = False) -> Text:
        if not isinstance(node, Table):
            source = self.scalar(key, node) or ""
            self._check_length(key, source, node.line, limit)
            return Text(source, node.line, must_hear)
        fields = Fields(node, f"{self.owner}: {key}", self.report, self._references, self.step)
        source, heard = fields.word("text"), fields.flag("must_hear", must_hear)
        fields.finish()
        self._check_length(key, source, fields.line_of("text"), limit)
        if must_hear and not heard:
            fields.wrong("must_hear", "the caller must hear this text", "delete must_hear: false")
        return Text(source, fields.line_of("text"), must_hear or heard)

    def flag(self, key: str, default: bool) -> bool:
        text = self.word(key, "true" if default else "false")
        if text not in ("true", "false"):
            self.wrong(key, f"{key} is {text!r}", "write true or false")
            return default
        return text == "true"

    def scalar(self, key: str, node: Node) -> str | None:
        """The text of one value as it is written, None where there is none."""
        if not isinstance(node, Scalar):
            self.report.wrong(node.line, f"{self.owner}: {key} must be one value", QUOTE)
            return None
        if node.empty or not node.text.strip():
            self.report.wrong(node.line, f"{self.owner}: {key} is empty", "write a value or delete the key")
            return None
        return node.text

    def _check_length(self, key: str, source: str, line: int, limit: int) -> None:
        short = len(source) <= SOURCE_LENGTH_MAX
        length = len(re.sub(r"{{.*?}}|{%.*?%}", "", source, flags=re.DOTALL) if short else source)
        if length > limit:
            self.report.wrong(
                line, f"{self.owner}: {key} has {length} characters, too long to take in", f"at most {limit}: say less"
            )


def check_name(name: str, owner: str, line: int, report: Report) -> None:
    if not NAME.fullmatch(name):
        report.wrong(line, f"{owner}: {name!r} is not a name", "use a-z, 0-9 and _, a letter first, at most 40")
    elif name in RESERVED:
        report.wrong(
            line, f"{owner}: {name!r} means something else in texts", f"any name but {listed(sorted(RESERVED))}"
        )
