"""What the schema of flow files is put together from (JSON Schema, draft 2020-12)."""

from __future__ import annotations

from enum import StrEnum

from ivr.flow.names import NAME

NAME_PATTERN = f"^{NAME.pattern}$"


def record(keys: dict, *, required: list[str]) -> dict:
    return {"type": "object", "properties": keys, "required": required, "additionalProperties": False}


def mapping(values: dict) -> dict:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": NAME_PATTERN},
        "additionalProperties": values,
    }


def one_or_list(of: str) -> dict:
    """``of``: a name among the definitions."""
    return {"anyOf": [reference(of), {"type": "array", "minItems": 1, "items": reference(of)}]}


def one_of(options: type[StrEnum]) -> dict:
    return {"enum": [option.value for option in options]}


def number(low: int, high: int) -> dict:
    return {"type": "integer", "minimum": low, "maximum": high}


def words() -> dict:
    return {"type": ["string", "number", "boolean"]}


def reference(name: str, description: str = "") -> dict:
    return {"$ref": f"#/$defs/{name}", **({"description": description} if description else {})}
