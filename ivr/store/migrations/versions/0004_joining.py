"""Pages that join a call by six digits, and calls that go on from a page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("page_bindings", sa.Column("veiled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "page_codes",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_page_codes_call"),
        sa.PrimaryKeyConstraint("call", name="pk_page_codes"),
    )
    op.create_index("ix_page_codes_code_hash", "page_codes", ["code_hash"], unique=False)
    op.create_table(
        "beginnings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("call", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_beginnings_call"),
        sa.PrimaryKeyConstraint("id", name="pk_beginnings"),
        sa.UniqueConstraint("cookie_hash", name="uq_beginnings_cookie_hash"),
    )
    op.create_index("ix_beginnings_code_hash", "beginnings", ["code_hash"], unique=False)
    op.create_index("ix_beginnings_flow_expires_at", "beginnings", ["flow", "expires_at"], unique=False)
