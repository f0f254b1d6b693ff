"""Who takes part: the contacts of flows/contacts.csv and an agent, all invented."""

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
AGENT, AGENT_DISPLAY, AGENT_PHONE = "sam", "Sam Taylor", "+441632960010"


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
        return [
            Contact(row["customer_number"], row["name"], row["number"], row["pin"]) for row in csv.DictReader(file)
        ]


def open_house(settings: Settings, flows: Path) -> tuple[Database, Staff]:
    """The database with the contacts beside ``flows`` and an agent who may sign in; the caller closes it."""
    database = open_store(settings)
    if (flows / CONTACTS).exists():
        import_contacts(database, flows / CONTACTS)
    agent = Staff(AGENT, secrets.token_urlsafe(12))
    add_agent(database, agent.name, AGENT_DISPLAY, agent.password, AGENT_PHONE)
    return database, agent
