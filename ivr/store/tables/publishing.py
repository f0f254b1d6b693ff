"""Bundles of flow files, and which of them is live for new calls."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from ivr.store.tables.schema import Serial, metadata, needed

bundles = Table("bundles", metadata, Column("hash", Text, primary_key=True))

bundle_files = Table(
    "bundle_files",
    metadata,
    Column("hash", Text, ForeignKey("bundles.hash"), primary_key=True),
    Column("name", Text, primary_key=True),
    needed("content", LargeBinary),
)

publications = Table(
    "publications",
    metadata,
    Column("id", Serial, primary_key=True),
    needed("flow", Text),
    needed("hash", Text, ForeignKey("bundles.hash")),
    needed("at", BigInteger),
    sqlite_autoincrement=True,
)
Index("ix_publications_flow_id", publications.c.flow, publications.c.id)
