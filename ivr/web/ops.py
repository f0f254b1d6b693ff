"""The ops page, live calls and their turns, and the metrics. Both need a sign-in."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, request

from ivr.flow.session import Session
from ivr.visual.screen import screen_for
from ivr.visual.words import words_of
from ivr.web.browser import check_request, draw, form_token, guard
from ivr.web.cookies import DESK_COOKIE
from ivr.web.doors import LogLine, Role, Services
from ivr.web.fields import natural
from ivr.web.lines import Row, row_of
from ivr.web.signin import agent_signed_in, ops_only

NEWEST = 200  # log lines drawn at once


def ops_blueprint(services: Services) -> Blueprint:
    """Routes ``/ops``, ``/ops/lines``, ``/ops/calls`` and ``/metrics``."""
    ops = Blueprint("ops", __name__)
    ops.before_request(check_request)

    @ops.after_request
    def headers(response: Response) -> Response:
        return guard(response, services.settings)

    @ops.get("/ops")
    def show() -> Response:
        agent = ops_only(services)
        if isinstance(agent, Response):
            return agent
        token = form_token(request.cookies[DESK_COOKIE])
        return draw("ops/ops.html", agent=agent, calls=services.live_calls(), rows=rows(services, 0), form_token=token)

    @ops.get("/ops/lines")
    def lines() -> Response:
        agent = ops_only(services)
        return agent if isinstance(agent, Response) else lines_after(services)

    @ops.get("/ops/calls")
    def calls() -> Response:
        agent = ops_only(services)
        return agent if isinstance(agent, Response) else draw("ops/calls.html", calls=services.live_calls())

    @ops.get("/metrics")
    def metrics() -> Response:
        if not _may_read_metrics(services):
            abort(401)
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # not needed by the first webhook

        return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return ops


def rows(services: Services, after: int) -> list[Row]:
    """Log lines above ``after``, newest first. The screen is known of each call's newest turn: it is drawn from it."""
    sessions: dict[str, Session | None] = {}
    drawn = []
    for line in reversed(services.log(after, NEWEST)):
        if line.call not in sessions:
            sessions[line.call] = services.session(line.call)
        drawn.append(row_of(line, _seen(services, sessions[line.call], line)))
    return drawn


def _seen(services: Services, session: Session | None, line: LogLine) -> tuple[str, ...]:
    if session is None or session.revision != line.revision:
        return ()
    return words_of(screen_for(services.flow_of(session), session, services.live(session)))


def lines_after(services: Services) -> Response:
    """Table rows of the log lines above ``?after=``: what the live tables of /ops and /try fetch."""
    return draw("ops/lines.html", rows=rows(services, natural(request.args.get("after", ""))))


def _may_read_metrics(services: Services) -> bool:
    token = services.settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    agent = agent_signed_in(services)
    return agent is not None and agent.role is Role.OPS
