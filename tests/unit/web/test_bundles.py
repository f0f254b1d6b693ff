"""What is published while people are on the phone: their call stays what it was, new ones are new."""

from __future__ import annotations

import re
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from doorway import Carrier, Phone, session_of

from ivr import app, cli
from ivr.app import House
from ivr.flow.inputs import LanguageChoice
from ivr.flow.loader import bundle_hash, read_files
from ivr.store import bundles

SECOND = "CA" + "2" * 32


def changed(flows: Path, to: Path) -> Path:
    """The same flows with another greeting, another Persian greeting and another picture."""
    shutil.copytree(flows, to)
    for name, before, after in (
        ("bank.yaml", "Welcome to", "Hello from"), ("i18n/fa.po", "Welcome to", "Hello from"),
        ("i18n/fa.po", "همکار", "دوست"),
    ):  # fmt: skip
        file = to / name
        file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    picture = to / "media" / "branch.png"
    content, words = picture.read_bytes(), b"tEXtComment\0newer"
    chunk = len(words[4:]).to_bytes(4, "big") + words + zlib.crc32(words).to_bytes(4, "big")
    picture.write_bytes(content[:-12] + chunk + content[-12:])  # before the chunk that ends it
    return to


def test_a_running_call_keeps_its_words_languages_and_pictures(
    house: House, carrier: Carrier, settings, tmp_path: Path
) -> None:
    flows = settings.flows if settings.flows.is_dir() else settings.flows.parent
    first = Phone(carrier).dials()
    first.hears("Welcome to")
    app.publish(house.database, replace(settings, flows=changed(flows, tmp_path / "flows")))
    second = Phone(carrier, SECOND, "+447700900999").dials()
    second.hears("Hello from")
    old, new = session_of(house, first), session_of(house, second)
    assert old.bundle != new.bundle
    words = [
        house.flow_of(house.take_turn(one.call, LanguageChoice(turn=one.turn, language="fa-IR")).session)
        for one in (old, new)
    ]
    said = [str(flow.steps["agent"].prompt.source) for flow in words]
    assert "همکار" in said[0] and "دوست" in said[1]
    pictures = [house.media(one, "branch.png") for one in (old, new)]
    assert pictures == [(root / "media" / "branch.png").read_bytes() for root in (flows, tmp_path / "flows")]
    assert pictures[0] != pictures[1]


def test_a_rollback_to_what_this_release_refuses_is_refused(
    house: House, settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flows = settings.flows if settings.flows.is_dir() else settings.flows.parent
    files = read_files(flows)
    older = {**files, "bank.yaml": files["bank.yaml"].replace(b"goto: goodbye", b"goto: gone_by")}
    now = bundles.published(house.database, "bank")
    bundles.store_bundle(house.database, bundle_hash(older), older)
    bundles.publish(house.database, "bank", bundle_hash(older), app.utc_now())
    newest = {**files, "bank.yaml": files["bank.yaml"] + b"# newer\n"}
    bundles.store_bundle(house.database, bundle_hash(newest), newest)
    bundles.publish(house.database, "bank", bundle_hash(newest), app.utc_now())
    monkeypatch.setattr("ivr.cli.flows.database", lambda: house.database)
    assert cli.main(["flow", "rollback", "bank"]) == 1
    assert re.search("bundle [0-9a-f]{12}: bank.yaml:[0-9]+: .*gone_by", capsys.readouterr().err)
    assert bundles.published(house.database, "bank") == bundle_hash(newest) != now
