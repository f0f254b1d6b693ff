"""A tap that comes late: has it been delivered before, or has the call moved on without it?"""

from __future__ import annotations

from collections.abc import Mapping

from ivr.flow.inputs import Answer, By, Digits, Filled, LanguageChoice, NoInput, Speech


def filled_already(counted: Answer | None, values: Mapping[str, str]) -> bool:
    """The same for fields, which are only ever sent by a page."""
    return isinstance(counted, Filled) and counted.values == dict(values)


def counted_already(counted: Answer | None, keys: str, text: str, language: str = "") -> bool:
    """Whether the answer that was taken for this turn is the one that a form brings now.

    Then the caller has got what they wanted, whether it is the same tap twice (its reply was lost, a double click) or
    the same key pressed on the phone. Of a secret only that it came from a page is known.
    """
    match counted:
        case None | NoInput():
            return False
        case LanguageChoice():
            return counted.language == language
        case Digits() if keys:
            return counted.keys == keys
        case Speech() if text:
            return counted.text == text
        case _:
            return getattr(counted, "by", None) is By.TAP and not keys and not text and not language
