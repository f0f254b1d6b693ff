"""What the caller is told about who looks at the page."""

from __future__ import annotations

import msgspec

from ivr.flow.session import Session
from ivr.flow.sharing import agent_of
from ivr.visual.labels import Labels
from ivr.visual.plain import plain


class Looking(msgspec.Struct, frozen=True):
    """On the caller's page. ``allowed``: an agent looks now, and one tap stops it; else one tap lets them look."""

    allowed: bool
    notice: str
    action: str


def looking_of(session: Session, agent: str, labels: Labels) -> Looking | None:
    """None: no agent is near, or no page was opened."""
    if agent_of(session) is None or not session.page.opened:
        return None
    if session.sharing_stopped:
        return Looking(False, labels.nobody_looks, labels.let_look)
    name = plain(agent)
    notice = labels.agent_looks.format(name=name) if name else labels.agent_looks_unnamed
    return Looking(True, notice, labels.stop_looking)
