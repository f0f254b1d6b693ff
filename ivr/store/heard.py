"""What was heard of a contact, as sealed fingerprints: none outlives its print (the table's foreign key says so).

An attacker must not be able to push a recording out of the memory by calling often. So what enrolled is kept as long as the
print, and what was not ACCEPTED takes no place from what was.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, delete, select

from ivr.store.database import Reader, Transaction
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, insert_into
from ivr.store.tables import heard_utterances


class Occasion(StrEnum):
    ENROLMENT = "enrolment"
    ACCEPTED = "accepted"
    OTHER = "other"  # compared, and REJECTED or undecided


MOST = {Occasion.ENROLMENT: 12, Occasion.ACCEPTED: 12, Occasion.OTHER: 4}  # the newest of each
KEPT = timedelta(days=365)

_ADD = insert_into(heard_utterances, "contact", "occasion", "sealed", "at")
_OF = Statement(
    select(heard_utterances.c.sealed)
    .where(heard_utterances.c.contact == bindparam("contact"))
    .order_by(heard_utterances.c.id)
)
_OCCASIONS = Statement(
    select(heard_utterances.c.occasion, heard_utterances.c.at)
    .where(heard_utterances.c.contact == bindparam("contact"))
    .order_by(heard_utterances.c.id)
)
_IDS = Statement(
    select(heard_utterances.c.id)
    .where(heard_utterances.c.contact == bindparam("contact"), heard_utterances.c.occasion == bindparam("occasion"))
    .order_by(heard_utterances.c.id.desc())
)
_DROP = Statement(delete(heard_utterances).where(heard_utterances.c.id == bindparam("id")))
_FADE = Statement(
    delete(heard_utterances).where(
        heard_utterances.c.contact == bindparam("contact"),
        heard_utterances.c.occasion != bindparam("occasion"),
        heard_utterances.c.at < bindparam("before"),
    )
)


def remember(transaction: Transaction, contact: str, occasion: Occasion, sealed: bytes, at: datetime) -> None:
    """The contact must have a print. What is too old or too much goes."""
    now = to_microseconds(at)
    transaction.write(_ADD, {"contact": contact, "occasion": occasion.value, "sealed": sealed, "at": now})
    for (id_,) in transaction.rows(_IDS, {"contact": contact, "occasion": occasion.value})[MOST[occasion] :]:
        transaction.write(_DROP, {"id": id_})
    before = to_microseconds(at - KEPT)
    transaction.write(_FADE, {"contact": contact, "occasion": Occasion.ENROLMENT.value, "before": before})


def memory(reader: Reader, contact: str) -> tuple[bytes, ...]:
    return tuple(bytes(sealed) for (sealed,) in reader.rows(_OF, {"contact": contact}))


def occasions(reader: Reader, contact: str) -> list[tuple[str, datetime]]:
    """What is remembered, oldest first: on which occasion, when."""
    return [(occasion, from_microseconds(at)) for occasion, at in reader.rows(_OCCASIONS, {"contact": contact})]
