"""Where calls can go: every step is reached, every step leads on, and what a step uses is known on every way to it."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.flow.checking.edges import Edge, all_ways, ways
from ivr.flow.checking.wording import Use
from ivr.flow.definition import Flow
from ivr.flow.reading.mistakes import Report
from ivr.flow.steps import (
    AnyStep,
    Ask,
    AskSecret,
    Authenticate,
    Enrol,
    ForgetVoice,
    Hangup,
    Identify,
    Lookup,
    Queue,
    Set,
    Verify,
)

IDENTIFIED = ("caller", "contact")
Known = frozenset[tuple[str, str]]  # values a call is sure to have: IDENTIFIED and (root, name)


def check_paths(flow: Flow, uses: list[Use], report: Report) -> None:
    """For a flow in which every named step exists."""
    reached = _reached(flow)
    _check_unreached(flow, reached, report)
    _check_dead_ends(flow, reached, report)
    _check_loops(flow, reached, report)
    _check_known(flow, _known_at(flow), uses, report)


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    ahead = [flow.start, flow.person]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += [edge.to for edge in all_ways(flow, flow.steps[name])]
    return reached


def _check_unreached(flow: Flow, reached: set[str], report: Report) -> None:
    """Names the heads of what cannot be reached; the steps that only they lead to follow from them."""
    told = set(reached)
    graph = {name: [edge.to for edge in all_ways(flow, step)] for name, step in flow.steps.items()}
    entered = {to for name in graph if name not in reached for to in graph[name] if to != name}
    for name in sorted(set(graph) - reached, key=lambda name: (name in entered, flow.steps[name].line)):
        if name in told:
            continue
        after = _from(graph, name) - told - {name}
        told |= after | {name}
        more = f", nor the steps after it: {', '.join(map(repr, sorted(after)))}" if after else ""
        report.wrong(flow.steps[name].line, f"no call can reach step {name!r}{more}", "lead a step to it, or delete it")


def _check_dead_ends(flow: Flow, reached: set[str], report: Report) -> None:
    """Key 0 and exhausted tries do not count: a caller who answers well must get out too."""
    ends = {step.name for step in flow.steps.values() if isinstance(step, Queue | Hangup)}
    while more := {
        step.name
        for step in flow.steps.values()
        if step.name not in ends and any(edge.to in ends for edge in ways(flow, step))
    }:
        ends |= more
    for name in sorted(reached - ends, key=lambda name: flow.steps[name].line):
        report.wrong(
            flow.steps[name].line,
            f"from step {name!r} no hangup and no queue can be reached",
            "lead one of the steps after it to a hangup or a queue",
        )


def _check_loops(flow: Flow, reached: set[str], report: Report) -> None:
    """A ring of ways on which nothing waits would be walked for ever within one turn."""
    hasty = {
        name: [edge.to for edge in all_ways(flow, flow.steps[name]) if not edge.waits and edge.to in reached]
        for name in reached
    }
    for ring in _rings(hasty):
        ring.sort(key=lambda name: flow.steps[name].line)
        report.wrong(
            flow.steps[ring[0]].line,
            f"the steps {', '.join(map(repr, ring))} lead round in a circle in which nothing waits for the caller"
            if len(ring) > 1
            else f"step {ring[0]!r} leads to itself and nothing waits for the caller",
            "put a menu or an ask into it, or lead one of them elsewhere",
        )


def _rings(graph: dict[str, list[str]]) -> list[list[str]]:
    """Strongly connected parts with a cycle: the nodes from which a node can be reached that reaches them."""
    reach = {node: _from(graph, node) for node in graph}
    rings, done = [], set()
    for node in graph:
        if node not in done and node in reach[node]:
            ring = [other for other in reach[node] if node in reach[other]]
            done.update(ring)
            rings.append(ring)
    return rings


def _from(graph: dict[str, list[str]], node: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[node])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += graph[name]
    return found


def _known_at(flow: Flow) -> dict[str, Known]:
    """What is known on every way to a step (the meet over all paths, by iteration to the fixed point)."""
    known: dict[str, Known] = {flow.start: frozenset(), flow.person: frozenset()}
    ahead = [flow.start, flow.person]
    while ahead:
        step = flow.steps[ahead.pop()]
        # Where a contact is missing the step itself is told; what comes after it is not told again.
        told = {IDENTIFIED} if _needs_contact(flow, step) else set()
        for edge in all_ways(flow, step):
            after = _after(step, edge, known[step.name] | told)
            before = known.get(edge.to)
            now = after if before is None else before & after
            if now != before:
                known[edge.to] = now
                ahead.append(edge.to)
    return known


def _after(step: AnyStep, edge: Edge, known: Known) -> Known:
    match step, edge.key:
        case Identify(), "found":  # another contact: what was known of the one before is gone
            return frozenset(pair for pair in known if pair[0] != "contact") | {IDENTIFIED}
        case Identify(), "unknown":
            return frozenset(pair for pair in known if pair[0] != "contact" and pair != IDENTIFIED)
        case Lookup(), "next":
            return known | {("contact", fact) for fact in step.facts}
        case Set(), "next":
            return known | {("vars", value.name) for value in step.values}
        case Ask(), "next":
            return known | {("answer", step.name)}
        case _:
            return known


_REMEDIES = {
    "contact": "put a lookup step before it on every way, or write {guard}",
    "answer": "put the ask step before it on every way, or write {guard}",
    "vars": "put a set step before it on every way, or write {guard}",
}


def _check_known(flow: Flow, known: dict[str, Known], uses: Iterable[Use], report: Report) -> None:
    for step in flow.steps.values():
        if step.name in known and IDENTIFIED not in known[step.name]:
            for what in _needs_contact(flow, step):
                report.wrong(
                    step.line,
                    f"step {step.name!r} {what}, but on some way to it nobody has been identified",
                    "put an identify step before it and come from its found",
                )
    for use in uses:
        if use.step.name not in known:
            continue
        here = known[use.step.name]
        own = {("vars", value.name) for value in use.step.values} if isinstance(use.step, Set) else frozenset()
        for root, name in sorted(use.names):
            if root not in _REMEDIES or (root, name) in here or use.may_be_missing(root, name):
                continue
            if (root, name) in own and _set_before(use, name):
                continue
            guard = f"has({root}.{name})" if use.is_condition else f"{{{{ {root}.{name} | default: '' }}}}"
            report.wrong(
                use.line,
                f"step {use.step.name!r} uses {root}.{name}, which has no value yet on some way to it",
                _REMEDIES[root].format(guard=guard),
            )


def _set_before(use: Use, name: str) -> bool:
    """Whether the same set step sets ``name`` before this assignment."""
    assert isinstance(use.step, Set)
    names = [value.name for value in use.step.values]
    return use.assigns != "" and names.index(name) < names.index(use.assigns)


def _needs_contact(flow: Flow, step: AnyStep) -> list[str]:
    found = []
    match step:
        case Lookup():
            found.append("looks up facts of a contact")
        case Verify():
            found.append("compares the voice with a contact's voiceprint")
        case Enrol():
            found.append("makes a contact's voiceprint")
        case ForgetVoice():
            found.append("deletes a contact's voiceprint")
        case AskSecret():
            found.append("asks for a contact's PIN")
        case Authenticate() if step.name != flow.prove or _entered_by_itself(flow, step.name):
            found.append("lets a contact prove who they are")
        case _:
            pass
    if step.needs and not found:
        found.append(f"needs level {step.needs}")
    return found


def _entered_by_itself(flow: Flow, name: str) -> bool:
    """Not only through ``needs``, where the step that needs the level is told instead."""
    return flow.start == name or any(edge.to == name for step in flow.steps.values() for edge in ways(flow, step))
