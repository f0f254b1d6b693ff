"""Another language in the middle of a call: by a step of the flow, or chosen on the page."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow.definition import in_language
from ivr.flow.events import LanguageChosen
from ivr.flow.expressions import render, scope
from ivr.flow.inputs import LanguageChoice
from ivr.flow.offering import offered_while_waiting
from ivr.flow.playing import PERSON, Play
from ivr.flow.proving import prove
from ivr.flow.session import Session
from ivr.flow.steps import Enrol, Menu, Queue
from ivr.flow.waits import AwaitAgent, AwaitFact, Offered, TalkingToAgent


def switch(play: Play, language: str, remember: bool = True) -> None:
    """From here on in ``language``; what has been said in this turn stays in the one it was said in."""
    before = play.flow.language
    play.said = [said if said.language else replace(said, language=before) for said in play.said]
    play.flow = in_language(play.pinned, language)
    play.change(language=language)
    play.record(LanguageChosen(language=language, contact=remembering(play.session) if remember else None))


def remembering(session: Session) -> str | None:
    """Whose choice is kept for the next call: not that of a stranger who has keyed in somebody's customer number."""
    claim = session.claim
    return claim.contact if claim is not None and (claim.by == "caller_id" or session.level) else None


def language_chosen(play: Play, choice: LanguageChoice) -> bool:
    """On the page: the present question is asked again in the new language; no try is spent, no answer lost.

    False: the flow does not speak it, or it is spoken already.
    """
    if choice.language not in play.pinned.languages or choice.language == play.flow.language:
        return False
    switch(play, choice.language, choice.remember)
    play.guarded(lambda: _ask_again(play))
    return True


def _ask_again(play: Play) -> None:
    session = play.session
    wait, step = session.waiting_for, play.flow.steps[session.step]
    attempts = session.attempts
    match wait:
        case AwaitAgent() if isinstance(step, Queue):  # no new turn: the caller keeps place and waiting room
            choices = offered_while_waiting(play.flow, session, step, play.text)
            play.change(waiting_for=replace(wait, waiting=step.waiting.source, choices=choices))
        case AwaitAgent() | TalkingToAgent():
            pass
        case AwaitFact(about="page"):
            play.close(wait.request)
            prove(play)
        case AwaitFact(about="verdict"):
            prove(play)
        case AwaitFact():
            if isinstance(step, Enrol):
                play.say(step.prompt)
            play.wait(replace(wait, choices=(PERSON,)))
        case _ if session.proving is not None:
            prove(play)
            play.change(attempts=attempts)
        case _:
            play.ask(step)
            play.change(attempts=attempts)


def label_for_desk(play: Play, chosen: Offered, menu: Menu) -> str:
    """The label of a menu's choice as the flow's file has it: agents and reports read one language."""
    if play.flow is play.pinned:
        return chosen.label
    choices = play.pinned.steps[menu.name].choices
    label = next(choice.label for choice in choices if choice.key == chosen.key)
    return render(label.source, scope(play.pinned, play.session))
