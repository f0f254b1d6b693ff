"""What we hold about the caller, on their own page: shown to who has proven it, and taken back in two taps."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import partial

from flask import Blueprint, Response, abort, redirect, request

from ivr.authentication.held import Held
from ivr.flow.inputs import VoiceWish, Wish
from ivr.flow.session import Session
from ivr.visual.holding import HoldingLabels, holding_labels_for
from ivr.visual.labels import day_in, direction_of
from ivr.web.browser import check_form, draw, form_token
from ivr.web.cookies import PAGE_COOKIE
from ivr.web.doors import Services

ADDRESS = "/v/about"


def add_holding_routes(pages: Blueprint, services: Services) -> None:
    """Routes ``/v/about…`` on the blueprint of the caller's page. A browser without an open call is sent to it."""

    @pages.get(ADDRESS)
    def about() -> Response:
        """First taps lead here again, with ``?sure=``: a link changes nothing."""
        cookie, session = _bound(services)
        return _drawn(services, cookie, session, sure=_wish(request.args.get("sure")), done=_told(cookie))

    @pages.post(f"{ADDRESS}/voice")
    def voice() -> Response:
        """The second tap. In effect when this returns, in every process."""
        cookie, session = _bound(services)
        check_form(cookie, request.form)
        wish, held = _wish(request.form.get("wish")), services.held(session)
        if wish is None:
            abort(422)
        # Drawn for the contact who is proven now: another one may have been claimed in this call meanwhile.
        if held is None or not hmac.compare_digest(
            request.form.get("whose", "").encode(), _whose(cookie, held).encode()
        ):
            return _with_news(cookie, "refused")
        fact = VoiceWish(id=f"wish:{session.revision}:{wish}", contact=held.contact, wish=wish)
        taken = services.take_turn(session.call, fact)
        return _with_news(cookie, wish if taken.accepted else "refused")

    @pages.post(f"{ADDRESS}/call-backs/<promise>/cancel")
    def cancel(promise: str) -> Response:
        cookie, session = _bound(services)
        check_form(cookie, request.form)
        held = services.held(session)
        services.promises.cancel(promise, session.call, held.contact if held else None)
        return _with_news(cookie, "cancelled")


def _bound(services: Services) -> tuple[str, Session]:
    """The page's cookie and the call it is bound to. A call that has ended shows nothing any more, nor does a page that
    joined by a code."""
    cookie = request.cookies.get(PAGE_COOKIE, "")
    call = services.call_of_page(cookie) if cookie else None
    session = services.session(call) if call else None
    if session is None or session.ended is not None or services.page_is_veiled(cookie):
        abort(redirect("/v/call", 303))
    return cookie, session


def _wish(text: str | None) -> Wish | None:
    return Wish(text) if text in set(Wish) else None


def _whose(cookie: str, held: Held) -> str:
    return hmac.new(cookie.encode(), b"held " + held.contact.encode(), hashlib.sha256).hexdigest()


def _with_news(cookie: str, done: str) -> Response:
    """Back to the page, which tells what was done. The address shows that this browser's own button did it: nobody can
    send somebody else a link to a page that says "Your voiceprint has been deleted"."""
    return redirect(f"{ADDRESS}?done={done}&of={_mark(cookie, done)}", 303)


def _told(cookie: str) -> str | None:
    done = request.args.get("done", "")
    return done if hmac.compare_digest(request.args.get("of", "").encode(), _mark(cookie, done).encode()) else None


def _mark(cookie: str, done: str) -> str:
    return hmac.new(cookie.encode(), b"done " + done.encode(), hashlib.sha256).hexdigest()[:32]


def _drawn(services: Services, cookie: str, session: Session, sure: Wish | None, done: str | None) -> Response:
    language = services.flow_of(session).language
    words = holding_labels_for(language)
    held = services.held(session)
    return draw(
        "page/about.html",
        language=language,
        direction=direction_of(language),
        words=words,
        held=held,
        promises=services.promises.of(session.call, held.contact if held else None),
        sure=sure if held else None,
        question=_question(words, sure),
        done=_done(words, done),
        date=partial(_date, language=language),
        whose=_whose(cookie, held) if held else "",
        form_token=form_token(cookie),
    )


def _question(words: HoldingLabels, sure: Wish | None) -> tuple[str, str]:
    match sure:
        case Wish.DELETE:
            return words.delete_sure, words.delete_hint
        case Wish.OPT_OUT:
            return words.opt_out_sure, words.opt_out_hint
        case Wish.OPT_IN:
            return words.opt_in_sure, words.opt_in_hint
        case None:
            return "", ""


def _done(words: HoldingLabels, done: str | None) -> str:
    said = {
        "delete": words.deleted, "opt_out": words.stopped, "opt_in": words.allowed, "refused": words.refused,
        "cancelled": words.cancelled,
    }  # fmt: skip
    return said.get(done or "", "")


def _date(moment: datetime, language: str) -> str:
    """Of the calendar in UTC: the page does not know where its reader is."""
    return day_in(language, moment.date())
