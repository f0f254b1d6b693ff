"""A promised call back is there once, in the place its caller had, until exactly one agent has kept it."""

from __future__ import annotations

import threading
from datetime import timedelta

from ivr.flow.events import AgentRequested, CallBackPromised, ConsentGiven, VoiceWishGranted
from ivr.flow.inputs import By, Wish
from ivr.store import agents, consents, contacts, promises, sessions, voiceprints
from ivr.store.agents import Agent, AgentState, Reservation, ReservationState
from ivr.store.contacts import Contact
from ivr.store.database import Database, write
from ivr.store.instants import to_microseconds
from tests.unit.store.databases import NOW, a_session, a_turn

UNTIL = NOW + timedelta(minutes=30)
AT_ONCE = 8


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def calls(db: Database, call: str, number: str, waits: float, promised: float, queue: str = "service") -> None:
    """Begins to wait ``waits`` seconds from now and is promised a call back ``promised`` seconds from now."""
    session = a_session(call)
    sessions.create_call(db, session, a_turn(session), "twilio", f"CA-{call}", NOW)
    asked = AgentRequested(request=f"{call}.asked", due_seconds=600, queue=queue)
    happens(db, call, asked, waits)
    promise = CallBackPromised(queue=queue, number=number, contact=None, level=0, reason="Balance", within_hours=24)
    happens(db, call, promise, promised)


def happens(db: Database, call: str, event: object, seconds: float) -> None:
    def decide(session, _reader):
        return a_turn(session, event)

    assert sessions.change(db, call, decide, at=after(seconds)).accepted


def numbers(db: Database) -> list[str]:
    return [one.number for one in promises.open_promises(db)]


def signs_in(db: Database, *names: str) -> None:
    for name in names:
        agents.add_agent(db, Agent(name, name.title(), "$argon2id$x", f"client:{name}"), NOW)


def cancels(db: Database, promise: str) -> bool:
    return write(db, lambda transaction: promises.cancel(transaction, promise, NOW))


def test_promises_stand_in_the_order_in_which_their_callers_began_to_wait(db: Database) -> None:
    calls(db, "b", "+442", waits=20, promised=30)
    calls(db, "a", "+441", waits=10, promised=40)
    assert numbers(db) == ["+441", "+442"]
    first = promises.open_promises(db)[0]
    assert (first.waiting_since, first.promised_at) == (after(10), after(40))
    assert first.due_at == after(40) + timedelta(hours=24)


def test_a_number_is_promised_once_a_queue_and_again_when_that_is_done(db: Database) -> None:
    signs_in(db, "kim")
    calls(db, "a", "+441", waits=10, promised=20)
    calls(db, "b", "+441", waits=30, promised=40)
    calls(db, "c", "+441", waits=50, promised=60, queue="loans")
    first, loans = promises.open_promises(db)
    assert (first.call, loans.call) == ("a", "c")
    assert promises.claim(db, first.id, "kim", NOW, UNTIL)
    assert promises.keep(db, first.id, "kim", NOW)
    calls(db, "d", "+441", waits=70, promised=80)
    assert [one.call for one in promises.open_promises(db)] == ["c", "d"]


def test_of_many_agents_at_once_one_takes_it(db: Database) -> None:
    names = [f"agent{number}" for number in range(AT_ONCE)]
    signs_in(db, *names)
    calls(db, "a", "+441", waits=0, promised=1)
    [promise] = promises.open_promises(db)
    took: list[str] = []
    begin = threading.Barrier(AT_ONCE)

    def takes(name: str) -> None:
        begin.wait()
        if promises.claim(db, promise.id, name, NOW, UNTIL):
            took.append(name)

    threads = [threading.Thread(target=takes, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert took == [promises.promise(db, promise.id).agent]


def test_only_who_has_it_may_end_it_and_only_while_they_have_it(db: Database) -> None:
    signs_in(db, "kim", "lee")
    calls(db, "a", "+441", waits=0, promised=1)
    [promise] = promises.open_promises(db)
    assert not promises.keep(db, promise.id, "kim", NOW), "nobody has taken it"
    assert promises.claim(db, promise.id, "kim", NOW, UNTIL)
    for end in (promises.keep, promises.release):
        assert not end(db, promise.id, "lee", NOW)
        assert not end(db, promise.id, "kim", UNTIL), "the claim has run out"
    assert promises.release(db, promise.id, "kim", NOW)
    assert promises.claim(db, promise.id, "lee", NOW, UNTIL)
    assert promises.claim(db, promise.id, "kim", UNTIL, UNTIL + timedelta(minutes=30)), "lee has gone home with it"


def test_after_as_many_tries_as_we_make_it_is_closed(db: Database) -> None:
    signs_in(db, "kim")
    calls(db, "a", "+441", waits=0, promised=1)
    [promise] = promises.open_promises(db)
    for _ in range(2):
        promises.claim(db, promise.id, "kim", NOW, UNTIL)
        assert promises.not_reached(db, promise.id, "kim", 2, NOW)
        assert not promises.not_reached(db, promise.id, "kim", 2, NOW), "one try counts once"
    assert promises.promise(db, promise.id).outcome is promises.Outcome.NOT_REACHED
    assert numbers(db) == []
    assert not cancels(db, promise.id)


def test_a_caller_may_take_it_back_although_an_agent_has_it(db: Database) -> None:
    signs_in(db, "kim")
    calls(db, "a", "+441", waits=0, promised=1)
    [promise] = promises.open_promises_of_call(db, "a")
    promises.claim(db, promise.id, "kim", NOW, UNTIL)
    assert cancels(db, promise.id)
    assert not promises.keep(db, promise.id, "kim", NOW)
    assert promises.open_promises_of_contact(db, "nobody") == []


def test_what_a_contact_wishes_is_done_in_the_same_commit(db: Database) -> None:
    session = a_session("a")
    sessions.create_call(db, session, a_turn(session), "twilio", "CA-a", NOW)
    contacts.add_contact(db, Contact("ada", "100", "Ada"))
    given = ConsentGiven(contact="ada", version="1", wording="May we?", language="en-GB", by=By.KEYPAD)
    write(db, lambda transaction: consents.record(transaction, "a", given, to_microseconds(NOW)))
    voiceprints.save_voiceprint(db, "ada", b"sealed", "ab", NOW)
    assert voiceprints.present(db, ["ada", "ben"]) == {"ada"}
    happens(db, "a", VoiceWishGranted(contact="ada", wish=Wish.OPT_OUT), 5)
    assert voiceprints.present(db, ["ada"]) == set()
    assert contacts.get(db, "ada").opted_out_at == after(5)
    assert [one.withdrawn_at for one in consents.consents_of(db, "ada")] == [after(5)]
    happens(db, "a", VoiceWishGranted(contact="ada", wish=Wish.OPT_IN), 6)
    assert contacts.get(db, "ada").opted_out_at is None
    assert [one.withdrawn_at for one in consents.consents_of(db, "ada")] == [after(5)], "a consent is not given back"


def test_handling_time_is_from_accepting_to_the_end_of_wrap_up(db: Database) -> None:
    signs_in(db, "kim")
    for number, seconds in enumerate((60, 90)):
        session = a_session(f"c{number}")
        sessions.create_call(db, session, a_turn(session), "twilio", f"CA{number}", NOW)
        agents.move_agent(db, "kim", tuple(AgentState), AgentState.AVAILABLE, NOW)
        agents.reserve(db, Reservation(f"r{number}", f"c{number}", "q", "kim", "room"), after(number * 1000))
        agents.move_reservation(
            db, f"r{number}", (ReservationState.OFFERED,), ReservationState.FINISHED, at=NOW,
            accepted_at=after(number * 1000 + 5), finished_at=after(number * 1000 + 5 + seconds),
        )  # fmt: skip
    assert agents.handling_seconds(db, 10) == [90.0, 60.0]
    assert agents.handling_seconds(db, 1) == [90.0]
