"""What browsers are told and asked: headers, cookies, form tokens, assets and templates."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from importlib import resources

from flask import Response, abort, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ivr.visual.plain import plain
from ivr.web.doors import Settings

LARGEST_BODY = 64 * 1024  # bytes
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def _read_assets() -> tuple[str, dict[str, bytes]]:
    files = resources.files("ivr.web").joinpath("static").iterdir()
    assets = {file.name: file.read_bytes() for file in files if file.name.rsplit(".", 1)[-1] in _TYPES}
    digest = hashlib.sha256(b"\0".join(name.encode() + data for name, data in sorted(assets.items())))
    return digest.hexdigest()[:12], assets


_VERSION, _ASSETS = _read_assets()


def asset_url(name: str) -> str:
    """Address of a file in static/; it changes when any asset does, so that it may be cached for ever."""
    return f"/assets/{_VERSION}/{name}"


def asset(version: str, name: str) -> Response:
    if name not in _ASSETS:
        abort(404)
    response = Response(_ASSETS[name], content_type=f"{_TYPES[name.rsplit('.', 1)[-1]]}; charset=utf-8")
    fresh = version == _VERSION
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _shown(value: object) -> object:
    """Every value a template writes passes here: cleaned now, escaped by autoescape right after."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES = Environment(
    loader=PackageLoader("ivr.web"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["asset"] = asset_url


def draw(template: str, status: int = 200, **names: object) -> Response:
    return Response(_TEMPLATES.get_template(template).render(**names), status, content_type="text/html; charset=utf-8")


def guard(
    response: Response, settings: Settings, connect: tuple[str, ...] = (), frames: tuple[str, ...] = ()
) -> Response:
    """Headers of every page: our own files only, no frames but ours in try mode, nothing kept, nothing leaked.

    In try mode pages may stand in the three-pane page, whose address is the public one, and that page may hold what
    comes from the origins in ``frames``.
    """
    held = " ".join(("'self'", *frames)) if settings.try_mode else "'none'"
    holders = f"'self' {settings.public_url}" if settings.try_mode else "'none'"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": " ".join(("'self'", *connect)),
        "frame-src": held,
        "frame-ancestors": holders,
        "form-action": "'self'",
        "base-uri": "'none'",
    }
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def set_cookie(response: Response, settings: Settings, name: str, value: str, path: str, same_site: str) -> None:
    """A session cookie that scripts cannot read. An empty ``value`` removes it."""
    response.set_cookie(
        name,
        value,
        path=path,
        httponly=True,
        samesite=same_site,
        secure=settings.public_url.startswith("https:"),
        max_age=None if value else 0,
    )


def form_token(cookie: str) -> str:
    """The hidden field that shows a form was drawn for this cookie: HMAC-SHA256 keyed by the cookie's own secret."""
    return hmac.new(cookie.encode(), b"duet form", hashlib.sha256).hexdigest()


def check_form(cookie: str, form: Mapping[str, str]) -> None:
    """403 unless the posted form was drawn for ``cookie``."""
    if not hmac.compare_digest(form.get("form_token", "").encode(), form_token(cookie).encode()):
        abort(403)


def check_request() -> None:
    """Before every request: no body above LARGEST_BODY (413), no form posted from another site (403)."""
    request.max_content_length = LARGEST_BODY
    if request.method == "POST":
        if (request.content_length or 0) > LARGEST_BODY:
            abort(413)
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(403)


def new_secret() -> str:
    return secrets.token_urlsafe(32)
