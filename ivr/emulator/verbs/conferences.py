"""Dial Conference: join a room, wait with music, talk, and come back to the flow."""

import asyncio

from ivr.emulator.call import HangUp
from ivr.emulator.conference import EVENTS, Conference, Participant
from ivr.emulator.execution import DocumentError, Execution, Fetch
from ivr.emulator.twiml import Verb

WAIT_VERBS = frozenset({"Play", "Say", "Pause", "Redirect"})
MAX_LABEL_CHARACTERS = 128


async def join_conference(execution: Execution, verb: Verb) -> None:
    """Stays in the room until it ends or the participant is removed; leaving early is an interruption."""
    carrier, call = execution.carrier, execution.call
    conference = _room(execution, verb)
    label = verb.get("participantLabel")
    if len(label) > MAX_LABEL_CHARACTERS or any(label and p.label == label for p in conference.participants.values()):
        raise DocumentError(16025, f"participantLabel={label!r} is too long or already taken in this conference.")
    if len(conference.participants) >= execution.number(verb, "maxParticipants", 250, 13237, least=2):
        execution.warn(13237, f"The conference {conference.name!r} is full.")
        return
    participant = Participant(
        call,
        label,
        verb.flag("muted", False),
        verb.flag("startConferenceOnEnter", True),
        verb.flag("endConferenceOnExit", False),
        carrier.clock.now(),
    )
    conference.enter(participant)
    if verb.get("beep", "true") in ("true", "onEnter"):
        for mate in conference.participants:
            mate.hears("Beep", "beep")
    waiting = asyncio.create_task(_wait_music(execution, verb, conference))
    reason = ""
    try:
        await participant.released.wait()
        reason = "kicked" if conference.status != "completed" else "conference ended"
    except asyncio.CancelledError:
        reason = "participant_hung_up" if isinstance(call.interruption, HangUp) else "participant_updated_via_api"
        raise
    finally:
        waiting.cancel()
        conference.exit(participant, reason)


def _room(execution: Execution, verb: Verb) -> Conference:
    carrier = execution.carrier
    name = verb.text
    if not name:
        raise DocumentError(13237, "<Conference> has no name.")
    live = carrier.live_conference(name)
    if live:
        return live
    asked = frozenset(verb.get("statusCallbackEvent").split())
    if asked - EVENTS:
        execution.warn(12200, f"<Conference statusCallbackEvent>: {', '.join(sorted(asked - EVENTS))} is unknown.")
    conference = Conference(
        name,
        carrier.settings.account_sid,
        carrier.clock,
        carrier.callbacks,
        execution.resolve_optional(verb.get("statusCallback")),
        verb.get("statusCallbackMethod", "POST"),
        asked & EVENTS,
    )
    carrier.conferences[conference.sid] = conference
    return conference


async def _wait_music(execution: Execution, verb: Verb, conference: Conference) -> None:
    """Plays the wait document once, until the conference starts; unlike a queue's it is not asked for again."""
    call = execution.call
    url = verb.attributes.get("waitUrl")
    if conference.started.is_set() or url == "":
        return
    if url is None:
        call.hears("Music", "the carrier's wait music")
        return
    music = asyncio.create_task(_run_wait(execution, execution.resolve(url), verb.get("waitMethod", "POST")))
    started = asyncio.create_task(conference.started.wait())
    try:
        await asyncio.wait({music, started}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        music.cancel()
        started.cancel()


async def _run_wait(execution: Execution, url: str, method: str) -> None:
    try:
        await execution.aside(WAIT_VERBS).run(Fetch(url, method))
    except DocumentError:
        pass  # already in the debugger log; what follows is silence
