"""Who said "never use my voice": kept as hashes of their numbers, on file or not, and honoured for ever.

``contacts.opted_out_at`` is what calls read; whatever puts a contact on file fills it from here.
"""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import ClauseElement, bindparam, delete, func, select, update

from ivr.store.database import Reader, Transaction
from ivr.store.statements import Insert, Statement, among, as_list
from ivr.store.tables import contacts, voice_refusals


def _keep(insert: Insert) -> ClauseElement:
    return insert(voice_refusals).on_conflict_do_nothing(index_elements=["subject"]).inline()


_KEEP = Statement(_keep, "subject", "refused_at", "refused_by")
_FORGET = Statement(delete(voice_refusals).where(among(voice_refusals.c.subject, "subjects")))
_SINCE = Statement(select(func.min(voice_refusals.c.refused_at)).where(among(voice_refusals.c.subject, "subjects")))
_NUMBERS = Statement(select(contacts.c.customer_number, contacts.c.number).where(contacts.c.id == bindparam("contact")))
_OPT = Statement(update(contacts).where(contacts.c.id == bindparam("of_contact")), "opted_out_at")


def refuse(transaction: Transaction, contact: str, now: int, by: str) -> None:
    """Of a contact on file; the number they are known by is remembered when they are not any more."""
    transaction.write(_OPT, {"of_contact": contact, "opted_out_at": now})
    for customer_number, _number in transaction.rows(_NUMBERS, {"contact": contact}):
        refuse_unknown(transaction, customer_number, now, by)


def refuse_unknown(transaction: Transaction, number: str, now: int, by: str) -> None:
    """Of somebody who may not be on file: a customer number, or a phone number (E.164)."""
    transaction.write(_KEEP, {"subject": _subject(number), "refused_at": now, "refused_by": by})


def allow(transaction: Transaction, contact: str) -> None:
    """The contact may be asked again."""
    transaction.write(_OPT, {"of_contact": contact, "opted_out_at": None})
    for numbers in transaction.rows(_NUMBERS, {"contact": contact}):
        transaction.write(_FORGET, {"subjects": _subjects(*numbers)})


def allow_unknown(transaction: Transaction, number: str) -> bool:
    """False: nobody had refused under this number."""
    return transaction.write(_FORGET, {"subjects": _subjects(number)}) > 0


def refused_since(reader: Reader, *numbers: str | None) -> int | None:
    """Since when (microseconds) whoever has one of these numbers refuses; None: they do not."""
    return reader.rows(_SINCE, {"subjects": _subjects(*numbers)})[0][0]


def _subjects(*numbers: str | None) -> str:
    return as_list(_subject(number) for number in numbers if number)


def _subject(number: str) -> str:
    kind = "number" if number.startswith("+") else "customer"
    return sha256(f"{kind}:{number}".encode()).hexdigest()
