"""The one ``MetaData`` of all tables, and the columns they are made of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")


def optional(name: str, type_: type[TypeEngine] | TypeEngine, *rest: ForeignKey) -> Column:
    return Column(name, type_, *rest, nullable=True)


def needed(name: str, type_: type[TypeEngine] | TypeEngine, *rest: ForeignKey) -> Column:
    return Column(name, type_, *rest, nullable=False)
