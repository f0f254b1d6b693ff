"""What we hold about the contact of a call, for their own page; only as much as they have proven."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ivr.calls import Services
from ivr.flow.session import Session
from ivr.flow.withdrawing import may_wish
from ivr.store import consents, contacts, erasures, paces, voiceprints
from ivr.store.voiceprints import UNUSED_FOR, StoredPrint


class VoiceprintHeld(msgspec.Struct, frozen=True):
    made_at: datetime
    model: str  # the beginning of its sha256
    used_at: datetime | None  # when the contact was last recognised by it
    unused_until: datetime  # then it is deleted, if it is not of use before


class ErasureHeld(msgspec.Struct, frozen=True):
    """The receipt of a print that was deleted."""

    at: datetime
    receipt: str  # the beginning of the sealed print's sha256


class ConsentHeld(msgspec.Struct, frozen=True):
    version: str
    wording: str
    given_at: datetime
    withdrawn_at: datetime | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    contact: str
    name: str
    number_end: str  # last three digits of the registered phone; empty if there is none
    customer_number_end: str
    has_pin: bool
    facts: tuple[str, ...]  # names of what else is kept beside the contact, never the values
    opted_out_at: datetime | None
    voiceprint: VoiceprintHeld | None
    consent: ConsentHeld | None  # the newest
    erased: ErasureHeld | None = None  # the newest, where there is no print
    slow: bool = False  # gets more time in every call
    relay: bool = False  # an operator speaks for them


def held(services: Services, session: Session) -> Held | None:
    """None: nobody is claimed, who is calling is not proven, or they are on file no more."""
    claim = session.claim
    if claim is None or not may_wish(session.level):
        return None
    db = services.database
    contact = contacts.get(db, claim.contact)
    if contact is None:
        return None
    found = voiceprints.stored(db, contact.id)
    receipts = erasures.erasures_of(db, contact.id) if found is None else []
    pace = paces.pace_of(db, contact.id)
    given = consents.consents_of(db, contact.id)
    newest = given[-1] if given else None
    return Held(
        contact=contact.id, name=contact.name, number_end=(contact.number or "")[-3:],
        customer_number_end=contact.customer_number[-3:], has_pin=contact.pin_hash is not None,
        facts=tuple(sorted(name.replace("_", " ") for name in contact.facts)), opted_out_at=contact.opted_out_at,
        voiceprint=_print(found) if found else None,
        erased=ErasureHeld(receipts[-1].erased_at, receipts[-1].sealed_sha256[:16]) if receipts else None,
        consent=ConsentHeld(newest.version, newest.wording, newest.at, newest.withdrawn_at) if newest else None,
        slow=pace.pace > 1, relay=pace.relay,
    )  # fmt: skip


def _print(stored: StoredPrint) -> VoiceprintHeld:
    unused_until = (stored.last_used_at or stored.created_at) + UNUSED_FOR
    return VoiceprintHeld(stored.created_at, stored.model_sha256[:12], stored.last_used_at, unused_until)
