"""Sealed voiceprints. One can exist only beside a consent of its contact: the table's foreign key says so.

None goes without a receipt (``erasures``), and none of a contact who has opted out comes to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ClauseElement, bindparam, delete, func, select, update

from ivr.flow.events import VoiceWishGranted
from ivr.flow.inputs import Wish
from ivr.store import consents, erasures, refusals
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.erasures import CLOCK, Erasure, Reason
from ivr.store.errors import ConsentMissing
from ivr.store.instants import from_microseconds, maybe_from_microseconds, to_microseconds
from ivr.store.statements import Insert, Statement, among, as_list, limited
from ivr.store.tables import contacts, voiceprints

UNUSED_FOR = timedelta(days=3 * 365)  # then a print is deleted
EXPIRED_AT_ONCE = 100  # prints deleted at one look


@dataclass(frozen=True)
class StoredPrint:
    contact: str
    sealed: bytes
    model_sha256: str
    created_at: datetime
    last_used_at: datetime | None  # when it last led to ACCEPTED


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
_OVERWRITE = Statement(update(voiceprints).where(voiceprints.c.contact == bindparam("of_contact")), "sealed")
_USED = Statement(update(voiceprints).where(voiceprints.c.contact == bindparam("of_contact")), "last_used_at")
_RESEAL = Statement(
    update(voiceprints).where(
        voiceprints.c.contact == bindparam("of_contact"), voiceprints.c.sealed == bindparam("of_sealed")
    ),
    "sealed",
)
_STORED = select(
    voiceprints.c.contact, voiceprints.c.sealed, voiceprints.c.model_sha256, voiceprints.c.created_at,
    voiceprints.c.last_used_at,
)  # fmt: skip
_ONE = Statement(_STORED.where(voiceprints.c.contact == bindparam("contact")))
_AFTER = Statement(limited(_STORED.where(voiceprints.c.contact > bindparam("after")).order_by(voiceprints.c.contact)))
_UNUSED = Statement(
    limited(
        select(voiceprints.c.contact).where(
            func.coalesce(voiceprints.c.last_used_at, voiceprints.c.created_at) < bindparam("before")
        )
    )
)
_OPTED_OUT = Statement(
    select(contacts.c.opted_out_at).where(contacts.c.id == bindparam("contact"), contacts.c.opted_out_at.is_not(None))
)


def save_voiceprint(db: Database, contact: str, sealed: bytes, model_sha256: str, at: datetime) -> None:
    """``save`` in a transaction of its own."""
    write(db, lambda transaction: save(transaction, contact, sealed, model_sha256, at))


def save(transaction: Transaction, contact: str, sealed: bytes, model_sha256: str, at: datetime) -> None:
    """Stores or replaces. Raises ConsentMissing where the contact has given no consent, has withdrawn it or opted out."""
    if transaction.rows(_OPTED_OUT, {"contact": contact}):
        raise ConsentMissing(
            f"contact {contact} has opted out: their voice is never used; only they can allow it again"
        )
    consent = consents.standing(transaction, contact)
    if consent is None:
        raise ConsentMissing(
            f"contact {contact} has no standing consent; a voiceprint may be stored only after an enrol step's consent"
        )
    now = to_microseconds(at)
    _erase(transaction, contact, now, Reason.REPLACED, "enrolment")
    row = {
        "contact": contact, "consent": consent, "sealed": sealed, "model_sha256": model_sha256, "created_at": now,
        "last_used_at": None,
    }  # fmt: skip
    transaction.write(_SAVE, row)


def voiceprint(reader: Reader, contact: str) -> tuple[bytes, str, datetime] | None:
    """Sealed print, sha256 of the model that made it, when."""
    rows = reader.rows(_LOAD, {"contact": contact})
    if not rows:
        return None
    sealed, model_sha256, created_at = rows[0]
    return sealed, model_sha256, from_microseconds(created_at)


def stored(reader: Reader, contact: str) -> StoredPrint | None:
    return next((_stored(row) for row in reader.rows(_ONE, {"contact": contact})), None)


def stored_after(reader: Reader, contact: str, limit: int) -> list[StoredPrint]:
    """Of the contacts whose ids come after this one ("": of the first), in the order of their ids."""
    return [_stored(row) for row in reader.rows(_AFTER, {"after": contact, "limit": limit})]


def _stored(row: tuple) -> StoredPrint:
    contact, sealed, model_sha256, created_at, last_used_at = row
    return StoredPrint(
        contact, bytes(sealed), model_sha256, from_microseconds(created_at), maybe_from_microseconds(last_used_at)
    )


def present(reader: Reader, of: Sequence[str]) -> set[str]:
    """Those of these contacts who have a print; one query however many there are."""
    return {contact for (contact,) in reader.rows(_PRESENT, {"contacts": as_list(of)})}


def used(transaction: Transaction, contact: str, at: datetime) -> None:
    """The print has led to ACCEPTED: the time after which an unused one is deleted begins anew."""
    transaction.write(_USED, {"of_contact": contact, "last_used_at": to_microseconds(at)})


def replace_seal(db: Database, contact: str, before: bytes, after: bytes) -> bool:
    """The same print under another key. False, and nothing changes: it was replaced or deleted meanwhile."""
    row = {"of_contact": contact, "of_sealed": before, "sealed": after}
    return write(db, lambda transaction: transaction.write(_RESEAL, row)) == 1


def delete_voiceprint(
    db: Database, contact: str, at: datetime, reason: Reason = Reason.OPERATOR, by: str = "operator"
) -> Erasure | None:
    """Deletes the print and withdraws the consent: a new one has to be asked for. The receipt; None: there was no print."""
    now = to_microseconds(at)

    def job(transaction: Transaction) -> Erasure | None:
        consents.withdraw(transaction, contact, now)
        return _erase(transaction, contact, now, reason, by)

    return write(db, job)


def expire(db: Database, at: datetime) -> list[Erasure]:
    """Deletes the prints that nobody was recognised by for ``UNUSED_FOR``; their receipts. A hundred at most: call again."""
    now, before = to_microseconds(at), at - UNUSED_FOR
    unused = db.rows(_UNUSED, {"before": to_microseconds(before), "limit": EXPIRED_AT_ONCE})

    def expire_one(transaction: Transaction, contact: str) -> Erasure | None:
        found = stored(transaction, contact)
        if found is None or (found.last_used_at or found.created_at) >= before:
            return None  # it was used or deleted meanwhile
        consents.withdraw(transaction, contact, now)
        return _erase(transaction, contact, now, Reason.EXPIRED, CLOCK)

    # One transaction each: a receipt holds the chain's end until its commit, so nothing else should be waited for then.
    receipts = [write(db, partial(expire_one, contact=contact)) for (contact,) in unused]
    return [receipt for receipt in receipts if receipt is not None]


def fulfil(transaction: Transaction, granted: VoiceWishGranted, now: int, call: str) -> None:
    """What the contact wished, within the turn that granted it."""
    by = f"call:{call}"
    match granted.wish:
        case Wish.OPT_IN:
            refusals.allow(transaction, granted.contact)
        case Wish.OPT_OUT:
            opt_out(transaction, granted.contact, now, by)
        case Wish.DELETE:
            consents.withdraw(transaction, granted.contact, now)
            _erase(transaction, granted.contact, now, Reason.WISHED, by)


def opt_out(transaction: Transaction, contact: str, now: int, by: str) -> Erasure | None:
    """Never again: the print goes, the consent is withdrawn, and no later import brings either back."""
    refusals.refuse(transaction, contact, now, by)
    consents.withdraw(transaction, contact, now)
    return _erase(transaction, contact, now, Reason.OPTED_OUT, by)


def forget(transaction: Transaction, contact: str, now: int, by: str) -> Erasure | None:
    """With the contact."""
    return _erase(transaction, contact, now, Reason.CONTACT_DELETED, by)


def _erase(transaction: Transaction, contact: str, now: int, reason: Reason, by: str) -> Erasure | None:
    found = stored(transaction, contact)
    if found is None:
        return None
    # SQLite keeps what was deleted in its file until the place is needed: let zeros stand there.
    transaction.write(_OVERWRITE, {"of_contact": contact, "sealed": bytes(len(found.sealed))})
    transaction.write(_DELETE, {"contact": contact})
    return erasures.record(
        transaction, contact, found.sealed, found.model_sha256, to_microseconds(found.created_at), now, reason, by
    )
