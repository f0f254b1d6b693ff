"""Opening, upgrading, writing together."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import ivr.store
from ivr.store import attempts, database, erasures, migrations
from ivr.store.database import Database, Transaction, close, open_database, upgrade, write
from ivr.store.errors import StoreError
from ivr.store.statements import Statement
from ivr.store.tables import metadata
from tests.unit.store.databases import NOW


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_is_told_with_its_remedy(url: str) -> None:
    with pytest.raises(StoreError, match="IVR_DATABASE_URL"):
        open_database(url)


def test_a_database_out_of_reach_is_told_without_its_password() -> None:
    db = open_database("postgresql://duet:secret@/name?host=/nonexistent")
    for act in (upgrade, lambda db: attempts.count_wrong(db, "x", NOW), lambda db: write(db, lambda _: None)):
        with pytest.raises(StoreError, match="IVR_DATABASE_URL") as caught:
            act(db)
        assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "duet.db").write_text(
        "This is a shopping list, and long enough to be taken for a database header. " * 20
    )
    db = open_database(f"sqlite:///{tmp_path}/duet.db")
    with pytest.raises(StoreError, match="duet.db"):
        upgrade(db)


def test_the_migrations_make_the_tables_that_the_code_uses(db: Database) -> None:
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_new_sqlite_file_has_exactly_what_the_migrations_make(tmp_path: Path, monkeypatch) -> None:
    def made(name: str) -> dict[str, list[str]]:
        db = open_database(f"sqlite:///{tmp_path}/{name}.db")
        upgrade(db)
        with db.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master").fetchall()
            version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            assert version == migrations.HEAD
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        close(db)
        # Column by column: an added column stands last in a table that was altered, and order is not meaning.
        return {name: sorted(re.findall(r"\w+|[^\s\w(),]+", sql or "")) for name, sql in rows}

    at_once = made("at_once")
    monkeypatch.setattr(migrations, "_create", lambda engine: False)
    assert made("migrated") == at_once and len(at_once) > 20


ERASED = (
    "INSERT INTO erasures (contact, sealed_sha256, model_sha256, made_at, erased_at, reason, erased_by) "
    "VALUES ('{}', 'abc', 'def', 1763726400000000, 1763726400000001, 'expired', 'clock')"
)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_receipts_of_deletions_from_before_the_chain_are_its_beginning(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/older.db"
    if dialect == "postgresql":
        request.getfixturevalue("postgresql").run("CREATE DATABASE older")
        url = request.getfixturevalue("postgresql").url("older")
    db, upgrade_to = open_database(url), command.upgrade
    monkeypatch.setattr(migrations, "_create", lambda engine: False)
    with monkeypatch.context() as older:
        older.setattr(command, "upgrade", lambda config, _: upgrade_to(config, "0007"))
        upgrade(db)
    with db.engine.begin() as connection:
        for contact in ("c-1", "c-2"):
            connection.exec_driver_sql(ERASED.format(contact))
    upgrade(db)
    write(
        db, lambda transaction: erasures.record(transaction, "c-3", b"", "def", 1, 2, erasures.Reason.WISHED, "clock")
    )
    checked = erasures.check(db)
    assert (checked.receipts, checked.problem) == (3, None)
    close(db)


def test_the_newest_migration_is_the_one_called_head() -> None:
    files = sorted(path.name for path in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert files[-1].startswith(migrations.HEAD)


def test_several_processes_may_upgrade_at_once(tmp_path: Path, postgresql) -> None:
    postgresql.run("CREATE DATABASE bare")
    urls = [f"sqlite:///{tmp_path}/new/duet.db", postgresql.url("bare")]
    program = "import sys; from ivr.store.database import *; [upgrade(open_database(url)) for url in sys.argv[1:]]"
    running = [subprocess.Popen([sys.executable, "-c", program, *urls], stderr=subprocess.PIPE) for _ in range(2)]
    told = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    for url in urls:
        db = open_database(url)
        assert attempts.count_wrong(db, "x", NOW) == 0
        close(db)


def statements() -> list[tuple[str, Statement]]:
    found = []
    for module in pkgutil.iter_modules(ivr.store.__path__):
        if not module.ispkg:
            names = vars(importlib.import_module(f"ivr.store.{module.name}"))
            for name, value in names.items():
                found += [(f"{module.name}.{name}", s) for s in (value.values() if isinstance(value, dict) else [value])
                          if isinstance(s, Statement)]  # fmt: skip
    return found


@pytest.mark.parametrize(("name", "statement"), statements())
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_statement_can_be_said_to_both_databases(name: str, statement: Statement, dialect: str) -> None:
    if "RECENT_LOG" not in name:
        assert statement.text_for(dialect)


def test_sqlite_is_opened_for_durability(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path}/duet.db")
    with db.engine.connect() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert settings == ["wal", 2, 1, 5000]
    close(db)


def test_writers_that_come_together_are_saved_together_and_fail_alone(db: Database) -> None:
    gate, outcomes = threading.Event(), {}

    def add(number: int) -> None:
        def job(transaction: Transaction) -> int:
            gate.wait(5)  # hold the first writer until the others queue behind it
            attempts.record(transaction, f"subject-{number}", False, NOW)
            if number % 3 == 0:
                raise LookupError(f"writer {number}")
            return number

        try:
            outcomes[number] = write(db, job)
        except LookupError as error:
            outcomes[number] = str(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert outcomes == {number: number if number % 3 else f"writer {number}" for number in range(12)}
    counted = [attempts.count_wrong(db, f"subject-{number}", NOW) for number in range(12)]
    assert counted == [1 if number % 3 else 0 for number in range(12)]


def test_a_failed_statement_harms_no_other_writer(db: Database) -> None:
    def broken(transaction: Transaction) -> None:
        attempts.record(transaction, "broken", None, NOW)  # type: ignore[arg-type]

    gate = threading.Event()
    told = []

    def run(job) -> None:
        try:
            write(db, job)
        except StoreError as error:
            told.append(str(error))

    def good(number: int):
        return lambda transaction: (gate.wait(5), attempts.record(transaction, f"good-{number}", False, NOW))

    threads = [threading.Thread(target=run, args=(job,)) for job in (good(1), broken, good(2), broken, good(3))]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert [attempts.count_wrong(db, f"good-{number}", NOW) for number in (1, 2, 3)] == [1, 1, 1]
    assert len(told) == 2


def test_a_write_inside_a_write_is_told_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path}/duet.db")
    upgrade(db)
    with pytest.raises(RuntimeError, match="inside a write"):
        write(db, lambda _: attempts.record_attempt(db, "x", False, NOW))
    attempts.record_attempt(db, "x", False, NOW)
    close(db)


def test_a_database_locked_by_another_program_is_told_and_recovers(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MILLISECONDS", 50)
    db, other = (open_database(f"sqlite:///{tmp_path}/duet.db") for _ in range(2))
    upgrade(db)
    with other.engine.begin(), pytest.raises(StoreError, match="locked"):
        attempts.record_attempt(db, "x", False, NOW)
    attempts.record_attempt(db, "x", False, NOW)
    assert attempts.count_wrong(db, "x", NOW) == 1
    for one in (db, other):
        close(one)
