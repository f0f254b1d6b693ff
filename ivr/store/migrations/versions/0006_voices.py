"""When a voiceprint was last of use, the proof that one was deleted, and who said "never"."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("voiceprints", sa.Column("last_used_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("sealed_sha256", sa.Text(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_erasures_contact", "erasures", ["contact"], unique=False)
    op.create_table(
        "voice_refusals",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=False),
        sa.Column("refused_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_voice_refusals"),
    )
    # Who had opted out before this release stays so, whatever is imported: their numbers are hashed as ``refusals`` does.
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT customer_number, opted_out_at FROM contacts WHERE opted_out_at IS NOT NULL")
    )
    for customer_number, opted_out_at in rows.fetchall():
        subject = sha256(f"customer:{customer_number}".encode()).hexdigest()
        connection.execute(
            sa.text("INSERT INTO voice_refusals (subject, refused_at, refused_by) VALUES (:subject, :at, 'earlier')"),
            {"subject": subject, "at": opted_out_at},
        )
