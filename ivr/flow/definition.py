"""A checked flow, ready to be played."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from ivr.flow.declared_cards import AnyCard
from ivr.flow.media import MediaFile
from ivr.flow.steps import AnyStep


class FactType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"  # decimal string and currency, e.g. "1204.50 GBP"
    DATE = "date"
    BOOLEAN = "boolean"


class FactDeclaration(msgspec.Struct, frozen=True):
    """A typed fact about the contact, unreadable below its level."""

    name: str
    type: FactType
    level: int
    line: int = 0


class Flow(msgspec.Struct, frozen=True):
    """One flow of a bundle. ``bundle`` is the sha256 of everything the check read."""

    name: str
    file: str
    bundle: str
    title: str
    language: str  # BCP 47
    start: str
    person: str  # a queue step: where key 0, exhausted retries and faults lead
    prove: str  # an authenticate step: where ``needs`` leads; empty if no step needs a level
    facts: dict[str, FactDeclaration]
    steps: dict[str, AnyStep]
    languages: tuple[str, ...] = ()  # all it speaks, ``language`` of the file first
    translations: dict[str, Flow] = {}  # the same flow in each other language; empty in those
    cards: dict[str, AnyCard] = {}  # what an agent may put on the caller's page, by name
    media: dict[str, MediaFile] = {}  # of the bundle, by name without the directory
    start_on_page: str = ""  # a menu: where a visitor without a call begins; empty = nowhere


def in_language(flow: Flow, language: str) -> Flow:
    """The flow as it is spoken and shown in ``language``; as it was written where that is "" or not one of its own."""
    return flow.translations.get(language, flow)


def only_in(flow: Flow, speaks: Callable[[str], bool]) -> Flow:
    """Without the translations that nobody could hear: such a call goes on in the flow's own language."""
    translations = {language: one for language, one in flow.translations.items() if speaks(language)}
    if len(translations) == len(flow.translations):
        return flow
    return msgspec.structs.replace(flow, translations=translations, languages=(flow.language, *translations))
