"""Doubled inputs, several processes and kill -9: each accepted input is in the database exactly once."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from ivr.store import requests, sessions
from ivr.store.database import Database, close, open_database, upgrade
from tests.integration.store_worker import answer_in_parallel, answer_until_killed
from tests.unit.store.databases import NOW, a_session, a_turn, cluster

PROCESSES = multiprocessing.get_context("forkserver")  # the imports are paid once, not by each process
PROCESSES.set_forkserver_preload(["tests.integration.store_worker"])


def start(work: Callable, *arguments: object) -> tuple[BaseProcess, Connection]:
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    return process, ours


def kill(process: BaseProcess) -> None:
    process.kill()  # -9
    process.join()


def everything_from(pipe: Connection) -> list[int]:
    """What was sent whole before the process died."""
    received = []
    try:
        while True:
            received.append(pipe.recv())
    except (EOFError, OSError):
        return received


@pytest.fixture(scope="module")
def postgresql():
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").fresh()
    return f"sqlite:///{tmp_path}/duet.db"


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    opened = open_database(url)
    upgrade(opened)
    yield opened
    close(opened)


def begin(db: Database, call: str) -> None:
    session = a_session(call)
    assert sessions.create_call(db, session, a_turn(session), "twilio", f"CA-{call}", NOW)


def test_fifty_parallel_identical_answers_to_two_processes_leave_one_transition(db: Database, url: str) -> None:
    begin(db, "call-1")
    workers = [start(answer_in_parallel, url, 1, 25) for _ in range(2)]
    for _, pipe in workers:
        pipe.send("go")
    accepted = [pipe.recv() for _, pipe in workers]
    for process, _ in workers:
        process.join(10)
    assert sum(accepted) == 1
    assert [row.revision for row in sessions.log(db, "call-1")] == [1, 2]
    assert [one.request for one in requests.requests_of(db, "call-1")] == ["call-1.1"]
    assert sessions.load(db, "call-1").turn == 2


def test_fifty_doubled_first_webhooks_make_one_call(db: Database) -> None:
    together, made = threading.Barrier(50), []

    def one(number: int) -> None:
        session = a_session(f"call-{number}")
        together.wait()
        if sessions.create_call(db, session, a_turn(session), "twilio", "CA1", NOW):
            made.append(session.call)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [sessions.call_of(db, "CA1")]
    assert [row.call for row in sessions.recent_log(db, 0, 100)] == made


def test_kill_9_at_any_moment_loses_and_doubles_nothing(db: Database, url: str) -> None:
    """Two processes take turns and are killed and started again; what they had reported as saved is saved."""
    chance = random.Random(7)
    names = ["call-a", "call-b"]
    for call in names:
        begin(db, call)
    told: dict[str, int] = dict.fromkeys(names, 0)
    for _ in range(12):
        workers = {call: start(answer_until_killed, url, call, sessions.load(db, call).turn) for call in names}
        for call, (process, pipe) in workers.items():
            told[call] = pipe.recv()  # at work
            time.sleep(chance.uniform(0, 0.1))
            kill(process)
            told[call] = max([told[call], *everything_from(pipe)])
    for call in names:
        rows = sessions.log(db, call)
        session = sessions.load(db, call)
        assert [row.revision for row in rows] == list(range(1, session.revision + 1)), "a hole or a double"
        assert [row.input.keys for row in rows[1:]] == [str(turn) for turn in range(1, session.turn)]
        assert session.turn > told[call], "a turn that was reported as saved is missing"
        assert session.turn > 24, "the workers hardly worked: this run shows nothing"
        kept = [one.request for one in requests.requests_of(db, call)]
        assert sorted(kept) == sorted(session.open_requests)
        newest = f"{call}.{session.turn - 1}".encode()
        assert sessions.remembered_reply(db, call, newest) == (session.turn, b"sealed" * 100)


def test_after_kill_9_a_sqlite_file_is_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/duet.db"
    db = open_database(url)
    upgrade(db)
    begin(db, "call-1")
    process, pipe = start(answer_until_killed, url, "call-1", 1)
    assert pipe.recv() == 1
    kill(process)
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    close(db)
