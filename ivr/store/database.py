"""Opening the database, reading outside transactions, writing inside one.

Every query function of this package takes a ``Reader``: the ``Database`` itself (each statement sees the newest commit)
or the ``Transaction`` of a running write (what ``sessions.change`` hands to its ``decide``).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from ivr.store import migrations
from ivr.store.errors import StoreError
from ivr.store.statements import Rows, Statement
from ivr.store.turnstile import Turnstile

BUSY_TIMEOUT_MILLISECONDS = 5000  # how long a writer of this process waits for a writer of another
POOL_SIZE = 64  # connections at most; a pooled one is opened when first needed

T = TypeVar("T")
Parameters = Mapping[str, Any]


class Reader(Protocol):
    def rows(self, statement: Statement, parameters: Parameters) -> Rows: ...


class Transaction:
    """An open write transaction. Reads through it see its own writes."""

    __slots__ = ("_connection", "_dialect")

    def __init__(self, connection: Any, dialect: str) -> None:
        self._connection = connection
        self._dialect = dialect

    def rows(self, statement: Statement, parameters: Parameters) -> Rows:
        return self._connection.execute(statement.text_for(self._dialect), parameters).fetchall()

    def write(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were written."""
        return self._connection.execute(statement.text_for(self._dialect), parameters).rowcount


@dataclass(frozen=True, eq=False)
class Database:
    engine: Engine
    dialect: str  # sqlite | postgresql
    url: str  # without its password, for messages
    turnstile: Turnstile | None  # SQLite has one writer: writers of this process queue here

    def rows(self, statement: Statement, parameters: Parameters) -> Rows:
        """Reads outside any transaction. Raises StoreError."""
        connection = _connect(self)
        try:
            return connection.driver_connection.execute(statement.text_for(self.dialect), parameters).fetchall()
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise _failed(self, "read", error) from error
        finally:
            connection.close()


def open_database(url: str) -> Database:
    """``sqlite:///path``, ``sqlite:////absolute/path`` or ``postgresql://user@host/name``. Raises StoreError.

    Nothing is connected to yet; ``upgrade`` makes the tables.
    """
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        raise StoreError(f"IVR_DATABASE_URL {url!r} is not a database URL; write e.g. sqlite:///var/duet.db") from error
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return _open_postgresql(parsed)
        case other:
            raise StoreError(f"IVR_DATABASE_URL names {other!r}; Duet keeps its data in sqlite or postgresql")


def close(db: Database) -> None:
    if db.turnstile is not None:
        db.turnstile.close()
    db.engine.dispose()


def upgrade(db: Database) -> None:
    """Brings the tables to this release's schema; several processes may do so at once. Raises StoreError."""
    try:
        migrations.upgrade(db.engine, db.dialect)
    except (db.engine.dialect.loaded_dbapi.Error, SQLAlchemyError) as error:
        raise _failed(db, "upgrade", error) from error


def write(db: Database, job: Callable[[Transaction], T]) -> T:
    """Runs ``job`` in one write transaction that is on disk when this returns; an exception undoes all of it.

    ``job`` may run on the thread of another writer, so it must not touch thread-local state, and must not write
    through ``db`` itself. Raises StoreError and whatever ``job`` raises.
    """
    try:
        return db.turnstile.run(job) if db.turnstile is not None else _write_alone(db, job)
    except db.engine.dialect.loaded_dbapi.Error as error:
        raise _failed(db, "write", error) from error


def _write_alone(db: Database, job: Callable[[Transaction], T]) -> T:
    connection = _connect(db)
    try:
        driver = connection.driver_connection
        driver.execute("BEGIN")
        try:
            result = job(Transaction(driver, db.dialect))
            driver.execute("COMMIT")
        except BaseException:
            with suppress(db.engine.dialect.loaded_dbapi.Error):  # the first error is the one to tell
                driver.execute("ROLLBACK")
            raise
        return result
    finally:
        connection.close()


def _connect(db: Database) -> Any:
    try:
        return db.engine.raw_connection()
    except (db.engine.dialect.loaded_dbapi.Error, SQLAlchemyError) as error:
        raise _failed(db, "open", error) from error


def _failed(db: Database, what: str, error: Exception) -> StoreError:
    return StoreError(
        f"cannot {what} the database {db.url}: {error}".strip() + "; check IVR_DATABASE_URL and its server or file"
    )


def _open_sqlite(url: URL) -> Database:
    if url.database in (None, "", ":memory:"):
        raise StoreError(f"IVR_DATABASE_URL {url} names no file; write e.g. sqlite:///var/duet.db")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the directory of IVR_DATABASE_URL {url} cannot be made: {error.strerror}; name another one"
        ) from error
    # Connections may wander between threads (one at a time), which sqlite3 forbids unless told.
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        pool_reset_on_return=None,
        pool_use_lifo=True,
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MILLISECONDS / 1000,
            "cached_statements": 256,
        },
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # this package says BEGIN and COMMIT itself
        _use_wal(connection)
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    turnstile = Turnstile(lambda: engine.raw_connection(), lambda driver: Transaction(driver, "sqlite"))
    return Database(engine, "sqlite", str(url), turnstile)


def _use_wal(connection: Any) -> None:
    """SQLite does not wait when two processes make a new file a WAL file at once; the loser finds it done."""
    until = time.monotonic() + BUSY_TIMEOUT_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _open_postgresql(url: URL) -> Database:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), pool_size=POOL_SIZE, pool_use_lifo=True, pool_pre_ping=True
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.autocommit = True  # this package says BEGIN and COMMIT itself

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return Database(engine, "postgresql", url.render_as_string(hide_password=True), None)
