"""People on file and people who answer, as the command line adds them."""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from ivr.app import utc_now
from ivr.authentication.passwords import password_hash
from ivr.authentication.signin import OPS_SKILL
from ivr.errors import DuetError
from ivr.flow.pace import NORMAL, SLOW
from ivr.store import agents, contacts, paces
from ivr.store.database import Database

COLUMNS = ("customer_number", "name", "number", "pin", "language")
SHORTEST_PASSWORD = 8
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")  # ITU-T E.164: at most 15 digits


class PeopleError(DuetError):
    """A person cannot be added as given."""


def add_contact(db: Database, customer_number: str, name: str, number: str, pin: str, facts: Mapping[str, str]) -> None:
    columns = {"customer_number": customer_number, "name": name, "number": number, "pin": pin}
    contacts.add_contact(db, _contact({**facts, **columns}))


def import_contacts(db: Database, path: Path) -> int:
    """A CSV file with the columns ``COLUMNS``; every further column is a fact. Raises PeopleError with the line."""
    people: dict[str, contacts.Contact] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = {"customer_number", "name"} - set(reader.fieldnames or ())
            if missing:
                raise PeopleError(f"{path}:1: there is no column {min(missing)}; the first line names the columns")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if None in row:
                    raise PeopleError(f"{where}: more values than columns; put quotes around a value with a comma")
                try:
                    contact = _contact({name: value or "" for name, value in row.items()})
                except PeopleError as error:
                    raise PeopleError(f"{where}: {error}") from None
                if contact.customer_number in people:
                    raise PeopleError(f"{where}: customer number {contact.customer_number} is here twice; delete one")
                people[contact.customer_number] = contact
    except OSError as error:
        raise PeopleError(f"{path} cannot be read: {error.strerror}; is it there, and may you read it?") from None
    except UnicodeDecodeError:
        raise PeopleError(f"{path} is not UTF-8 text; save it with the encoding UTF-8") from None
    except csv.Error as error:
        raise PeopleError(f"{path}: {error}; check the quotes in the last rows") from None
    return contacts.import_contacts(db, people.values())


def set_pace(db: Database, customer_number: str, pace: str) -> str:
    """``normal``, ``slow`` or ``relay``; the name of whom it was set for. Raises PeopleError."""
    contact = contacts.by_customer_number(db, customer_number)
    if contact is None:
        raise PeopleError(f"no contact has customer number {customer_number}; 'ivr contact add' puts one on file")
    paces.set_pace(db, contact.id, paces.ContactPace(NORMAL if pace == "normal" else SLOW, relay=pace == "relay"))
    return contact.name


def add_agent(db: Database, name: str, display: str, password: str, address: str, ops: bool = False) -> None:
    agent = agents.Agent(
        name=name, display=display, password_hash=_agent_password_hash(name, password), address=address,
        skills=(OPS_SKILL,) if ops else (),
    )  # fmt: skip
    agents.add_agent(db, agent, utc_now())


def change_password(db: Database, name: str, password: str) -> None:
    """The agent is signed out everywhere. Raises PeopleError."""
    if not agents.change_password(db, name, _agent_password_hash(name, password), utc_now()):
        raise PeopleError(f"there is no agent {name}; 'ivr agent add' adds one")


def _agent_password_hash(name: str, password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise PeopleError(f"the password of agent {name} needs at least {SHORTEST_PASSWORD} characters")
    return password_hash(password)


def _contact(row: Mapping[str, str]) -> contacts.Contact:
    pin = row.get("pin") or ""
    if pin and not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise PeopleError(f"the PIN of {row.get('name')} should have 4 to 8 digits")
    if not row.get("customer_number") or not row.get("name"):
        raise PeopleError("customer_number and name are needed")
    number = row.get("number") or None
    if number is not None and not _E164.fullmatch(number):
        raise PeopleError(f"the number {number!r} of {row['name']} should be written like +447700900101")
    return contacts.Contact(
        id=secrets.token_hex(8), customer_number=row["customer_number"], name=row["name"],
        number=number, pin_hash=password_hash(pin) if pin else None,
        language=row.get("language") or "",
        facts={key: value for key, value in row.items() if key not in COLUMNS and value},
    )  # fmt: skip
