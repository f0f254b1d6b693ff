"""Reads a TwiML body into verbs, and says what Twilio's debugger would say about it."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ivr.emulator.schema import ELEMENTS

MAX_BODY_BYTES = 64 * 1024
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Verb:
    """One element: its text has surrounding blanks removed and inner ones collapsed."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple["Verb", ...] = ()

    def get(self, attribute: str, default: str = "") -> str:
        return self.attributes.get(attribute, default)

    def flag(self, attribute: str, default: bool) -> bool:
        return {"true": True, "false": False}.get(self.get(attribute).lower(), default)


@dataclass(frozen=True)
class Finding:
    """A warning or an error about a document, with Twilio's code."""

    code: int
    message: str


@dataclass(frozen=True)
class Document:
    verbs: tuple[Verb, ...]
    warnings: tuple[Finding, ...] = ()


def read_document(body: bytes) -> Document | Finding:
    """The verbs of a body, or the error (11750, 11770, 12100, 12102) that makes it unusable.

    Unknown elements, attributes and children are left out and reported as 12200 warnings.
    """
    if len(body) > MAX_BODY_BYTES:
        return Finding(11750, f"The TwiML is {len(body)} bytes; the limit is {MAX_BODY_BYTES}.")
    if not body.strip():
        return Finding(11770, "The response has no body; answer at least <Response/>.")
    if b"<!DOCTYPE" in body:
        return Finding(12100, "The document declares a DOCTYPE, which TwiML may not have.")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        return Finding(12100, f"The document is not well-formed XML: {error}.")
    if root.tag != "Response":
        return Finding(12102, f"The root element is <{root.tag}>; it must be <Response>.")
    warnings: list[Finding] = []
    verb = _read(root, warnings)
    return Document(verb.children, tuple(warnings))


def _read(element: ElementTree.Element, warnings: list[Finding]) -> Verb:
    known = ELEMENTS[element.tag]
    attributes: dict[str, str] = {}
    for name, value in element.attrib.items():
        plain = "xml:lang" if name == _XML_LANG else name
        if plain in known.attributes:
            attributes[plain] = value
        else:
            warnings.append(
                Finding(12200, f"<{element.tag}> has no attribute {plain!r}{_meant(plain, known.attributes)}.")
            )
    children = []
    for child in element:
        if child.tag in known.children:
            children.append(_read(child, warnings))
        else:
            what = "may not stand" if child.tag in ELEMENTS else "is not TwiML"
            hint = _meant(child.tag, known.children)
            warnings.append(Finding(12200, f"<{child.tag}> {what} inside <{element.tag}>; it is skipped{hint}."))
    text = _text(element) if known.text else ""
    if not known.text and (element.text or "").strip():
        warnings.append(Finding(12200, f"<{element.tag}> holds no text; {element.text.strip()[:40]!r} is skipped."))
    return Verb(element.tag, attributes, text, tuple(children))


def _text(element: ElementTree.Element) -> str:
    """The text of an element; of a Say, with the text of its marked-up pieces in place."""
    pieces = (
        element.itertext() if element.tag == "Say" else [element.text or "", *(child.tail or "" for child in element)]
    )
    return re.sub(r"\s+", " ", "".join(pieces)).strip()


def _meant(name: str, known: Iterable[str]) -> str:
    same = [candidate for candidate in known if candidate.lower() == name.lower()]
    return f" (names are case-sensitive; did you mean {same[0]!r}?)" if same else ""
