"""One reader per kind of step. The kind is the key that names it; its value is the step's main thing."""

from __future__ import annotations

from collections.abc import Callable

from ivr.flow.definition import Flow
from ivr.flow.reading.cards import read_shown
from ivr.flow.reading.common import LABEL_LENGTH_MAX, MESSAGE_LENGTH_MAX, Common, said
from ivr.flow.reading.fields import Fields, check_name
from ivr.flow.reading.menu import read_choices, read_choices_while_waiting
from ivr.flow.reading.mistakes import closest, listed
from ivr.flow.reading.proofs import (
    read_authenticate,
    read_enrol,
    read_forget_voice,
    read_identify,
    read_secret,
    read_verify,
)
from ivr.flow.reading.questions import read_fields, read_question, read_retry
from ivr.flow.steps import (
    AnyStep,
    Ask,
    Assignment,
    CallBack,
    Case,
    Form,
    Hangup,
    Join,
    Language,
    Link,
    LinkBy,
    Lookup,
    Menu,
    Pace,
    PaceName,
    Queue,
    Retry,
    Say,
    Set,
    Show,
    Text,
    When,
)


def read_step(name: str, fields: Fields, flow: Flow) -> AnyStep | None:
    """The step, or None where it cannot be told what kind it is."""
    keys = fields.keys()
    kinds = [key for key in keys if key in KINDS]
    if len(kinds) != 1:
        likely = next((guess for key in keys if (guess := closest(key, KINDS))), f"add one of {listed(sorted(KINDS))}")
        problem = f"has two kinds: {' and '.join(kinds)}" if kinds else "has no kind"
        fields.report.wrong(fields.line, f"step {name!r} {problem}", "make two steps of it" if kinds else likely)
        return None
    common = Common(name, fields.line, fields.number("needs", 0, 2, 0), flow)
    step = KINDS[kinds[0]](fields, common)
    fields.finish()
    return step


def _say(fields: Fields, common: Common) -> Say:
    return Say(**common.fields(), text=said(fields, "say"), next=fields.step_name("next"))


def _menu(fields: Fields, common: Common) -> Menu:
    return Menu(
        **common.fields(),
        prompt=said(fields, "menu"),
        choices=read_choices(fields, common.flow, LABEL_LENGTH_MAX),
        timeout_seconds=fields.number("timeout_seconds", 1, 60, 5),
        retry=read_retry(fields),
    )


def _ask(fields: Fields, common: Common) -> Ask:
    question = read_question(fields, LABEL_LENGTH_MAX)
    return Ask(**common.fields(), question=question, next=fields.step_name("next"))


def _form(fields: Fields, common: Common) -> Form:
    return Form(
        **common.fields(),
        intro=said(fields, "form"),
        fields=read_fields(fields, LABEL_LENGTH_MAX),
        next=fields.step_name("next"),
    )


def _lookup(fields: Fields, common: Common) -> Lookup:
    facts = []
    for fact, line in fields.words("lookup", required=True):
        if fact not in common.flow.facts:
            remedy = closest(fact, common.flow.facts, f"declare it at the top: {fact}: {{type: text, level: 1}}")
            fields.report.wrong(line, f"{fields.owner} looks up {fact!r}, which is not a declared fact", remedy)
        facts.append(fact)
    return Lookup(
        **common.fields(), facts=tuple(facts), next=fields.step_name("next"), failed=fields.step_name("failed", "")
    )


def _set(fields: Fields, common: Common) -> Set:
    values = []
    for name, entry in fields.named("set", required=True):
        check_name(name, f"{fields.owner}: variable", entry.line, fields.report)
        values.append(Assignment(name, fields.scalar(name, entry.value) or "", entry.line))
    return Set(**common.fields(), values=tuple(values), next=fields.step_name("next"))


def _when(fields: Fields, common: Common) -> When:
    cases = []
    for case in fields.tables("when", f"{fields.owner}: case"):
        cases.append(Case(case.word("if"), case.step_name("goto"), case.line_of("if")))
        case.finish()
    return When(**common.fields(), cases=tuple(cases), otherwise=fields.step_name("otherwise"))


def _link(fields: Fields, common: Common) -> Link:
    ways = []
    for word, line in fields.words("by", required=False) or [(LinkBy.SMS.value, fields.line)]:
        if word not in set(LinkBy):
            fields.report.wrong(line, f"{fields.owner}: {word!r} is no way to the page", closest(word, list(LinkBy)))
        elif word in ways:
            fields.report.wrong(line, f"{fields.owner}: the way {word!r} is here twice", "delete one")
        else:
            ways.append(LinkBy(word))
    sends = LinkBy.SMS in ways or not ways  # only the SMS has a message; without it the key is a mistake
    return Link(
        **common.fields(),
        message=said(fields, "message", limit=MESSAGE_LENGTH_MAX) if sends else Text(""),
        prompt=said(fields, "link"),
        next=fields.step_name("next"),
        by=tuple(ways),
    )


def _join(fields: Fields, common: Common) -> Join:
    retry, again = fields.table("retry", f"{fields.owner}: retry"), Retry(tries=2)
    if retry is not None:  # silence is no mistake here: that caller has no code
        again = Retry(nomatch=retry.texts("nomatch"), tries=retry.number("tries", 1, 3, 2))
        retry.finish()
    return Join(
        **common.fields(),
        text=said(fields, "join"),
        label=said(fields, "label", limit=LABEL_LENGTH_MAX),
        known=said(fields, "known"),
        next=fields.step_name("next"),
        timeout_seconds=fields.number("timeout_seconds", 1, 10, 5),
        retry=again,
    )


def _queue(fields: Fields, common: Common) -> Queue:
    queue = fields.name("queue")
    return Queue(
        **common.fields(),
        queue=queue,
        prompt=said(fields, "prompt"),
        waiting=said(fields, "waiting"),
        unavailable=fields.step_name("unavailable"),
        finished=fields.step_name("finished"),
        patience_seconds=fields.number("patience_seconds", 10, 7200, 600),
        choices=read_choices_while_waiting(fields, LABEL_LENGTH_MAX),
    )


def _call_back(fields: Fields, common: Common) -> CallBack:
    return CallBack(
        **common.fields(),
        text=said(fields, "call_back"),
        queue=fields.name("for_queue"),
        next=fields.step_name("next"),
        failed=fields.step_name("failed"),
        within_hours=fields.number("within_hours", 1, 168, 24),
    )


def _show(fields: Fields, common: Common) -> Show:
    return Show(
        **common.fields(),
        card=read_shown(fields, common.flow),
        prompt=fields.text("prompt", required=False),
        next=fields.step_name("next"),
    )


def _pace(fields: Fields, common: Common) -> Pace:
    return Pace(**common.fields(), pace=fields.one_of("pace", PaceName), next=fields.step_name("next"))


def _hangup(fields: Fields, common: Common) -> Hangup:
    return Hangup(**common.fields(), text=None if fields.is_empty("hangup") else said(fields, "hangup"))


def _language(fields: Fields, common: Common) -> Language:
    language, spoken = fields.word("language"), common.flow.languages
    if language and language not in spoken:
        fields.wrong("language", f"the flow does not speak {language!r}", closest(language, spoken, "") or (
            "add it at the top: languages: [fa-IR]"
        ))  # fmt: skip
    return Language(**common.fields(), language=language, next=fields.step_name("next"))


KINDS: dict[str, Callable[[Fields, Common], AnyStep]] = {
    "say": _say,
    "menu": _menu,
    "ask": _ask,
    "form": _form,
    "secret": read_secret,
    "identify": read_identify,
    "lookup": _lookup,
    "set": _set,
    "when": _when,
    "enrol": read_enrol,
    "verify": read_verify,
    "authenticate": read_authenticate,
    "link": _link,
    "join": _join,
    "queue": _queue,
    "show": _show,
    "call_back": _call_back,
    "pace": _pace,
    "forget_voice": read_forget_voice,
    "hangup": _hangup,
    "language": _language,
}
