"""What texts and conditions may know in this call, at its level; the one door to Liquid and CEL."""

from __future__ import annotations

from ivr.flow.conditions import compile_condition, condition_names, evaluate, holds
from ivr.flow.definition import Flow
from ivr.flow.session import Session, number_to_call
from ivr.flow.texts import compile_text, render, text_names

__all__ = [
    "Scope",
    "compile_condition",
    "compile_text",
    "condition_names",
    "evaluate",
    "holds",
    "render",
    "scope",
    "text_names",
]

Value = str | float | bool | None
Scope = dict[str, dict[str, Value]]


def scope(flow: Flow, session: Session, **extra: dict[str, Value]) -> Scope:
    """The values of this call under the names of ``names.ROOTS``.

    A fact is there only once it has been looked up and while the caller's level is at least the fact's own, so no
    text or condition can let it out below its level, whatever the file says. ``extra`` adds roots known only to the
    place that draws, e.g. ``queue={"position": 2, "waited_seconds": 40}``.
    """
    level = session.level
    declared = flow.facts
    return {
        "contact": {
            name: _plain(value)
            for name, value in session.facts.items()
            if name in declared and declared[name].level <= level
        },
        "caller": {
            "number": session.caller,
            "level": level,
            "identified": session.claim is not None,
            "chosen": ", ".join(session.chosen),
        },
        "voice": {
            "verdict": session.voice.verdict.value if session.voice.verdict else "",
            "enrolled": session.claim is not None and session.claim.enrolled,
        },
        "answer": dict(session.answers),
        "vars": {name: _plain(value) for name, value in session.variables.items()},
        "flow": {"title": flow.title, "language": flow.language},
        "link": {"digits": session.page.digits, "code": session.page.code},
        "call_back": {"number": number_to_call(session)},
        **extra,
    }


def _plain(value: Value) -> Value:
    """3.0 is said "3"."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
