"""Every text and condition compiles, uses names that exist, and says nothing above its step's level."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, assert_never

from ivr.errors import FlowFault
from ivr.flow.cards import card_texts
from ivr.flow.definition import Flow
from ivr.flow.expressions import condition_names, evaluate, holds, render, text_names
from ivr.flow.names import ROOTS, Names
from ivr.flow.reading.mistakes import Report, closest
from ivr.flow.steps import (
    AnyStep,
    Ask,
    AskSecret,
    Authenticate,
    CallBack,
    Enrol,
    ForgetVoice,
    Form,
    Hangup,
    Identify,
    Join,
    Language,
    Link,
    LinkBy,
    Lookup,
    Menu,
    Pace,
    Question,
    Queue,
    Retry,
    Say,
    Set,
    Show,
    Text,
    Verify,
    When,
    questions,
)

CHALLENGE_WORDS = ("challenge", "words")
# As they are: a filter would say others ("last"), or none ("money"), and a condition says nothing.
_SAYS_WORDS = re.compile(r"\{\{-?\s*challenge\.words\s*-?\}\}")


class Use(NamedTuple):
    """A text or condition of a step and the names in it."""

    step: AnyStep
    source: str
    line: int
    is_condition: bool
    names: Names
    in_queue: bool  # said while waiting, when the place in the queue is known
    assigns: str = ""  # the variable that takes its value
    text: Text | None = None  # None: a condition

    def may_be_missing(self, root: str, name: str) -> bool:
        """Whether the author has written what happens without a value."""
        path = rf"{root}\s*\.\s*{name}\b"
        guard = rf"has\(\s*{path}\s*\)" if self.is_condition else rf"{path}\s*\|\s*default\b"
        return re.search(guard, self.source) is not None


def check_wording(flow: Flow, step_names: frozenset[str], report: Report) -> list[Use]:
    """Reports, and answers with the uses that compile, for the check of paths."""
    uses = list(_uses(flow, report))
    known = _known_names(flow, step_names - set(flow.steps))
    levels = _levels_of_variables(flow, uses)
    for use in uses:
        for root, name in sorted(use.names):
            if root == "queue" and not use.in_queue:
                report.wrong(
                    use.line, f"step {use.step.name!r} uses queue.{name}", "only the text waiting: knows the queue"
                )
            elif (root, name) == ("link", "code") and not _speaks_code(use):
                report.wrong(
                    use.line,
                    f"step {use.step.name!r} uses link.code",
                    "only the text of a link step with by: [code] has one",
                )
            elif (root, name) == CHALLENGE_WORDS and not _speaks_challenge(use):
                report.wrong(
                    use.line,
                    f"step {use.step.name!r} uses challenge.words",
                    "only the prompt of a challenge may say them",
                )
            elif name not in known[root]:
                report.wrong(
                    use.line,
                    f"step {use.step.name!r} uses {root}.{name}, {_MISSING[root]}",
                    closest(name, known[root], _REMEDIES[root].format(name=name)),
                )
            elif (level := _level(flow, levels, root, name)) > use.step.needs:
                report.wrong(
                    use.line,
                    f"step {use.step.name!r} uses {root}.{name} of level {level}, but only needs {use.step.needs}",
                    f"add needs: {level} to the step",
                )
        if use.names <= _THE_SAME_IN_EVERY_CALL:
            _try_out(use, flow, report)
    _check_challenges(uses, report)
    return uses


def _speaks_challenge(use: Use) -> bool:
    challenge = use.step.challenge if isinstance(use.step, Verify) else None
    return challenge is not None and not use.is_condition and use.text is challenge.prompt


def _check_challenges(uses: list[Use], report: Report) -> None:
    for use in uses:
        if _speaks_challenge(use) and not _SAYS_WORDS.search(use.source):
            report.wrong(
                use.line,
                f"step {use.step.name!r}: the prompt of the challenge does not say what is to be said",
                "write {{ challenge.words }} where the words belong",
            )


def _speaks_code(use: Use) -> bool:
    """The code is for the ear of this caller: never in an SMS, and only where it has just been drawn."""
    step = use.step
    return isinstance(step, Link) and LinkBy.CODE in step.by and use.source == step.prompt.source


_THE_SAME_IN_EVERY_CALL: Names = frozenset({("flow", "title")})


def _try_out(use: Use, flow: Flow, report: Report) -> None:
    """What no call can change has its value now: a mistake in it would otherwise wait for the first caller."""
    known = {"flow": {"title": flow.title, "language": flow.language}}
    try:
        if not use.is_condition:
            render(use.source, known)
        elif use.assigns:
            evaluate(use.source, known)
        else:
            holds(use.source, known)
    except FlowFault as fault:
        section = "Conditions" if use.is_condition else "Texts"
        report.wrong(use.line, f"step {use.step.name!r}: {fault}", f"see {section} in flows/README.md")


_MISSING = {
    "contact": "which is not a declared fact",
    "answer": "which is neither an ask step nor a field of a form",
    "vars": "which no set step sets",
    **{root: "which does not exist" for root, names in ROOTS.items() if names is not None},
}
_REMEDIES = {
    "contact": "declare it at the top under facts: {name}: {{type: text, level: 1}}",
    "answer": "write answer. and the name of an ask step, or answer.FORM_FIELD",
    "vars": "add a set step: set: {{{name}: …}}",
    **{root: "see the table of names in flows/README.md" for root, names in ROOTS.items() if names is not None},
}


def _known_names(flow: Flow, unread: frozenset[str]) -> dict[str, frozenset[str]]:
    own = {
        "contact": frozenset(flow.facts),
        "answer": unread | {name for step in flow.steps.values() for name, _ in questions(step)},
        "vars": frozenset(value.name for step in flow.steps.values() if isinstance(step, Set) for value in step.values),
    }
    return {root: own[root] if names is None else names for root, names in ROOTS.items()}


def _level(flow: Flow, levels: dict[str, int], root: str, name: str) -> int:
    match root:
        case "contact":
            return flow.facts[name].level
        case "vars":
            return levels.get(name, 0)
        case _:
            return 0


def _levels_of_variables(flow: Flow, uses: list[Use]) -> dict[str, int]:
    """A variable made from a fact of level 2 is itself of level 2, through any number of assignments."""
    levels: dict[str, int] = {}
    assignments = [use for use in uses if use.assigns]
    for _ in assignments:  # each round settles at least one
        for use in assignments:
            inside = [
                _level(flow, levels, root, name) for root, name in use.names if root != "contact" or name in flow.facts
            ]
            levels[use.assigns] = max([levels.get(use.assigns, 0), *inside])
    return levels


def _uses(flow: Flow, report: Report) -> Iterator[Use]:
    for step in flow.steps.values():
        for text in _texts(step):
            try:
                names = text_names(text.source)
            except ValueError as error:
                report.wrong(
                    text.line, f"step {step.name!r}: a text cannot be read: {error}", "see Texts in flows/README.md"
                )
                continue
            in_queue = isinstance(step, Queue) and text is step.waiting
            yield Use(step, text.source, text.line, False, names, in_queue, text=text)
        for source, line, assigns in _conditions(step):
            try:
                names = condition_names(source)
            except ValueError as error:
                remedy = (
                    "a plain text needs quotes inside the quotes: \"'like this'\""
                    if assigns
                    else "see Conditions in flows/README.md"
                )
                report.wrong(line, f"step {step.name!r}: the condition {source!r} cannot be read: {error}", remedy)
                continue
            yield Use(step, source, line, True, names, False, assigns)
        if isinstance(step, Authenticate | Link) and "http" in step.message.source:
            report.wrong(
                step.message.line, f"step {step.name!r}: message holds a link", "delete it: the link is put after it"
            )


def _conditions(step: AnyStep) -> Iterator[tuple[str, int, str]]:
    if isinstance(step, When):
        yield from ((case.expression, case.line, "") for case in step.cases if case.expression)
    elif isinstance(step, Set):
        yield from ((value.expression, value.line, value.name) for value in step.values if value.expression)


def _texts(step: AnyStep) -> list[Text]:
    """The texts of a step, without those that are missing or empty."""
    return [text for text in _all_texts(step) if text is not None and text.source]


def _all_texts(step: AnyStep) -> list[Text | None]:
    match step:
        case Say() | Hangup() | ForgetVoice():
            return [step.text]
        case Menu():
            return [step.prompt, *(choice.label for choice in step.choices), *_retry_texts(step.retry)]
        case Ask():
            return _question_texts(step.question)
        case Form():
            return [step.intro, *(text for field in step.fields for text in _question_texts(field.question))]
        case AskSecret():
            return [step.prompt]
        case Identify():
            return [step.prompt, *_retry_texts(step.retry)]
        case Enrol():
            return [step.consent, step.prompt]
        case Verify():
            return [step.notice, *_challenge_texts(step)]
        case Authenticate():
            return [step.page_prompt, step.voice_prompt, step.pin_prompt, step.message]
        case Link():
            return [step.message, step.prompt]
        case Show():
            return [step.prompt, *card_texts(step.card)]
        case Join():
            return [step.text, step.label, step.known, *_retry_texts(step.retry)]
        case Queue():
            return [step.prompt, step.waiting, *(choice.label for choice in step.choices)]
        case CallBack():
            return [step.text]
        case Lookup() | Set() | When() | Pace() | Language():
            return []
        case _:
            assert_never(step)


def _challenge_texts(step: Verify) -> list[Text]:
    return [step.challenge.prompt, step.challenge.on_page] if step.challenge is not None else []


def _question_texts(question: Question) -> list[Text | None]:
    labels = (option.label for option in question.options)
    return [question.prompt, question.label, *labels, *_retry_texts(question.retry)]


def _retry_texts(retry: Retry) -> list[Text]:
    return [*retry.noinput, *retry.nomatch]
