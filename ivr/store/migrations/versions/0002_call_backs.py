"""Promised call backs; when a conversation was wrapped up, from which waiting times are estimated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "call_backs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.Column("promised_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_call_backs_call"),
        sa.ForeignKeyConstraint(["agent"], ["agents.name"], name="fk_call_backs_agent"),
        sa.PrimaryKeyConstraint("id", name="pk_call_backs"),
    )
    op.create_index(
        "uq_call_backs_open", "call_backs", ["queue", "number"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_call_backs_contact", "call_backs", ["contact"])
    op.add_column("reservations", sa.Column("finished_at", sa.BigInteger(), nullable=True))
