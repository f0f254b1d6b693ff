"""Consents to voice recognition: the wording as spoken, its version and hash, who, how, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import bindparam, select, update

from ivr.flow.events import ConsentGiven
from ivr.store.database import Reader, Transaction
from ivr.store.instants import from_microseconds, maybe_from_microseconds, to_microseconds
from ivr.store.statements import Statement, insert_into
from ivr.store.tables import consents


@dataclass(frozen=True)
class Consent:
    contact: str
    call: str
    version: str
    wording_sha256: str
    wording: str
    language: str
    by: str  # how it was given: a ``By``, or what a manifest says (paper, web …)
    at: datetime
    withdrawn_at: datetime | None


_RECORD = insert_into(consents, *(column.name for column in consents.c if column.name != "id"))
_WITHDRAW = Statement(
    update(consents).where(consents.c.contact == bindparam("of_contact"), consents.c.withdrawn_at.is_(None)),
    "withdrawn_at",
)
_STANDING = Statement(
    select(consents.c.id)
    .where(consents.c.contact == bindparam("contact"), consents.c.withdrawn_at.is_(None))
    .order_by(consents.c.id.desc())
    .with_for_update()  # a withdrawal at the same moment waits, or is seen
)
_OF = Statement(select(consents).where(consents.c.contact == bindparam("contact")).order_by(consents.c.id))


def record(transaction: Transaction, call: str, given: ConsentGiven, now: int) -> None:
    transaction.write(
        _RECORD,
        {"contact": given.contact, "call": call, "version": given.version,
         "wording_sha256": sha256(given.wording.encode()).hexdigest(), "wording": given.wording,
         "language": given.language, "given_by": given.by.value, "given_at": now, "withdrawn_at": None},
    )  # fmt: skip


def record_evidence(
    transaction: Transaction,
    contact: str,
    source: str,
    version: str,
    wording: str,
    language: str,
    how: str,
    at: datetime,
) -> None:
    """A consent that was given outside a call; ``source`` says where its evidence came from."""
    transaction.write(
        _RECORD,
        {"contact": contact, "call": source, "version": version, "wording_sha256": sha256(wording.encode()).hexdigest(),
         "wording": wording, "language": language, "given_by": how, "given_at": to_microseconds(at), "withdrawn_at": None},
    )  # fmt: skip


def withdraw(transaction: Transaction, contact: str, now: int) -> None:
    transaction.write(_WITHDRAW, {"of_contact": contact, "withdrawn_at": now})


def standing(transaction: Transaction, contact: str) -> int | None:
    """Id of the newest consent that has not been withdrawn."""
    rows = transaction.rows(_STANDING, {"contact": contact})
    return rows[0][0] if rows else None


def consents_of(reader: Reader, contact: str) -> list[Consent]:
    """Oldest first; those of deleted contacts too."""
    found = []
    for _, contact_, call, version, digest, wording, language, by, at, withdrawn in reader.rows(
        _OF, {"contact": contact}
    ):
        when = from_microseconds(at), maybe_from_microseconds(withdrawn)
        found.append(Consent(contact_, call, version, digest, wording, language, by, *when))
    return found
