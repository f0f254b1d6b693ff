"""How much time a caller gets. At pace 3 every wait of the phone, every patience and the number of tries are threefold.

Time limits that a caller can lengthen tenfold need no such setting (WCAG 2.2, 2.2.1); those of a telephone cannot be
endless, because silence is also how a line sounds that nobody holds. Wrong PINs are not stretched: they are guesses.

Whoever calls through a relay is spoken for by an operator. That voice belongs to somebody else, so it is neither
compared nor learnt, and every wait takes keys or the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ivr.flow.events import PaceChanged, VerdictRecorded
from ivr.flow.inputs import Outcome, PaceChosen
from ivr.flow.session import Session
from ivr.flow.steps import PaceName
from ivr.flow.waits import AnyWait, AwaitFact

if TYPE_CHECKING:
    from ivr.flow.playing import Play

NORMAL, SLOW = 1, 3
PACES = {PaceName.NORMAL: NORMAL, PaceName.SLOW: SLOW}
RELAY = "relay"  # reason of a verdict or a refusal


def stretched(session: Session, wait: AnyWait | None) -> AnyWait | None:
    """The wait with its timeout at the caller's pace; at most 180 s, where Twilio sets no limit."""
    seconds = getattr(wait, "timeout_seconds", None)
    return wait if seconds is None or session.pace == NORMAL else replace(wait, timeout_seconds=seconds * session.pace)


def choose_pace(play: Play, pace: int, relay: bool, remember: bool = True) -> None:
    """From now on in this call; also in later ones of a contact who has proven to be that."""
    session = play.session
    play.change(pace=pace, relay=relay)
    proven = remember and session.claim is not None and session.level >= 1
    play.record(PaceChanged(pace=pace, relay=relay, contact=session.claim.contact if proven else None))


def pace_chosen(play: Play, fact: PaceChosen) -> bool:
    """False: that is the pace already."""
    session = play.session
    if fact.pace not in PACES.values() or fact.pace == session.pace:
        return False
    choose_pace(play, fact.pace, session.relay, fact.remember)
    wait = session.waiting_for
    if hasattr(wait, "timeout_seconds") or (isinstance(wait, AwaitFact) and wait.about in ("page", "verdict")):
        play.guarded(lambda: _ask_again(play))
    return True


def _ask_again(play: Play) -> None:
    """A Gather that runs cannot be stretched: the question is asked once more, with the new time."""
    from ivr.flow.proving import prove  # it imports playing, which imports this

    session = play.session
    if session.proving is None:
        step = play.flow.steps[session.step]
        if isinstance(session.waiting_for, AwaitFact):
            return
        play.ask(step)
    else:
        if isinstance(session.waiting_for, AwaitFact) and session.waiting_for.about == "page":
            play.close(session.waiting_for.request)
        prove(play)
    play.change(attempts=session.attempts)


def claimed_preference(play: Play, pace: int, relay: bool) -> None:
    """What is on file for whoever is claimed. A pace chosen in this call is not taken back."""
    play.change(pace=max(pace, play.session.pace), relay=relay or play.session.relay)
    voice = play.session.voice
    if play.session.relay and (voice.wanted or voice.verification):
        play.change(voice=replace(voice, wanted=False, verification=None, challenge=None))


def refuse_voice(play: Play) -> bool:
    """Whether this caller's voice must not be compared; then that is the verdict, without a sound being listened to."""
    session = play.session
    if not session.relay:
        return False
    if session.voice.verdict is None:
        play.change(voice=replace(session.voice, verdict=Outcome.INCONCLUSIVE, reason=RELAY))
        play.record(
            VerdictRecorded(
                request="", outcome=Outcome.INCONCLUSIVE, reason=RELAY, score=None, threshold=None,
                net_speech_seconds=0.0, model_name="", model_class="", model_sha256="",
            )
        )  # fmt: skip
    return True
