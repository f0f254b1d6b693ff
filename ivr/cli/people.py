"""``ivr contact add | import | delete | pace`` and ``ivr agent add | password``."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from ivr.cli.opening import database
from ivr.custody import Add, operator, tell_receipt


def add_contact_commands(add: Add, contact: object) -> None:
    add_contact = add("add", _contact_add, "Add a contact; the PIN is asked for.", contact)
    for name in ("customer_number", "name", "number"):
        add_contact.add_argument(name)
    add_contact.add_argument("--fact", action="append", default=[], metavar="NAME=VALUE")
    import_ = add("import", _contact_import, "Add or replace contacts from a CSV file.", contact)
    import_.add_argument("path", type=Path)
    delete = add("delete", _contact_delete, "Delete a contact and their voiceprint.", contact)
    delete.add_argument("customer_number")

    pace = add("pace", _contact_pace, "Set how much time a contact gets, in every later call.", contact)
    pace.add_argument("customer_number")
    pace.add_argument(
        "pace", choices=("normal", "slow", "relay"),
        help="slow: three times as long; relay: slow, and an operator speaks for them, so the voice is never compared",
    )  # fmt: skip


def add_agent_commands(add: Add, agent: object) -> None:
    add_agent = add("add", _agent_add, "Add an agent; the password is asked for.", agent)
    add_agent.add_argument("name")
    add_agent.add_argument("address", help="the agent's phone, E.164 or client:NAME")
    add_agent.add_argument("--display", help="name shown to callers")
    add_agent.add_argument("--ops", action="store_true", help="may also see /ops and /metrics")
    password = add(
        "password", _agent_password, "Change an agent's password; it is asked for, and ends all sign-ins.", agent
    )
    password.add_argument("name")


def _contact_add(options: argparse.Namespace) -> int:
    from ivr.people import add_contact

    facts = dict(fact.partition("=")[::2] for fact in options.fact)
    pin = getpass.getpass("PIN (digits; empty for none): ")
    add_contact(database(), options.customer_number, options.name, options.number, pin, facts)
    print(f"{options.name} is on file")
    return 0


def _contact_import(options: argparse.Namespace) -> int:
    from ivr.people import import_contacts

    print(f"{import_contacts(database(), options.path)} contacts are on file")
    return 0


def _contact_delete(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.store import contacts, erasures

    db = database()
    found = contacts.by_customer_number(db, options.customer_number)
    if found is None or not contacts.delete_contact(db, found.id, utc_now(), operator()):
        print(f"no contact has customer number {options.customer_number}", file=sys.stderr)
        return 1
    print(f"{found.name} and their voiceprint are deleted")
    for receipt in erasures.erasures_of(db, found.id)[-1:]:
        tell_receipt(receipt, as_json=False)
    return 0


def _contact_pace(options: argparse.Namespace) -> int:
    from ivr.people import set_pace

    print(f"{set_pace(database(), options.customer_number, options.pace)}: {options.pace} in every later call")
    return 0


def _agent_add(options: argparse.Namespace) -> int:
    from ivr.people import add_agent

    password = getpass.getpass("Password: ")
    add_agent(database(), options.name, options.display or options.name, password, options.address, options.ops)
    print(f"agent {options.name} can sign in at /desk")
    return 0


def _agent_password(options: argparse.Namespace) -> int:
    from ivr.people import change_password

    change_password(database(), options.name, getpass.getpass("New password: "))
    print(f"agent {options.name} is signed out everywhere and can sign in with the new password")
    return 0
