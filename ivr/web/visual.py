"""The caller's page: opened by a button and two spoken digits, then a drawing of the session and taps that are keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Response, jsonify, redirect, request
from msgspec.structs import replace

from ivr.flow.inputs import AloudChosen, By, Digits, Filled, LanguageChoice, PaceChosen, Speech
from ivr.flow.pace import PACES
from ivr.flow.phrases import phrase
from ivr.flow.session import Session, Turn
from ivr.flow.showing import open_form
from ivr.flow.waits import AwaitAnswer, AwaitDigits, AwaitSecret
from ivr.visual.bodies import Working
from ivr.visual.labels import labels_for, numerals
from ivr.visual.plain import plain
from ivr.visual.screen import PERSON_KEY, Screen, screen_for
from ivr.visual.veil import is_private, veiled
from ivr.web.browser import asked_language, asset, check_form, check_request, draw, form_token, guard, set_cookie
from ivr.web.cookies import PAGE_COOKIE
from ivr.web.doors import LinkRefused, Opened, Services
from ivr.web.fields import ascii_digits, natural
from ivr.web.filling import NOT_OUR_FORM, Sent, is_ours, problems_of, sent_fields, showing, still_open
from ivr.web.holding import add_holding_routes
from ivr.web.media import page_media_url
from ivr.web.taps import counted_already, filled_already

LONGEST_KEYS = 32


def page_blueprint(services: Services) -> Blueprint:
    """Routes ``/v/<token>``, ``/v/call``, ``/v/call/<turn>`` and the assets of all pages."""
    pages = Blueprint("page", __name__)
    pages.before_request(check_request)
    pages.add_url_rule("/assets/<version>/<name>", view_func=asset)

    @pages.after_request
    def headers(response: Response) -> Response:
        return guard(response, services.settings)

    @pages.get("/v/<token>")
    def link(token: str) -> Response:
        """Binds nothing and says nothing personal: link previews and mail scanners come here too."""
        if not services.link_alive(token):
            mine = services.link_opened_by(token, request.cookies.get(PAGE_COOKIE, ""))
            return redirect("/v/call", 303) if mine else _dead_link()
        asks_digits, language = services.link_asks_digits(token), asked_language()
        return draw("page/open.html", token=token, problem="", asks_digits=asks_digits, language=language)

    @pages.post("/v/<token>")
    def open_link(token: str) -> Response:
        digits = ascii_digits(request.form.get("digits", ""))
        answer = services.open_link(token, digits, services.clock(), request.cookies.get(PAGE_COOKIE, ""))
        match answer:
            case Opened(cookie=cookie):
                response = redirect("/v/call", 303)
                set_cookie(response, services.settings, PAGE_COOKIE, cookie, path="/v", same_site="Lax")
                return response
            case LinkRefused.WRONG_DIGITS:
                problem = "Those are not the two digits you heard. Listen again and try once more."
                language = asked_language()
                problem = phrase(problem, language)
                return draw("page/open.html", 422, token=token, problem=problem, asks_digits=True, language=language)
            case _:
                return _dead_link()

    @pages.get("/v/call")
    def call() -> Response:
        cookie = request.cookies.get(PAGE_COOKIE, "")
        session = _session(services, cookie)
        if session is None:
            return _no_call()
        screen = _screen(services, session, cookie)
        moved = "moved" in request.args and session.ended is None
        template = "page/screen.html" if "fragment" in request.args else "page/call.html"
        return _drawn(template, screen, cookie, moved=moved)

    @pages.get("/v/call/heard")
    def heard() -> Response:
        """Seconds of speech so far, and words for how much longer; no words where nobody listens any more."""
        cookie = request.cookies.get(PAGE_COOKIE, "")
        session = _session(services, cookie)
        body = _screen(services, session, cookie).body if session is not None else None
        if not isinstance(body, Working):
            return jsonify(words="", seconds=0, needed=0)
        return jsonify(
            words=body.hearing_words, seconds=body.hearing.seconds, needed=max(body.hearing.needed_seconds, 1)
        )

    @pages.post("/v/call/<int:turn>")
    def tap(turn: int) -> Response:
        cookie = request.cookies.get(PAGE_COOKIE, "")
        session = _session(services, cookie)
        if session is None:
            return _no_call()
        check_form(cookie, request.form)
        if _is_hidden(services, session, cookie, turn) and request.form.get("keys") != PERSON_KEY:
            return redirect("/v/call?moved", 303)
        if (sent := sent_fields(request.form)) is not None:
            return _filled(services, session, turn, sent, cookie)
        answer = _answer(services, session, turn, cookie)
        if isinstance(answer, str):
            screen = _screen(services, session, cookie)
            return _drawn("page/call.html", screen, cookie, problem=phrase(answer, screen.language))
        if answer.accepted or counted_already(services.answer_at(session.call, turn), *_given(request.form)):
            return redirect("/v/call", 303)
        return redirect("/v/call?moved", 303)

    @pages.post("/v/call/pace")
    def pace() -> Response:
        """More time, or the usual again. Named by the revision it was drawn at, so that a repeated tap changes nothing."""
        cookie = request.cookies.get(PAGE_COOKIE, "")
        session = _session(services, cookie)
        if session is None:
            return _no_call()
        check_form(cookie, request.form)
        drawn_at, chosen = natural(request.form.get("revision", "")), natural(request.form.get("pace", ""))
        if chosen in PACES.values():
            remember = not services.page_is_veiled(cookie)
            services.take_turn(session.call, PaceChosen(id=f"pace:{drawn_at}", pace=chosen, remember=remember))
        return redirect("/v/call", 303)

    @pages.post("/v/call/aloud")
    def aloud() -> Response:
        """Sent by the script of a device that reads the page out. A page that joined by a code may say so too: it only
        makes the voice count for less."""
        cookie = request.cookies.get(PAGE_COOKIE, "")
        session = _session(services, cookie)
        if session is None:
            return _no_call()
        check_form(cookie, request.form)
        drawn_at, on = natural(request.form.get("revision", "")), request.form.get("on") == "yes"
        services.take_turn(session.call, AloudChosen(id=f"aloud:{drawn_at}:{on}", on=on))
        return Response(status=204)

    add_holding_routes(pages, services)
    return pages


def _session(services: Services, cookie: str) -> Session | None:
    call = services.call_of_page(cookie) if cookie else None
    return services.session(call) if call else None


def _is_hidden(services: Services, session: Session, cookie: str, turn: int) -> bool:
    """What a page may not show, it may not answer either: neither a private question, nor any turn but the present,
    since "the call had moved on" or not tells whether a guess is what the caller answered then."""
    private = turn != session.turn or is_private(services.flow_of(session), session)
    return private and services.page_is_veiled(cookie)


def _screen(services: Services, session: Session, cookie: str) -> Screen:
    live = services.live(session)
    said = services.said(session.call, session.turn)
    flow = services.flow_of(session)
    screen = screen_for(flow, session, replace(live, said=said))
    return veiled(flow, session, screen) if services.page_is_veiled(cookie) else screen


def _drawn(
    template: str, screen: Screen, cookie: str, *, moved: bool = False, problem: str = "", status: int = 200
) -> Response:
    return draw(
        template,
        422 if problem else status,
        screen=screen,
        language=screen.language,
        body=screen.body,
        words=labels_for(screen.language),
        form_token=form_token(cookie),
        media=partial(page_media_url, cookie),
        moved=moved,
        problem=problem,
    )


def _filled(services: Services, session: Session, turn: int, sent: Sent, cookie: str) -> Response:
    """Fields: taken as a whole, or shown again with what was typed and what is wrong with it."""
    wait = open_form(session) or session.waiting_for
    if turn == session.turn and isinstance(wait, AwaitAnswer):
        language = services.flow_of(session).language
        ours, problems = is_ours(wait, sent), problems_of(wait, sent, language)
        if problems or not ours:
            screen = showing(_screen(services, session, cookie), sent, problems)
            return _drawn(
                "page/call.html", screen, cookie, problem="" if ours else phrase(NOT_OUR_FORM, language), status=422
            )
        if services.take_turn(session.call, Filled(turn=turn, values=sent.values)).accepted:
            return redirect("/v/call", 303)
        session = services.session(session.call) or session
    if filled_already(services.answer_at(session.call, turn), sent.values):
        return redirect("/v/call", 303)
    kept = still_open(open_form(session) or session.waiting_for, sent, session.answers)
    if kept is None:
        return redirect("/v/call?moved", 303)
    return _drawn(
        "page/call.html", showing(_screen(services, session, cookie), kept, {}), cookie, moved=True, status=409
    )


def _answer(services: Services, session: Session, turn: int, cookie: str) -> Turn | str:
    """Take what the form holds as an answer to ``turn``; text: what is wrong with it, for the person who typed it."""
    form = request.form
    if "language" in form:
        remember = not services.page_is_veiled(cookie)
        choice = LanguageChoice(turn=turn, language=form["language"][:35], remember=remember)
        return services.take_turn(session.call, choice)
    asked = session.waiting_for if turn == session.turn else None
    if "secret" in form:
        secret = ascii_digits(form["secret"])
        if not _only_keys(secret):
            return "Please type digits only."
        if asked is not None and not isinstance(asked, AwaitSecret):
            return "That is not being asked now."
        return services.secret_answer(session.call, turn, secret, By.TAP)
    if "keys" in form:
        keys = ascii_digits(form["keys"])
        if not _only_keys(keys):
            return "Please type digits only."
        is_button = asked is not None and keys in {PERSON_KEY, *(choice.key for choice in asked.choices)}
        if isinstance(asked, AwaitSecret) and not is_button:
            return "Please type your PIN into its own field."
        if isinstance(asked, AwaitDigits) and not is_button and not asked.min_length <= len(keys) <= asked.max_length:
            language = services.flow_of(session).language
            problem = phrase("Please type {least} to {most} digits; those were {count}.", language)
            return numerals(problem.format(least=asked.min_length, most=asked.max_length, count=len(keys)), language)
        return services.take_turn(session.call, Digits(turn=turn, keys=keys, by=By.TAP))
    text = plain(form.get("text", ""))
    if not text:
        return "Please type something first."
    return services.take_turn(session.call, Speech(turn=turn, text=text, by=By.TAP))


def _given(form: Mapping[str, str]) -> tuple[str, str, str]:
    """Keys, words and language as they would have been taken."""
    return ascii_digits(form.get("keys", "")), plain(form.get("text", "")), form.get("language", "")


def _only_keys(keys: str) -> bool:
    return 0 < len(keys) <= LONGEST_KEYS and set(keys) <= set("0123456789*#")


def _dead_link() -> Response:
    return _closed("This link no longer works", (
        "It opens one call, once, and for ten minutes. Stay on the line: the phone can do everything this page can."
    ))  # fmt: skip


def _no_call() -> Response:
    return _closed("No call is open here", (
        "The call may be over, or this browser has not opened its link. Dial again and a new link comes to you."
    ))  # fmt: skip


def _closed(heading: str, hint: str) -> Response:
    language = asked_language()
    words = {"heading": phrase(heading, language), "hint": phrase(hint, language)}
    return draw("page/closed.html", 410, language=language, **words)
