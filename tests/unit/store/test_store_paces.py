"""How much time a contact needs is remembered, for no longer than the contact."""

from __future__ import annotations

from ivr.flow.events import PaceChanged
from ivr.store import contacts, paces, sessions
from ivr.store.contacts import Contact
from ivr.store.database import Database
from ivr.store.paces import ContactPace
from tests.unit.store.databases import NOW, a_session, a_turn

ANN = Contact("c-ann", "1001", "Ann Lee", "+15550123")


def test_nobody_is_slow_unasked(db: Database) -> None:
    assert paces.pace_of(db, "c-ann") == ContactPace(1, relay=False)


def test_a_pace_outlives_the_next_import_of_contacts(db: Database) -> None:
    contacts.add_contact(db, ANN)
    paces.set_pace(db, "c-ann", ContactPace(3, relay=False))
    paces.set_pace(db, "c-ann", ContactPace(3, relay=True))
    contacts.import_contacts(db, [ANN])
    assert paces.pace_of(db, "c-ann") == ContactPace(3, relay=True)


def test_a_turn_saves_what_a_proven_caller_chose(db: Database) -> None:
    contacts.add_contact(db, ANN)
    for call, contact in (("one", None), ("two", "c-ann")):
        session = a_session(call)
        turn = a_turn(session, PaceChanged(pace=3, relay=False, contact=contact))
        sessions.create_call(db, session, turn, "twilio", call, NOW)
        assert paces.pace_of(db, "c-ann").pace == (1 if contact is None else 3)


def test_it_is_deleted_with_the_contact(db: Database) -> None:
    contacts.add_contact(db, ANN)
    paces.set_pace(db, "c-ann", ContactPace(3, relay=True))
    assert contacts.delete_contact(db, "c-ann", NOW)
    assert paces.pace_of(db, "c-ann") == ContactPace()
