"""Who takes part: the contacts of flows/contacts.csv an agent and one of operations, all invented."""

from __future__ import annotations

import csv
import secrets
from dataclasses import dataclass
from pathlib import Path

from ivr.app import open_store
from ivr.people import add_agent, import_contacts
from ivr.settings import Settings
from ivr.store.database import Database

CONTACTS = "contacts.csv"  # beside the flows
STRANGER = "+447700900199"  # on nobody's file
AGENT, AGENT_PHONE = "sam", "+441632960010"
OPS, OPS_PHONE = "olga", "+441632960011"


@dataclass(frozen=True)
class Contact:
    customer_number: str
    name: str
    number: str
    pin: str


@dataclass(frozen=True)
class Staff:
    """An agent and the password made up for this run."""

    name: str
    password: str


def contacts_in(flows: Path) -> list[Contact]:
    with (flows / CONTACTS).open(newline="", encoding="utf-8") as file:
        return [Contact(row["customer_number"], row["name"], row["number"], row["pin"]) for row in csv.DictReader(file)]


def open_house(settings: Settings, flows: Path) -> tuple[Database, Staff, Staff]:
    """The database, which the caller closes, with the contacts beside ``flows``; an agent, and one of operations."""
    database = open_store(settings)
    if (flows / CONTACTS).exists():
        import_contacts(database, flows / CONTACTS)
    agent, ops = (Staff(name, secrets.token_urlsafe(12)) for name in (AGENT, OPS))
    add_agent(database, agent.name, "Sam Taylor", agent.password, AGENT_PHONE)
    add_agent(database, ops.name, "Olga Weiss", ops.password, OPS_PHONE, ops=True)
    return database, agent, ops
