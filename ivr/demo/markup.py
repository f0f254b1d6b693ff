"""A page as a reader finds their way in it: elements by tag, id or class, and their words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "img", "hr"}
_SILENT = {"script", "style", "noscript", "title"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    def all(self, tag: str = "", *, id: str = "", kind: str = "") -> Iterator[Element]:
        """Elements below this one, in the order of the page; ``kind`` is one of its classes."""
        for part in self.parts:
            if isinstance(part, Element):
                kinds = ["", *part.attributes.get("class", "").split()]
                if tag in ("", part.tag) and id in ("", part.attributes.get("id")) and kind in kinds:
                    yield part
                yield from part.all(tag, id=id, kind=kind)

    def first(self, tag: str = "", *, id: str = "", kind: str = "") -> Element | None:
        return next(self.all(tag, id=id, kind=kind), None)

    @property
    def words(self) -> str:
        """What a person reads, blanks put in order."""
        return " ".join(" ".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            elif part.tag not in _SILENT and part.attributes.get("aria-hidden") != "true":
                yield from part._words()

    def hidden_fields(self) -> dict[str, str]:
        inputs = (one for one in self.all("input") if one.attributes.get("type") == "hidden")
        return {one.attributes["name"]: one.attributes.get("value", "") for one in inputs}


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("page", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attributes})
        self._open[-1].parts.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].parts.append(data)


def read_page(html: str) -> Element:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
