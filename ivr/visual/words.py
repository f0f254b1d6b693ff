"""A screen in plain words: the *seen* column of terminals and logs."""

from __future__ import annotations

from typing import assert_never

from ivr.visual.bodies import (
    Choices,
    DigitsField,
    Ended,
    InQueue,
    ReadBack,
    SayAloud,
    SecretField,
    Talking,
    TextField,
    Working,
)
from ivr.visual.fields import Field, Fields
from ivr.visual.screen import Screen


def words_of(screen: Screen) -> tuple[str, ...]:
    """What a person reads on ``screen``, line by line, captions left out: they stand in the *heard* column."""
    keyed = tuple(f"[{button.key}] {button.label}" for button in screen.buttons)
    person = (f"[{screen.person.key}] {screen.person.label}",) if screen.person else ()
    return _body(screen) + keyed + person


def _body(screen: Screen) -> tuple[str, ...]:
    match screen.body:
        case Choices():
            return ()
        case DigitsField() | TextField() as field:
            return (f"{field.label} ____",)
        case Fields(fields=fields):
            return tuple(_field(field) for field in fields)
        case ReadBack() as card:
            return (f"{card.label} {card.answer}?",)
        case SecretField() as field:
            return (f"{field.label} ••••",)
        case SayAloud() as card:
            return (card.heading, " ".join(card.words))
        case InQueue() as card if card.place is not None and card.place > 1:
            return (card.heading, f"{card.place} {card.place_label}")
        case InQueue() | Working() | Talking() | Ended() as card:
            return (card.heading,)
        case unreachable:
            assert_never(unreachable)


def _field(field: Field) -> str:
    """An empty field "Day ____", a filled one "Day 2026-11-05", a list "Topic ( ) Mortgage (•) Savings"."""
    picks = " ".join(f"({'•' if option.value == field.value else ' '}) {option.label}" for option in field.options)
    return f"{field.label} {picks or field.value or '____'}"
