"""Values as they may be shown: no character that hides, reorders or breaks what stands beside it."""

from __future__ import annotations

import unicodedata

LONGEST = 2000  # characters; the longest text the flow language renders

MARKS_AT_MOST = 4  # on one letter; Vietnamese, Hebrew and Persian need three

# Explicit directional formatting (Unicode UAX #9): an override in a name could turn "not verified" around.
_DIRECTIONAL = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_KEPT_FORMAT = {0x200C, 0x200D}  # joiners: Persian and emoji are misspelt without them


def plain(text: str) -> str:
    """``text`` on one line, without control, directional and unassigned characters, at most LONGEST characters."""
    spaced = " ".join(text[: 2 * LONGEST].split())
    shown = _without_heaps("".join(character for character in spaced if _is_shown(character)))
    return " ".join(shown.split())[:LONGEST].rstrip()


def _without_heaps(text: str) -> str:
    """Hundreds of marks on one letter are drawn over the lines above and below: over "Not verified", say."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
        elif ord(character) not in _KEPT_FORMAT:
            marks = 0
        if marks <= MARKS_AT_MOST:
            kept.append(character)
    return "".join(kept)


def _is_shown(character: str) -> bool:
    code = ord(character)
    if code in _KEPT_FORMAT:
        return True
    return code not in _DIRECTIONAL and unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn", "Co")
