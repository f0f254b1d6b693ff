"""Queue and agents: a caller who waits is offered to an agent, the agent's leg joins first, then the caller."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime, timedelta

import msgspec

from ivr.calls import Services, take_turn
from ivr.carriers.addresses import Addressing
from ivr.carriers.base import CarrierFault, Control
from ivr.dispatch.estimate import CONVERSATIONS, estimate_minutes
from ivr.dispatch.pop import Pop, draw_pop
from ivr.errors import UnknownCall
from ivr.flow.inputs import AgentConnected, AgentFailed, AgentLeft, AgentReserved, Fact, NobodyAvailable
from ivr.flow.session import Session
from ivr.flow.waits import AwaitAgent, TalkingToAgent
from ivr.store import agents, requests, sessions
from ivr.store.agents import Agent, AgentState, Reservation, ReservationState

log = logging.getLogger(__name__)
KIND = ("agent_requested",)
LIMIT = 500
POP_SECONDS = 1.0  # an agent has read who is calling for at least this long before hearing them
OFFER_SECONDS = 30.0  # for accepting; then the agent counts as away
RINGING_SECONDS = 45.0  # for the agent's phone to be answered and confirmed

S = ReservationState


class Place(msgspec.Struct, frozen=True):
    """Of a caller in the queue."""

    position: int  # 1 = next
    waited_seconds: int
    estimate_minutes: int | None = None  # that it may still take; None: too little is known to say


class Dispatch:
    """``changed(agent)`` is told whenever that agent's desk would be drawn differently; it must return at once."""

    def __init__(
        self, services: Services, control: Control, addressing: Addressing, executor: Executor,
        changed: Callable[[str], None], wake: Callable[[], None],
    ) -> None:  # fmt: skip
        """``executor`` runs what asks the carrier, so that a slow answer holds up nobody else."""
        self._services = services
        self._db = services.database
        self._control = control
        self._addressing = addressing
        self._executor = executor
        self._changed = changed
        self._wake = wake

    # -- the queue ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Offer waiting callers to available agents and bring accepted ones together. Repeatable."""
        now = self._services.clock()
        live = agents.live_reservations(self._db)
        for reservation in live:
            self._follow(reservation, now)
        taken = {reservation.request for reservation in live}
        waiting = [r for r in requests.open_requests(self._db, KIND, now, LIMIT) if r.request not in taken]
        for request in waiting:
            self._forget_agent(request.call)
        if not waiting:
            return
        if all(agent.state is AgentState.OFFLINE for agent in agents.all_agents(self._db)):
            for request in waiting:
                self._take(request.call, NobodyAvailable(id=request.request, reason="nobody_signed_in"))
            return
        free = agents.agents_in(self._db, AgentState.AVAILABLE)
        for request, agent in zip(waiting, free, strict=False):
            self._offer(request, agent, now)

    def place(self, session: Session) -> Place | None:
        """None: not waiting for an agent."""
        wait = session.waiting_for
        if not isinstance(wait, AwaitAgent):
            return None
        now = self._services.clock()
        ahead = 0
        for request in requests.open_requests(self._db, KIND, now, LIMIT):
            if request.request == wait.request:
                waited = request.body.due_seconds - (request.due_at - now).total_seconds()
                estimate = self._estimate_minutes(ahead + 1)
                return Place(position=ahead + 1, waited_seconds=max(0, round(waited)), estimate_minutes=estimate)
            ahead += request.body.queue == wait.queue
        return Place(position=1, waited_seconds=0)

    def _estimate_minutes(self, position: int) -> int | None:
        serving = (AgentState.AVAILABLE, AgentState.RESERVED, AgentState.WRAPUP)
        at_work = sum(agent.state in serving for agent in agents.all_agents(self._db))
        return estimate_minutes(position, agents.handling_seconds(self._db, CONVERSATIONS), at_work)

    def _forget_agent(self, call: str) -> None:
        """A caller to whom no agent is on the way any more, though the news of it was lost in a crash."""
        session = sessions.load(self._db, call)
        wait = session.waiting_for if session else None
        if not isinstance(wait, AwaitAgent) or wait.agent is None:
            return
        if agents.live_reservation_of_call(self._db, call) is None:  # none came since ``look`` began
            self._take(call, AgentFailed(id=f"failed:{wait.room}", agent=wait.agent))

    def _offer(self, request: requests.Request, agent: Agent, now: datetime) -> None:
        reservation = Reservation(
            id=secrets.token_hex(12), call=request.call, request=request.request, agent=agent.name,
            room=secrets.token_hex(16),
        )  # fmt: skip
        if agents.reserve(self._db, reservation, now):
            log.info("call %s is offered to %s", request.call, agent.name)
            self._changed(agent.name)

    def _follow(self, reservation: Reservation, now: datetime) -> None:
        session = sessions.load(self._db, reservation.call)
        wait = session.waiting_for if session else None
        waits = isinstance(wait, AwaitAgent) and wait.request == reservation.request
        match reservation.state:
            case S.OFFERED | S.ACCEPTED | S.RINGING if not waits:
                self._abandon(reservation, now)
            case S.OFFERED if now - reservation.offered_at > timedelta(seconds=OFFER_SECONDS):
                self._move(reservation, S.OFFERED, S.FAILED, agent_to=AgentState.BUSY)
            case S.ACCEPTED if self._has_been_read(reservation, now):
                self._ring(reservation)
            case S.RINGING if now - reservation.accepted_at > timedelta(seconds=RINGING_SECONDS):
                self._failed(reservation, "not answered")
            case S.JOINED if waits and wait.room == reservation.room:
                self._connect(reservation)  # the fact was lost in a crash
            case S.JOINED if not (isinstance(wait, TalkingToAgent) and wait.room == reservation.room):
                self._left(reservation)
                self._end_leg(reservation)  # nobody ends the room of an agent whom the caller has never joined

    def _has_been_read(self, reservation: Reservation, now: datetime) -> bool:
        return reservation.seen_at is not None and now - reservation.seen_at >= timedelta(seconds=POP_SECONDS)

    def _ring(self, reservation: Reservation) -> None:
        """Dial the agent, once: the move to RINGING is the claim, and a dial whose answer is lost is not repeated."""
        agent = agents.by_name(self._db, reservation.agent)
        if not self._move(reservation, S.ACCEPTED, S.RINGING):
            return
        reserved = AgentReserved(id=f"reserved:{reservation.id}", agent=agent.name, room=reservation.room)
        if self._take(reservation.call, reserved):
            self._executor.submit(self._dial, reservation, agent)
        else:  # the caller has gone, or is somebody else's
            self._abandon(reservation, self._services.clock())

    def _dial(self, reservation: Reservation, agent: Agent) -> None:
        try:
            leg = self._control.dial(
                agent.address, self._addressing.agent_url(reservation.id),
                self._addressing.agent_url(reservation.id, "/status"),
            )  # fmt: skip
        except CarrierFault as fault:
            log.warning("the phone of agent %s cannot be dialled: %s", agent.name, fault)
            if not fault.unknown:
                self._failed(reservation, str(fault))
            return  # it may be ringing all the same: its own webhook or RINGING_SECONDS decide
        now = self._services.clock()
        for state in S:  # whatever it is by now: the leg belongs to it
            if agents.move_reservation(self._db, reservation.id, (state,), state, at=now, leg=leg):
                if state is S.FAILED:
                    self._hang_up(reservation)
                return

    def _abandon(self, reservation: Reservation, now: datetime) -> None:
        """The caller has gone before the agent came."""
        to = AgentState.AVAILABLE
        if agents.move_reservation(
            self._db, reservation.id, (S.OFFERED, S.ACCEPTED, S.RINGING), S.FAILED, agent_to=to, at=now
        ):
            self._end_leg(reservation)
            self._changed(reservation.agent)

    def _failed(self, reservation: Reservation, why: str) -> None:
        """The agent's leg did not come about: the caller has heard only music and keeps the place."""
        if self._move(reservation, S.RINGING, S.FAILED, agent_to=AgentState.BUSY):
            log.warning("agent %s was not reached: %s", reservation.agent, why)
            self._take(reservation.call, AgentFailed(id=f"failed:{reservation.id}", agent=reservation.agent))
            self._end_leg(reservation)
            self._wake()

    def _left(self, reservation: Reservation) -> None:
        if self._move(reservation, S.JOINED, S.FINISHED, agent_to=AgentState.WRAPUP):
            self._take(reservation.call, AgentLeft(id=f"left:{reservation.id}", room=reservation.room))

    def _end_leg(self, reservation: Reservation) -> None:
        self._executor.submit(self._hang_up, reservation)

    def _hang_up(self, reservation: Reservation) -> None:
        leg = (agents.reservation(self._db, reservation.id) or reservation).leg
        if leg is None:
            return
        try:
            self._control.hang_up(leg)
        except CarrierFault as fault:
            log.info("the leg of agent %s has ended by itself: %s", reservation.agent, fault)

    def _move(
        self, reservation: Reservation, before: ReservationState, to: ReservationState,
        agent_to: AgentState | None = None,
    ) -> bool:  # fmt: skip
        moved = agents.move_reservation(
            self._db, reservation.id, (before,), to, agent_to=agent_to, at=self._services.clock()
        )
        if moved:
            self._changed(reservation.agent)
        return moved

    def _take(self, call: str, fact: Fact) -> bool:
        try:
            return take_turn(self._services, call, fact).accepted
        except UnknownCall as error:
            log.warning("%s", error)
            return False

    # -- the agent's phone ----------------------------------------------------------------------------------------

    def ringing(self, reservation: str) -> Reservation | None:
        """The reservation an agent's phone may still confirm."""
        found = agents.reservation(self._db, reservation)
        return found if found is not None and found.state is S.RINGING else None

    def joined(self, reservation: str) -> None:
        """The agent is in the room: bring the caller. Repeatable."""
        found = agents.reservation(self._db, reservation)
        if found is not None and self._move(found, S.RINGING, S.JOINED):
            self._connect(found)

    def _connect(self, reservation: Reservation) -> None:
        connected = AgentConnected(id=f"connected:{reservation.id}", agent=reservation.agent, room=reservation.room)
        self._take(reservation.call, connected)

    def leg_ended(self, reservation: str) -> None:
        found = agents.reservation(self._db, reservation)
        if found is None:
            return
        if found.state is S.RINGING:
            self._failed(found, "the phone was not answered or not confirmed")
        elif found.state is S.JOINED:
            self._left(found)

    # -- the desk -------------------------------------------------------------------------------------------------

    def set_state(self, agent: str, state: AgentState) -> bool:
        """``available``, ``busy`` or ``offline``; not while a call is reserved, connected or to be wrapped up."""
        free = (AgentState.OFFLINE, AgentState.AVAILABLE, AgentState.BUSY)
        moved = agents.move_agent(self._db, agent, free, state, self._services.clock())
        if moved:
            self._changed(agent)
            self._wake()
        return moved

    def pop(self, agent: str) -> Pop | None:
        """The screen pop of the agent's present call, or of the one to be wrapped up."""
        reservation = agents.live_reservation_of_agent(self._db, agent) or agents.to_wrap_up(self._db, agent)
        return draw_pop(self._services, reservation) if reservation is not None else None

    def seen(self, reservation: str) -> None:
        """The pop has been drawn on the agent's screen: from now on it can be read."""
        now = self._services.clock()
        found = agents.reservation(self._db, reservation)
        if found is not None and found.seen_at is None:
            agents.move_reservation(self._db, reservation, (found.state,), found.state, at=now, seen_at=now)

    def accept(self, agent: str, reservation: str) -> bool:
        found = agents.reservation(self._db, reservation)
        if found is None or found.agent != agent:
            return False
        now = self._services.clock()
        accepted = agents.move_reservation(self._db, reservation, (S.OFFERED,), S.ACCEPTED, at=now, accepted_at=now)
        if accepted:
            self._changed(agent)
            self._wake()
        return accepted

    def finish(self, agent: str, reservation: str, disposition: str, note: str) -> bool:
        """Wrap up, ending the conversation if it still goes on; the agent is available again."""
        found = agents.reservation(self._db, reservation)
        if found is None or found.agent != agent:
            return False
        if found.state is S.JOINED:
            self._left(found)
            self._end_leg(found)
        done = agents.move_reservation(
            self._db, reservation, (S.FINISHED,), S.FINISHED, agent_to=AgentState.AVAILABLE, at=self._services.clock(),
            disposition=disposition, note=note, finished_at=self._services.clock(),
        )  # fmt: skip
        if done:
            self._changed(agent)
            self._wake()
        return done
