"""The cards that a flow declares: what an agent or a show step puts on the page. `cards` has them as shown in a call."""

from __future__ import annotations

import msgspec

from ivr.flow.questions import Text


class PictureCard(msgspec.Struct, frozen=True, tag="picture"):
    """A picture of the bundle's ``media/``. ``title`` is its alternative text: what it says to who cannot see it."""

    file: str
    title: Text
    line: int = 0


class DocumentCard(msgspec.Struct, frozen=True, tag="document"):
    """A document of the bundle's ``media/``, to be opened from the page."""

    file: str
    title: Text
    line: int = 0


class LinkCard(msgspec.Struct, frozen=True, tag="link"):
    """An address outside, https only."""

    url: str
    title: Text
    text: Text | None = None
    line: int = 0


class ConfirmCard(msgspec.Struct, frozen=True, tag="confirm"):
    """A question for yes or no that an agent puts to the caller while they talk."""

    title: Text
    line: int = 0


class FormCard(msgspec.Struct, frozen=True, tag="form"):
    """The questions of a form step, which an agent puts to the caller while they talk."""

    step: str
    title: Text
    line: int = 0


AnyCard = PictureCard | DocumentCard | LinkCard | ConfirmCard | FormCard
