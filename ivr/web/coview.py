"""Co-view: the caller's screen on the agent's desk, cards that the agent puts there, and the caller's say in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from flask import Blueprint, Response, abort, redirect, request

from ivr.flow.cards import AnyShown, ShownForm, ShownQuestion, YesNo
from ivr.flow.declared_cards import AnyCard, ConfirmCard, DocumentCard, FormCard, LinkCard, PictureCard
from ivr.flow.definition import Flow
from ivr.flow.expressions import render
from ivr.flow.inputs import CardPushed, CardReplied, SharingChosen
from ivr.flow.saying import spoken_answer
from ivr.flow.sharing import agent_of, viewer_of
from ivr.flow.waits import TalkingToAgent
from ivr.visual.coview import agent_view
from ivr.visual.screen import Screen
from ivr.web.browser import check_form, check_request, guard
from ivr.web.cookies import DESK_COOKIE, PAGE_COOKIE
from ivr.web.doors import Agent, Pop, Services
from ivr.web.fields import natural
from ivr.web.media import is_tag, media_response, media_tag
from ivr.web.signin import agent_signed_in, posting_agent

_KINDS = {
    PictureCard: "Picture",
    DocumentCard: "Document",
    LinkCard: "Link",
    ConfirmCard: "Question",
    FormCard: "Form",
}


class Pushable(NamedTuple):
    name: str
    label: str


class CoView(NamedTuple):
    """What the desk shows of the caller's page. ``screen`` None: ``why`` says why there is nothing to see."""

    screen: Screen | None
    why: str
    cards: tuple[Pushable, ...]  # that may be put there now
    question: str  # of this agent, and what was answered, whether or not the screen is shared
    can_remove: bool  # a card they have put there, or can see
    revision: int
    media: Callable[[str], str]  # address of a file on the screen


def coview_of(services: Services, agent: Agent, pop: Pop) -> CoView | None:
    """None: this agent is not on the way to the caller, nor talking to them."""
    session = services.session(pop.call)
    if session is None or agent_of(session) != agent.name:
        return None
    flow, screen, why = services.flow_of(session), None, ""
    if viewer_of(session) == agent.name:
        screen = agent_view(flow, session, services.prompts(session.call, session.turn), agent.display)
    elif session.sharing_stopped:
        why = "The caller has stopped sharing the screen."
    else:
        why = "The caller has not opened the page."
    shown, own = session.shown, session.shown is not None and session.shown.agent == agent.name
    talking = isinstance(session.waiting_for, TalkingToAgent) and session.page.opened
    return CoView(
        screen, why, _pushable(flow) if talking else (), _question(shown, flow.language) if own else "",
        talking and shown is not None and (own or screen is not None),
        session.revision, partial(_desk_media_url, request.cookies.get(DESK_COOKIE, ""), pop.reservation),
    )  # fmt: skip


def _pushable(flow: Flow) -> tuple[Pushable, ...]:
    return tuple(Pushable(name, f"{_KINDS[type(card)]}: {_words(card, flow)}") for name, card in flow.cards.items())


def _words(card: AnyCard, flow: Flow) -> str:
    return render(card.title.source, {"flow": {"title": flow.title}})


def _question(shown: AnyShown, language: str) -> str:
    if isinstance(shown, ShownForm):
        return f"{shown.title} – {_filled(shown, language)}"
    if not isinstance(shown, ShownQuestion):
        return ""
    answers = {None: "not answered yet", YesNo.YES: "Yes", YesNo.NO: "No"}
    return f"{shown.title} – {answers[shown.answer]}"


def _filled(shown: ShownForm, language: str) -> str:
    """What the caller has sent to the agent who asked for it, in the language they filled it in."""
    if shown.answers is None:
        return "not sent yet"
    given = [(field, shown.answers[field.name]) for field in shown.fields]
    said = [
        (field.label, spoken_answer(field.kind, field.choices, answer, language) if answer else "–")
        for field, answer in given
    ]
    return "; ".join(f"{label}: {answer}" for label, answer in said)


def _desk_media_url(cookie: str, reservation: str, file: str) -> str:
    return f"/desk/media/{reservation}/{media_tag(cookie, reservation, file)}/{file}"


def coview_blueprint(services: Services) -> Blueprint:
    """Routes ``/desk/show/<reservation>`` and ``/desk/media/…`` for agents, ``/v/call/card|sharing`` for callers."""
    coview = Blueprint("coview", __name__)
    coview.before_request(check_request)

    @coview.after_request
    def headers(response: Response) -> Response:
        return response if "Content-Security-Policy" in response.headers else guard(response, services.settings)

    @coview.post("/desk/show/<reservation>")
    def push(reservation: str) -> Response:
        """A doubled click on one drawing of the desk has the same id and counts once."""
        agent = posting_agent(services)
        pop = services.dispatch.pop(agent)
        if pop is not None and pop.reservation == reservation:
            card = request.form.get("card", "") if "remove" not in request.form else ""
            drawn_at = natural(request.form.get("revision", ""))
            pushed = CardPushed(id=f"push:{reservation}:{drawn_at}:{card[:40]}", agent=agent.name, card=card)
            services.take_turn(pop.call, pushed)
        return redirect("/desk", 303)

    @coview.get("/desk/media/<reservation>/<tag>/<file>")
    def media(reservation: str, tag: str, file: str) -> Response:
        agent = agent_signed_in(services)
        pop = services.dispatch.pop(agent) if agent else None
        if pop is None or pop.reservation != reservation:
            abort(404)
        session = services.session(pop.call)
        if session is None or viewer_of(session) != agent.name:
            abort(404)
        if not is_tag(tag, request.cookies[DESK_COOKIE], reservation, file):
            abort(404)
        return media_response(services, session, file)

    @coview.post("/v/call/card")
    def reply() -> Response:
        call, answer = _callers_call(services), request.form.get("answer", "")
        if answer not in set(YesNo):
            abort(422)
        if services.page_is_veiled(request.cookies[PAGE_COOKIE]):
            return redirect("/v/call?moved", 303)
        card = request.form.get("card", "")[:200]
        turn = services.take_turn(call, CardReplied(id=f"{card}:answer", card=card, answer=YesNo(answer)))
        return redirect("/v/call" if turn.accepted else "/v/call?moved", 303)

    @coview.post("/v/call/sharing")
    def sharing() -> Response:
        """The revision it was drawn at is part of the id, so that a late repetition of "stop" undoes no "resume"."""
        call, allowed = _callers_call(services), request.form.get("allowed") == "yes"
        if allowed and services.page_is_veiled(request.cookies[PAGE_COOKIE]):  # stopping is anybody's, as it shows less
            return redirect("/v/call?moved", 303)
        drawn_at = natural(request.form.get("revision", ""))
        chosen = SharingChosen(id=f"sharing:{drawn_at}:{'yes' if allowed else 'no'}", allowed=allowed)
        services.take_turn(call, chosen)
        return redirect("/v/call", 303)

    return coview


def _callers_call(services: Services) -> str:
    """Of the page that posts. Its end is told by the page itself."""
    cookie = request.cookies.get(PAGE_COOKIE, "")
    call = services.call_of_page(cookie) if cookie else None
    if call is None:
        abort(redirect("/v/call", 303))
    check_form(cookie, request.form)
    return call
