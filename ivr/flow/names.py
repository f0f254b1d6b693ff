"""The names that texts and conditions may use, and what they stand for."""

from __future__ import annotations

import re

# Every root a text or condition may start from. None: the names under it come from the flow itself.
ROOTS: dict[str, frozenset[str] | None] = {
    "contact": None,  # facts looked up
    "answer": None,  # ask steps
    "vars": None,  # set steps
    "caller": frozenset({"number", "level", "identified", "chosen"}),
    "voice": frozenset({"verdict", "enrolled"}),
    "flow": frozenset({"title", "language"}),
    "link": frozenset({"digits", "code"}),
    "call_back": frozenset({"number"}),
    "challenge": frozenset({"words"}),  # only in the prompt of a challenge
    "queue": frozenset({"position", "waited_seconds", "estimate_minutes"}),  # only while waiting in a queue
}

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # of a step, a fact, a variable: reads the same in Liquid and in CEL
# Words that one of the two languages gives a meaning of its own after a dot.
RESERVED = frozenset({"in", "true", "false", "null", "size", "first", "last"})

SOURCE_LENGTH_MAX = 2000  # characters of a text or condition: longer is not meant for a caller's ear

Names = frozenset[tuple[str, str]]
