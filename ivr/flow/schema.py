"""The JSON Schema of a flow file (draft 2020-12), for editors. What it cannot say, ``check`` says."""

from __future__ import annotations

from ivr.flow.definition import FactType
from ivr.flow.names import SOURCE_LENGTH_MAX
from ivr.flow.reading.cards import CARDS_MAX
from ivr.flow.reading.flow import LANGUAGE, SCHEMA, STEPS_MAX
from ivr.flow.reading.menu import CHOICES_MAX
from ivr.flow.reading.proofs import CHALLENGE_COUNTS, CHALLENGE_TRIES_MAX
from ivr.flow.schema_parts import NAME_PATTERN, mapping, number, one_of, one_or_list, record, reference, words
from ivr.flow.schema_questions import fields, questions
from ivr.flow.steps import Factor, IdentifyBy, LinkBy, PaceName


def json_schema() -> dict:
    """The schema as plain data, ready for ``json.dumps``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Duet flow",
        **record(
            {
                "schema": {"const": SCHEMA},
                "flow": reference("name", "The flow's name: /voice/NAME is what a number points to."),
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
                "start": reference("name", "The first step."),
                "person": reference("name", "The queue step to which key 0, exhausted tries and faults lead."),
                "prove": reference("name", "The authenticate step to which needs leads."),
                "start_on_page": reference("name", "The menu from which a visitor of the page chooses before calling."),
                "facts": {
                    "type": "object",
                    "propertyNames": {"pattern": NAME_PATTERN},
                    "additionalProperties": _fact(),
                },
                "cards": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": CARDS_MAX,
                    "propertyNames": {"pattern": NAME_PATTERN},
                    "additionalProperties": {"oneOf": [*_cards(), *_questions_of_agents()]},
                    "description": "What an agent may put on the caller's page; show: NAME shows one.",
                },
                "steps": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": STEPS_MAX,
                    "propertyNames": {"pattern": NAME_PATTERN},
                    "additionalProperties": {"oneOf": _steps()},
                },
            },
            required=["schema", "flow", "title", "language", "start", "person", "steps"],
        ),
        "$defs": {
            "name": {"type": "string", "pattern": NAME_PATTERN},
            "words": {
                "type": ["string", "number", "boolean"],
                "description": "Text; YAML may read it as something else.",
            },
            "text": {
                "description": "A Liquid text, or {text: …, must_hear: true} where no key may interrupt it.",
                "anyOf": [
                    reference("words"),
                    record({"text": reference("words"), "must_hear": {"type": "boolean"}}, required=["text"]),
                ],
            },
            "texts": one_or_list("text"),
            "condition": {**words(), "maxLength": SOURCE_LENGTH_MAX, "description": "CEL."},
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
            "retry": record(
                {
                    "noinput": reference("texts"),
                    "nomatch": reference("texts"),
                    "tries": number(1, 5),
                    "then": reference("name"),
                },
                required=[],
            ),
            "choice_by_key": record(
                {"label": reference("text"), "goto": reference("name")}, required=["label", "goto"]
            ),
            "choice": record(
                {"label": reference("text"), "say": one_or_list("words"), "goto": reference("name")},
                required=["label", "goto"],
            ),
        },
    }


def _steps() -> list[dict]:
    next_step, retry, timeout = (
        {"next": reference("name")},
        {"retry": reference("retry")},
        {"timeout_seconds": number(1, 60)},
    )
    asked = {"prompt": reference("text"), "length": reference("length"), **timeout, **retry}
    found = {"found": reference("name"), "unknown": reference("name")}
    return [
        _step("say", reference("text"), next_step),
        _step("menu", reference("text"), {"choices": _choices()}, {**timeout, **retry}),
        *(_step("ask", reference("text"), {**next_step, **needed}, may) for needed, may in questions()),
        _step("form", reference("text"), {"fields": fields(), **next_step}),
        _step(
            "secret",
            reference("text"),
            {**next_step, "wrong": reference("name")},
            {"length": reference("length"), **timeout, "tries": number(1, 5)},
        ),
        _step("identify", {"const": IdentifyBy.CALLER_ID.value}, found),
        _step("identify", {"const": IdentifyBy.CUSTOMER_NUMBER.value}, {**found, "prompt": asked.pop("prompt")}, asked),
        _step("lookup", one_or_list("name"), next_step, {"failed": reference("name")}),
        _step("set", mapping(reference("condition")), next_step),
        _step(
            "when",
            {
                "type": "array",
                "minItems": 1,
                "items": record({"if": reference("condition"), "goto": reference("name")}, required=["if", "goto"]),
            },
            {"otherwise": reference("name")},
        ),
        _step(
            "enrol",
            reference("text"),
            {
                "needs": {"const": 2},
                "consent": record(
                    {"text": reference("text"), "version": reference("words")}, required=["text", "version"]
                ),
                **{key: reference("name") for key in ("enrolled", "declined", "failed")},
            },
        ),
        _step("verify", reference("text"), next_step, {"challenge": _challenge()}),
        _step(
            "authenticate",
            {"anyOf": [one_of(Factor), {"type": "array", "minItems": 1, "items": one_of(Factor)}]},
            {
                "level": number(1, 2),
                "prompts": record({factor.value: reference("text") for factor in Factor}, required=[]),
                "passed": reference("name", "A step, or return: back to the step that needed the level."),
                "failed": reference("name"),
            },
            {"message": reference("text"), "tries": number(1, 5)},
        ),
        _step("link", reference("text"), next_step, {"by": _ways(), "message": reference("text")}),
        _step(
            "join",
            reference("text"),
            {"label": reference("text"), "known": reference("text"), **next_step},
            {
                "timeout_seconds": number(1, 10),
                "retry": record({"nomatch": reference("texts"), "tries": number(1, 3)}, required=[]),
            },
        ),
        _step(
            "queue",
            reference("name"),
            {
                "prompt": reference("text"),
                "waiting": reference("text"),
                "unavailable": reference("name"),
                "finished": reference("name"),
            },
            {"patience_seconds": number(10, 7200), "choices": _choices("^[1-9*]$", "choice_by_key")},
        ),
        _step(
            "call_back",
            reference("text"),
            {"for_queue": reference("name"), "next": reference("name"), "failed": reference("name")},
            {"within_hours": number(1, 168)},
        ),
        _step("language", _language(), next_step),
        _step(
            "show",
            {"anyOf": [reference("name", "Of a card at the top, or nothing."), *_cards()]},
            next_step,
            {"prompt": reference("text")},
        ),
        _step("pace", one_of(PaceName), next_step),
        _step("forget_voice", reference("text"), {"needs": number(1, 2), **next_step}),
        _step("hangup", {"anyOf": [{"type": "null"}, reference("text")]}, {}),
    ]


def _challenge() -> dict:
    said = {"prompt": reference("text", "With {{ challenge.words }}."), "on_page": reference("text", "Without them.")}
    ways = []
    for of, (fewest, most, _usual) in CHALLENGE_COUNTS.items():
        keys = {
            "say": {"const": of.value},
            "count": number(fewest, most),
            **said,
            "tries": number(1, CHALLENGE_TRIES_MAX),
        }
        ways.append(record(keys, required=["say", *said]))
    return {"oneOf": ways}


def _questions_of_agents() -> list[dict]:
    form = {"form": reference("name", "Of a form step."), "title": reference("text")}
    return [record({"confirm": reference("text")}, required=["confirm"]), record(form, required=["form", "title"])]


def _cards() -> list[dict]:
    file = {"type": "string", "description": "In media/ beside the flow."}
    return [
        record({"picture": file, "alt": reference("text")}, required=["picture", "alt"]),
        record({"document": file, "title": reference("text")}, required=["document", "title"]),
        record(
            {"link": {"type": "string", "pattern": "^https://"}, "title": reference("text"), "text": reference("text")},
            required=["link", "title"],
        ),
    ]


def _step(kind: str, value: dict, required: dict, optional: dict | None = None) -> dict:
    keys = {"needs": number(0, 2), kind: value, **required, **(optional or {})}
    return record(keys, required=[kind, *required])


def _ways() -> dict:
    return {"anyOf": [one_of(LinkBy), {"type": "array", "minItems": 1, "items": one_of(LinkBy)}]}


def _language() -> dict:
    return {"type": "string", "pattern": f"^{LANGUAGE.pattern}$"}


def _choices(keys: str = "^[0-9*]$", choice: str = "choice") -> dict:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": CHOICES_MAX,
        "patternProperties": {keys: reference(choice)},
        "additionalProperties": False,
    }


def _fact() -> dict:
    return record({"type": one_of(FactType), "level": number(0, 2)}, required=["type", "level"])
