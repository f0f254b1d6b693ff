"""The three-pane page of ``make serve``: a telephone, the smartphone beside it, the agent's desk, and the turns below.

Served in try mode only: it hands out a desk and invented contacts' PINs to whoever opens it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, abort, jsonify, redirect, request

from ivr.errors import SettingsError
from ivr.web.browser import check_request, draw, guard
from ivr.web.doors import Services, Signal
from ivr.web.ops import lines_after, rows


def try_blueprint(services: Services) -> Blueprint:
    """Routes ``/try``, ``/try/contacts``, ``/try/voices``, ``/try/voices/<name>``, ``/try/signal/<n>`` and ``/try/lines``.

    Raises SettingsError unless try mode is on and the emulator's address is known.
    """
    trying, emulator = services.trying, services.settings.emulator_url
    if not services.settings.try_mode or trying is None or not emulator:
        raise SettingsError(
            "The three-pane page needs try mode and the emulator's address: start it with `make serve`."
        )
    host = urlsplit(emulator).netloc
    reach = (f"http://{host}", f"ws://{host}")
    pane = Blueprint("tryout", __name__)
    pane.before_request(check_request)

    @pane.before_request
    def ours_only() -> None:
        """A page on the internet whose name leads to 127.0.0.1 must not read what is meant for who sits here."""
        names = {"localhost", "127.0.0.1", "[::1]", urlsplit(services.settings.public_url).hostname}
        if request.host.rsplit(":", 1)[0] not in names and request.host not in names:
            abort(403)

    @pane.after_request
    def headers(response: Response) -> Response:
        response.headers["Permissions-Policy"] = "microphone=(self)"
        return guard(response, services.settings, reach, tuple(each.address for each in trying.handsets()))

    @pane.get("/try")
    def show() -> Response:
        home = services.settings.public_url
        if request.host != urlsplit(home).netloc:
            return redirect(f"{home}{request.full_path}", 302)  # the smartphones let only this name hold their pages
        ticket = trying.desk_ticket(services.clock())
        return draw(
            "try/try.html", line=trying.line(), emulator=emulator, ticket=ticket, rows=rows(services, 0),
            handsets=[each.address for each in trying.handsets()],
        )  # fmt: skip

    @pane.route("/try/signal/<int:handset>", methods=["GET", "POST"])
    def signal(handset: int) -> Response:
        """How good a smartphone's network is; a post with ``signal`` changes it."""
        if not 0 <= handset < len(trying.handsets()):
            abort(404)
        if request.method == "POST":
            if (asked := request.form.get("signal", "")) not in set(Signal):
                abort(
                    Response(f"signal is {asked!r}; write one of {', '.join(Signal)}\n", 400, content_type="text/plain")
                )
            trying.set_signal(handset, Signal(asked))
        return jsonify(signal=trying.handsets()[handset].signal)

    @pane.get("/try/contacts")
    def contacts() -> Response:
        return jsonify(msgspec.to_builtins(list(trying.contacts())))

    @pane.get("/try/voices")
    def voices() -> Response:
        return jsonify(msgspec.to_builtins(list(trying.voices())))

    @pane.get("/try/voices/<name>")
    def voice(name: str) -> Response:
        audio = trying.voice_audio(name)
        return Response(audio, content_type="audio/basic") if audio is not None else abort(404)

    @pane.get("/try/lines")
    def lines() -> Response:
        return lines_after(services)

    return pane
