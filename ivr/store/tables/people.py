"""People on file: who they are, how much time they need, and how often a secret of theirs was tried."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from ivr.store.tables.schema import Serial, metadata, needed, optional

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    needed("customer_number", Text),
    needed("name", Text),
    optional("number", Text),
    optional("pin_hash", Text),
    needed("language", Text),
    needed("facts", Text),  # JSON object
    optional("opted_out_at", BigInteger),
    UniqueConstraint("customer_number"),
)
Index("ix_contacts_number", contacts.c.number)

contact_paces = Table(
    "contact_paces",
    metadata,
    Column("contact", Text, ForeignKey("contacts.id"), primary_key=True),
    needed("pace", Integer),  # 1, or 3 for a contact who needs more time
    needed("relay", Boolean),
)

secret_attempts = Table(
    "secret_attempts",
    metadata,
    Column("id", Serial, primary_key=True),
    needed("subject", Text),  # contact:<id> or caller:<number>
    needed("matched", Boolean),
    needed("at", BigInteger),
)
Index("ix_secret_attempts_subject_at", secret_attempts.c.subject, secret_attempts.c.at)
