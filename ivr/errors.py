"""What can go wrong, told to the person who can mend it."""

from __future__ import annotations

import msgspec


class DuetError(Exception):
    """Base of every error that carries a message for a person."""


class SettingsError(DuetError):
    """A setting is missing or wrong; the message names the IVR_* variable and what it should hold."""


class FlowFault(DuetError):
    """A step met something its author's file allows but this call cannot do, e.g. an expression without a value.

    Never reaches the caller: the engine sends the call to a person.
    """


class Mistake(msgspec.Struct, frozen=True):
    """One mistake in a flow file: where it is, what is wrong, what to write instead."""

    file: str
    line: int
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}" + (f" ({self.remedy})" if self.remedy else "")


class FlowMistakes(DuetError):
    """A flow that cannot start: all mistakes found, in file order."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


class UnknownCall(DuetError):
    """No session has this call id."""


class UnknownFlow(DuetError):
    """No published flow has this name."""
