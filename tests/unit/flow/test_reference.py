"""The reference of the flow language says what the loader does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from ivr.flow.definition import FactType
from ivr.flow.loader import parse_bundle
from ivr.flow.names import ROOTS
from ivr.flow.reading.steps import KINDS
from ivr.flow.schema import json_schema
from ivr.flow.steps import Factor

README = (Path(__file__).parents[3] / "flows" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
MISTAKES = (Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8")


def test_the_small_flow_loads() -> None:
    assert list(parse_bundle({"hello.yaml": EXAMPLES[0].encode()}).flows) == ["hello"]


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_an_example_of_steps_fits_the_schema(example: str) -> None:
    schema = json_schema()
    data = json.loads(json.dumps(yaml.load(example, Loader=yaml.CSafeLoader)))
    jsonschema.validate(
        data, {**schema["properties"]["steps"], "$defs": schema["$defs"]}, jsonschema.Draft202012Validator
    )


@pytest.mark.parametrize("word", [*KINDS, *Factor, *FactType, *ROOTS])
def test_every_word_of_the_language_is_explained(word: str) -> None:
    assert re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", README)


def test_the_mistakes_in_the_table_are_told_by_the_check() -> None:
    table = README[README.index("## What the check refuses") : README.index("Ways through the flow")]
    told = " ".join(MISTAKES.replace("''", "'").split())
    for quoted in re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE):
        for message in re.findall(r"`([^`]+)`", quoted):
            parts = [part.strip() for part in re.split(r"…|'[xy]'|contact\.x|&x|\(did you mean|, nor", message)]
            assert all(part in told for part in parts if len(part) > 3), message
