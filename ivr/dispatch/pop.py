"""The screen pop: what an agent knows before "hello"."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from ivr.calls import Services, flow_of, present
from ivr.flow.events import AgentRequested
from ivr.flow.promising import reason_of
from ivr.store import contacts, sessions, voice_tries
from ivr.store.agents import Reservation
from ivr.store.agents import ReservationState as S


class PopState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    RINGING = "ringing"
    CONNECTED = "connected"
    WRAPUP = "wrapup"


_SHOWN = {
    S.OFFERED: PopState.OFFERED, S.ACCEPTED: PopState.ACCEPTED, S.RINGING: PopState.RINGING,
    S.JOINED: PopState.CONNECTED, S.FINISHED: PopState.WRAPUP,
}  # fmt: skip


class Pop(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent knows before "hello". ``contact_name`` is a claim unless ``level`` says otherwise."""

    reservation: str
    call: str
    contact_name: str | None
    number: str
    reason: str  # label of the last choice that was not "a person"
    path: tuple[str, ...]  # labels of the choices made, in order
    level: int
    factors: tuple[str, ...]
    verdict: str | None  # ACCEPTED | REJECTED | INCONCLUSIVE; None: never asked
    verdict_reason: str
    net_speech_seconds: float
    voice_model: str
    waited_seconds: int
    state: PopState
    since: datetime  # when ``state`` began
    voice_locked_until: datetime | None = None  # too many tries: nothing is compared before
    language: str = ""  # BCP 47, that the call is held in


def draw_pop(services: Services, reservation: Reservation) -> Pop:
    session = present(services, reservation.call).session
    claim = session.claim
    contact = contacts.get(services.database, claim.contact) if claim else None
    verdict = session.voice.verdict
    since = reservation.accepted_at or reservation.offered_at
    waited = since - _asked_at(services, reservation)
    subjects = voice_tries.subjects(services.database, session.call, session.caller, claim.contact) if claim else ()
    return Pop(
        reservation=reservation.id, call=session.call, contact_name=contact.name if contact else None,
        number=session.caller, reason=reason_of(session), path=session.choices_made, level=session.level,
        factors=tuple(factor.value for factor in session.factors), verdict=verdict.value if verdict else None,
        verdict_reason=session.voice.reason, net_speech_seconds=session.voice.net_speech_seconds,
        voice_model=session.voice.model, waited_seconds=max(0, round(waited.total_seconds())),
        state=_SHOWN[reservation.state], since=since, language=flow_of(services, session).language,
        voice_locked_until=voice_tries.locked_until(services.database, subjects, services.clock()),
    )  # fmt: skip


def _asked_at(services: Services, reservation: Reservation) -> datetime:
    """When the caller began to wait for an agent."""
    for row in sessions.log(services.database, reservation.call):
        if any(isinstance(event, AgentRequested) and event.request == reservation.request for event in row.events):
            return row.at
    return reservation.offered_at
