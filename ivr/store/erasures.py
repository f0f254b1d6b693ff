"""The proof that a voiceprint was deleted: a receipt of what, when, why and by whom, kept without the print.

Receipts are a chain: each holds the ``hash`` of the one before as ``previous``, and its own is SHA-256 over all the rest of
it. So ``check`` finds a receipt that was changed, moved, put in or taken out. What the chain cannot show by itself: that
its end was cut off, or that somebody wrote it anew from some receipt on; for that, a hash noted elsewhere is the anchor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import bindparam, select

from ivr.store.database import Reader, Transaction
from ivr.store.instants import from_microseconds
from ivr.store.statements import Statement, insert_into, limited, one_at_a_time
from ivr.store.tables import erasures

CLOCK = "clock"  # deleted by nobody: the time was up
FIRST_PREVIOUS = "0" * 64
AT_ONCE = 1000  # receipts read in one query


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
    hash: str  # of this receipt: its place in the chain


@dataclass(frozen=True)
class CheckedErasures:
    """``receipts`` hold, ``head`` is the hash of the last of them; ``problem``: what is wrong with the next, or None."""

    receipts: int
    head: str
    problem: str | None = None


_TOLD = ("contact", "sealed_sha256", "model_sha256", "made_at", "erased_at", "reason", "erased_by")
_TOLD_COLUMNS = [erasures.c[name] for name in _TOLD]
_RECORD = insert_into(erasures, *_TOLD, "previous", "hash")
_ALONE = one_at_a_time(7_236_012)  # any number that only this module locks: no two receipts follow the same one
_NEWEST = Statement(limited(select(erasures.c.hash).order_by(erasures.c.id.desc())))
_OF = Statement(
    select(*_TOLD_COLUMNS, erasures.c.hash).where(erasures.c.contact == bindparam("contact")).order_by(erasures.c.id)
)
_CHAIN = select(erasures.c.id, erasures.c.previous, erasures.c.hash, *_TOLD_COLUMNS).order_by(erasures.c.id)
_OLDEST = Statement(limited(_CHAIN))  # whatever id was given to what somebody put in before the first
_AFTER = Statement(limited(_CHAIN.where(erasures.c.id > bindparam("after"))))


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
    told = (contact, sha256(sealed).hexdigest(), model_sha256, made_at, now, reason.value, by)
    transaction.rows(_ALONE, {})
    newest = transaction.rows(_NEWEST, {"limit": 1})
    previous = newest[0][0] if newest else FIRST_PREVIOUS
    row = {**dict(zip(_TOLD, told, strict=True)), "previous": previous, "hash": _hash(previous, told)}
    transaction.write(_RECORD, row)
    return _erasure(*told, row["hash"])


def erasures_of(reader: Reader, contact: str) -> list[Erasure]:
    """Oldest first; those of deleted contacts too."""
    return [_erasure(*row) for row in reader.rows(_OF, {"contact": contact})]


def check(reader: Reader, anchor: str | None = None) -> CheckedErasures:
    """Every receipt, oldest first, and that ``anchor``, a hash noted earlier, is still that of one of them."""
    count, head, anchored = 0, FIRST_PREVIOUS, anchor is None
    rows = reader.rows(_OLDEST, {"limit": AT_ONCE})
    while rows:
        for id_, previous, hash_, *told in rows:
            if previous != head:
                return CheckedErasures(count, head, f"row {id_} does not follow the one before: one was changed, "
                                       "taken out or put in")  # fmt: skip
            if hash_ != _hash(previous, tuple(told)):
                return CheckedErasures(count, head, f"row {id_} was changed: its hash is not that of its content")
            count, head = count + 1, hash_
            anchored = anchored or hash_ == anchor
        rows = reader.rows(_AFTER, {"after": rows[-1][0], "limit": AT_ONCE})
    problem = None if anchored else "no row has the hash that was noted: the end was cut off, or all was written anew"
    return CheckedErasures(count, head, problem)


def _hash(previous: str, told: tuple) -> str:
    """``default``: SQLite stores what it is given, so a tampered column may hold bytes."""
    return sha256(json.dumps([previous, *told], separators=(",", ":"), default=repr).encode()).hexdigest()


def _erasure(contact, sealed_sha256, model_sha256, made_at, erased_at, reason, by, hash_) -> Erasure:
    when = from_microseconds(made_at), from_microseconds(erased_at)
    return Erasure(contact, sealed_sha256, model_sha256, *when, Reason(reason), by, hash_)
