"""Promised call backs on the agents' desk: taken, and kept, by one agent each."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, abort, redirect

from ivr.dispatch import Promised
from ivr.web.doors import Agent, AgentState, Services


class Row(msgspec.Struct, frozen=True):
    """One promise in words. ``mine``: the agent who looks has taken it; ``taken_by``: somebody else has."""

    promise: Promised
    mine: bool
    taken_by: str
    waited: str
    due: str


def rows_of(services: Services, agent: Agent) -> list[Row]:
    return [_row(services, promise, agent) for promise in services.promises.open()]


def add_promise_routes(desk: Blueprint, services: Services, posting_agent: Callable[[Services], Agent]) -> None:
    """``POST /desk/call-backs/<id>/<act>`` on the desk's blueprint."""
    acts = {
        "claim": services.promises.claim,
        "release": services.promises.release,
        "done": services.promises.keep,
        "not-reached": services.promises.not_reached,
    }

    @desk.post("/desk/call-backs/<promise>/<act>")
    def call_back(promise: str, act: str) -> Response:
        """Repeatable: what somebody else has taken or closed meanwhile changes nothing, and the desk is drawn anew."""
        agent = posting_agent(services)
        if act not in acts:
            abort(404)
        if acts[act](promise, agent.name) and act == "claim":
            services.dispatch.set_state(agent, AgentState.BUSY)  # no call is offered to somebody who is calling
        return redirect("/desk", 303)


def _row(services: Services, promise: Promised, agent: Agent) -> Row:
    left = round((promise.due_at - services.clock()).total_seconds())
    due = f"{_span(-left)} late" if promise.overdue else f"within {_span(left)}"
    mine = promise.agent == agent.name
    return Row(promise, mine, "" if mine else promise.agent or "", _span(promise.waited_seconds), due)


def _span(seconds: int) -> str:
    """In the largest unit that says something: "40 min", "3 h", "2 days"."""
    minutes = max(1, seconds // 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} days"
