"""Everything held about one contact, for the person who asks (a subject access request)."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from biometrics import key_id_of
from ivr.flow import events
from ivr.store import (
    attempts,
    calls_of_contact,
    consents,
    contacts,
    erasures,
    heard,
    paces,
    promises,
    sessions,
    voiceprints,
)  # fmt: skip
from ivr.store.calls_of_contact import CallAbout
from ivr.store.contacts import Contact
from ivr.store.database import Database

ABOUT_THE_VOICE = (
    events.ConsentDeclined | events.EnrolmentRecorded | events.FactorFailed | events.FactorProven
    | events.VerdictRecorded | events.VoiceWishGranted
)  # fmt: skip
EVER = timedelta(days=36525)


def record_of(db: Database, contact: str, now: datetime, with_print: bool) -> dict[str, object]:
    """JSON-able. Secrets are left out (of a PIN only that there is one); the sealed print itself only ``with_print``."""
    about = calls_of_contact.calls_about(db, contact)
    # Whoever only claimed to be the contact may have been somebody else: those calls are theirs to ask about.
    proven = [call for call in about if call.session.level]
    return msgspec.to_builtins(
        {
            "exported_at": now,
            "contact": _contact(contacts.get(db, contact)),
            "pace": asdict(paces.pace_of(db, contact)),
            "voiceprint": _print(db, contact, with_print),
            "heard": [{"occasion": occasion, "at": at} for occasion, at in heard.occasions(db, contact)],
            "consents": [asdict(one) for one in consents.consents_of(db, contact)],
            "erasures": [asdict(one) for one in erasures.erasures_of(db, contact)],
            "wrong_secrets": attempts.count_wrong(db, f"contact:{contact}", now - EVER),
            "call_backs": [asdict(one) for one in promises.open_promises_of_contact(db, contact)],
            "calls": [_call(db, call) for call in proven],
            "calls_of_a_mere_claim": len(about) - len(proven),
        }
    )


def _contact(contact: Contact | None) -> dict[str, object] | None:
    """None: not on file any more; what is left is the evidence."""
    if contact is None:
        return None
    found = asdict(contact)
    return {**found, "pin_hash": None, "has_pin": contact.pin_hash is not None}


def _print(db: Database, contact: str, with_print: bool) -> dict[str, object] | None:
    stored = voiceprints.stored(db, contact)
    if stored is None:
        return None
    unused_since = stored.last_used_at or stored.created_at
    return {
        "made_at": stored.created_at, "last_used_at": stored.last_used_at, "model_sha256": stored.model_sha256,
        "sealed_sha256": sha256(stored.sealed).hexdigest(), "sealed_bytes": len(stored.sealed),
        "key_id": key_id_of(stored.sealed), "deleted_if_unused_at": unused_since + voiceprints.UNUSED_FOR,
        "sealed_base64": base64.b64encode(stored.sealed).decode() if with_print else None,
    }  # fmt: skip


def _call(db: Database, about: CallAbout) -> dict[str, object]:
    session = about.session
    about_the_voice = [
        {"at": row.at, **msgspec.to_builtins(event)}
        for row in sessions.log(db, session.call)
        for event in row.events
        if isinstance(event, ABOUT_THE_VOICE)
    ]
    return {
        "call": session.call, "began_at": about.started_at, "ended_at": about.ended_at, "from": session.caller,
        "to": session.line, "language": session.language, "chosen": [*session.chosen, *session.choices_made],
        "answers": session.answers, "factors": [str(factor) for factor in session.factors], "about_the_voice": about_the_voice,
    }  # fmt: skip
