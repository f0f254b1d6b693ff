"""The JSON Schema of a flow file (draft 2020-12), for editors. What it cannot say, ``check`` says."""

from __future__ import annotations

from ivr.flow.definition import FactType
from ivr.flow.kinds import DECIMALS_MAX, AskType
from ivr.flow.names import NAME, SOURCE_LENGTH_MAX
from ivr.flow.reading.cards import CARDS_MAX
from ivr.flow.reading.flow import LANGUAGE, SCHEMA, STEPS_MAX
from ivr.flow.reading.menu import CHOICES_MAX
from ivr.flow.reading.questions import AUTOFILL, FIELDS_MAX
from ivr.flow.reading.steps import CHALLENGE_COUNTS, CHALLENGE_TRIES_MAX
from ivr.flow.steps import Factor, IdentifyBy, LinkBy, PaceName

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
                "languages": {
                    "anyOf": [_language(), {"type": "array", "minItems": 1, "uniqueItems": True, "items": _language()}],
                    "description": "Further languages, from i18n/*.po.",
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
                    "additionalProperties": {"oneOf": [*_cards(), *_questions_of_agents()]},
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
            "day": {
                "type": "string",
                "pattern": r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|today([+-][0-9]{1,5})?)$",
                "description": "2026-11-05, today, today+90 or today-30.",
            },
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
        *(_step("ask", _ref("text"), {**next_step, **needed}, may) for needed, may in _questions()),
        _step("form", _ref("text"), {"fields": _fields(), **next_step}),
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
        _step("verify", _ref("text"), next_step, {"challenge": _challenge()}),
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
        _step("language", _language(), next_step),
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


def _challenge() -> dict:
    said = {"prompt": _ref("text", "With {{ challenge.words }}."), "on_page": _ref("text", "Without them.")}
    ways = []
    for of, (fewest, most, _usual) in CHALLENGE_COUNTS.items():
        keys = {
            "say": {"const": of.value},
            "count": _number(fewest, most),
            **said,
            "tries": _number(1, CHALLENGE_TRIES_MAX),
        }
        ways.append(_object(keys, required=["say", *said]))
    return {"oneOf": ways}


def _questions() -> list[tuple[dict, dict]]:
    """The required and optional keys beside ``ask``, for each kind of answer."""
    own: dict[AskType, tuple[dict, dict]] = {
        AskType.DIGITS: ({}, {"length": _ref("length")}),
        AskType.NUMBER: ({}, {**_bounds(), "decimals": _number(0, DECIMALS_MAX)}),
        AskType.MONEY: ({"currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}, _bounds()),
        AskType.DATE: ({}, {"earliest": _ref("day"), "latest": _ref("day")}),
        AskType.PHONE: ({"country_code": {"type": ["string", "integer"], "pattern": "^[1-9][0-9]{0,2}$"}}, {}),
        AskType.YES_NO: ({}, {}),
        AskType.LIST: ({"options": _options()}, {}),
        AskType.SPEECH: ({}, {"length": _ref("length")}),
    }
    found = []
    for kind, (needed, may) in own.items():
        always = {"label": _ref("text"), "timeout_seconds": _number(1, 60), "retry": _ref("retry")}
        filled = {"autofill": {"enum": list(AUTOFILL[kind])}} if kind in AUTOFILL else {}
        named = {"for": {"const": kind.value}}
        by_default = kind is AskType.DIGITS  # the only one whose name may be left out
        found.append(
            ({**needed, **({} if by_default else named)}, {**may, **always, **filled, **(named if by_default else {})})
        )
    return found


def _bounds() -> dict:
    number = {"type": ["number", "string"], "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$"}
    return {"minimum": number, "maximum": number}


def _options() -> dict:
    option = _object(
        {"name": _ref("name"), "label": _ref("text"), "say": _one_or_list("words")}, required=["name", "label"]
    )
    return {
        "type": "object", "minProperties": 1, "patternProperties": {"^[1-9]$": option}, "additionalProperties": False,
    }  # fmt: skip


def _fields() -> dict:
    one_of = [
        _object(
            {"ask": _ref("text"), "optional": {"type": "boolean"}, **needed, **may}, required=["ask", "label", *needed]
        )
        for needed, may in _questions()
    ]
    return {**_mapping({"oneOf": one_of}), "maxProperties": FIELDS_MAX}


def _questions_of_agents() -> list[dict]:
    form = {"form": _ref("name", "Of a form step."), "title": _ref("text")}
    return [_object({"confirm": _ref("text")}, required=["confirm"]), _object(form, required=["form", "title"])]


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


def _language() -> dict:
    return {"type": "string", "pattern": f"^{LANGUAGE.pattern}$"}


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


def _one_of(options: type[FactType | Factor | LinkBy | PaceName]) -> dict:
    return {"enum": [option.value for option in options]}


def _number(low: int, high: int) -> dict:
    return {"type": "integer", "minimum": low, "maximum": high}


def _words() -> dict:
    return {"type": ["string", "number", "boolean"]}


def _ref(name: str, description: str = "") -> dict:
    return {"$ref": f"#/$defs/{name}", **({"description": description} if description else {})}
