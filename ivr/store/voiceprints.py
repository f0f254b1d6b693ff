"""Sealed voiceprints. One can exist only beside a consent of its contact: the table's foreign key says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ClauseElement, bindparam, delete, select, update

from ivr.flow.events import VoiceWishGranted
from ivr.flow.inputs import Wish
from ivr.store import consents
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.errors import ConsentMissing
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Insert, Statement, among, as_list
from ivr.store.tables import contacts, voiceprints


def _upsert(insert: Insert) -> ClauseElement:
    statement = insert(voiceprints)
    changed = {column.name: statement.excluded[column.name] for column in voiceprints.c if column.name != "contact"}
    return statement.on_conflict_do_update(index_elements=["contact"], set_=changed).inline()


_SAVE = Statement(_upsert, *voiceprints.c.keys())
_LOAD = Statement(
    select(voiceprints.c.sealed, voiceprints.c.model_sha256, voiceprints.c.created_at).where(
        voiceprints.c.contact == bindparam("contact")
    )
)
_PRESENT = Statement(select(voiceprints.c.contact).where(among(voiceprints.c.contact, "contacts")))
_DELETE = Statement(delete(voiceprints).where(voiceprints.c.contact == bindparam("contact")))

_OPT = Statement(update(contacts).where(contacts.c.id == bindparam("of_contact")), "opted_out_at")


def save_voiceprint(db: Database, contact: str, sealed: bytes, model_sha256: str, at: datetime) -> None:
    """``save`` in a transaction of its own."""
    write(db, lambda transaction: save(transaction, contact, sealed, model_sha256, at))


def save(transaction: Transaction, contact: str, sealed: bytes, model_sha256: str, at: datetime) -> None:
    """Stores or replaces. Raises ConsentMissing where the contact has given no consent or has withdrawn it."""
    consent = consents.standing(transaction, contact)
    if consent is None:
        raise ConsentMissing(
            f"contact {contact} has no standing consent; a voiceprint may be stored only after an enrol step's consent"
        )
    row = {
        "contact": contact, "consent": consent, "sealed": sealed, "model_sha256": model_sha256,
        "created_at": to_microseconds(at),
    }  # fmt: skip
    transaction.write(_SAVE, row)


def voiceprint(reader: Reader, contact: str) -> tuple[bytes, str, datetime] | None:
    """Sealed print, sha256 of the model that made it, when."""
    rows = reader.rows(_LOAD, {"contact": contact})
    if not rows:
        return None
    sealed, model_sha256, created_at = rows[0]
    return sealed, model_sha256, from_microseconds(created_at)


def present(reader: Reader, of: Sequence[str]) -> set[str]:
    """Those of these contacts who have a print; one query however many there are."""
    return {contact for (contact,) in reader.rows(_PRESENT, {"contacts": as_list(of)})}


def delete_voiceprint(db: Database, contact: str, at: datetime) -> bool:
    """Deletes the print and withdraws the consent: a new one has to be asked for. False: there was no print."""
    now = to_microseconds(at)

    def job(transaction: Transaction) -> bool:
        consents.withdraw(transaction, contact, now)
        return forget(transaction, contact)

    return write(db, job)


def fulfil(transaction: Transaction, granted: VoiceWishGranted, now: int) -> None:
    """What the contact wished, within the turn that granted it."""
    if granted.wish is not Wish.DELETE:
        opted_out_at = now if granted.wish is Wish.OPT_OUT else None
        transaction.write(_OPT, {"of_contact": granted.contact, "opted_out_at": opted_out_at})
    if granted.wish is not Wish.OPT_IN:
        consents.withdraw(transaction, granted.contact, now)
        forget(transaction, granted.contact)


def forget(transaction: Transaction, contact: str) -> bool:
    return transaction.write(_DELETE, {"contact": contact}) == 1
