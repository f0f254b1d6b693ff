"""A turn is saved whole or not at all, and once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from ivr.errors import UnknownCall
from ivr.flow.events import AnswerTaken, CallEnded, Said
from ivr.flow.inputs import By, CallStarted, Digits, SecretAnswer, Speech
from ivr.flow.session import FORMAT, Session, Turn
from ivr.flow.waits import AwaitSecret
from ivr.store import sessions
from ivr.store.database import Database, Reader, close, open_database
from ivr.store.errors import StoreError, UnreadableSession
from ivr.store.tables import metadata
from tests.unit.store.databases import NOW, a_session, a_turn


def everything(db: Database) -> dict[str, list]:
    with db.engine.connect() as connection:
        return {table.name: connection.execute(table.select()).fetchall() for table in metadata.sorted_tables}


def begin(db: Database, call: str = "call-1", **values: object) -> None:
    session = a_session(call, **values)
    assert sessions.create_call(db, session, a_turn(session), "twilio", f"CA-{call}", NOW)


def next_turn(session: Session, reader: Reader) -> Turn:
    return a_turn(replace(session, turn=session.turn + 1), Said(text=f"turn {session.turn + 1}"))


def test_a_call_can_be_found_again_with_its_session(db: Database) -> None:
    begin(db, facts={"balance": "12.50 GBP", "vip": True, "owed": 1.5, "none": None}, answers={"city": "Zürich 🏦"})
    assert sessions.call_of(db, "CA-call-1") == "call-1"
    assert sessions.carrier_call_of(db, "call-1") == "CA-call-1"
    loaded = sessions.load(db, "call-1")
    assert loaded.facts == {"balance": "12.50 GBP", "vip": True, "owed": 1.5, "none": None}
    assert loaded.answers == {"city": "Zürich 🏦"}
    assert loaded.revision == 1
    assert sessions.call_of(db, "CA-other") is None
    assert sessions.carrier_call_of(db, "other") is None
    assert sessions.load(db, "other") is None


def test_a_doubled_first_webhook_makes_one_call(db: Database) -> None:
    begin(db)
    before = everything(db)
    again = a_session("call-2")
    assert not sessions.create_call(db, again, a_turn(again), "twilio", "CA-call-1", NOW)
    assert everything(db) == before


def test_each_change_is_one_revision_and_one_row_of_the_log(db: Database) -> None:
    begin(db)
    at = NOW + timedelta(seconds=3, microseconds=7)
    turn = sessions.change(db, "call-1", next_turn, at, input_record=Digits(turn=1, keys="2"))
    assert (turn.session.revision, turn.session.turn) == (2, 2)
    assert sessions.load(db, "call-1") == turn.session
    first, second = sessions.log(db, "call-1")
    assert (first.revision, first.turn, first.at, first.input) == (1, 1, NOW, None)
    assert (second.revision, second.turn, second.at) == (2, 2, at)
    assert second.input == Digits(turn=1, keys="2")
    assert second.events == (Said(text="turn 2"),)


def test_who_decides_may_count_the_revision_or_not(db: Database) -> None:
    begin(db)
    counted = sessions.change(db, "call-1", lambda s, _: a_turn(replace(s, revision=s.revision + 1)), NOW)
    uncounted = sessions.change(db, "call-1", lambda s, _: a_turn(s), NOW)
    assert (counted.session.revision, uncounted.session.revision) == (2, 3)


def test_an_input_that_is_not_accepted_changes_nothing(db: Database) -> None:
    begin(db)
    before = everything(db)

    def stale(session: Session, reader: Reader) -> Turn:
        return replace(next_turn(session, reader), accepted=False)

    turn = sessions.change(db, "call-1", stale, NOW, lambda _: (b"key", b"sealed"), Digits(turn=0, keys="2"))
    assert not turn.accepted
    assert everything(db) == before


@pytest.mark.parametrize("where", ["decide", "reply", "also"])
def test_whatever_fails_on_the_way_undoes_all_of_the_turn(db: Database, where: str) -> None:
    begin(db)
    before = everything(db)

    def fails(*_: object) -> Turn:
        raise LookupError("no such step")

    steps = {"decide": next_turn, "reply": None, "also": None, where: fails}
    with pytest.raises(LookupError):
        sessions.change(db, "call-1", steps["decide"], NOW, reply=steps["reply"], also=steps["also"])
    assert everything(db) == before
    assert sessions.change(db, "call-1", next_turn, NOW).session.revision == 2


def test_decide_reads_what_the_same_transaction_sees(db: Database) -> None:
    begin(db)
    seen = []

    def decide(session: Session, reader: Reader) -> Turn:
        seen.append(sessions.revisions(reader, ["call-1"]))
        return next_turn(session, reader)

    sessions.change(db, "call-1", decide, NOW)
    assert seen == [{"call-1": 1}]


def test_an_unknown_call_is_told(db: Database) -> None:
    with pytest.raises(UnknownCall, match="'call-9'"):
        sessions.change(db, "call-9", next_turn, NOW)


@pytest.mark.parametrize("broken", [f"UPDATE calls SET format = {FORMAT + 1}", "UPDATE calls SET session = '{}'"])
def test_a_session_of_another_release_is_told_and_left_alone(db: Database, broken: str) -> None:
    begin(db)
    with db.engine.begin() as connection:
        connection.execute(text(broken))
    before = everything(db)
    with pytest.raises(UnreadableSession, match="call-1") as caught:
        sessions.load(db, "call-1")
    assert caught.value.format in (FORMAT, FORMAT + 1)
    with pytest.raises(UnreadableSession):
        sessions.change(db, "call-1", next_turn, NOW)
    assert everything(db) == before


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    with pytest.raises(ValueError, match="time zone"):
        begin(db) or sessions.change(db, "call-1", next_turn, datetime(2026, 11, 21, 12, 0))


def test_secret_digits_never_reach_the_log(db: Database) -> None:
    wait = AwaitSecret(label="PIN", min_length=4, max_length=8, timeout_seconds=8)
    begin(db, waiting_for=wait)

    def taken(session: Session, reader: Reader) -> Turn:
        return a_turn(session, AnswerTaken(step="pin", by=By.KEYPAD, value=None))

    for given in (SecretAnswer(turn=1, matches=False), Digits(turn=1, keys="918273"), Speech(turn=1, text="918273")):
        sessions.change(db, "call-1", taken, NOW, input_record=given)
    assert "918273" not in repr(everything(db))
    assert [type(row.input) for row in sessions.log(db, "call-1")[1:]] == [SecretAnswer, Digits, Speech]


def test_revisions_of_many_calls_are_one_question(db: Database) -> None:
    for number in range(5):
        begin(db, f"call-{number}")
    sessions.change(db, "call-3", next_turn, NOW)
    assert sessions.revisions(db, ["call-1", "call-3", "gone", 'it\'s "quoted"']) == {"call-1": 1, "call-3": 2}
    assert sessions.revisions(db, []) == {}


def test_the_events_of_a_turn_are_those_of_all_its_inputs(db: Database) -> None:
    begin(db)
    sessions.change(db, "call-1", next_turn, NOW)
    sessions.change(db, "call-1", lambda s, _: a_turn(s, Said(text="a fact came")), NOW)
    assert sessions.events_of_turn(db, "call-1", 2) == [Said(text="turn 2"), Said(text="a fact came")]
    assert sessions.events_of_turn(db, "call-1", 7) == []


def test_the_log_of_all_calls_is_followed_by_id(db: Database) -> None:
    for number in range(3):
        begin(db, f"call-{number}")
        sessions.change(db, f"call-{number}", next_turn, NOW, input_record=CallStarted(id="start"))
    rows, last = [], 0
    while page := sessions.recent_log(db, last, 4):
        rows += page
        last = page[-1].id
    assert [(row.call, row.revision) for row in rows] == [(f"call-{n}", r) for n in range(3) for r in (1, 2)]


def test_who_follows_the_log_misses_no_row_that_is_committed_late(postgresql) -> None:
    db = open_database(postgresql.fresh())
    begin(db, "slow")
    begin(db, "quick")
    last = sessions.recent_log(db, 0, 10)[-1].id
    with db.engine.connect() as late:  # has taken the smaller id and has not committed yet
        late.execute(text("INSERT INTO log (call, revision, turn, at, events) VALUES ('slow', 2, 2, 0, '[]')"))
        sessions.change(db, "quick", next_turn, NOW)
        seen = sessions.recent_log(db, last, 10)
        late.commit()
    seen += sessions.recent_log(db, seen[-1].id if seen else last, 10)
    assert [row.call for row in seen] == ["slow", "quick"]
    close(db)


def test_a_reply_is_remembered_until_the_call_ends(db: Database) -> None:
    begin(db)
    begin(db, "call-2")
    for call in ("call-1", "call-2"):
        sessions.change(db, call, next_turn, NOW, reply=lambda turn: (turn.session.call.encode(), b"sealed \x00\xff"))
    assert sessions.remembered_reply(db, "call-1", b"call-1") == (2, b"sealed \x00\xff")
    assert sessions.remembered_reply(db, "call-1", b"other") is None
    assert sessions.remembered_reply(db, "call-2", b"call-1") is None
    sessions.change(db, "call-1", next_turn, NOW)
    assert sessions.remembered_reply(db, "call-1", b"call-1") == (2, b"sealed \x00\xff"), "of a turn that is over"
    sessions.change(db, "call-1", next_turn, NOW, reply=lambda _: (b"newer", b"other words"))
    assert sessions.remembered_reply(db, "call-1", b"newer") == (4, b"other words")
    assert sessions.remembered_reply(db, "call-1", b"call-1") is None

    def ends(session: Session, reader: Reader) -> Turn:
        return a_turn(replace(session, ended="finished"), CallEnded(reason="finished"))

    sessions.change(db, "call-1", ends, NOW, reply=lambda _: (b"last", b"goodbye"))
    assert sessions.remembered_reply(db, "call-1", b"newer") is None
    assert sessions.remembered_reply(db, "call-1", b"last") is None
    assert sessions.remembered_reply(db, "call-2", b"call-2") == (2, b"sealed \x00\xff")


def test_the_sweep_finds_calls_that_have_not_ended(db: Database) -> None:
    for number, minutes in enumerate((0, 10, 20)):
        session = a_session(f"call-{number}")
        at = NOW + timedelta(minutes=minutes)
        assert sessions.create_call(db, session, a_turn(session), "twilio", f"CA{number}", at)
    sessions.change(db, "call-0", lambda s, _: a_turn(replace(s, ended="finished")), NOW)
    assert sessions.open_calls(db, NOW + timedelta(minutes=10), 10) == ["call-1"]
    assert sessions.open_calls(db, NOW + timedelta(minutes=30), 1) == ["call-1"]


def test_a_revision_that_was_replaced_from_outside_is_not_overwritten(db: Database) -> None:
    begin(db)

    def decide(session: Session, reader: Reader) -> Turn:
        # Nobody can write between load and save; whoever hands in another revision is told.
        return next_turn(session, reader)

    with db.engine.begin() as connection:
        connection.execute(text("UPDATE calls SET revision = 5"))
    with pytest.raises(StoreError, match="revision 1"):
        sessions.change(db, "call-1", decide, NOW)
    assert len(sessions.log(db, "call-1")) == 1
