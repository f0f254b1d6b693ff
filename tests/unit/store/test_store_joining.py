"""Six-digit codes in both databases: each serves once, for its time, for one call."""

from __future__ import annotations

from datetime import timedelta

from ivr.flow.events import BeginningJoined, BeginningMissed, PageCodeGiven
from ivr.flow.inputs import ChosenBefore
from ivr.store import attempts, joining, pages, sessions
from ivr.store.database import Database, write
from tests.unit.store.databases import NOW, a_session, a_turn

CODE, OTHER = b"c" * 32, b"d" * 32
SOON, LATE = NOW + timedelta(seconds=599), NOW + timedelta(seconds=600)


def gives(db: Database, call: str, code_hash: bytes = CODE) -> None:
    session = a_session(call)
    turn = a_turn(session, PageCodeGiven(code_hash=code_hash, lifetime_seconds=600))
    assert sessions.create_call(db, session, turn, "twilio", f"CA-{call}", NOW)


def happens(db: Database, call: str, *events, **changes) -> None:
    def decide(session, _reader):
        return a_turn(a_session(call, revision=session.revision + 1, **changes), *events)

    sessions.change(db, call, decide, NOW)


def spend(db: Database, call: str, code_hash: bytes = CODE, at=NOW) -> bool:
    return write(db, lambda transaction: joining.spend(transaction, call, code_hash, at))


def begins(db: Database, id: str = "one", code_hash: bytes = CODE, flow: str = "bank") -> joining.Begun:
    begun = joining.Begun(id, id.encode(), code_hash, flow, (ChosenBefore("main", "1", "Balance"),), LATE)
    write(db, lambda transaction: joining.begin(transaction, begun, NOW))
    return begun


def test_a_code_is_spent_once_and_in_its_time(db: Database) -> None:
    gives(db, "call-1")
    assert joining.call_with(db, CODE, SOON) == "call-1"
    assert joining.call_with(db, CODE, LATE) is None
    assert joining.call_with(db, OTHER, NOW) is None
    assert not spend(db, "call-1", OTHER)
    assert not spend(db, "call-1", at=LATE)
    assert spend(db, "call-1")
    assert not spend(db, "call-1")


def test_a_code_that_two_calls_speak_is_nobodys(db: Database) -> None:
    gives(db, "call-1")
    gives(db, "call-2")
    assert joining.is_spoken(db, CODE, NOW)
    assert joining.call_with(db, CODE, NOW) is None


def test_a_new_code_takes_the_place_of_the_last_one_and_of_its_page(db: Database) -> None:
    gives(db, "call-1")
    for browser, veiled in ((b"by code", True), (b"by link", False)):
        write(db, lambda t, b=browser, v=veiled: pages.bind_browser(t, "call-1", b, NOW, LATE, v))
    assert pages.binding(db, b"by code", NOW) == pages.Binding("call-1", veiled=True)
    happens(db, "call-1", PageCodeGiven(code_hash=OTHER, lifetime_seconds=600))
    assert joining.call_with(db, CODE, NOW) is None
    assert joining.call_with(db, OTHER, NOW) == "call-1"
    assert pages.bound_call(db, b"by code", NOW) is None
    assert pages.bound_call(db, b"by link", NOW) == "call-1"


def test_the_end_of_the_call_ends_its_code(db: Database) -> None:
    gives(db, "call-1")
    page = a_session("call-1").page
    happens(db, "call-1", ended="caller_hung_up", page=type(page)(digits="47", code="123456"))
    assert joining.call_with(db, CODE, NOW) is None


def test_what_was_begun_serves_the_first_call_that_keys_it(db: Database) -> None:
    begun = begins(db)
    assert joining.any_waiting(db, "bank", NOW)
    assert not joining.any_waiting(db, "shop", NOW)
    assert not joining.any_waiting(db, "bank", LATE)
    assert joining.begun_with_code(db, CODE, SOON) == begun
    gives(db, "call-1", OTHER)
    happens(db, "call-1", BeginningJoined(beginning="one"))
    assert joining.begun_with_code(db, CODE, NOW) is None
    assert joining.begun_by(db, b"one").call == "call-1"
    gives(db, "call-2", b"e" * 32)
    happens(db, "call-2", BeginningJoined(beginning="one"))
    assert joining.begun_by(db, b"one").call == "call-1"
    assert attempts.count_right(db, joining.ALL, NOW) == 2
    assert write(db, lambda transaction: joining.leave(transaction, "one"))
    assert not write(db, lambda transaction: joining.leave(transaction, "one"))


def test_a_wrong_code_is_counted_for_its_number_and_for_all(db: Database) -> None:
    gives(db, "call-1")
    happens(db, "call-1", BeginningMissed())
    for subject in (joining.ALL, f"{joining.ALL}:{a_session().caller}"):
        assert attempts.count_wrong(db, subject, NOW) == 1


def test_a_code_that_two_pages_show_is_nobodys_and_old_ones_are_forgotten(db: Database) -> None:
    begins(db)
    begins(db, "two")
    assert joining.begun_with_code(db, CODE, NOW) is None
    assert joining.count_begun(db, NOW) == 2
    later = joining.Begun("three", b"three", OTHER, "bank", (), LATE + timedelta(seconds=600))
    write(db, lambda transaction: joining.begin(transaction, later, LATE))
    assert joining.begun_by(db, b"one") is None
    assert joining.begun_by(db, b"three") == later
