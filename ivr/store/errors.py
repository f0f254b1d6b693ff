"""What the store can refuse, told to the person who can mend it."""

from __future__ import annotations

from ivr.errors import DuetError


class StoreError(DuetError):
    """The database could not be opened, read or written; the message says which one and what to do."""


class UnreadableSession(DuetError):
    """A saved session has a format this release cannot read; its call goes to a person."""

    def __init__(self, call: str, format: int) -> None:
        super().__init__(
            f"call {call}: its session was saved in format {format}, which this release cannot read;"
            " send the caller to a person, or run the release that saved it"
        )
        self.call = call
        self.format = format


class ConsentMissing(DuetError):
    """A voiceprint was to be stored for a contact who has given no consent, or has withdrawn it."""
