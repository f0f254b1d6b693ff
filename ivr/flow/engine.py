"""``advance``: what a session becomes when something happens to it. Pure and total."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ivr.flow.answering import answer_given
from ivr.flow.definition import Flow
from ivr.flow.events import AnyEvent, RedirectRequested, Requested, Said
from ivr.flow.inputs import (
    Answer,
    By,
    CallerHungUp,
    CallStarted,
    Digits,
    DocumentFailed,
    Fact,
    Filled,
    Input,
    LanguageChoice,
    NoInput,
    SecretAnswer,
    Speech,
)  # fmt: skip
from ivr.flow.playing import Play
from ivr.flow.receiving import fact_learned
from ivr.flow.session import Session, Turn
from ivr.flow.sharing import sharing_events
from ivr.flow.waits import TalkingToAgent

REDIRECT_SECONDS = 30
_MAY_BE_TAPS = Digits | Speech | SecretAnswer | LanguageChoice


def advance(
    flow: Flow, session: Session, input: Input, answer: Callable[[Requested], Fact | None] | None = None
) -> Turn:
    """Play one input.

    ``answer`` may settle a request on the spot (a contact in our own database): it is asked about every request opened
    here, and its fact is played in the same turn. A turn that the call itself did not cause and that changes the wait
    ends with RedirectRequested. Stale answers and repeated facts come back unchanged with ``accepted=False``.
    """
    first = _one(flow, session, input)
    if not first.accepted:
        return Turn(session=session, events=(), accepted=False)
    events, now = list(first.events), first.session
    unanswered = [event for event in events if isinstance(event, Requested)]
    while answer and unanswered:
        fact = answer(unanswered.pop(0))
        if fact is None:
            continue
        turn = _one(flow, now, fact, events, moved=now.turn != session.turn)
        now = turn.session
        events.extend(turn.events)
        unanswered.extend(event for event in turn.events if isinstance(event, Requested))
    if now.turn != session.turn:
        # Several waits may have come and gone in this one turn; whoever skips it must hear what any of them had to say.
        now = replace(now, must_hear=tuple(e.text for e in events if isinstance(e, Said) and e.must_hear))
    events.extend(sharing_events(session, now))
    if now.turn != session.turn and _needs_redirect(session, input):
        request = f"{session.call}.{session.revision + 1}.redirect"
        events.append(RedirectRequested(request=request, due_seconds=REDIRECT_SECONDS, turn=now.turn))
    return Turn(session=replace(now, revision=session.revision + 1), events=tuple(events))


def _needs_redirect(before: Session, input: Input) -> bool:
    """Whether the call must be told. It need not where its own request is answered, nor while it is bridged."""
    if isinstance(input, CallStarted | CallerHungUp | DocumentFailed | NoInput) or isinstance(
        before.waiting_for, TalkingToAgent
    ):
        return False
    return not (isinstance(input, _MAY_BE_TAPS) and input.by is not By.TAP)


def _one(flow: Flow, session: Session, input: Input, before: Sequence[AnyEvent] = (), moved: bool = False) -> Turn:
    """``before``: what has happened already in the turn that is being made; ``moved``: no turn is skipped any more."""
    by_tap = isinstance(input, Fact | Filled) or (isinstance(input, _MAY_BE_TAPS) and input.by is By.TAP)
    play = Play(flow, session, again=session.must_hear if by_tap and not moved else (), before=before)
    accepted = answer_given(play, input) if isinstance(input, Answer) else fact_learned(play, input)
    return Turn(session=play.session, events=tuple(play.events), accepted=accepted)
