"""Pages by which page and call find each other: the code form, the beginning before a call, one more screen."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request

from ivr.authentication.joining import BegunPage, CodeRefused
from ivr.flow.definition import Flow, in_language
from ivr.flow.phrases import phrase
from ivr.visual.labels import direction_of, name_of
from ivr.web import qr
from ivr.web.browser import asked_language, check_form, check_request, draw, form_token, guard, set_cookie
from ivr.web.cookies import BEGUN_COOKIE, PAGE_COOKIE
from ivr.web.doors import Opened, Services
from ivr.web.fields import ascii_digits

CODE_LENGTH = 6
PAUSE = ",,"  # four seconds or more on a phone: the code must not be keyed before the line is open
_PROBLEMS = {
    CodeRefused.UNKNOWN: "That code opens nothing. It may have run out, or been used: ask for a new one on the phone.",
    CodeRefused.TOO_MANY: "Too many codes have been tried. Please wait ten minutes, or go on with the phone alone.",
}


def join_blueprint(services: Services) -> Blueprint:
    """Routes ``/v``, ``/v/start/<flow>``, ``/v/started`` and ``/v/call/device``. No GET binds or makes anything."""
    pages = Blueprint("join", __name__)
    pages.before_request(check_request)

    @pages.after_request
    def headers(response: Response) -> Response:
        return guard(response, services.settings)

    def opened(cookie: str) -> Response:
        response = redirect("/v/call", 303)
        set_cookie(response, services.settings, PAGE_COOKIE, cookie, path="/v", same_site="Lax")
        return response

    def code_form(problem: str = "", status: int = 200) -> Response:
        language, flows = asked_language(), [_for_visitor(flow) for flow in services.joining.flows()]
        return draw("page/join.html", status, problem=phrase(problem, language), flows=flows, language=language)

    @pages.get("/v")
    def ask_code() -> Response:
        return code_form()

    @pages.post("/v")
    def open_code() -> Response:
        code = ascii_digits(request.form.get("code", ""))
        if not (len(code) == CODE_LENGTH and code.isascii() and code.isdigit()):
            return code_form("The code has six digits. The phone says it again if you ask for the link again.", 422)
        answer = services.joining.open_code(code, request.remote_addr or "", services.clock())
        if isinstance(answer, Opened):
            return opened(answer.cookie)
        return code_form(_PROBLEMS[answer], 429 if answer is CodeRefused.TOO_MANY else 422)

    @pages.get("/v/start/<name>")
    def beginning(name: str) -> Response:
        keys = tuple(request.args.getlist("chosen"))
        language = _visitors_language(services, name)
        found = services.joining.beginning(name, keys, language)
        if found is None:
            known = keys and services.joining.beginning(name, (), language) is not None  # then the name is one of ours
            return redirect(f"/v/start/{name}", 303) if known else _nothing_begun()
        flow, beginning = found
        others = [(code, name_of(code), direction_of(code)) for code in flow.languages if code != flow.language]
        return draw("page/start.html", flow=flow, beginning=beginning, keys=keys, language=flow.language, others=others)

    @pages.post("/v/start/<name>")
    def begin(name: str) -> Response:
        language = _visitors_language(services, name)
        found = services.joining.beginning(name, tuple(request.form.getlist("chosen")), language)
        if found is None:
            return _nothing_begun()
        cookie = services.joining.begin(*found, request.remote_addr or "", services.clock())
        if cookie is None:
            return _closed(429, "Please just call us", "Too many have begun here just now. The phone can do all of it.")
        response = redirect(f"/v/started?language={found[0].language}", 303)
        set_cookie(response, services.settings, BEGUN_COOKIE, cookie, path="/v", same_site="Lax")
        return response

    @pages.get("/v/started")
    def begun() -> Response:
        cookie = request.cookies.get(BEGUN_COOKIE, "")
        page = services.joining.begun(cookie, services.clock()) if cookie else None
        return _nothing_begun() if page is None else _begun(page, cookie, services.joining.line)

    @pages.post("/v/started")
    def follow() -> Response:
        cookie = request.cookies.get(BEGUN_COOKIE, "")
        check_form(cookie, request.form)
        answer = services.joining.open_begun(cookie, services.clock())
        return _nothing_begun() if answer is None else opened(answer.cookie)

    @pages.post("/v/call/device")
    def device() -> Response:
        cookie = request.cookies.get(PAGE_COOKIE, "")
        check_form(cookie, request.form)
        link = services.joining.device_link(cookie, services.clock())
        if link is None:
            return _closed(
                410,
                "No call is open here",
                "The call may be over, or this browser has not opened its link. Dial again and a new link comes to you.",
            )
        session = services.session(services.call_of_page(cookie) or "")
        language = asked_language() if session is None else services.flow_of(session).language
        return draw("page/device.html", picture=qr.svg(link), language=language)

    return pages


def _begun(page: BegunPage, cookie: str, line: str) -> Response:
    call = f"tel:{line}{PAUSE}{page.code}"
    end = page.caller_end
    flow = in_language(page.flow, page.language) if page.language else _for_visitor(page.flow)
    return draw(
        "page/started.html", page=page, line=line, call=call, picture=qr.svg(call), form_token=form_token(cookie),
        caller_end=end if end and end.isdigit() else "", title=flow.title, language=flow.language,
    )  # fmt: skip


def _visitors_language(services: Services, name: str) -> str:
    flow = next((flow for flow in services.joining.flows() if flow.name == name), None)
    return _for_visitor(flow).language if flow is not None else ""


def _for_visitor(flow: Flow) -> Flow:
    """In the language chosen on the page, else in the one the browser prefers among those the flow speaks."""
    chosen, spoken = request.values.get("language", ""), flow.languages or (flow.language,)
    preferred = request.accept_languages.best_match(spoken, default=flow.language)
    return in_language(flow, chosen if chosen in spoken else preferred)


def _nothing_begun() -> Response:
    hint = (
        "What is begun on the page waits ten minutes for your call. You can begin again, or just call: it is the same."
    )
    return _closed(410, "Nothing is waiting here", hint)


def _closed(status: int, heading: str, hint: str) -> Response:
    language = asked_language()
    words = {"heading": phrase(heading, language), "hint": phrase(hint, language)}
    return draw("page/closed.html", status, language=language, **words)
