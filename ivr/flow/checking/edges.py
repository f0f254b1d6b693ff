"""Where a call can go from each step."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from ivr.flow.definition import Flow
from ivr.flow.reading.fields import RETURN
from ivr.flow.steps import (
    AnyStep,
    Ask,
    AskSecret,
    Authenticate,
    CallBack,
    Enrol,
    ForgetVoice,
    Hangup,
    Identify,
    IdentifyBy,
    Join,
    Link,
    Lookup,
    Menu,
    Pace,
    Queue,
    Say,
    Set,
    Show,
    Verify,
    When,
)


class Edge(NamedTuple):
    key: str  # "next", "found" …
    to: str
    waits: bool  # going this way, the caller has done something or a request has run its time


def ways(flow: Flow, step: AnyStep) -> list[Edge]:
    """The ways the author gave, and the default of ``failed``. Not: key 0, exhausted retries, faults, ``needs``."""
    match step:
        case Say() | Verify() | Link() | Join() | Set() | Show() | Pace() | ForgetVoice():
            return [Edge("next", step.next, False)]
        case Menu():
            return [Edge(f"choice {choice.key}", choice.goto, True) for choice in step.choices]
        case Ask():
            return [Edge("next", step.next, True)]
        case AskSecret():
            return [Edge("next", step.next, True), Edge("wrong", step.wrong, True)]
        case Identify():
            asks = step.by == IdentifyBy.CUSTOMER_NUMBER
            return [Edge("found", step.found, asks), Edge("unknown", step.unknown, asks)]
        case Lookup():
            return [Edge("next", step.next, False), Edge("failed", step.failed or flow.person, False)]
        case When():
            return [*(Edge("goto", case.goto, False) for case in step.cases), Edge("otherwise", step.otherwise, False)]
        case Enrol():
            # It fails at once for a caller who has opted out; declining is an answer.
            return [
                Edge("enrolled", step.enrolled, True),
                Edge("declined", step.declined, True),
                Edge("failed", step.failed, False),
            ]
        case Authenticate():
            # Passed at once where the level is reached already; failed at once where no factor can be asked for.
            passed = [] if step.passed == RETURN else [Edge("passed", step.passed, False)]
            return [*passed, Edge("failed", step.failed, False)]
        case Queue():
            chosen = [Edge(f"choice {choice.key}", choice.goto, True) for choice in step.choices]
            return [
                Edge("unavailable", step.unavailable, False), Edge("finished", step.finished, True), *chosen,
            ]  # fmt: skip
        case CallBack():
            return [Edge("next", step.next, False), Edge("failed", step.failed, False)]
        case Hangup():
            return []
        case _:
            assert_never(step)


def all_ways(flow: Flow, step: AnyStep) -> list[Edge]:
    """Also the ways every step has: to a person (key 0, a fault), after the last try, and to prove a needed level."""
    found = ways(flow, step)
    retry = step.retry if isinstance(step, Menu | Ask | Identify) else None
    if retry is not None and retry.then:
        found.append(Edge("then", retry.then, True))
    if step.needs and flow.prove:
        found.append(Edge("needs", flow.prove, False))
    if not isinstance(step, Hangup) and step.name != flow.person:
        found.append(Edge("person", flow.person, True))
    return found
