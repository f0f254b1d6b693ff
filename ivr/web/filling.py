"""Fields sent by the caller's page: read by the engine's own validator before anything is taken."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace
from werkzeug.datastructures import MultiDict

from ivr.flow.answers import Problem
from ivr.flow.asking import read_fields
from ivr.flow.waits import AnyWait, AwaitAnswer
from ivr.visual.fields import Fields, with_typed
from ivr.visual.plain import plain
from ivr.visual.screen import Screen

PREFIX = "answer."
MARK = "fields"  # of a form of fields: buttons to pick from that nobody picked are not sent at all
NOT_OUR_FORM = "That is not the form that was shown. Here it is again; please send it once more."


class Sent(msgspec.Struct, frozen=True):
    """What a form held, cleaned: control characters and directional overrides are never part of an answer."""

    values: dict[str, str]
    repeated: bool  # a name twice: no form of ours does that


def sent_fields(form: MultiDict[str, str]) -> Sent | None:
    """None: the form holds no fields, but a tap."""
    found = {name.removeprefix(PREFIX): form.getlist(name) for name in form if name.startswith(PREFIX)}
    if not found and MARK not in form:
        return None
    return Sent(
        {name: plain(values[0]) for name, values in found.items()}, any(len(each) > 1 for each in found.values())
    )


def problems_of(wait: AwaitAnswer, sent: Sent, language: str) -> dict[str, str]:
    """What is wrong with each field, in words for the caller; empty where all of it can be taken."""
    taken = read_fields(wait, sent.values, language)
    return {name: answer.text(language) for name, answer in taken.items() if isinstance(answer, Problem)}


def is_ours(wait: AwaitAnswer, sent: Sent) -> bool:
    return not sent.repeated and set(sent.values) <= {field.name for field in wait.fields}


def showing(screen: Screen, sent: Sent, problems: Mapping[str, str]) -> Screen:
    """The screen with what was typed, and what is wrong with it."""
    if not isinstance(screen.body, Fields):
        return screen  # this page may not see the question any more
    return replace(screen, body=with_typed(screen.body, sent.values, problems))


def still_open(wait: AnyWait | None, sent: Sent, answers: Mapping[str, str]) -> Sent | None:
    """Of what was sent too late, what belongs to questions that are still open; None where none of them is."""
    if not isinstance(wait, AwaitAnswer):
        return None
    names = {field.name for field in wait.fields} - set(answers)
    values = {name: value for name, value in sent.values.items() if name in names}
    return Sent(values, repeated=False) if values else None
