"""Statements written once in SQLAlchemy Core, compiled once for each database, run on the driver's own cursor.

Running a compiled string costs 2–4 µs; ``Connection.execute`` costs ten times that in caching and result objects
(`README.md` has the figures), and a turn runs six of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import msgspec
from sqlalchemy import (
    Boolean,
    ClauseElement,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles

Rows = list[tuple[Any, ...]]


class Insert(Protocol):
    """``insert`` of one dialect: both know ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""

    def __call__(self, table: Any) -> Any: ...


class Statement:
    """One statement; every parameter is handed in by name.

    ``build`` is a Core clause, or a function of the dialect's ``insert`` where ON CONFLICT is needed. ``columns`` are
    those an INSERT or UPDATE sets from parameters of their own names.
    """

    __slots__ = ("_build", "_columns", "_texts")

    def __init__(self, build: ClauseElement | Callable[[Insert], ClauseElement], *columns: str) -> None:
        self._build = build
        self._columns = list(columns) or None
        self._texts: dict[str, str] = {}

    def text_for(self, dialect: str) -> str:
        """SQL for ``sqlite`` (:name) or ``postgresql`` (%(name)s)."""
        text = self._texts.get(dialect)
        if text is None:
            own, insert_of_dialect = _dialect(dialect)
            clause = self._build if isinstance(self._build, ClauseElement) else self._build(insert_of_dialect)
            compiled = clause.compile(dialect=own, column_keys=self._columns)
            hidden = [name for name, bind in compiled.binds.items() if not bind.required]
            assert not hidden, f"{compiled}: {hidden} would get no value; write them as constant()"
            text = self._texts[dialect] = str(compiled)
        return text


@cache
def _dialect(name: str) -> tuple[Dialect, Insert]:
    """Imported when first needed: PostgreSQL's half costs a tenth of the server's start."""
    if name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_of_postgresql
        from sqlalchemy.dialects.postgresql.psycopg import dialect

        return dialect(), insert_of_postgresql
    from sqlalchemy.dialects import sqlite

    return sqlite.dialect(paramstyle="named"), sqlite.insert


def constant(value: str | int) -> ColumnElement:
    """A value of ours that is part of the statement's text, not a parameter."""
    return literal_column(f"'{value}'" if isinstance(value, str) else str(value))


def limited(query: Select) -> Select:
    """The query with the parameter ``limit``."""
    return query.limit(bindparam("limit")).offset(constant(0))


def insert_into(table: Table, *columns: str) -> Statement:
    """A plain INSERT of these columns, or of all."""
    return Statement(insert(table).inline(), *(columns or table.c.keys()))


class _Among(ColumnElement[bool]):
    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[str], name: str) -> None:
        self.column = column
        self.names = bindparam(name, type_=String())

    def self_group(self, against: Any = None) -> _Among:
        return self  # else SQLite, which has no boolean type, is asked for ``(…) = 1`` and forgets its index


class _Turn(ColumnElement[int]):
    inherit_cache = False
    type = Integer()

    def __init__(self, number: int) -> None:
        self.number = number


def one_at_a_time(number: int) -> Statement:
    """Waits until no other transaction that ran this holds ``number``; held until the commit.

    SQLite has one writer anyway; on PostgreSQL it is an advisory lock, and what is read after it is up to date.
    """
    return Statement(select(_Turn(number)))


def among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """``column IN (…)`` of any number of texts without compiling again: parameter ``name`` is ``as_list(texts)``."""
    return _Among(column, name)


def as_list(texts: Any) -> str:
    return msgspec.json.encode(list(texts)).decode()


@compiles(_Turn, "sqlite")
def _turn_sqlite(element: _Turn, compiler: Any, **how: Any) -> str:
    return str(element.number)


@compiles(_Turn, "postgresql")
def _turn_postgresql(element: _Turn, compiler: Any, **how: Any) -> str:
    return f"pg_advisory_xact_lock({element.number})"


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: Any, **how: Any) -> str:
    column, names = compiler.process(element.column, **how), compiler.process(element.names, **how)
    return f"{column} IN (SELECT value FROM json_each({names}))"


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: Any, **how: Any) -> str:
    column, names = compiler.process(element.column, **how), compiler.process(element.names, **how)
    return f"{column} IN (SELECT json_array_elements_text(CAST({names} AS json)))"
