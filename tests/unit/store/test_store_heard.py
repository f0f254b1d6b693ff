"""What was heard of a contact is kept with the print and goes with it; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By
from ivr.store import contacts, heard, sessions, voiceprints
from ivr.store.contacts import Contact
from ivr.store.database import Database, write
from ivr.store.heard import KEPT, MOST, Occasion
from tests.unit.store.databases import NOW, a_session, a_turn


@pytest.fixture
def ann(db: Database) -> str:
    contacts.add_contact(db, Contact("c-ann", "1001", "Ann Lee", "+15550123"))
    session = a_session("call")
    given = ConsentGiven(contact="c-ann", version="1", wording="May we?", language="en-GB", by=By.TAP)
    sessions.create_call(db, session, a_turn(session), "twilio", "call", NOW)
    sessions.change(db, "call", lambda s, _: a_turn(s, given), NOW)
    voiceprints.save_voiceprint(db, "c-ann", b"print", "ab" * 32, NOW)
    return "c-ann"


def remember(db: Database, occasion: Occasion, sealed: bytes, at=NOW) -> None:
    write(db, lambda transaction: heard.remember(transaction, "c-ann", occasion, sealed, at))


def test_calling_often_pushes_nothing_accepted_out(db: Database, ann: str) -> None:
    remember(db, Occasion.ENROLMENT, b"enrolled")
    remember(db, Occasion.ACCEPTED, b"accepted")
    for number in range(30):
        remember(db, Occasion.OTHER, b"other %d" % number)
    kept = heard.memory(db, ann)
    assert kept[:2] == (b"enrolled", b"accepted")
    assert kept[2:] == tuple(b"other %d" % number for number in range(30 - MOST[Occasion.OTHER], 30))


def test_after_a_year_only_the_enrolment_is_remembered(db: Database, ann: str) -> None:
    remember(db, Occasion.ENROLMENT, b"enrolled")
    remember(db, Occasion.ACCEPTED, b"accepted")
    remember(db, Occasion.OTHER, b"new", NOW + KEPT + timedelta(days=1))
    assert heard.memory(db, ann) == (b"enrolled", b"new")
    assert heard.occasions(db, ann)[0] == ("enrolment", NOW)


def test_it_goes_with_the_print_and_does_not_come_back_with_another(db: Database, ann: str) -> None:
    remember(db, Occasion.ACCEPTED, b"accepted")
    voiceprints.save_voiceprint(db, ann, b"another print", "ab" * 32, NOW)
    assert heard.memory(db, ann) == ()
    remember(db, Occasion.ACCEPTED, b"accepted")
    voiceprints.delete_voiceprint(db, ann, NOW)
    assert heard.memory(db, ann) == ()
