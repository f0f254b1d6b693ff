"""The Flask application: the blueprints, and what is the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Blueprint, Flask, Response

from ivr.web.security import LONGEST_BODY

PLAIN = "text/plain; charset=utf-8"
GUARDED = {  # what belongs to no page: refusals, redirects, documents for the carrier
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def create_flask(blueprints: Iterable[Blueprint], readiness: Callable[[], tuple[str, bool]]) -> Flask:
    """``readiness``: what to tell on /readyz, and whether calls can be taken."""
    flask = Flask("ivr.web")
    flask.url_map.merge_slashes = False  # an address is ours or it is not: no redirect to whatever Host was sent
    flask.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
    flask.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_BODY
    for blueprint in blueprints:
        flask.register_blueprint(blueprint)

    @flask.after_request
    def guarded(response: Response) -> Response:
        there = {name.lower() for name, _ in response.headers}  # one look; ``setdefault`` looks through them four times
        for name, value in GUARDED.items():
            if name.lower() not in there:
                response.headers.add(name, value)
        return response

    @flask.errorhandler(413)
    def too_long(_error: Exception) -> Response:
        return Response(status=413)

    @flask.errorhandler(500)
    def failed(_error: Exception) -> Response:
        return Response("Something went wrong on our side.\n", status=500, content_type=PLAIN)

    @flask.get("/healthz")
    def healthy() -> Response:
        return Response("ok\n", content_type=PLAIN)

    @flask.get("/readyz")
    def ready() -> Response:
        text, is_ready = readiness()
        return Response(text, status=200 if is_ready else 503, content_type=PLAIN)

    return flask
