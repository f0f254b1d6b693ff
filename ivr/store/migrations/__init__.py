"""Alembic migrations, run in-process by ``upgrade``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text

from ivr.store.tables import metadata

HEAD = "0008"  # the newest migration; a database that has it is not asked twice
_LOCK = 7_236_011  # PostgreSQL: any number that only this package locks


def upgrade(engine: Engine, dialect: str) -> None:
    """Runs the missing migrations in one transaction; a second process waits and then finds them done."""
    if _is_newest(engine) or (dialect == "sqlite" and _create(engine)):
        return
    from alembic import command  # 0.2 s that only a stale database pays
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:  # SQLite: BEGIN IMMEDIATE
        if dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _create(engine: Engine) -> bool:
    """Makes all tables of an empty SQLite file at once, from the schema itself; False where there are tables already.

    The migrations would make the same (tests compare the two) and take 0.3 s longer, most of it Alembic's import.
    PostgreSQL has conditions and defaults that only the migrations know.
    """
    with engine.begin() as connection:  # BEGIN IMMEDIATE: a second process waits and then finds them done
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
            return False
        metadata.create_all(connection, checkfirst=False)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))
    return True


def _is_newest(engine: Engine) -> bool:
    connection = engine.raw_connection()
    try:
        rows = connection.driver_connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except engine.dialect.loaded_dbapi.Error:  # no such table; any other trouble is met again, and told, by Alembic
        return False
    finally:
        connection.close()
    return [tuple(row) for row in rows] == [(HEAD,)]
