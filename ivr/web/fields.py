"""What people type into fields, as it was meant."""

from __future__ import annotations

import unicodedata

_SEPARATORS = " -./()\u00a0\u2009"


def natural(text: str) -> int:
    """0 for anything but up to fifteen digits, so that no number outgrows a database, a log or an id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def ascii_digits(typed: str) -> str:
    """What was typed without separators, digits of any script as 0-9."""
    kept = (character for character in typed[:200] if character not in _SEPARATORS)
    return "".join(str(unicodedata.decimal(character, character)) for character in kept)
