"""Which calls were about a contact: for whoever asks what is held about them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from ivr.flow.session import Session
from ivr.store.codecs import session_from_json
from ivr.store.database import Reader
from ivr.store.errors import UnreadableSession
from ivr.store.instants import from_microseconds, maybe_from_microseconds
from ivr.store.statements import Statement
from ivr.store.tables import calls


@dataclass(frozen=True)
class CallAbout:
    session: Session
    started_at: datetime
    ended_at: datetime | None


# A person's question, asked now and then: it reads all sessions, and what only looks like it is left out below.
_ABOUT = Statement(
    select(calls.c.call, calls.c.format, calls.c.session, calls.c.started_at, calls.c.ended_at)
    .where(calls.c.session.like(bindparam("pattern")))
    .order_by(calls.c.started_at)
)


def calls_about(reader: Reader, contact: str) -> list[CallAbout]:
    """Calls in which the contact was the last one claimed, oldest first; those this release cannot read are left out."""
    found = []
    for call, format_, json, started_at, ended_at in reader.rows(_ABOUT, {"pattern": f'%"contact":"{contact}"%'}):
        with contextlib.suppress(UnreadableSession):
            session = session_from_json(call, format_, json)
            if session.claim is not None and session.claim.contact == contact:
                found.append(CallAbout(session, from_microseconds(started_at), maybe_from_microseconds(ended_at)))
    return found
