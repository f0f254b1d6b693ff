"""What a page that joined by a code may show and take. A code can be guessed, overheard, or told to somebody else: nothing
above level 0 is drawn, and no PIN is taken."""

from __future__ import annotations

import re

from msgspec.structs import replace

from ivr.flow.definition import Flow
from ivr.flow.session import Session
from ivr.flow.showing import open_form
from ivr.flow.waits import AwaitChallenge, AwaitSecret
from ivr.visual.bodies import Ended, Working
from ivr.visual.hearing import Hearing
from ivr.visual.labels import labels_for
from ivr.visual.screen import Screen, only_heard


def is_private(flow: Flow, session: Session) -> bool:
    """Whether the present question asks for a secret, is an agent's form, or may quote what needs a level: only steps
    with ``needs`` can, the check sees to it.

    A PIN is not taken because the code may have been told by somebody who is on the phone in the page holder's name.
    """
    if session.ended is not None:
        return False
    step = flow.steps.get(session.step)
    asks = isinstance(session.waiting_for, AwaitSecret) or open_form(session) is not None
    return step is None or step.needs > 0 or asks


def veiled(flow: Flow, session: Session, screen: Screen) -> Screen:
    """``screen`` without what needs a level: what was said on the way to a question may quote it from level 1 on, a card may
    at any time. What is between caller and agent is not for it either, but that somebody looks, and how to stop it."""
    looking = screen.looking if screen.looking and screen.looking.allowed else None
    screen = replace(screen, veiled=True, verdict="", card=None, looking=looking)
    labels = labels_for(screen.language)
    if isinstance(screen.body, Ended):
        screen = replace(screen, body=Ended(labels.ended, labels.ended_hint))
    if isinstance(session.waiting_for, AwaitChallenge):
        return replace(screen, captions=(), body=only_heard(labels), buttons=())
    if isinstance(screen.body, Working) and screen.body.hearing.matched:  # no word of what came of comparing
        screen = replace(screen, body=replace(screen.body, hearing=Hearing(), hearing_words=labels.keep_talking))
    if is_private(flow, session):
        body = Working(labels.on_the_phone, labels.on_the_phone_hint, listening=False)
        return replace(screen, captions=(), body=body, buttons=())
    return replace(screen, captions=() if session.level else _without_digits(session, screen.captions))


def _without_digits(session: Session, captions: tuple[str, ...]) -> tuple[str, ...]:
    """The two digits are for the ear: with them and the message, another page would count as a factor."""
    spoken = re.compile(rf"(?<!\d)(?<!\d ){r' ?'.join(session.page.digits)}(?! ?\d)")
    return tuple(caption for caption in captions if not spoken.search(caption))
