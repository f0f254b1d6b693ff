"""The people who call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import ClauseElement, bindparam, delete, func, select, update

from ivr.store import consents, paces, refusals, voiceprints
from ivr.store.codecs import to_json
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.errors import StoreError
from ivr.store.instants import maybe_from_microseconds, to_microseconds
from ivr.store.statements import Insert, Statement, constant, limited
from ivr.store.tables import contacts
from ivr.store.voiceprints import delete_voiceprint, save_voiceprint, voiceprint

__all__ = [
    "Contact", "add_contact", "all_contacts", "by_customer_number", "by_number", "delete_contact", "delete_voiceprint",
    "get", "import_contacts", "remember_language", "save_voiceprint", "voiceprint",
]  # fmt: skip

FactValue = str | float | bool | None


@dataclass(frozen=True)
class Contact:
    id: str
    customer_number: str
    name: str
    number: str | None = None  # registered phone, E.164
    pin_hash: str | None = field(default=None, repr=False)  # argon2id
    language: str = ""  # BCP 47, in which they last chose to be spoken to; "": not known
    facts: dict[str, FactValue] = field(default_factory=dict, repr=False)
    opted_out_at: datetime | None = None


_decode_facts = msgspec.json.Decoder(dict[str, FactValue]).decode
_NAMES = contacts.c.keys()


def _upsert(insert: Insert) -> ClauseElement:
    statement = insert(contacts)
    changed = {name: statement.excluded[name] for name in _NAMES if name not in ("id", "customer_number")}
    changed["opted_out_at"] = func.coalesce(contacts.c.opted_out_at, statement.excluded.opted_out_at)
    changed["language"] = func.coalesce(func.nullif(statement.excluded.language, constant("")), contacts.c.language)
    return statement.on_conflict_do_update(index_elements=["customer_number"], set_=changed).inline()


_ADD = Statement(lambda insert: insert(contacts).on_conflict_do_nothing().inline(), *_NAMES)
_IMPORT = Statement(_upsert, *_NAMES)
_DELETE = Statement(delete(contacts).where(contacts.c.id == bindparam("id")))
_SET_LANGUAGE = Statement(update(contacts).where(contacts.c.id == bindparam("of_id")), "language")
_BY_ID = Statement(select(contacts).where(contacts.c.id == bindparam("id")))
_BY_NUMBER = Statement(limited(select(contacts).where(contacts.c.number == bindparam("number"))))
_BY_CUSTOMER_NUMBER = Statement(select(contacts).where(contacts.c.customer_number == bindparam("customer_number")))
_ALL = Statement(select(contacts).order_by(contacts.c.customer_number))


def add_contact(db: Database, contact: Contact) -> None:
    """Who has said "never" under this number is put on file as opted out. Raises StoreError if the id or the customer
    number is taken."""
    if write(db, lambda transaction: transaction.write(_ADD, _row(contact, transaction))) == 0:
        raise StoreError(
            f"contact {contact.customer_number}: this customer number or id is already on file; import it to change it"
        )


def import_contacts(db: Database, people: Iterable[Contact]) -> int:
    """Adds or replaces by customer number, all or none; who is on file keeps the id, consents and voiceprint, and who has
    opted out stays so."""
    found = list(people)

    def job(transaction: Transaction) -> int:
        return sum(transaction.write(_IMPORT, _row(contact, transaction)) for contact in found)

    return write(db, job)


def remember_language(transaction: Transaction, contact: str, language: str) -> None:
    """In which the contact was last spoken to by choice."""
    transaction.write(_SET_LANGUAGE, {"of_id": contact, "language": language})


def delete_contact(db: Database, contact: str, at: datetime, by: str = "operator") -> bool:
    """Deletes the person and the voiceprint; kept are consents as evidence, withdrawn, the receipt of the print's deletion,
    and a "never". False: nobody by that id."""
    now = to_microseconds(at)

    def job(transaction: Transaction) -> bool:
        consents.withdraw(transaction, contact, now)
        voiceprints.forget(transaction, contact, now, by)
        paces.forget(transaction, contact)
        return transaction.write(_DELETE, {"id": contact}) == 1

    return write(db, job)


def get(reader: Reader, contact: str) -> Contact | None:
    return _only(reader.rows(_BY_ID, {"id": contact}))


def by_number(reader: Reader, number: str) -> Contact | None:
    """None where nobody, or more than one, is registered with this number: then it says nothing about who calls."""
    return _only(reader.rows(_BY_NUMBER, {"number": number, "limit": 2}))


def by_customer_number(reader: Reader, customer_number: str) -> Contact | None:
    return _only(reader.rows(_BY_CUSTOMER_NUMBER, {"customer_number": customer_number}))


def all_contacts(reader: Reader) -> list[Contact]:
    return [_contact(row) for row in reader.rows(_ALL, {})]


def _row(contact: Contact, reader: Reader) -> dict[str, object]:
    opted_out = None if contact.opted_out_at is None else to_microseconds(contact.opted_out_at)
    if opted_out is None:
        opted_out = refusals.refused_since(reader, contact.customer_number, contact.number)
    return {
        "id": contact.id, "customer_number": contact.customer_number, "name": contact.name, "number": contact.number,
        "pin_hash": contact.pin_hash, "language": contact.language, "facts": to_json(contact.facts),
        "opted_out_at": opted_out,
    }  # fmt: skip


def _only(rows: list[tuple]) -> Contact | None:
    return _contact(rows[0]) if len(rows) == 1 else None


def _contact(row: tuple) -> Contact:
    *plain, facts, opted_out_at = row
    return Contact(*plain, _decode_facts(facts), maybe_from_microseconds(opted_out_at))
