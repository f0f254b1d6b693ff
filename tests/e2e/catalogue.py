"""Every kind of the caller's screen once, drawn by the real renderer from a session over the double."""

from __future__ import annotations

from typing import NamedTuple

from double import CARD, MENU, MESSAGE, PIN, Double

from ivr.flow.cards import AnyShown, ShownDocument, ShownLink, ShownQuestion
from ivr.flow.waits import AnyWait, AwaitAgent, AwaitFact, Offered, TalkingToAgent
from ivr.visual.screen import Live

PERSON = Offered("0", "Speak to a person")


class Shown(NamedTuple):
    wait: AnyWait | None
    said: str
    live: Live = Live()
    ended: str | None = None
    card: AnyShown | None = None


SCREENS: dict[str, Shown] = {
    "choices": Shown(MENU, "Welcome to Riverside Bank. How can I help?"),
    "digits": Shown(CARD, "Please key in the last four digits of the card, then press hash."),
    "text": Shown(MESSAGE, "What should we pass on?"),
    "secret": Shown(PIN, "Please key in your PIN, then press hash."),
    "checking": Shown(AwaitFact(request="r", about="verdict", choices=(PERSON,)), "Please tell me what you need."),
    "page": Shown(
        AwaitFact(request="r", about="page", choices=(Offered("1", "Go on without the page"), PERSON)),
        "Open the link on your phone.",
    ),
    "lookup": Shown(AwaitFact(request="r", about="lookup", choices=(PERSON,)), "One moment, please."),
    "queue": Shown(AwaitAgent(request="r", queue="q", waiting="w"), "Please hold.", Live(place=3, waited_seconds=61)),
    "connecting": Shown(AwaitAgent(request="r", queue="q", waiting="w", agent="sam", room="x"), "Please hold."),
    "talking": Shown(TalkingToAgent(agent="sam", room="x"), "", Live(agent="Sam")),
    "talking, a question": Shown(
        TalkingToAgent(agent="sam", room="x"),
        "",
        Live(agent="Sam"),
        card=ShownQuestion(id="q", title="Shall I block the card now?", agent="sam"),
    ),
    "choices, a link": Shown(
        MENU,
        "How can I help?",
        card=ShownLink(title="Opening hours", url="https://bank.example/hours", text="All branches", public=True),
    ),
    "choices, a document": Shown(
        MENU, "How can I help?", card=ShownDocument(title="Our fees", file="fees.pdf", public=True)
    ),
    "ended": Shown(None, "Goodbye.", ended="flow_finished"),
}


def show(services: Double, name: str, call: str = "call1") -> int:
    """Bring the call to that screen; its turn."""
    shown = SCREENS[name]
    services.facts = shown.live
    said = (shown.said,) if shown.said else ()
    return services.waits(call, shown.wait, *said, step=name, ended=shown.ended, shown=shown.card).turn
