"""Three tries at a voice, whatever the calls; on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

from ivr.store import pages, voice_tries
from ivr.store.database import Database, write
from ivr.store.sessions import create_call
from tests.unit.store.databases import NOW, a_session, a_turn

MINUTE = timedelta(minutes=1)
ANN = "contact:c-ann"


def begun(db: Database, request: str, at=NOW, subjects=(ANN,)):
    return voice_tries.begin(db, request, subjects, at)


def test_the_fourth_try_waits_until_the_first_is_an_hour_old(db: Database) -> None:
    for minute in range(3):
        assert begun(db, f"r{minute}", NOW + minute * MINUTE) is None
    assert begun(db, "r3", NOW + 30 * MINUTE) == NOW + timedelta(hours=1)
    assert begun(db, "r3", NOW + 60 * MINUTE) is None
    assert begun(db, "r4", NOW + 60 * MINUTE) == NOW + timedelta(hours=1) + MINUTE


def test_what_is_asked_twice_is_counted_once(db: Database) -> None:
    for _ in range(5):
        assert begun(db, "one") is None
    assert begun(db, "two") is None


def test_every_subject_is_locked_for_itself(db: Database) -> None:
    for number in range(3):
        begun(db, f"r{number}", subjects=("contact:c-ann", "caller:+15550123"))
    assert begun(db, "other print, same phone", subjects=("contact:c-ben", "caller:+15550123"))
    assert begun(db, "same print, other phone", subjects=("contact:c-ann", "caller:+15550199"))
    assert begun(db, "neither", subjects=("contact:c-ben", "caller:+15550199")) is None


def test_a_locked_call_does_not_lengthen_the_lock(db: Database) -> None:
    for number in range(3):
        begun(db, f"r{number}")
    for minute in range(50):
        begun(db, f"late {minute}", NOW + minute * MINUTE)
    assert voice_tries.locked_until(db, [ANN], NOW + 59 * MINUTE) == NOW + timedelta(hours=1)


def test_an_accepted_try_is_taken_back(db: Database) -> None:
    for number in range(9):
        assert begun(db, f"r{number}") is None
        write(db, lambda transaction, request=f"r{number}": voice_tries.take_back(transaction, request))


def test_another_factor_clears_the_print_and_what_the_owners_phone_tried_at_it(db: Database) -> None:
    for number in range(3):
        begun(db, f"r{number}", subjects=(ANN, "caller:+15550123"))
    write(db, lambda transaction: voice_tries.clear(transaction, "c-ann", "+15550123"))
    assert voice_tries.locked_until(db, [ANN, "caller:+15550123"], NOW) is None


def test_another_factor_clears_neither_another_phone_nor_another_print(db: Database) -> None:
    for number in range(3):
        begun(db, f"r{number}", subjects=(ANN, "caller:+15550199"))
        begun(db, f"b{number}", subjects=("contact:c-ben", "caller:+15550123"))
    write(db, lambda transaction: voice_tries.clear(transaction, "c-ann", "+15550123"))
    assert voice_tries.locked_until(db, [ANN], NOW) is None
    for subject in ("caller:+15550199", "caller:+15550123", "contact:c-ben"):
        assert voice_tries.locked_until(db, [subject], NOW) == NOW + timedelta(hours=1)


def test_many_calls_at_once_have_three_tries_together(db: Database) -> None:
    together, let_in = threading.Barrier(12), []

    def one(number: int) -> None:
        together.wait()
        if (
            begun(db, f"r{number}", subjects=("caller:+15550123", ANN) if number % 2 else (ANN, "caller:+15550123"))
            is None
        ):
            let_in.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 3


def test_a_browser_is_the_same_device_in_its_next_call(db: Database) -> None:
    for call in ("one", "two"):
        session = a_session(call)
        create_call(db, session, a_turn(session), "twilio", call, NOW)

    def bind(call: str, token: bytes, earlier: bytes | None) -> None:
        write(db, lambda t: pages.bind_browser(t, call, token, NOW, NOW + MINUTE, False, earlier))

    bind("one", b"first cookie", b"of a page nobody knows")
    bind("two", b"second cookie", b"first cookie")
    assert voice_tries.devices(db, "one") == voice_tries.devices(db, "two") != []


def test_a_browser_bound_late_counts_for_a_try_that_still_counts(db: Database) -> None:
    begun(db, "failed")
    begun(db, "accepted")
    write(db, lambda transaction: voice_tries.take_back(transaction, "accepted"))

    def bound_late(transaction) -> None:
        for request in ("failed", "accepted"):
            voice_tries.add_subjects(transaction, request, [f"device:{request}"], NOW)

    write(db, bound_late)
    for request in ("failed", "accepted"):
        for number in range(2):
            begun(db, f"{request} {number}", subjects=(f"device:{request}",))
    assert voice_tries.locked_until(db, ["device:failed"], NOW)
    assert voice_tries.locked_until(db, ["device:accepted"], NOW) is None
