"""The call_back step: a promise, made in the place in line that the caller had."""

from __future__ import annotations

from ivr.flow import phrases
from ivr.flow.events import CallBackPromised
from ivr.flow.playing import Play
from ivr.flow.session import Session, number_to_call
from ivr.flow.steps import CallBack


def promise(play: Play, step: CallBack) -> str:
    """The step that comes next. What is promised twice stands once: the store knows what is open, other calls' too."""
    session = play.session
    number = number_to_call(session)
    if not number:
        return step.failed
    play.record(
        CallBackPromised(
            queue=step.queue, number=number, contact=session.claim.contact if session.claim else None,
            level=session.level, reason=reason_of(session), within_hours=step.within_hours,
        )
    )  # fmt: skip
    play.change(promised=number)
    play.say(step.text)
    return step.next


def reason_of(session: Session) -> str:
    """What the caller chose last, before choosing a person."""
    chosen = [label for label in session.choices_made if label != phrases.PERSON]
    return chosen[-1] if chosen else ""
