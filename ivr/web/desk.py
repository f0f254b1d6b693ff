"""The agent's desk: who is calling, what they want and how sure we are, before "hello"."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Response, abort, redirect, request

from ivr.visual.labels import english_name_of
from ivr.web.browser import check_request, draw, form_token, guard
from ivr.web.cookies import DESK_COOKIE
from ivr.web.coview import coview_of
from ivr.web.doors import Agent, AgentState, Pop, PopState, Services
from ivr.web.promises import add_promise_routes, rows_of
from ivr.web.signin import agent_signed_in, posting_agent

DISPOSITIONS = {
    "resolved": "Resolved",
    "follow_up": "Needs follow-up",
    "call_back": "Call back promised",
    "passed_on": "Passed on to another team",
    "not_proven": "Caller could not prove who they are",
    "dropped": "Caller dropped off",
}
LONGEST_NOTE = 2000


class Sureness(NamedTuple):
    """Words for how sure we are. ``tone``: good, unsure or bad."""

    tone: str
    heading: str
    detail: str


def identity_of(pop: Pop) -> Sureness:
    """What the factors prove; the voice alone proves nothing, whatever its verdict."""
    by = ", ".join("PIN" if factor == "pin" else factor for factor in pop.factors)
    match pop.level:
        case 0 if pop.contact_name is None:
            return Sureness("bad", "Not verified", "Nobody is known by this number, and nothing was proven.")
        case 0:
            return Sureness("bad", "Not verified", "The name is only a claim: nothing but the number speaks for it.")
        case 1:
            return Sureness("unsure", "Partly verified", f"One factor: {by}.")
        case _:
            return Sureness("good", "Verified", f"Proven by {by}.")


# What an agent can make use of; other reasons say it by themselves.
WHY_NOT_CHECKED = {
    "no_pause": "somebody or something else may be talking",
    "two_voices": "more than one voice",
    "wrong_band": "the line carries too narrow a band",
    "challenge_failed": "what was asked for was not said",
    "challenge_open": "matches, but the live check was not made",
    "challenge_not_asked": "matches, but the live check was not made",
    "budget_spent": "not sure after all that was said",
    "undecided": "not sure yet",
    "no_receipt": "the check could not be recorded",
    "unreadable_print": "the voiceprint cannot be opened",
    "no_operating_point": "the voice model is not calibrated",
    "other_model": "the voiceprint is of another model",
}


def voice_of(pop: Pop) -> Sureness:
    """INCONCLUSIVE is not a no: nothing was decided, so the agent reads "not checked" and why."""
    measured = f"{pop.net_speech_seconds:.1f} s of speech" if pop.net_speech_seconds else ""
    reason = WHY_NOT_CHECKED.get(pop.verdict_reason, pop.verdict_reason.replace("_", " "))
    detail = " · ".join(part for part in (reason, measured, pop.voice_model) if part)
    locked = f"locked until {pop.voice_locked_until:%H:%M} UTC" if pop.voice_locked_until else ""
    match pop.verdict:
        case "ACCEPTED":
            return Sureness("good", "Voice verified", detail)
        case "REJECTED":
            return Sureness("bad", "Voice not verified", " · ".join(filter(None, (detail, locked))))
        case _ if pop.verdict_reason == "replay":
            return Sureness("bad", "A recording heard before", " · ".join(filter(None, (measured, locked))))
        case _ if pop.verdict_reason == "locked" and locked:
            return Sureness("unsure", f"Voice {locked}", "Too many tries did not match; nothing was compared since.")
        case _:
            return Sureness("unsure", "Voice not checked", detail or "No comparison was made in this call.")


def desk_blueprint(services: Services) -> Blueprint:
    """Routes under ``/desk``, for agents who are signed in."""
    desk = Blueprint("desk", __name__)
    desk.before_request(check_request)

    @desk.after_request
    def headers(response: Response) -> Response:
        return guard(response, services.settings)

    @desk.get("/desk")
    def show() -> Response:
        agent = agent_signed_in(services)
        if agent is None:
            return redirect("/desk/sign-in", 303)
        return _drawn(services, agent, "desk/now.html" if "fragment" in request.args else "desk/desk.html")

    @desk.post("/desk/state")
    def state() -> Response:
        agent = posting_agent(services)
        if request.form.get("state") not in (AgentState.AVAILABLE, AgentState.BUSY):
            abort(422)
        services.dispatch.set_state(agent, AgentState(request.form["state"]))
        return redirect("/desk", 303)

    @desk.post("/desk/seen/<reservation>")
    def seen(reservation: str) -> Response:
        agent = posting_agent(services)
        if _has(services, agent, reservation):
            services.dispatch.seen(reservation)
        return Response(status=204)

    @desk.post("/desk/accept/<reservation>")
    def accept(reservation: str) -> Response:
        agent = posting_agent(services)
        if _has(services, agent, reservation):
            services.dispatch.seen(reservation)  # the button stands on the pop: whoever pressed it has seen it
            services.dispatch.accept(agent, reservation)
        return redirect("/desk", 303)

    @desk.post("/desk/finish/<reservation>")
    def finish(reservation: str) -> Response:
        agent = posting_agent(services)
        disposition = request.form.get("disposition", "")
        if disposition not in DISPOSITIONS:
            return _drawn(services, agent, "desk/desk.html", problem="Choose how the call went, then finish.")
        if _has(services, agent, reservation):
            services.dispatch.finish(agent, reservation, disposition, request.form.get("note", "")[:LONGEST_NOTE])
        return redirect("/desk", 303)

    add_promise_routes(desk, services, posting_agent)
    return desk


def _has(services: Services, agent: Agent, reservation: str) -> bool:
    pop = services.dispatch.pop(agent)
    return pop is not None and pop.reservation == reservation


def _drawn(services: Services, agent: Agent, template: str, problem: str = "") -> Response:
    pop = services.dispatch.pop(agent)
    return draw(
        template,
        422 if problem else 200,
        agent=agent,
        pop=pop,
        identity=identity_of(pop) if pop else None,
        voice=voice_of(pop) if pop else None,
        speaks=english_name_of(pop.language) if pop and pop.language else "",
        seconds=max(0, int((services.clock() - pop.since).total_seconds())) if pop else 0,
        finishing=pop is not None and pop.state in (PopState.CONNECTED, PopState.WRAPUP),
        dispositions=DISPOSITIONS,
        promises=[] if pop else rows_of(services, agent),
        form_token=form_token(request.cookies[DESK_COOKIE]),
        problem=problem,
        coview=coview_of(services, agent, pop) if pop else None,
    )
