"""A call's newest reply lies in its own row: an older one is never given again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("calls", sa.Column("reply_key", sa.LargeBinary(), nullable=True))
    op.add_column("calls", sa.Column("reply_turn", sa.Integer(), nullable=True))
    op.add_column("calls", sa.Column("reply", sa.LargeBinary(), nullable=True))
    op.drop_table("replies")
