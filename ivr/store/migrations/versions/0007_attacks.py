"""Tries at a voice are counted, and recordings that come again are known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("page_bindings", sa.Column("device", sa.LargeBinary(), nullable=True))
    op.create_table(
        "voice_tries",
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request", "subject", name="pk_voice_tries"),
    )
    op.create_index("ix_voice_tries_subject_at", "voice_tries", ["subject", "at"], unique=False)
    op.create_table(
        "heard_utterances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact"], ["voiceprints.contact"], name="fk_heard_utterances_contact", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_heard_utterances"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_heard_utterances_contact_id", "heard_utterances", ["contact", "id"], unique=False)
