"""What has happened on the page beside the question: cards, and who looks. `events` has all the others."""

from __future__ import annotations

import msgspec

from ivr.flow.cards import AnyShown, YesNo


class CardShown(msgspec.Struct, frozen=True, tag="card_shown"):
    """``card`` None: what was there has been taken away. ``agent``: who did it; "" = the flow."""

    card: AnyShown | None
    agent: str = ""


class CardAnswered(msgspec.Struct, frozen=True, tag="card_answered"):
    """What the caller tapped on an agent's question, and its wording as it was shown."""

    agent: str
    text: str
    answer: YesNo


class SharingBegun(msgspec.Struct, frozen=True, tag="sharing_begun"):
    """From now on this agent may look at the caller's page."""

    agent: str


class SharingEnded(msgspec.Struct, frozen=True, tag="sharing_ended"):
    agent: str
    by_caller: bool  # False: because the conversation or the call is over
