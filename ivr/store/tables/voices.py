"""Voices: consents and refusals, sealed prints, what was tried against them, and the proof that one is gone."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from ivr.store.tables.schema import Serial, metadata, needed, optional

# Kept when the contact is deleted: it is the evidence that a print was made lawfully. It holds no name and no number.
consents = Table(
    "consents",
    metadata,
    Column("id", Serial, primary_key=True),
    needed("contact", Text),
    needed("call", Text),
    needed("version", Text),
    needed("wording_sha256", Text),
    needed("wording", Text),
    needed("language", Text),
    needed("given_by", Text),
    needed("given_at", BigInteger),
    optional("withdrawn_at", BigInteger),
    UniqueConstraint("id", "contact"),  # what a voiceprint points at
    sqlite_autoincrement=True,
)
Index("ix_consents_contact", consents.c.contact)

voiceprints = Table(
    "voiceprints",
    metadata,
    Column("contact", Text, ForeignKey("contacts.id"), primary_key=True),
    needed("consent", Serial),
    needed("sealed", LargeBinary),
    needed("model_sha256", Text),
    needed("created_at", BigInteger),
    optional("last_used_at", BigInteger),  # of the last ACCEPTED; NULL: never
    # Without a consent of this very contact no print can exist.
    ForeignKeyConstraint(["consent", "contact"], ["consents.id", "consents.contact"]),
)

# The proof that a print was deleted: what, when, why and by whom, without the print. Kept when the contact is deleted.
erasures = Table(
    "erasures",
    metadata,
    Column("id", Serial, primary_key=True),
    needed("contact", Text),
    needed("sealed_sha256", Text),
    needed("model_sha256", Text),
    needed("made_at", BigInteger),
    needed("erased_at", BigInteger),
    needed("reason", Text),
    needed("erased_by", Text),  # call:<id>, operator:<name> or clock
    # The chain (`erasures.py`). The default stands for nothing: it let the columns be added to rows that were there.
    Column("previous", Text, nullable=False, server_default=""),
    Column("hash", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
Index("ix_erasures_contact", erasures.c.contact)

# Who said "never", on file or not: a hash of the customer number or the phone number. Outlives the contact, so that
# neither an import nor a batch enrols them.
voice_refusals = Table(
    "voice_refusals",
    metadata,
    Column("subject", Text, primary_key=True),
    needed("refused_at", BigInteger),
    needed("refused_by", Text),
)

# Of comparisons of voices that were not ACCEPTED, or are under way (`voice_tries.py`).
voice_tries = Table(
    "voice_tries",
    metadata,
    Column("request", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # contact:<id>, caller:<number> or device:<hash>
    needed("at", BigInteger),
)
Index("ix_voice_tries_subject_at", voice_tries.c.subject, voice_tries.c.at)

# What was heard of a contact, as sealed fingerprints, so that the same recording is known again (`heard.py`).
heard_utterances = Table(
    "heard_utterances",
    metadata,
    Column("id", Serial, primary_key=True),
    # None outlives its print, however that is deleted.
    needed("contact", Text, ForeignKey("voiceprints.contact", ondelete="CASCADE")),
    needed("occasion", Text),
    needed("sealed", LargeBinary),
    needed("at", BigInteger),
    sqlite_autoincrement=True,
)
Index("ix_heard_utterances_contact_id", heard_utterances.c.contact, heard_utterances.c.id)
