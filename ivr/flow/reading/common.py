"""What the readers of steps share."""

from __future__ import annotations

from typing import NamedTuple

from ivr.flow.definition import Flow
from ivr.flow.questions import Text
from ivr.flow.reading.fields import Fields

MESSAGE_LENGTH_MAX = 300  # characters of an SMS beside the link: two segments
LABEL_LENGTH_MAX = 40  # characters on a button of a phone's screen


class Common(NamedTuple):
    """What every step has."""

    name: str
    line: int
    needs: int
    flow: Flow  # as far as it has been read: its person and facts

    def fields(self) -> dict:
        return {"name": self.name, "line": self.line, "needs": self.needs}


def said(fields: Fields, key: str, **how: object) -> Text:
    return fields.text(key, **how) or Text("")
