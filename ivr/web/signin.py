"""Signing in to the desk and the ops page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, request

from ivr.web.browser import check_form, check_request, draw, form_token, guard, new_secret, set_cookie
from ivr.web.cookies import DESK_COOKIE, FORM_COOKIE
from ivr.web.doors import Agent, Role, Services

REFUSED = "That name and password do not open this desk. After ten wrong tries, wait ten minutes."


def signin_blueprint(services: Services) -> Blueprint:
    """Routes ``/desk/sign-in``, ``/desk/sign-out`` and, for the three-pane page, ``/desk/ticket``."""
    signin = Blueprint("signin", __name__)
    signin.before_request(check_request)

    @signin.after_request
    def headers(response: Response) -> Response:
        return guard(response, services.settings)

    @signin.get("/desk/sign-in")
    def ask() -> Response:
        return _form(services, "")

    @signin.post("/desk/sign-in")
    def sign_in() -> Response:
        drawn_for = request.cookies.get(FORM_COOKIE, "")
        if not drawn_for:
            return _form(services, "This form was open for too long. Please try again.", 422)
        check_form(drawn_for, request.form)
        name, password = request.form.get("name", ""), request.form.get("password", "")
        cookie = services.dispatch.signin(name.strip(), password, services.clock())
        return _signed_in(services, cookie) if cookie else _form(services, REFUSED, 422)

    @signin.post("/desk/ticket")
    def ticket() -> Response:
        """Single-use and known to the three-pane page only, which is why this form needs no token of its own."""
        cookie = services.dispatch.signin_by_ticket(request.form.get("ticket", ""), services.clock())
        return _signed_in(services, cookie) if cookie else redirect("/desk/sign-in", 303)

    @signin.post("/desk/sign-out")
    def sign_out() -> Response:
        cookie = request.cookies.get(DESK_COOKIE, "")
        check_form(cookie, request.form)
        services.dispatch.signout(cookie)
        response = redirect("/desk/sign-in", 303)
        set_cookie(response, services.settings, DESK_COOKIE, "", path="/", same_site="Strict")
        return response

    return signin


def agent_signed_in(services: Services) -> Agent | None:
    """The agent whose cookie came with the present request."""
    cookie = request.cookies.get(DESK_COOKIE, "")
    return services.dispatch.agent_of(cookie) if cookie else None


def posting_agent(services: Services) -> Agent:
    """The signed-in agent whose form this is; else the sign-in page, or 403 for a form of somebody else's."""
    agent = agent_signed_in(services)
    if agent is None:
        abort(redirect("/desk/sign-in", 303))
    check_form(request.cookies[DESK_COOKIE], request.form)
    return agent


def ops_only(services: Services) -> Agent | Response:
    """The signed-in agent with role ops; else the sign-in page, or 403 for another role."""
    agent = agent_signed_in(services)
    if agent is None:
        return redirect("/desk/sign-in?for=ops", 303)
    return agent if agent.role is Role.OPS else abort(403)


def _form(services: Services, problem: str, status: int = 200) -> Response:
    drawn_for = request.cookies.get(FORM_COOKIE) or new_secret()
    target = "ops" if request.values.get("for") == "ops" else "desk"
    response = draw("desk/signin.html", status, form_token=form_token(drawn_for), problem=problem, target=target)
    set_cookie(response, services.settings, FORM_COOKIE, drawn_for, path="/desk", same_site="Strict")
    return response


def _signed_in(services: Services, cookie: str) -> Response:
    response = redirect("/ops" if request.form.get("for") == "ops" else "/desk", 303)
    set_cookie(response, services.settings, DESK_COOKIE, cookie, path="/", same_site="Strict")
    set_cookie(response, services.settings, FORM_COOKIE, "", path="/desk", same_site="Strict")
    return response
