"""The proof that a voiceprint was deleted: a receipt of what, when, why and by whom, kept without the print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import bindparam, select

from ivr.store.database import Reader, Transaction
from ivr.store.instants import from_microseconds
from ivr.store.statements import Statement, insert_into
from ivr.store.tables import erasures

CLOCK = "clock"  # deleted by nobody: the time was up


class Reason(StrEnum):
    WISHED = "wished"  # by the contact, in a call or on the page
    OPTED_OUT = "opted_out"
    OPERATOR = "operator"
    CONTACT_DELETED = "contact_deleted"
    EXPIRED = "expired"
    REPLACED = "replaced"  # by a newer print of the same contact


@dataclass(frozen=True)
class Erasure:
    """``sealed_sha256`` is of the sealed print as it was stored: whoever has a copy can tell that it is this one."""

    contact: str
    sealed_sha256: str
    model_sha256: str
    made_at: datetime
    erased_at: datetime
    reason: Reason
    erased_by: str  # call:<id>, operator:<name> or clock


_RECORD = insert_into(erasures, *(column.name for column in erasures.c if column.name != "id"))
_OF = Statement(select(erasures).where(erasures.c.contact == bindparam("contact")).order_by(erasures.c.id))


def record(
    transaction: Transaction,
    contact: str,
    sealed: bytes,
    model_sha256: str,
    made_at: int,
    now: int,
    reason: Reason,
    by: str,
) -> Erasure:
    """In the transaction that deletes the print."""
    row = {
        "contact": contact, "sealed_sha256": sha256(sealed).hexdigest(), "model_sha256": model_sha256, "made_at": made_at,
        "erased_at": now, "reason": reason.value, "erased_by": by,
    }  # fmt: skip
    transaction.write(_RECORD, row)
    return _erasure(0, *row.values())


def erasures_of(reader: Reader, contact: str) -> list[Erasure]:
    """Oldest first; those of deleted contacts too."""
    return [_erasure(*row) for row in reader.rows(_OF, {"contact": contact})]


def _erasure(_id, contact, sealed_sha256, model_sha256, made_at, erased_at, reason, by) -> Erasure:
    when = from_microseconds(made_at), from_microseconds(erased_at)
    return Erasure(contact, sealed_sha256, model_sha256, *when, Reason(reason), by)
