"""How much time a contact needs is remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "contact_paces",
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("pace", sa.Integer(), nullable=False),
        sa.Column("relay", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["contact"], ["contacts.id"], name="fk_contact_paces_contact"),
        sa.PrimaryKeyConstraint("contact", name="pk_contact_paces"),
    )
