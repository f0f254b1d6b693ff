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
    assert bundles.bundle_file(db, OLD, "table.csv") == b"\x00\xff"
    assert bundles.bundle_file(db, OLD, "other.csv") is bundles.bundle_file(db, NEW, "table.csv") is None


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


def test_each_rollback_goes_one_further_back(db: Database) -> None:
    first, second, third = "1" * 64, "2" * 64, "3" * 64
    for hours, hash in enumerate((first, second, third)):
        bundles.store_bundle(db, hash, FILES)
        bundles.publish(db, "bank", hash, NOW + timedelta(hours=hours))
    assert bundles.rolled_back_from(db, "bank") is None
    assert bundles.before_present(db, "bank") == second
    bundles.publish(db, "bank", second, NOW + timedelta(hours=4))
    assert bundles.rolled_back_from(db, "bank") == third
    assert bundles.before_present(db, "bank") == first
    bundles.publish(db, "bank", first, NOW + timedelta(hours=5))
    assert bundles.before_present(db, "bank") is None
