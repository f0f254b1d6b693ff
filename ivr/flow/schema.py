"""The JSON Schema of a flow file (draft 2020-12), for editors. What it cannot say, ``check`` says."""

from __future__ import annotations

from ivr.flow.definition import FactType
from ivr.flow.names import NAME, SOURCE_LENGTH_MAX
from ivr.flow.reading.cards import CARDS_MAX
from ivr.flow.reading.flow import LANGUAGE, SCHEMA, STEPS_MAX
from ivr.flow.reading.menu import CHOICES_MAX
from ivr.flow.steps import AskType, Factor, IdentifyBy, LinkBy, PaceName

_NAME = f"^{NAME.pattern}$"


def json_schema() -> dict:
    """The schema as plain data, ready for ``json.dumps``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Duet flow",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "flow": _ref("name", "The flow's name: /voice/NAME is what a number points to."),
                "title": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 60,
                    "description": "Shown on the page, flow.title.",
                },
                "language": {
                    "type": "string",
                    "pattern": f"^{LANGUAGE.pattern}$",
                    "description": "Of all texts, e.g. en-GB.",
                },
                "start": _ref("name", "The first step."),
                "person": _ref("name", "The queue step to which key 0, exhausted tries and faults lead."),
                "prove": _ref("name", "The authenticate step to which needs leads."),
                "start_on_page": _ref("name", "The menu from which a visitor of the page chooses before calling."),
                "facts": {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": _fact()},
                "cards": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": CARDS_MAX,
                    "propertyNames": {"pattern": _NAME},
                    "additionalProperties": {
                        "oneOf": [*_cards(), _object({"confirm": _ref("text")}, required=["confirm"])]
                    },
                    "description": "What an agent may put on the caller's page; show: NAME shows one.",
                },
                "steps": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": STEPS_MAX,
                    "propertyNames": {"pattern": _NAME},
                    "additionalProperties": {"oneOf": _steps()},
                },
            },
            required=["schema", "flow", "title", "language", "start", "person", "steps"],
        ),
        "$defs": {
            "name": {"type": "string", "pattern": _NAME},
            "words": {
                "type": ["string", "number", "boolean"],
                "description": "Text; YAML may read it as something else.",
            },
            "text": {
                "description": "A Liquid text, or {text: …, must_hear: true} where no key may interrupt it.",
                "anyOf": [
                    _ref("words"),
                    _object({"text": _ref("words"), "must_hear": {"type": "boolean"}}, required=["text"]),
                ],
            },
            "texts": _one_or_list("text"),
            "condition": {**_words(), "maxLength": SOURCE_LENGTH_MAX, "description": "CEL."},
            "length": {
                "type": ["string", "integer"],
                "pattern": r"^[0-9]{1,4}(\.\.[0-9]{1,4})?$",
                "description": "4..12 or 4",
            },
            "retry": _object(
                {"noinput": _ref("texts"), "nomatch": _ref("texts"), "tries": _number(1, 5), "then": _ref("name")},
                required=[],
            ),
            "choice_by_key": _object({"label": _ref("text"), "goto": _ref("name")}, required=["label", "goto"]),
            "choice": _object(
                {"label": _ref("text"), "say": _one_or_list("words"), "goto": _ref("name")}, required=["label", "goto"]
            ),
        },
    }


def _steps() -> list[dict]:
    next_step, retry, timeout = {"next": _ref("name")}, {"retry": _ref("retry")}, {"timeout_seconds": _number(1, 60)}
    asked = {"prompt": _ref("text"), "length": _ref("length"), **timeout, **retry}
    found = {"found": _ref("name"), "unknown": _ref("name")}
    return [
        _step("say", _ref("text"), next_step),
        _step("menu", _ref("text"), {"choices": _choices()}, {**timeout, **retry}),
        _step(
            "ask",
            _ref("text"),
            next_step,
            {"for": _one_of(AskType), "label": _ref("text"), "length": _ref("length"), **timeout, **retry},
        ),
        _step(
            "secret",
            _ref("text"),
            {**next_step, "wrong": _ref("name")},
            {"length": _ref("length"), **timeout, "tries": _number(1, 5)},
        ),
        _step("identify", {"const": IdentifyBy.CALLER_ID.value}, found),
        _step("identify", {"const": IdentifyBy.CUSTOMER_NUMBER.value}, {**found, "prompt": asked.pop("prompt")}, asked),
        _step("lookup", _one_or_list("name"), next_step, {"failed": _ref("name")}),
        _step("set", _mapping(_ref("condition")), next_step),
        _step(
            "when",
            {
                "type": "array",
                "minItems": 1,
                "items": _object({"if": _ref("condition"), "goto": _ref("name")}, required=["if", "goto"]),
            },
            {"otherwise": _ref("name")},
        ),
        _step(
            "enrol",
            _ref("text"),
            {
                "needs": {"const": 2},
                "consent": _object({"text": _ref("text"), "version": _ref("words")}, required=["text", "version"]),
                **{key: _ref("name") for key in ("enrolled", "declined", "failed")},
            },
        ),
        _step("verify", _ref("text"), next_step),
        _step(
            "authenticate",
            {"anyOf": [_one_of(Factor), {"type": "array", "minItems": 1, "items": _one_of(Factor)}]},
            {
                "level": _number(1, 2),
                "prompts": _object({factor.value: _ref("text") for factor in Factor}, required=[]),
                "passed": _ref("name", "A step, or return: back to the step that needed the level."),
                "failed": _ref("name"),
            },
            {"message": _ref("text"), "tries": _number(1, 5)},
        ),
        _step("link", _ref("text"), next_step, {"by": _ways(), "message": _ref("text")}),
        _step(
            "join",
            _ref("text"),
            {"label": _ref("text"), "known": _ref("text"), **next_step},
            {
                "timeout_seconds": _number(1, 10),
                "retry": _object({"nomatch": _ref("texts"), "tries": _number(1, 3)}, required=[]),
            },
        ),
        _step(
            "queue",
            _ref("name"),
            {"prompt": _ref("text"), "waiting": _ref("text"), "unavailable": _ref("name"), "finished": _ref("name")},
            {"patience_seconds": _number(10, 7200), "choices": _choices("^[1-9*]$", "choice_by_key")},
        ),
        _step(
            "call_back",
            _ref("text"),
            {"for_queue": _ref("name"), "next": _ref("name"), "failed": _ref("name")},
            {"within_hours": _number(1, 168)},
        ),
        _step(
            "show",
            {"anyOf": [_ref("name", "Of a card at the top, or nothing."), *_cards()]},
            next_step,
            {"prompt": _ref("text")},
        ),
        _step("pace", _one_of(PaceName), next_step),
        _step("forget_voice", _ref("text"), {"needs": _number(1, 2), **next_step}),
        _step("hangup", {"anyOf": [{"type": "null"}, _ref("text")]}, {}),
    ]


def _cards() -> list[dict]:
    file = {"type": "string", "description": "In media/ beside the flow."}
    return [
        _object({"picture": file, "alt": _ref("text")}, required=["picture", "alt"]),
        _object({"document": file, "title": _ref("text")}, required=["document", "title"]),
        _object(
            {"link": {"type": "string", "pattern": "^https://"}, "title": _ref("text"), "text": _ref("text")},
            required=["link", "title"],
        ),
    ]


def _step(kind: str, value: dict, required: dict, optional: dict | None = None) -> dict:
    keys = {"needs": _number(0, 2), kind: value, **required, **(optional or {})}
    return _object(keys, required=[kind, *required])


def _ways() -> dict:
    return {"anyOf": [_one_of(LinkBy), {"type": "array", "minItems": 1, "items": _one_of(LinkBy)}]}


def _object(keys: dict, *, required: list[str]) -> dict:
    return {"type": "object", "properties": keys, "required": required, "additionalProperties": False}


def _choices(keys: str = "^[0-9*]$", choice: str = "choice") -> dict:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": CHOICES_MAX,
        "patternProperties": {keys: _ref(choice)},
        "additionalProperties": False,
    }


def _mapping(values: dict) -> dict:
    return {"type": "object", "minProperties": 1, "propertyNames": {"pattern": _NAME}, "additionalProperties": values}


def _fact() -> dict:
    return _object({"type": _one_of(FactType), "level": _number(0, 2)}, required=["type", "level"])


def _one_or_list(of: str) -> dict:
    return {"anyOf": [_ref(of), {"type": "array", "minItems": 1, "items": _ref(of)}]}


def _one_of(options: type[AskType | FactType | Factor | LinkBy | PaceName]) -> dict:
    return {"enum": [option.value for option in options]}


def _number(low: int, high: int) -> dict:
    return {"type": "integer", "minimum": low, "maximum": high}


def _words() -> dict:
    return {"type": ["string", "number", "boolean"]}


def _ref(name: str, description: str = "") -> dict:
    return {"$ref": f"#/$defs/{name}", **({"description": description} if description else {})}
