"""What a screen is mainly about: one body for each kind of wait."""

from __future__ import annotations

import msgspec

from ivr.visual.fields import Fields
from ivr.visual.hearing import Hearing


class Choices(msgspec.Struct, frozen=True, tag="choices"):
    """Only the buttons of the screen."""


class DigitsField(msgspec.Struct, frozen=True, tag="digits"):
    label: str
    hint: str
    min_length: int
    max_length: int


class TextField(msgspec.Struct, frozen=True, tag="text"):
    label: str
    hint: str
    max_length: int


class ReadBack(msgspec.Struct, frozen=True, tag="confirmation"):
    """What was heard, before it counts; buttons say whether it is right."""

    label: str
    answer: str
    hint: str


class SecretField(msgspec.Struct, frozen=True, tag="secret"):
    """Has no value: what was typed is never drawn."""

    label: str
    hint: str
    min_length: int
    max_length: int


class SayAloud(msgspec.Struct, frozen=True, tag="challenge"):
    """What the caller is to say on the phone, one digit or word each."""

    heading: str
    hint: str
    words: tuple[str, ...]
    digits: bool
    seconds: int  # in which it has to be said, from now on: an estimate
    hearing_words: str = ""  # what is known of the voice so far


class Working(msgspec.Struct, frozen=True, tag="working"):
    heading: str
    hint: str
    listening: bool  # the caller should keep talking
    hearing: Hearing = Hearing()
    hearing_words: str = ""  # how much longer


class InQueue(msgspec.Struct, frozen=True, tag="queue"):
    heading: str
    hint: str
    place: int | None
    place_label: str
    waited_seconds: int | None
    waited_label: str
    estimate: str = ""  # in words; empty where there is none


class Talking(msgspec.Struct, frozen=True, tag="talking"):
    heading: str
    hint: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    heading: str
    hint: str


Body = (
    Choices | DigitsField | TextField | Fields | ReadBack | SecretField | SayAloud | Working | InQueue | Talking | Ended
)
