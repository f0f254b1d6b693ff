"""What a step says and asks: texts, what is said to silence and misfits, and what an answer may be."""

from __future__ import annotations

import msgspec

from ivr.flow.kinds import AnyKind


class Text(msgspec.Struct, frozen=True):
    """A Liquid text. ``must_hear``: a key cannot interrupt it, and a turn that skips it says it again first."""

    source: str
    line: int = 0
    must_hear: bool = False


class Retry(msgspec.Struct, frozen=True):
    """What is said to silence and to an answer that fits nothing, attempt by attempt (the last text repeats)."""

    noinput: tuple[Text, ...] = ()
    nomatch: tuple[Text, ...] = ()
    tries: int = 3
    then: str = ""  # step after the last try; empty = the flow's person


class Option(msgspec.Struct, frozen=True):
    """One of a list, chosen like an entry of a menu; ``name`` is kept as the answer."""

    key: str  # one of 1-9
    name: str
    label: Text
    words: tuple[str, ...] = ()
    line: int = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and what an answer to it may be."""

    prompt: Text
    kind: AnyKind
    label: Text | None = None  # of the field on the screen; default: the prompt
    options: tuple[Option, ...] = ()  # of a list
    autofill: str = ""  # HTML's autocomplete token of the field
    timeout_seconds: int = 5
    retry: Retry = Retry()
