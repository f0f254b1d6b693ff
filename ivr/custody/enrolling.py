"""Voices of people on file from a manifest of recordings: consent and print in one commit, or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from biometrics import Encoder, Keys, Voiceprint, seal
from biometrics.batch import BatchResult, ManifestSpeaker, enrol_batch
from ivr.store import consents, contacts, paces, refusals, voiceprints
from ivr.store.database import Database, Reader, Transaction, write


def enrol_manifest(
    db: Database, encoder: Encoder, keys: Keys, manifest: Path, speakers: list[ManifestSpeaker], results: Path,
    clock: Callable[[], datetime],
) -> Iterator[BatchResult]:  # fmt: skip
    """The manifest's contacts are customer numbers. Further refusals: not_on_file, opted_out, relay, already_enrolled,
    consent_withdrawn (after the consent that the manifest shows). Nobody who has a print gets another one this way."""
    source = f"manifest:{sha256(manifest.read_bytes()).hexdigest()[:16]}"

    def keep(speaker: ManifestSpeaker, voiceprint: Voiceprint) -> str | None:
        def job(transaction: Transaction) -> str | None:
            refusal = refusal_of(transaction, speaker)  # again: it took a while to listen
            if refusal is not None:
                return refusal
            contact = contacts.by_customer_number(transaction, speaker.contact).id
            given = speaker.consent
            consents.record_evidence(
                transaction, contact, source, given.version, given.wording, given.language, given.how, given.at
            )
            sealed = seal(voiceprint, keys, contact)
            voiceprints.save(transaction, contact, sealed, voiceprint.model_sha256, clock())
            return None

        return write(db, job)

    return enrol_batch(encoder, speakers, results, lambda speaker: refusal_of(db, speaker), keep)


def refusal_of(reader: Reader, speaker: ManifestSpeaker) -> str | None:
    """Why no print may be made of this person."""
    contact = contacts.by_customer_number(reader, speaker.contact)
    if contact is None:
        return "not_on_file" if refusals.refused_since(reader, speaker.contact) is None else "opted_out"
    if contact.opted_out_at is not None:
        return "opted_out"
    if paces.pace_of(reader, contact.id).relay:
        return "relay"
    if voiceprints.present(reader, [contact.id]):
        return "already_enrolled"
    withdrawn = [one.withdrawn_at for one in consents.consents_of(reader, contact.id) if one.withdrawn_at is not None]
    return "consent_withdrawn" if withdrawn and max(withdrawn) >= speaker.consent.at else None
