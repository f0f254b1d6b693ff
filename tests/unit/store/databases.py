"""Both databases for tests: a SQLite file, and a private PostgreSQL cluster that listens on a Unix socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.flow.events import AnyEvent, Said
from ivr.flow.session import Page, Session, Turn
from ivr.store.database import close, open_database, upgrade
from ivr.store.tables import metadata

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_session(call: str = "call-1", **values: object) -> Session:
    first = {"bundle": "b" * 64, "flow": "bank", "caller": "+15550123", "line": "+15550100", "page": Page(digits="47")}
    return Session(call=call, **(first | {"turn": 1, "step": "main"} | values))


def a_turn(session: Session, *events: AnyEvent) -> Turn:
    return Turn(session, events or (Said(text="How can I help?"),))


@dataclass
class Cluster:
    socket: str

    def url(self, name: str) -> str:
        return f"postgresql://duet@/{name}?host={self.socket}"

    def fresh(self) -> str:
        """URL of the database that has the tables, emptied."""
        tables = ", ".join(metadata.tables)
        self.run(f"TRUNCATE {tables} RESTART IDENTITY CASCADE", "duet")
        return self.url("duet")

    def run(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with closing(psycopg.connect(self.url(database), autocommit=True)) as connection:
            connection.execute(statement)


def _initdb() -> str | None:
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return str(newest[-1]) if newest else shutil.which("initdb")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Skips loudly where PostgreSQL is not installed; fails where CI is set."""
    initdb = _initdb()
    if initdb is None:
        reason = (
            "PostgreSQL is not installed (Debian: apt-get install postgresql); its half of the store is UNTESTED here"
        )
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    directory = Path(tempfile.mkdtemp(prefix="duet-postgresql-"))
    # The server refuses to run as root.
    user = {"user": pwd.getpwnam("nobody").pw_uid, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        if user:
            os.chown(directory, user["user"], -1)
        data = directory / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": directory, **user}
        subprocess.run(
            [initdb, "-D", data, "-U", "duet", "-A", "trust", "-N", "--no-instructions"], check=True, **quiet
        )
        server = subprocess.Popen(
            [Path(initdb).with_name("postgres"), "-D", data, "-k", directory, "-c", "listen_addresses=",
             "-c", "fsync=off", "-c", "max_connections=300"],
            **(quiet | {"stderr": subprocess.DEVNULL}),
        )  # fmt: skip
        try:
            made = Cluster(str(directory))
            _wait_for(made, server)
            made.run("CREATE DATABASE duet")
            template = open_database(made.url("duet"))
            upgrade(template)
            close(template)
            yield made
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth keeping
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_for(made: Cluster, server: subprocess.Popen) -> None:
    import psycopg

    for _ in range(400):
        try:
            return made.run("SELECT 1")
        except psycopg.OperationalError:
            assert server.poll() is None, "the private PostgreSQL cluster did not start"
            time.sleep(0.05)
    raise AssertionError("the private PostgreSQL cluster did not answer within 20 s")
