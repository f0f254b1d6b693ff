"""One writer at a time, and one fsync for all who waited for it (group commit).

The first to arrive leads: it runs the jobs of everybody waiting, each under its own savepoint, commits once and wakes
them; who arrived meanwhile is led by the first of them. A job that fails undoes itself and harms no other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ivr.store.errors import StoreError

T = TypeVar("T")
GROUP_AT_MOST = 32  # bounds how long the first of a group waits for the last


class _Job(Generic[T]):
    __slots__ = ("error", "finished", "result", "run", "woken")

    def __init__(self, run: Callable[[Any], T]) -> None:
        self.run = run
        self.woken = threading.Lock()
        self.woken.acquire()
        self.finished = False
        self.result: T | None = None
        self.error: BaseException | None = None


class Turnstile:
    """``connect`` gives a pooled connection whose driver is in autocommit mode; one is kept for all writing."""

    def __init__(self, connect: Callable[[], Any], transaction: Callable[[Any], Any]) -> None:
        self._connect = connect
        self._transaction = transaction
        self._mutex = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._led = False  # somebody is committing, or has been woken to
        self._leader: int | None = None  # thread that is running jobs
        self._connection: Any = None

    def run(self, run: Callable[[Any], T]) -> T:
        if self._leader == threading.get_ident():
            raise RuntimeError("a write was begun inside a write; use the Reader or Transaction that was handed in")
        job = _Job(run)
        with self._mutex:
            self._waiting.append(job)
            lead, self._led = not self._led, True
        if not lead:
            job.woken.acquire()
        if not job.finished:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def close(self) -> None:
        with self._mutex:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _lead(self) -> None:
        with self._mutex:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_AT_MOST))]
        try:
            self._leader = threading.get_ident()
            self._commit(group)
        except BaseException as error:
            stopped = StoreError("the thread that was saving for others was stopped; nothing was saved, try again")
            for job in group:
                job.error = job.error or (error if isinstance(error, Exception) else stopped)
            if not isinstance(error, Exception):
                raise
        finally:
            self._leader = None
            with self._mutex:
                successor = self._waiting[0] if self._waiting else None
                self._led = successor is not None
            if successor is not None:
                successor.woken.release()
            for job in group:
                job.finished = True
                job.woken.release()

    def _commit(self, group: list[_Job]) -> None:
        if self._connection is None:
            self._connection = self._connect()
        driver = self._connection.driver_connection
        driver.execute("BEGIN IMMEDIATE")
        try:
            transaction = self._transaction(driver)
            if len(group) == 1:  # nobody else to protect: its error undoes the transaction
                group[0].result = group[0].run(transaction)
                group = []
            for job in group:
                driver.execute("SAVEPOINT job")
                try:
                    job.result = job.run(transaction)
                except Exception as error:
                    job.error = error
                    driver.execute("ROLLBACK TO job")
                driver.execute("RELEASE job")
            driver.execute("COMMIT")
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
