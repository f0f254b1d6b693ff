"""Contacts, their consents and voiceprints, and their tries at secrets."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By
from ivr.store import attempts, consents, contacts, erasures, sessions, voiceprints
from ivr.store.contacts import Contact
from ivr.store.database import Database, Transaction, close, open_database, write
from ivr.store.errors import ConsentMissing, StoreError
from ivr.store.instants import to_microseconds
from tests.unit.store.databases import NOW, a_session, a_turn

ANN = Contact("c-ann", "1001", "Ann Lee", "+15550123", "$argon2id$x", "en-GB", {"balance": "1.50 GBP", "vip": True})
BEN = Contact("c-ben", "1002", "Ben Ólafsson", "+15550199", opted_out_at=NOW)
WORDING = "Do you agree that we learn your voice?"


def consent(db: Database, contact: str) -> None:
    call = f"call-{contact}-{len(consents.consents_of(db, contact))}"
    session = a_session(call)
    given = ConsentGiven(contact=contact, version="2026-11", wording=WORDING, language="en-GB", by=By.TAP)
    sessions.create_call(db, session, a_turn(session), "twilio", call, NOW)
    sessions.change(db, call, lambda s, _: a_turn(s, given), NOW)


def test_a_contact_is_found_as_it_was_added(db: Database) -> None:
    for contact in (ANN, BEN):
        contacts.add_contact(db, contact)
    assert contacts.get(db, "c-ann") == ANN
    assert contacts.by_number(db, "+15550199") == BEN
    assert contacts.by_customer_number(db, "1001") == ANN
    assert contacts.all_contacts(db) == [ANN, BEN]
    assert contacts.get(db, "x") is contacts.by_number(db, "x") is contacts.by_customer_number(db, "x") is None


def test_a_number_that_two_share_identifies_nobody(db: Database) -> None:
    contacts.add_contact(db, ANN)
    contacts.add_contact(db, replace(BEN, number=ANN.number))
    assert contacts.by_number(db, ANN.number) is None


def test_a_taken_customer_number_is_refused(db: Database) -> None:
    contacts.add_contact(db, ANN)
    with pytest.raises(StoreError, match="1001"):
        contacts.add_contact(db, replace(BEN, customer_number="1001"))
    assert contacts.all_contacts(db) == [ANN]


def test_an_import_replaces_by_customer_number_and_keeps_the_voiceprint(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    contacts.save_voiceprint(db, ANN.id, b"print", "f" * 64, NOW)
    assert contacts.import_contacts(db, [replace(ANN, id="c-new", name="Ann Moore"), BEN]) == 2
    assert contacts.get(db, ANN.id) == replace(ANN, name="Ann Moore")
    assert contacts.voiceprint(db, ANN.id) == (b"print", "f" * 64, NOW)
    assert contacts.get(db, BEN.id) == BEN


def test_a_printed_contact_shows_neither_pin_nor_facts() -> None:
    assert "argon2" not in repr(ANN)
    assert "1.50" not in repr(ANN)


def test_without_consent_no_print_can_exist(db: Database) -> None:
    for contact in (ANN, BEN):
        contacts.add_contact(db, contact)
    with pytest.raises(ConsentMissing, match="c-ann"):
        contacts.save_voiceprint(db, ANN.id, b"print", "f" * 64, NOW)
    consent(db, BEN.id)
    # Not even by hand, not even with somebody else's consent.
    for stolen in ("99", "(SELECT id FROM consents)"):
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO voiceprints (contact, consent, sealed, model_sha256, created_at)"
                    f" VALUES ('c-ann', {stolen}, :sealed, 'f', 0)"
                ),
                {"sealed": b"print"},
            )
    assert voiceprints.voiceprint(db, ANN.id) is None


def test_a_consent_is_kept_with_its_wording(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    (kept,) = consents.consents_of(db, ANN.id)
    assert (kept.version, kept.wording, kept.language, kept.by, kept.at) == ("2026-11", WORDING, "en-GB", By.TAP, NOW)
    assert kept.wording_sha256 == sha256(WORDING.encode()).hexdigest()
    assert kept.withdrawn_at is None


def test_a_print_is_replaced_and_deleted_with_its_consent(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    later = NOW + timedelta(days=1)
    contacts.save_voiceprint(db, ANN.id, b"old", "a" * 64, NOW)
    contacts.save_voiceprint(db, ANN.id, b"new", "b" * 64, later)
    assert contacts.voiceprint(db, ANN.id) == (b"new", "b" * 64, later)
    assert contacts.delete_voiceprint(db, ANN.id, later)
    assert not contacts.delete_voiceprint(db, ANN.id, later)
    assert contacts.voiceprint(db, ANN.id) is None
    assert [one.withdrawn_at for one in consents.consents_of(db, ANN.id)] == [later]
    with pytest.raises(ConsentMissing):
        contacts.save_voiceprint(db, ANN.id, b"again", "b" * 64, later)
    consent(db, ANN.id)
    contacts.save_voiceprint(db, ANN.id, b"again", "b" * 64, later)


def test_a_deletion_leaves_a_receipt_and_so_does_a_replacement(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    later = NOW + timedelta(days=1)
    contacts.save_voiceprint(db, ANN.id, b"old", "a" * 64, NOW)
    contacts.save_voiceprint(db, ANN.id, b"new", "b" * 64, later)
    told = contacts.delete_voiceprint(db, ANN.id, later)
    replaced, deleted = erasures.erasures_of(db, ANN.id)
    assert deleted == told
    assert (replaced.reason, replaced.sealed_sha256, replaced.made_at) == ("replaced", sha256(b"old").hexdigest(), NOW)
    assert (deleted.reason, deleted.model_sha256, deleted.erased_at) == ("operator", "b" * 64, later)


def erased(db: Database, *prints: bytes) -> None:
    """One contact's prints, each replacing the one before; the last is deleted."""
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    for sealed in prints:
        contacts.save_voiceprint(db, ANN.id, sealed, "a" * 64, NOW)
    contacts.delete_voiceprint(db, ANN.id, NOW)


PUT_IN_BEFORE_THE_FIRST = (
    "INSERT INTO erasures (id, contact, sealed_sha256, model_sha256, made_at, erased_at, reason, erased_by)"
    " SELECT -1, contact, sealed_sha256, model_sha256, made_at, erased_at, reason, erased_by FROM erasures WHERE id = 2"
)


def test_receipts_of_deletions_are_a_chain_in_which_any_change_is_found(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "AT_ONCE", 2)
    assert erasures.check(db) == erasures.CheckedErasures(0, erasures.FIRST_PREVIOUS)
    erased(db, b"one", b"two", b"three")
    first, _, last = (one.hash for one in erasures.erasures_of(db, ANN.id))
    assert erasures.check(db, first) == erasures.CheckedErasures(3, last)
    for change, whole in (
        ("UPDATE erasures SET erased_by = 'operator:Eve' WHERE id = 2", 1),
        ("UPDATE erasures SET erased_at = erased_at + 1 WHERE id = 3", 2),
        ("UPDATE erasures SET sealed_sha256 = 'f' || substr(sealed_sha256, 2) WHERE id = 1", 0),
        ("UPDATE erasures SET hash = 'x' || substr(hash, 2) WHERE id = 3", 2),
        ("UPDATE erasures SET previous = 'x' || substr(previous, 2) WHERE id = 2", 1),
        ("UPDATE erasures SET id = 9 WHERE id = 1", 0),
        ("DELETE FROM erasures WHERE id = 2", 1),
        (PUT_IN_BEFORE_THE_FIRST, 0),
    ):
        with db.engine.connect() as connection:  # never committed
            connection.exec_driver_sql(change)
            found = erasures.check(Transaction(connection.connection.driver_connection, db.dialect))
        assert (found.receipts, found.problem is None) == (whole, False), change
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM erasures WHERE id = 3")
    assert erasures.check(db).problem is None, "a chain does not know its end"
    assert "cut off" in erasures.check(db, last).problem


def test_deletions_at_once_make_one_chain(db: Database) -> None:
    everybody = [Contact(f"c-{number}", f"{number}", "Ann", None, None, "", {}) for number in range(8)]
    for one in everybody:
        contacts.add_contact(db, one)
        consent(db, one.id)
        contacts.save_voiceprint(db, one.id, b"print", "a" * 64, NOW)
    start = threading.Barrier(len(everybody))

    def delete(contact: str) -> None:
        start.wait()
        contacts.delete_voiceprint(db, contact, NOW)

    threads = [threading.Thread(target=delete, args=(one.id,)) for one in everybody]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checked = erasures.check(db)
    assert (checked.receipts, checked.problem) == (8, None)


def test_a_deleted_print_does_not_lie_in_the_file_any_more(sqlite_template: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(sqlite_template, tmp_path))
    db = open_database(f"sqlite:///{file}")
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    sealed = bytes(range(256)) * 40  # longer than a page
    contacts.save_voiceprint(db, ANN.id, sealed, "a" * 64, NOW)
    on_file = sqlite3.connect(file)
    with closing(on_file):
        on_file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert sealed[:200] in file.read_bytes()
        contacts.delete_voiceprint(db, ANN.id, NOW)
        on_file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert sealed[:200] not in file.read_bytes()
    close(db)


def test_a_contact_who_opted_out_gets_no_print_and_stays_so_whatever_is_imported(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    write(db, lambda transaction: voiceprints.opt_out(transaction, ANN.id, to_microseconds(NOW), "call:1"))
    consent(db, ANN.id)
    with pytest.raises(ConsentMissing, match="opted out"):
        contacts.save_voiceprint(db, ANN.id, b"print", "f" * 64, NOW)
    contacts.import_contacts(db, [ANN])
    assert contacts.get(db, ANN.id).opted_out_at == NOW
    contacts.delete_contact(db, ANN.id, NOW)
    contacts.import_contacts(db, [replace(ANN, id="c-again")])
    assert contacts.get(db, "c-again").opted_out_at == NOW


def test_a_deleted_contact_leaves_only_the_evidence(db: Database) -> None:
    contacts.add_contact(db, ANN)
    consent(db, ANN.id)
    contacts.save_voiceprint(db, ANN.id, b"print", "f" * 64, NOW)
    assert contacts.delete_contact(db, ANN.id, NOW)
    assert not contacts.delete_contact(db, ANN.id, NOW)
    assert contacts.voiceprint(db, ANN.id) is None
    assert contacts.all_contacts(db) == []
    assert [one.withdrawn_at for one in consents.consents_of(db, ANN.id)] == [NOW]


def test_wrong_tries_are_counted_across_calls_and_a_right_one_does_not_clear_them(db: Database) -> None:
    for minute, matched in enumerate((False, False, True, False)):
        attempts.record_attempt(db, "contact:c-ann", matched, NOW + timedelta(minutes=minute))
    attempts.record_attempt(db, "caller:+15550123", False, NOW)
    assert attempts.count_wrong(db, "contact:c-ann", NOW) == 3
    assert attempts.count_wrong(db, "contact:c-ann", NOW + timedelta(minutes=1)) == 2
    assert attempts.count_wrong(db, "caller:+15550123", NOW) == 1
    assert attempts.count_wrong(db, "contact:c-ben", NOW) == 0
