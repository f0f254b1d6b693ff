"""The caller's screen as the agent beside them may see it: ``screen_for``, less whatever is the caller's own.

What is not known to be harmless is left out: a part of the screen that some later feature adds stays hidden until
somebody decides here that an agent may see it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ivr.flow.definition import Flow
from ivr.flow.events import Said
from ivr.flow.session import Session
from ivr.flow.showing import open_form
from ivr.visual.bodies import InQueue, Talking, Working
from ivr.visual.cards import without_personal_words
from ivr.visual.screen import Live, Screen, screen_for

HIDDEN = "••• personal, hidden from you"
_FILLING = Working(
    "The caller is filling in the form", "", listening=False
)  # what is typed is not here before it is sent
_PRIVATE_BODY = Working(HIDDEN, "", listening=False)


def agent_view(flow: Flow, session: Session, said: Iterable[Said], agent: str) -> Screen:
    """``said``: the prompts of this turn; ``agent``: the name the caller sees.

    Whether the agent may look at all is for the caller of this function to ask (``ivr.flow.sharing.viewer_of``).
    """
    heard = tuple(prompt.text if prompt.public else HIDDEN for prompt in said)
    screen = screen_for(flow, session, Live(said=heard, agent=agent))
    harmless = isinstance(screen.body, Working | InQueue | Talking)
    return Screen(
        title=screen.title,
        language=screen.language,
        direction=screen.direction,
        step="",
        turn=screen.turn,
        revision=screen.revision,
        captions=tuple(dict.fromkeys(screen.captions)),
        body=_FILLING if open_form(session) else screen.body if harmless else _PRIVATE_BODY,
        card=without_personal_words(screen.card, session, HIDDEN),
    )
