"""A process of its own that takes turns on given calls, for the tests of crashes and of doubled inputs.

``answer URL TURN COUNT``: COUNT threads give the same answer to call ``call-1``; prints how many were accepted.
``run URL CALL START``: answers CALL from turn START on, one turn after another, and prints each turn once it is saved.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime

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


def answer_in_parallel(db: Database, turn: int, count: int) -> int:
    start, accepted = threading.Barrier(count), []

    def one() -> None:
        start.wait()
        if answer(db, "call-1", turn).accepted:
            accepted.append(1)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(accepted)


def main() -> None:
    what, url, *rest = sys.argv[1:]
    db = open_database(url)
    if what == "answer":
        print("ready", flush=True)
        sys.stdin.readline()
        print(answer_in_parallel(db, int(rest[0]), int(rest[1])), flush=True)
        return
    call, turn = rest[0], int(rest[1])
    while True:
        assert answer(db, call, turn).accepted
        print(call, turn, flush=True)
        turn += 1


if __name__ == "__main__":
    main()
