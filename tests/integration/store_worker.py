"""Processes of their own that take turns, for the tests of crashes and of doubled inputs."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from multiprocessing.connection import Connection

from msgspec.structs import replace

from ivr.flow.events import MessageRequested, Said
from ivr.flow.inputs import Digits
from ivr.flow.session import Session, Turn
from ivr.store import sessions
from ivr.store.database import Database, Reader, open_database


def answer(db: Database, call: str, turn: int) -> Turn:
    """As the engine does: accepted only at the turn it was asked at; asks for a message at each."""

    def decide(session: Session, reader: Reader) -> Turn:
        if session.turn != turn:
            return Turn(session, (), accepted=False)
        message = MessageRequested(
            request=f"{call}.{turn}", due_seconds=600, to=None, text="Your page", to_number_on_file=False
        )
        after = replace(session, turn=turn + 1, open_requests=(*session.open_requests, message.request)[-5:])
        return Turn(after, (Said(text=f"turn {turn + 1}"), message))

    return sessions.change(
        db, call, decide, datetime.now(UTC), lambda saved: (f"{call}.{turn}".encode(), b"sealed" * 100),
        Digits(turn=turn, keys=str(turn)),
    )  # fmt: skip


def answer_in_parallel(url: str, turn: int, count: int, pipe: Connection) -> None:
    """Once told to go, ``count`` threads give the same answer; sends how many were accepted."""
    db, start, accepted = open_database(url), threading.Barrier(count), []

    def one() -> None:
        start.wait()
        if answer(db, "call-1", turn).accepted:
            accepted.append(1)

    pipe.recv()
    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(len(accepted))


def answer_until_killed(url: str, call: str, turn: int, pipe: Connection) -> None:
    """Turn after turn, each sent once it is saved."""
    db = open_database(url)
    while True:
        assert answer(db, call, turn).accepted
        pipe.send(turn)
        turn += 1
