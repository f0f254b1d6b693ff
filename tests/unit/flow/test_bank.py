"""The example flow: it loads, it fits its schema, and no edit of it brings the loader down."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.errors import FlowMistakes
from ivr.flow.loader import bundle_hash, load_bundle, parse_bundle
from ivr.flow.schema import json_schema
from ivr.flow.steps import Authenticate, Enrol, Menu, Queue, Verify

ROOT = Path(__file__).parents[3]
FLOWS = ROOT / "flows"
BANK = (FLOWS / "bank.yaml").read_bytes()
MEDIA = {f"media/{file.name}": file.read_bytes() for file in (FLOWS / "media").iterdir()}
LINES = BANK.decode().splitlines(keepends=True)
SHOP = (Path(__file__).parent / "shop.yaml").read_bytes()


def test_the_bank_loads_without_a_warning() -> None:
    bundle = load_bundle(FLOWS)
    assert bundle.warnings == ()
    flow = bundle.flows["bank"]
    assert flow.bundle == bundle.hash
    assert isinstance(flow.steps[flow.person], Queue)
    assert isinstance(flow.steps[flow.prove], Authenticate)


def test_every_menu_offers_a_person_on_key_0() -> None:
    flow = load_bundle(FLOWS).flows["bank"]
    for step in flow.steps.values():
        if isinstance(step, Menu):
            assert [choice.goto for choice in step.choices if choice.key == "0"] == [flow.person]


def test_notice_and_consent_must_be_heard() -> None:
    flow = load_bundle(FLOWS).flows["bank"]
    heard = [
        step.notice if isinstance(step, Verify) else step.consent
        for step in flow.steps.values()
        if isinstance(step, Verify | Enrol)
    ]
    assert len(heard) == 2 and all(text.must_hear for text in heard)


def test_a_bundle_is_restored_from_its_files_as_it_was_loaded() -> None:
    loaded = load_bundle(FLOWS)
    assert parse_bundle(loaded.files) == loaded
    assert load_bundle(FLOWS / "bank.yaml") == loaded


def test_the_hash_tells_any_two_bundles_apart() -> None:
    assert bundle_hash({"a": b"1", "b": b"2"}) == bundle_hash({"b": b"2", "a": b"1"})
    different = [{"a": b"1"}, {"a": b"1 "}, {"b": b"1"}, {"a": b"", "1": b""}, {"a1": b""}, {"a": b"1", "b": b""}, {}]
    assert len({bundle_hash(files) for files in different}) == len(different)


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for flow in (BANK, SHOP):
        jsonschema.validate(as_json(flow), schema, jsonschema.Draft202012Validator)


def test_the_schema_refuses_misspelt_keys_and_missing_ones() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for old, new in [
        ("title:", "titel:"),
        ("next: who", "nxt: who"),
        ("next: who", ""),
        ("level: 2}", "level: 3}"),
        ("1: {label: Balance", '"#": {label: Balance'),
        ("needs: 2\n    consent", "needs: 1\n    consent"),
        ("identify: caller_id", "identify: face"),
    ]:
        assert not validator.is_valid(as_json(BANK.decode().replace(old, new, 1).encode())), f"{old} → {new}"


@st.composite
def edited_banks(draw: st.DrawFn) -> str:
    """The bank after a few slips of an editor: lines lost, doubled, moved, swapped for others, cut or retyped."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "double", "replace", "move", "cut", "insert", "indent"])):
            case "delete":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "replace":
                lines[at] = draw(st.sampled_from(LINES))
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case "insert":
                column = draw(st.integers(0, len(lines[at])))
                slip = draw(
                    st.sampled_from(
                        [
                            "{",
                            "}",
                            "[",
                            '"',
                            "'",
                            ":",
                            "#",
                            "&",
                            "*",
                            "!",
                            "\t",
                            "{{",
                            "%}",
                            "x",
                            "- ",
                            "\x00",
                            "|",
                            "é",
                        ]
                    )
                )
                lines[at] = lines[at][:column] + slip + lines[at][column:]
            case "indent":
                lines[at] = " " * draw(st.integers(0, 6)) + lines[at].lstrip()
        if not lines:
            break
    return "".join(lines)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edited_banks())
def test_an_edited_bank_loads_or_tells_its_mistakes(text: str) -> None:
    loads_or_tells(text.encode())


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.text("{}[]:-,#&*!|>'\"% \n\tab01", max_size=200).map(str.encode)
)
def test_any_bytes_load_or_tell_their_mistakes(data: bytes) -> None:
    loads_or_tells(data)


def loads_or_tells(data: bytes) -> None:
    try:
        parse_bundle({"bank.yaml": data, **MEDIA})
    except FlowMistakes as error:
        lines = data.count(b"\n") + 2
        assert error.mistakes
        for mistake in error.mistakes:
            assert mistake.file == "bank.yaml" and 1 <= mistake.line <= lines and mistake.problem


def as_json(flow: bytes) -> object:
    return json.loads(json.dumps(yaml.load(flow, Loader=yaml.CSafeLoader)))
