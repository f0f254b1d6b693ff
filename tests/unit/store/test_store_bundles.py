"""Flows as they were when a call began."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.store import bundles
from ivr.store.database import Database
from ivr.store.errors import StoreError
from tests.unit.store.databases import NOW

FILES = {"bank.yaml": "flow: bank\n# Zürich".encode(), "table.csv": b"\x00\xff"}
OLD, NEW = "a" * 64, "b" * 64


def test_a_bundle_comes_back_byte_for_byte(db: Database) -> None:
    assert bundles.store_bundle(db, OLD, FILES)
    assert not bundles.store_bundle(db, OLD, FILES)
    assert bundles.bundle_files(db, OLD) == FILES
    assert bundles.bundle_files(db, NEW) is None


def test_publishing_moves_new_calls_and_can_be_rolled_back(db: Database) -> None:
    assert bundles.published(db, "bank") is None
    for number, hash in enumerate((OLD, NEW, OLD)):
        bundles.store_bundle(db, hash, FILES)
        bundles.publish(db, "bank", hash, NOW + timedelta(hours=number))
    bundles.publish(db, "shop", NEW, NOW)
    assert bundles.published(db, "bank") == OLD
    assert bundles.published_flows(db) == {"bank": OLD, "shop": NEW}
    assert bundles.publications_of(db, "bank", 2) == [(OLD, NOW + timedelta(hours=2)), (NEW, NOW + timedelta(hours=1))]


def test_what_was_never_stored_cannot_be_published(db: Database) -> None:
    with pytest.raises(StoreError, match="'bank'"):
        bundles.publish(db, "bank", NEW, NOW)
    assert bundles.published_flows(db) == {}
