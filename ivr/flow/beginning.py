"""The first menus of a flow before any call: what a visitor of the page may choose and read. Pure, and only what is the
same for everybody: a visitor is somebody of whom nothing is known."""

from __future__ import annotations

import msgspec

from ivr.flow.definition import Flow
from ivr.flow.expressions import render, text_names
from ivr.flow.inputs import ChosenBefore
from ivr.flow.steps import AnyStep, Menu, Say, Text
from ivr.flow.waits import Offered

CHOICES_MAX = 8  # made before the call; more is going round
_SAYS_MAX = 20  # texts between two menus; more is a ring that the check would have told
# What is so of everybody before the call. Other names have no value yet.
_OF_ANYBODY = {"caller": {"level": 0, "identified": False}, "voice": {"enrolled": False, "verdict": ""}}
KNOWN = frozenset({("flow", "title"), *((root, name) for root, names in _OF_ANYBODY.items() for name in names)})


class Beginning(msgspec.Struct, frozen=True):
    """Where a visitor stands after some choices. ``choices`` empty: what comes next needs the call."""

    chosen: tuple[ChosenBefore, ...]
    said: tuple[str, ...]  # what the phone would have said since the last choice
    choices: tuple[Offered, ...] = ()


def begin(flow: Flow, keys: tuple[str, ...]) -> Beginning | None:
    """Where these keys lead from ``start_on_page``, in the language of ``flow``. None: no beginning, or no such key."""
    if not flow.start_on_page or len(keys) > CHOICES_MAX:
        return None
    step, said = _ahead(flow, flow.start_on_page)
    chosen: tuple[ChosenBefore, ...] = ()
    for key in keys:
        choice = next((one for one in step.choices if one.key == key), None) if step is not None else None
        if choice is None:
            return None
        label = _text(flow, choice.label)
        chosen = (*chosen, ChosenBefore(step=step.name, key=key, label=label, language=flow.language))
        step, said = _ahead(flow, choice.goto)
    if step is None or len(keys) == CHOICES_MAX:
        return Beginning(chosen, said)
    offered = tuple(Offered(key=one.key, label=_text(flow, one.label)) for one in step.choices)
    return Beginning(chosen, (*said, _text(flow, step.prompt)), offered)


def is_for_all(step: AnyStep) -> bool:
    """Whether a menu or a say can be drawn without a call."""
    match step:
        case Menu():
            texts = (step.prompt, *(choice.label for choice in step.choices))
        case Say():
            texts = (step.text,)
        case _:
            return False
    return not step.needs and all(text_names(text.source) <= KNOWN for text in texts)


def _ahead(flow: Flow, name: str) -> tuple[Menu | None, tuple[str, ...]]:
    """The next menu from a step and what is said on the way to it; None where something else needs the call first."""
    said: tuple[str, ...] = ()
    for _ in range(_SAYS_MAX):
        step = flow.steps[name]
        if not is_for_all(step):
            return None, ()
        if isinstance(step, Menu):
            return step, said
        said = (*said, _text(flow, step.text))
        name = step.next
    return None, ()


def _text(flow: Flow, text: Text) -> str:
    return render(text.source, {**_OF_ANYBODY, "flow": {"title": flow.title, "language": flow.language}})
