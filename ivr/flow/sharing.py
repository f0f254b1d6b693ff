"""Who may look at the caller's page: the agent on the way or on the line, unless the caller has stopped it."""

from __future__ import annotations

from ivr.flow.events import AnyEvent
from ivr.flow.page_events import SharingBegun, SharingEnded
from ivr.flow.session import Session
from ivr.flow.waits import AwaitAgent, TalkingToAgent


def agent_of(session: Session) -> str | None:
    """The agent who is on the way to this caller or talks to them."""
    wait = session.waiting_for
    return wait.agent if isinstance(wait, AwaitAgent | TalkingToAgent) and session.ended is None else None


def viewer_of(session: Session) -> str | None:
    """The one agent who may see this caller's page now. Nobody where no page was opened: there is none to see."""
    if session.sharing_stopped or not session.page.opened:
        return None
    return agent_of(session)


def sharing_events(before: Session, after: Session) -> tuple[AnyEvent, ...]:
    """Who could look from when to when, for the log: derived in one place from what a turn has changed."""
    was, now = viewer_of(before), viewer_of(after)
    if was == now:
        return ()
    ended = () if was is None else (SharingEnded(agent=was, by_caller=after.sharing_stopped),)
    begun = () if now is None else (SharingBegun(agent=now),)
    return ended + begun
