"""Facts as they are written in a table of contacts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ivr.flow.definition import FactType
from ivr.flow.facts import read_fact
from ivr.flow.loader import load_bundle

FLOWS = Path(__file__).parents[3] / "flows"


@pytest.mark.parametrize(
    ("type_", "written", "value"),
    [
        ("text", " Ann ", "Ann"),
        ("text", "  ", None),
        ("number", "1.5", 1.5),
        ("money", "1204.50 GBP", "1204.50 GBP"),
        ("date", "2026-11-05", "2026-11-05"),
        ("boolean", "TRUE", True),
    ],
)
def test_a_fact_is_read(type_: str, written: str, value: object) -> None:
    assert read_fact(FactType(type_), written) == value


@pytest.mark.parametrize(
    ("type_", "written", "remedy"),
    [
        ("number", "many", "12 or 1.5"),
        ("number", "inf", "12 or 1.5"),
        ("money", "12", "1204.50 GBP"),
        ("money", "£12", "1204.50 GBP"),
        ("date", "5/11/2026", "2026-11-05"),
        ("boolean", "yes", "true or false"),
    ],
)
def test_a_wrong_fact_tells_how_to_write_it(type_: str, written: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        read_fact(FactType(type_), written)


def test_the_demo_contacts_have_every_fact_of_the_bank() -> None:
    facts = load_bundle(FLOWS).flows["bank"].facts
    with (FLOWS / "contacts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows and set(rows[0]) == {"customer_number", "name", "number", "pin", "language", *facts}
    for row in rows:
        assert all(read_fact(fact.type, row[name]) is not None for name, fact in facts.items())
