"""What Twilio's own SDK lets a voice document contain: elements, attributes and children, asked of its classes."""

from __future__ import annotations

import inspect
from functools import cache
from typing import NamedTuple
from xml.etree import ElementTree

from twilio.twiml import TwiML, voice_response

LONGEST = 64_000  # bytes; Twilio answers a longer document with error 11750
ABSOLUTE = {"action", "url", "waitUrl", "statusCallback"}


class Element(NamedTuple):
    attributes: frozenset[str]
    children: frozenset[str]


def _filled(function) -> dict[str, str]:
    """A dummy for every named parameter."""
    named = inspect.signature(function).parameters.values()
    return {p.name: "x" for p in named if p.name != "self" and p.kind is not inspect.Parameter.VAR_KEYWORD}


@cache
def allowed() -> dict[str, Element]:
    """By element. Its attributes are those that the functions of its parents take."""
    attributes: dict[str, set[str]] = {}
    children: dict[str, set[str]] = {}
    inherited = set(dir(TwiML))
    for kind in vars(voice_response).values():
        if not (inspect.isclass(kind) and issubclass(kind, TwiML) and kind is not TwiML):
            continue
        parent = kind(**_filled(kind.__init__))
        attributes.setdefault(parent.name, set())
        children.setdefault(parent.name, set())
        for name, method in inspect.getmembers(parent, inspect.ismethod):
            if name not in inherited:
                method(**_filled(method))
        for child in parent.verbs:
            children[parent.name].add(child.name)
            attributes.setdefault(child.name, set()).update(child.attrs)
    return {name: Element(frozenset(attributes[name]), frozenset(children[name])) for name in children}


def check_document(text: str) -> ElementTree.Element:
    """The parsed document. Fails on whatever Twilio would warn of (12200) or refuse (12100, 11750)."""
    assert len(text.encode()) <= LONGEST
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "Response"
    assert not (root.text or "").strip()
    _check(root)
    return root


def _check(element: ElementTree.Element) -> None:
    rules = allowed()[element.tag]
    assert set(element.attrib) <= rules.attributes, f"<{element.tag}> has {set(element.attrib) - rules.attributes}"
    for name in ABSOLUTE & set(element.attrib):
        assert element.get(name) == "" or element.get(name).split("://")[0] in ("https", "wss"), element.attrib
    for child in element:
        assert child.tag in rules.children, f"<{child.tag}> in <{element.tag}>"
        assert not (child.tail or "").strip(), "text between verbs"
        _check(child)
