"""Contacts from a file: all of it or, with its line and a remedy, none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.people import PeopleError, import_contacts
from ivr.store import contacts
from ivr.store.database import Database, close, open_database, upgrade

HEAD = "customer_number,name,number,pin,language,balance\n"
ALICE = "10045678,Alice,+447700900101,4821,en-GB,12.00 GBP\n"


@pytest.fixture
def db(tmp_path: Path):
    opened: Database = open_database(f"sqlite:///{tmp_path / 'people.db'}")
    upgrade(opened)
    yield opened
    close(opened)


def test_contacts_come_with_their_facts(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("\ufeff" + HEAD + ALICE + "2,Short\n", encoding="utf-8")
    assert import_contacts(db, file) == 2
    assert contacts.by_customer_number(db, "10045678").facts == {"balance": "12.00 GBP"}
    assert contacts.by_customer_number(db, "2").number is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ":1: there is no column customer_number"),
        (b"a,b\n1,2\n", ":1: there is no column customer_number"),
        (HEAD.encode() + b"\xff\xfe", "is not UTF-8 text; save it with the encoding UTF-8"),
        ((HEAD + ALICE + "3,B,+447700900102,4821,en-GB,1,204.50 GBP\n").encode(), ":3: more values than columns"),
        ((HEAD + ALICE + ALICE).encode(), ":3: customer number 10045678 is here twice"),
        ((HEAD + '"3,B\n').encode(), "check the quotes"),
        ((HEAD + "3,B,07700 900102\n").encode(), ":2: the number '07700 900102' of B should be written like +44"),
        ((HEAD + "3,B,+447700900102,12a4\n").encode(), ":2: the PIN of B should have 4 to 8 digits"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(db: Database, tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PeopleError) as caught:
        import_contacts(db, file)
    assert told in str(caught.value)
    assert contacts.all_contacts(db) == []
