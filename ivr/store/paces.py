"""How much time a contact needs, and whether an operator speaks for them: remembered from call to call.

A table of its own, so that importing contacts does not take away what somebody has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ClauseElement, bindparam, delete, select

from ivr.flow.events import PaceChanged
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.statements import Insert, Statement
from ivr.store.tables import contact_paces


@dataclass(frozen=True)
class ContactPace:
    pace: int = 1
    relay: bool = False


def _upsert(insert: Insert) -> ClauseElement:
    statement = insert(contact_paces)
    changed = {name: statement.excluded[name] for name in ("pace", "relay")}
    return statement.on_conflict_do_update(index_elements=["contact"], set_=changed).inline()


_KEEP = Statement(_upsert, "contact", "pace", "relay")
_OF = Statement(select(contact_paces.c.pace, contact_paces.c.relay).where(contact_paces.c.contact == bindparam("of")))
_FORGET = Statement(delete(contact_paces).where(contact_paces.c.contact == bindparam("of")))


def pace_of(reader: Reader, contact: str) -> ContactPace:
    """The usual where nothing was chosen."""
    rows = reader.rows(_OF, {"of": contact})
    return ContactPace(rows[0][0], bool(rows[0][1])) if rows else ContactPace()


def set_pace(db: Database, contact: str, pace: ContactPace) -> None:
    row = {"contact": contact, "pace": pace.pace, "relay": pace.relay}
    write(db, lambda transaction: transaction.write(_KEEP, row))


def record(transaction: Transaction, changed: PaceChanged) -> None:
    """In the commit of the turn that changed it. Nothing is kept of a caller who has not proven who they are."""
    if changed.contact is not None:
        transaction.write(_KEEP, {"contact": changed.contact, "pace": changed.pace, "relay": changed.relay})


def forget(transaction: Transaction, contact: str) -> None:
    transaction.write(_FORGET, {"of": contact})
