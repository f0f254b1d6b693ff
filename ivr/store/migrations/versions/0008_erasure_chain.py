"""The receipts of deleted prints are a chain, those from before too."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TOLD = "contact, sealed_sha256, model_sha256, made_at, erased_at, reason, erased_by"


def upgrade() -> None:
    for name in ("previous", "hash"):
        op.add_column("erasures", sa.Column(name, sa.Text(), server_default="", nullable=False))
    connection, previous = op.get_bind(), "0" * 64
    for id_, *told in connection.execute(sa.text(f"SELECT id, {TOLD} FROM erasures ORDER BY id")).fetchall():
        digest = hashlib.sha256(json.dumps([previous, *told], separators=(",", ":")).encode()).hexdigest()
        connection.execute(
            sa.text("UPDATE erasures SET previous = :previous, hash = :hash WHERE id = :id"),
            {"previous": previous, "hash": digest, "id": id_},
        )
        previous = digest
