"""One mistake after the other in a good flow: the author reads where it is, what is wrong and what to write."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ivr.errors import FlowMistakes
from ivr.flow.loader import load_bundle, parse_bundle

HERE = Path(__file__).parent
SHOP = (HERE / "shop.yaml").read_text(encoding="utf-8")
CASES = yaml.safe_load((HERE / "mistakes.yaml").read_text(encoding="utf-8"))


def mistakes_in(*files: str | bytes) -> list[str]:
    contents = [file.encode() if isinstance(file, str) else file for file in files]
    names = ["shop.yaml", "other.yaml"]
    with pytest.raises(FlowMistakes) as caught:
        parse_bundle(dict(zip(names, contents, strict=False)))
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_flow_that_the_mistakes_are_made_in_is_good() -> None:
    bundle = parse_bundle({"shop.yaml": SHOP.encode()})
    assert [str(warning) for warning in bundle.warnings] == [
        "shop.yaml:11: no text or condition uses the fact 'town' (delete it, or use it)"
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_mistake_is_told_with_its_line_and_remedy(case: dict) -> None:
    text = SHOP
    for edit in case["edits"]:
        assert edit["replace"] in text, "shop.yaml has changed: this edit no longer fits"
        text = text.replace(edit["replace"], edit["with"], 1)
    assert mistakes_in(text) == case["mistakes"]


def test_a_file_that_is_not_utf_8_is_told_at_the_first_wrong_byte() -> None:
    data = SHOP.replace("The Shop", "Le Caf\xe9").encode("latin-1")
    assert mistakes_in(data) == ["shop.yaml:3: the file is not UTF-8 text (save it with the encoding UTF-8)"]


def test_a_control_character_is_not_yaml() -> None:
    (told,) = mistakes_in(SHOP.replace("The Shop", "The\x07Shop"))
    assert told.startswith("shop.yaml:1: this is not YAML: ")
    assert told.endswith("(write plain text, without control characters)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "shop.yaml:1: the file is empty (start with: schema: duet/1)"),
        ("# nothing\n", "shop.yaml:1: the file is empty (start with: schema: duet/1)"),
        ("- a\n- b\n", "shop.yaml:1: a flow is a mapping of keys to values (start with: schema: duet/1)"),
        ("hello\n", "shop.yaml:1: a flow is a mapping of keys to values (start with: schema: duet/1)"),
    ],
)
def test_a_file_that_is_no_flow(text: str, told: str) -> None:
    assert mistakes_in(text) == [told]


def test_a_file_over_one_mebibyte_is_not_read() -> None:
    (told,) = mistakes_in(SHOP + "#" * 1024 * 1024)
    assert told == "shop.yaml:1: the file has more than the 1,048,576 bytes that are read (split it into several flows)"


def test_too_many_steps() -> None:
    steps = "".join(f"  step_{number}: {{hangup: }}\n" for number in range(501))
    text = SHOP[: SHOP.index("  hello:")] + steps
    assert "shop.yaml:12: the flow: 501 steps (at most 500: split the flow)" in mistakes_in(text)


def test_two_files_with_one_flow_name() -> None:
    assert mistakes_in(SHOP, SHOP) == ["shop.yaml:2: other.yaml has a flow 'shop' too (rename one)"]


def test_mistakes_of_all_files_are_told_in_order_of_files_and_lines() -> None:
    wrong = SHOP.replace("next: who", "next: hwo").replace("language: en-GB", "language: english")
    other = wrong.replace("flow: shop", "flow: market")
    assert [told.split(": ")[0] for told in mistakes_in(wrong, other)] == [
        "other.yaml:4",
        "other.yaml:15",
        "shop.yaml:4",
        "shop.yaml:15",
    ]


def test_what_is_odd_but_playable_is_a_warning() -> None:
    odd = SHOP.replace("language: en-GB", "language: de-DE").replace("vars.pairs > 80", "caller.level > 0")
    assert [str(warning) for warning in parse_bundle({"shop.yaml": odd.encode()}).warnings] == [
        "shop.yaml:11: no text or condition uses the fact 'town' (delete it, or use it)",
        "shop.yaml:33: step 'main': key 0 gets an English label (write choice 0 yourself)",
        "shop.yaml:42: no text or condition uses vars.pairs (delete it, or use it)",
    ]


def test_a_directory_is_named_in_front_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP.replace("next: who", "next: hwo"), encoding="utf-8")
    (tmp_path / "old.yml").write_text(SHOP, encoding="utf-8")
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path)
    assert (
        str(caught.value) == f"{tmp_path}/old.yml:1: is not read: its name does not end in .yaml (rename it old.yaml)"
    )
    (tmp_path / "old.yml").unlink()
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/shop.yaml:15: step 'hello': next leads to 'hwo'")


def test_a_directory_without_flows_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path)
    assert "holds no flow" in str(caught.value)
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path / "missing.yaml")
    assert "missing.yaml:1: cannot be read: No such file or directory" in str(caught.value)


def test_a_pipe_in_the_place_of_a_flow_is_told_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.yaml")
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path)
    assert "shop.yaml:1: cannot be read: it is a pipe or a device, not a file" in str(caught.value)


def test_what_editors_leave_beside_a_flow_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    (tmp_path / ".#shop.yaml").symlink_to("nobody@nowhere.1234")
    (tmp_path / "._shop.yaml").write_bytes(b"\0\1\2")
    assert list(load_bundle(tmp_path).files) == ["shop.yaml"]


@pytest.mark.parametrize(("name", "told"), [(b"SHOP.YAML", "does not end in .yaml"), (b"caf\xe9.yaml", "not UTF-8")])
def test_a_flow_whose_name_would_hide_it_is_told(tmp_path: Path, name: bytes, told: str) -> None:
    (tmp_path / os.fsdecode(name)).write_text(SHOP, encoding="utf-8")
    with pytest.raises(FlowMistakes) as caught:
        load_bundle(tmp_path)
    assert told in str(caught.value)
