"""The schema of what is asked: the keys of every kind of answer, and the fields of a form."""

from __future__ import annotations

from ivr.flow.kinds import DECIMALS_MAX, AskType
from ivr.flow.reading.questions import AUTOFILL, FIELDS_MAX
from ivr.flow.schema_parts import mapping, number, one_or_list, record, reference


def questions() -> list[tuple[dict, dict]]:
    """The required and optional keys beside ``ask``, for each kind of answer."""
    own: dict[AskType, tuple[dict, dict]] = {
        AskType.DIGITS: ({}, {"length": reference("length")}),
        AskType.NUMBER: ({}, {**_bounds(), "decimals": number(0, DECIMALS_MAX)}),
        AskType.MONEY: ({"currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}, _bounds()),
        AskType.DATE: ({}, {"earliest": reference("day"), "latest": reference("day")}),
        AskType.PHONE: ({"country_code": {"type": ["string", "integer"], "pattern": "^[1-9][0-9]{0,2}$"}}, {}),
        AskType.YES_NO: ({}, {}),
        AskType.LIST: ({"options": _options()}, {}),
        AskType.SPEECH: ({}, {"length": reference("length")}),
    }
    found = []
    for kind, (needed, may) in own.items():
        always = {"label": reference("text"), "timeout_seconds": number(1, 60), "retry": reference("retry")}
        filled = {"autofill": {"enum": list(AUTOFILL[kind])}} if kind in AUTOFILL else {}
        named = {"for": {"const": kind.value}}
        by_default = kind is AskType.DIGITS  # the only one whose name may be left out
        found.append(
            ({**needed, **({} if by_default else named)}, {**may, **always, **filled, **(named if by_default else {})})
        )
    return found


def _bounds() -> dict:
    bound = {"type": ["number", "string"], "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$"}
    return {"minimum": bound, "maximum": bound}


def _options() -> dict:
    option = record(
        {"name": reference("name"), "label": reference("text"), "say": one_or_list("words")}, required=["name", "label"]
    )
    return {
        "type": "object", "minProperties": 1, "patternProperties": {"^[1-9]$": option}, "additionalProperties": False,
    }  # fmt: skip


def fields() -> dict:
    kinds = [
        record(
            {"ask": reference("text"), "optional": {"type": "boolean"}, **needed, **may},
            required=["ask", "label", *needed],
        )
        for needed, may in questions()
    ]
    return {**mapping({"oneOf": kinds}), "maxProperties": FIELDS_MAX}
