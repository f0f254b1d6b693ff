"""Every name in the file means something: steps, facts, the person, the proof."""

from __future__ import annotations

from ivr.flow.beginning import is_for_all
from ivr.flow.checking.wording import Use
from ivr.flow.definition import Flow
from ivr.flow.reading.fields import RETURN
from ivr.flow.reading.flow import ReadFlow
from ivr.flow.reading.menu import PERSON_KEY
from ivr.flow.reading.mistakes import Report, closest
from ivr.flow.steps import (
    AnyStep,
    Authenticate,
    CallBack,
    Enrol,
    Factor,
    ForgetVoice,
    Join,
    Menu,
    Queue,
    Set,
    Verify,
    questions,
)  # fmt: skip


def check_references(read: ReadFlow, report: Report) -> None:
    flow = read.flow
    for reference in read.references:
        who = f"step {reference.step!r}: {reference.key}" if reference.step else f"the flow: {reference.key}"
        if read.step_names and reference.target not in read.step_names:
            remedy = "only passed: may say return" if reference.target == RETURN else ""
            report.wrong(
                reference.line,
                f"{who} leads to {reference.target!r}, which is not a step of this flow",
                remedy or closest(reference.target, read.step_names, "add the step, or name one that is there"),
            )
    _check_person(flow, read.lines["person"], report)
    if flow.prove in flow.steps and not isinstance(flow.steps[flow.prove], Authenticate):
        report.wrong(read.lines["prove"], f"prove: {flow.prove!r} is not an authenticate step", "name one that is")
    _check_beginning(flow, read.lines["start_on_page"], report)
    for step in flow.steps.values():
        _check_step(flow, step, report)
    _check_challenges(flow, report)
    _check_return(read, report)
    _check_answer_names(flow, report)


def _check_person(flow: Flow, line: int, report: Report) -> None:
    person = flow.steps.get(flow.person)
    if person is None:
        return
    if not isinstance(person, Queue):
        report.wrong(line, f"person: {flow.person!r} is not a queue step", "name the queue step that key 0 leads to")
    elif person.needs:
        report.wrong(person.line, f"step {person.name!r} is the person, so it cannot need a level", "delete needs")


def _check_beginning(flow: Flow, line: int, report: Report) -> None:
    """What is begun on the page must be the same for everybody, and the call must ask for it."""
    joins = [step for step in flow.steps.values() if isinstance(step, Join)]
    menu = flow.steps.get(flow.start_on_page)
    if menu is not None and not isinstance(menu, Menu):
        report.wrong(line, f"start_on_page: {menu.name!r} is not a menu", "name the menu a visitor chooses from first")
    elif menu is not None and not _is_for_all(menu):
        report.wrong(
            menu.line,
            f"step {menu.name!r} is where start_on_page begins, but says what only a call knows",
            "in its prompt and labels use only flow.title, voice.… and caller.level or .identified; delete needs",
        )
    if menu is not None and not joins:
        report.wrong(line, "start_on_page, but no call asks for the code of what was begun", "add a join step")
    if not flow.start_on_page:
        for step in joins:
            report.wrong(
                step.line,
                f"step {step.name!r} asks for a code, but nothing can be begun on the page",
                "add start_on_page: NAME OF A menu STEP at the top",
            )


def _is_for_all(menu: Menu) -> bool:
    try:
        return is_for_all(menu)
    except ValueError:  # a text that cannot be read is told where texts are checked
        return True


def _check_step(flow: Flow, step: AnyStep, report: Report) -> None:
    if step.needs:
        proof = flow.steps.get(flow.prove)
        if not flow.prove:
            report.wrong(
                step.line,
                f"step {step.name!r} needs level {step.needs}, but the flow has no way to prove who is calling",
                "add prove: NAME OF AN authenticate STEP at the top",
            )
        elif isinstance(proof, Authenticate) and proof.level < step.needs:
            report.wrong(
                step.line,
                f"step {step.name!r} needs level {step.needs}, but {flow.prove!r} only reaches level {proof.level}",
                f"set level: {step.needs} in {flow.prove!r}",
            )
    match step:
        case Menu():
            _check_key_to_person(flow, step, report)
        case Authenticate():
            _check_factors(flow, step, report)
        case CallBack():
            _check_queue_of(flow, step, report)
        case Enrol() if step.needs != 2:
            report.wrong(
                step.line,
                f"step {step.name!r} makes a voiceprint at level {step.needs}",
                "add needs: 2, so that nobody enrols as somebody else",
            )
        case ForgetVoice() if not step.needs:
            report.wrong(
                step.line,
                f"step {step.name!r} deletes a voiceprint at level 0",
                "add needs: 1, so that nobody deletes somebody else's",
            )
        case _:
            pass


def _check_queue_of(flow: Flow, step: CallBack, report: Report) -> None:
    queues = {one.queue for one in flow.steps.values() if isinstance(one, Queue)}
    if step.queue and step.queue not in queues:
        report.wrong(
            step.line,
            f"step {step.name!r} promises a call back for_queue {step.queue!r}, in which nobody waits",
            closest(step.queue, queues, "name the queue of a queue step"),
        )


def _check_key_to_person(flow: Flow, step: Menu, report: Report) -> None:
    for choice in step.choices:
        target = flow.steps.get(choice.goto)
        if (
            choice.key == PERSON_KEY
            and target is not None
            and not isinstance(target, Queue)
            and choice.goto != flow.person
        ):
            report.wrong(
                choice.line,
                f"step {step.name!r}: key 0 leads to {choice.goto!r}, not to a person",
                f"lead it to {flow.person!r}, or delete it: it is added by itself",
            )


def _check_factors(flow: Flow, step: Authenticate, report: Report) -> None:
    without_voice = [factor for factor in step.factors if factor != Factor.VOICE]
    if step.factors and len(without_voice) < step.level:
        report.wrong(
            step.line,
            f"step {step.name!r} cannot reach level {step.level} without the voice",
            "use page and pin: the voice only saves a question" if step.level == 2 else "add page or pin",
        )
    if step.needs:
        report.wrong(step.line, f"step {step.name!r} proves a level, so it cannot need one", "delete needs")


def _check_challenges(flow: Flow, report: Report) -> None:
    """A challenge is asked where the voice is asked for, and nowhere else."""
    if any(isinstance(step, Authenticate) and Factor.VOICE in step.factors for step in flow.steps.values()):
        return
    for step in flow.steps.values():
        if isinstance(step, Verify) and step.challenge is not None:
            report.wrong(
                step.challenge.line,
                f"step {step.name!r} has a challenge, but no authenticate step asks for the voice",
                "add voice to the factors of an authenticate step, or delete the challenge",
            )


def _check_return(read: ReadFlow, report: Report) -> None:
    """``passed: return`` goes back to the step that needed the level, so only ``needs`` may lead there."""
    flow = read.flow
    for step in flow.steps.values():
        if not isinstance(step, Authenticate) or step.passed != RETURN:
            continue
        callers = [r for r in read.references if r.target == step.name and (r.step or r.key == "start")]
        for reference in callers:
            report.wrong(
                reference.line,
                f"{reference.key} leads to {step.name!r}, which says passed: return and could not return",
                f"write needs: {step.level} on the step that needs it, or a second authenticate step",
            )
        if step.name != flow.prove and not callers and isinstance(flow.steps.get(flow.prove), Authenticate):
            report.wrong(
                step.line, f"step {step.name!r} says passed: return, but it is not the flow's prove", "name a step"
            )


def _check_answer_names(flow: Flow, report: Report) -> None:
    """``answer.a_b`` may be step ``a_b`` or field ``b`` of form ``a``, not both."""
    owners: dict[str, str] = {}
    for step in flow.steps.values():
        for name, _ in questions(step):
            owner = owners.setdefault(name, step.name)
            if owner != step.name:
                report.wrong(
                    step.line,
                    f"the answers of the steps {owner!r} and {step.name!r} are both kept as answer.{name}",
                    "rename one of them, or the field",
                )


def warn_of_unused(flow: Flow, uses: list[Use], report: Report) -> None:
    used = {pair for use in uses for pair in use.names}
    for name, fact in flow.facts.items():
        if ("contact", name) not in used:
            report.doubtful(fact.line, f"no text or condition uses the fact {name!r}", "delete it, or use it")
    for step in flow.steps.values():
        for value in step.values if isinstance(step, Set) else ():
            if ("vars", value.name) not in used:
                report.doubtful(value.line, f"no text or condition uses vars.{value.name}", "delete it, or use it")
