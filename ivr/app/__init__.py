"""The one place where things are wired."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask

from ivr.app.control import settle, twilio_control
from ivr.app.house import House
from ivr.app.publishing import open_store, publish, utc_now
from ivr.carriers.base import Control
from ivr.errors import SettingsError
from ivr.settings import Settings
from ivr.store import database
from ivr.web import doors, site
from ivr.web.agents import agents_blueprint
from ivr.web.coview import coview_blueprint
from ivr.web.desk import desk_blueprint
from ivr.web.joining import join_blueprint
from ivr.web.media import media_blueprint
from ivr.web.ops import ops_blueprint
from ivr.web.prompts import prompts_blueprint
from ivr.web.serving import Server
from ivr.web.signin import signin_blueprint
from ivr.web.stream import StreamDoor
from ivr.web.tryout import try_blueprint
from ivr.web.visual import page_blueprint
from ivr.web.voice import voice_blueprint

__all__ = ["House", "create_app", "create_flask", "open_store", "publish", "twilio_control", "utc_now"]

log = logging.getLogger(__name__)


def create_flask(house: House) -> Flask:
    blueprints = [
        voice_blueprint(
            house.calls, house.addressing, house.doorkeeper, house.secrets, house.queue, house.settings.person_number
        ),
        prompts_blueprint(house.calls, house.addressing, house.queue, house.synthesiser),
        agents_blueprint(house.queue, house.addressing, house.doorkeeper),
        page_blueprint(house), join_blueprint(house), signin_blueprint(house), desk_blueprint(house),
        coview_blueprint(house), media_blueprint(house), ops_blueprint(house),
    ]  # fmt: skip
    if house.trying is not None:
        blueprints.append(try_blueprint(house))
    return site.create_flask(blueprints, house.readiness)


def create_app(
    settings: Settings, control: Control | None = None, trying: Callable[[House], doors.Trying] | None = None
) -> Server:
    """The ASGI application. Raises FlowMistakes, SettingsError and StoreError before anything is served."""
    house = House(settings, control)
    publish(house.database, settings, at_start=True)
    if settings.try_mode:
        if trying is None:
            raise SettingsError("IVR_TRY=1 is for 'ivr demo' and 'make serve' only; unset it")
        house.trying = trying(house)
    door = StreamDoor(
        house.calls, house.addressing, house.doorkeeper, house.listening, settings.account_sid, house.work.wake
    )

    def stopping() -> None:
        house.work.stop()
        house.executor.shutdown(wait=True)  # what has been claimed is delivered: a message is claimed only once
        database.close(house.database)

    def started() -> None:
        if settings.person_number is None:
            log.warning("IVR_PERSON_NUMBER is not set: where no flow can be played, callers hear only an apology")
        house.executor.submit(settle, house.control)
        house.work.start()

    background = (house.pushes.run, house.listening.run)
    return Server(create_flask(house), house, door, background, started, stopping)
