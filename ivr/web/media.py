"""Pictures and documents of a flow, served to whoever has them on their screen now, and to nobody else."""

from __future__ import annotations

import hashlib
import hmac

from flask import Blueprint, Response, abort, request

from ivr.flow.cards import ShownDocument, ShownPicture
from ivr.flow.session import Session
from ivr.web.browser import check_request
from ivr.web.cookies import PAGE_COOKIE
from ivr.web.doors import Services

TAG_LENGTH = 32  # hexadecimal digits
YEAR = 31536000  # seconds


def media_blueprint(services: Services) -> Blueprint:
    """Route ``/v/call/media/<tag>/<file>``, for the browser that holds the call's cookie."""
    media = Blueprint("media", __name__)
    media.before_request(check_request)

    @media.get("/v/call/media/<tag>/<file>")
    def shown(tag: str, file: str) -> Response:
        cookie = request.cookies.get(PAGE_COOKIE, "")
        call = services.call_of_page(cookie) if cookie and is_tag(tag, cookie, file) else None
        session = services.session(call) if call else None
        if session is None or services.page_is_veiled(cookie):
            abort(404)
        return media_response(services, session, file)

    return media


def page_media_url(cookie: str, file: str) -> str:
    return f"/v/call/media/{media_tag(cookie, file)}/{file}"


def media_tag(cookie: str, *names: str) -> str:
    """HMAC-SHA256 keyed by the cookie's own secret. A cookie stands for one call, and a call for one bundle: what is
    at the address never changes, and no other call has the address."""
    return hmac.new(cookie.encode(), b"duet media\0" + "\0".join(names).encode(), hashlib.sha256).hexdigest()[
        :TAG_LENGTH
    ]


def is_tag(tag: str, cookie: str, *names: str) -> bool:
    return hmac.compare_digest(tag.encode(), media_tag(cookie, *names).encode())


def media_response(services: Services, session: Session, file: str) -> Response:
    """404 unless the session shows this very file now."""
    shown = session.shown
    if not isinstance(shown, ShownPicture | ShownDocument) or shown.file != file:
        abort(404)
    known, content = services.flow_of(session).media.get(file), services.media(session, file)
    if known is None or content is None:
        abort(404)
    response = Response(content, content_type=known.type)
    kept = "inline" if known.is_picture else "attachment"  # a document never runs in a window of ours
    response.headers["Content-Disposition"] = f'{kept}; filename="{file}"'
    response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
