"""Cards on the caller's page: as an author or an agent chose them, and as they are shown in one call."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ivr.flow.declared_cards import AnyCard, LinkCard
from ivr.flow.steps import Text
from ivr.flow.waits import Asked


class YesNo(StrEnum):
    YES = "yes"
    NO = "no"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    title: str  # of a picture, its alternative text
    agent: str = ""  # who put it there; "" = the flow
    public: bool = False  # its words hold no value of the caller's


class ShownPicture(Shown, frozen=True, kw_only=True, tag="picture"):
    file: str


class ShownDocument(Shown, frozen=True, kw_only=True, tag="document"):
    file: str


class ShownLink(Shown, frozen=True, kw_only=True, tag="link"):
    url: str
    text: str


class ShownQuestion(Shown, frozen=True, kw_only=True, tag="question"):
    """``id`` is that of the push: an answer is to this question, not to the next one with the same words."""

    id: str
    answer: YesNo | None = None


class ShownForm(Shown, frozen=True, kw_only=True, tag="form"):
    """``answers``: what the caller has sent, by the names of ``fields``; None: nothing yet."""

    fields: tuple[Asked, ...]
    answers: dict[str, str] | None = None


AnyShown = ShownPicture | ShownDocument | ShownLink | ShownQuestion | ShownForm


def card_texts(card: AnyCard | None) -> list[Text]:
    """The texts of a card, the first being its title."""
    if card is None:
        return []
    more = card.text if isinstance(card, LinkCard) else None
    return [card.title] if more is None else [card.title, more]
