"""What the desk asks."""

from __future__ import annotations

from datetime import datetime

from ivr.authentication.signin import OPS_SKILL, SignIns
from ivr.dispatch import Dispatch, Pop
from ivr.store.agents import AgentState
from ivr.web import doors


class Desk:
    """Implements ``web.doors.Dispatch``: the queue's functions for whoever is signed in."""

    def __init__(self, queue: Dispatch, sign_ins: SignIns, try_mode: bool) -> None:
        self._queue = queue
        self.sign_ins = sign_ins
        self._try_mode = try_mode

    def signin(self, name: str, password: str, now: datetime) -> str | None:
        return self.sign_ins.sign_in(name, password, now)

    def signin_by_ticket(self, ticket: str, now: datetime) -> str | None:
        return self.sign_ins.sign_in_by_ticket(ticket, now) if self._try_mode else None

    def signout(self, cookie: str) -> None:
        agent = self.sign_ins.agent_of(cookie)
        self.sign_ins.sign_out(cookie)
        if agent is not None:
            self._queue.set_state(agent.name, AgentState.OFFLINE)

    def agent_of(self, cookie: str) -> doors.Agent | None:
        agent = self.sign_ins.agent_of(cookie)
        if agent is None:
            return None
        role = doors.Role.OPS if OPS_SKILL in agent.skills else doors.Role.AGENT
        return doors.Agent(name=agent.name, display=agent.display, role=role, state=agent.state)

    def display(self, name: str) -> str:
        agent = self.sign_ins.by_name(name)
        return agent.display if agent else ""

    def set_state(self, agent: doors.Agent, state: AgentState) -> None:
        self._queue.set_state(agent.name, state)

    def pop(self, agent: doors.Agent) -> Pop | None:
        return self._queue.pop(agent.name)

    def seen(self, reservation: str) -> None:
        self._queue.seen(reservation)

    def accept(self, agent: doors.Agent, reservation: str) -> None:
        self._queue.accept(agent.name, reservation)

    def finish(self, agent: doors.Agent, reservation: str, disposition: str, note: str) -> None:
        self._queue.finish(agent.name, reservation, disposition, note)
