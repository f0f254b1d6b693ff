"""The top of a flow file: its name, its facts, its steps."""

from __future__ import annotations

import re
from typing import NamedTuple

from ivr.flow.definition import FactDeclaration, FactType, Flow
from ivr.flow.reading.cards import read_cards
from ivr.flow.reading.document import Table
from ivr.flow.reading.fields import RETURN, Fields, Reference, check_name
from ivr.flow.reading.mistakes import Report
from ivr.flow.reading.steps import read_step
from ivr.flow.steps import AnyStep

SCHEMA = "duet/1"
STEPS_MAX = 500
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")  # the part of BCP 47 that carriers take


ADDRESSES = ("agent", "c", "messages", "stream")  # what stands beside the flows under /voice/


class ReadFlow(NamedTuple):
    """A flow as it stands in the file, with what the check needs to point at lines."""

    flow: Flow
    references: list[Reference]
    step_names: frozenset[str]  # also of steps that could not be read
    lines: dict[str, int]  # of the keys at the top


def read_flow(document: Table, report: Report, bundle: str) -> ReadFlow:
    references: list[Reference] = []
    fields = Fields(document, "the flow", report, references)
    schema = fields.word("schema", remedy=f"start with: schema: {SCHEMA}")
    if schema and schema != SCHEMA:
        fields.wrong("schema", f"schema is {schema!r}", f"this release reads {SCHEMA}")
    language = fields.word("language")
    if language and not LANGUAGE.fullmatch(language):
        fields.wrong("language", f"language is {language!r}", "write it like en-GB")
    name, title = fields.name("flow"), fields.word("title")
    if len(title) > 60:
        fields.wrong("title", f"the title has {len(title)} characters", "at most 60 fit on a phone's screen")
    if name in ADDRESSES:
        problem = f"a flow cannot be named {name!r}: /voice/{name} is an address of ours"
        fields.wrong("flow", problem, "choose another name")
    flow = Flow(
        name=name,
        file=report.file,
        bundle=bundle,
        title=title,
        language=language,
        start=fields.step_name("start"),
        person=fields.step_name("person"),
        prove=fields.step_name("prove", ""),
        facts=_facts(fields),
        steps={},
        cards=read_cards(fields),
        start_on_page=fields.step_name("start_on_page", ""),
    )
    steps = dict(fields.named("steps", required=True))
    if len(steps) > STEPS_MAX:
        fields.wrong("steps", f"{len(steps)} steps", f"at most {STEPS_MAX}: split the flow")
        steps = {}
    for step_name, entry in steps.items():
        check_name(step_name, "the flow: a step", entry.line, report)
        if step_name == RETURN:
            report.wrong(entry.line, "a step cannot be called 'return'", "it is what passed: return means")
        step_fields = fields.fields_of(f"step {step_name!r}", entry.value, f"step {step_name!r}")
        if step_fields is not None:
            step = _step(step_name, step_fields, entry.line, flow)
            if step is not None:
                flow.steps[step_name] = step
    fields.finish()
    lines = {
        key: fields.line_of(key) for key in ("flow", "start", "person", "prove", "facts", "steps", "start_on_page")
    }
    return ReadFlow(flow, references, frozenset(steps), lines)


def _step(name: str, fields: Fields, line: int, flow: Flow) -> AnyStep | None:
    fields.line, fields.step = line, name  # a mistake about the whole step points at its name
    return read_step(name, fields, flow)


def _facts(fields: Fields) -> dict[str, FactDeclaration]:
    facts = {}
    for name, entry in fields.named("facts"):
        check_name(name, "the flow: a fact", entry.line, fields.report)
        fact = fields.fields_of(f"fact {name!r}", entry.value, f"fact {name!r}")
        if fact is None:  # declared all the same, so that its uses are not told as mistakes too
            facts[name] = FactDeclaration(name, FactType.TEXT, 0, entry.line)
        else:
            facts[name] = FactDeclaration(name, fact.one_of("type", FactType), fact.number("level", 0, 2), entry.line)
            fact.finish()
    return facts
