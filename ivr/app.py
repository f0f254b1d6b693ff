"""The one place where things are wired."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, partial

import msgspec
from flask import Flask

from ivr import calls, codes
from ivr.authentication import Secrets, pages, verdicts
from ivr.authentication.held import Held, held
from ivr.authentication.joining import Joining
from ivr.authentication.listening import Listening
from ivr.authentication.signin import OPS_SKILL, SignIns
from ivr.calls import Services, facts_on_file
from ivr.carriers.addresses import Addressing
from ivr.carriers.base import Control
from ivr.dispatch import Dispatch, Pop, Promises
from ivr.errors import SettingsError
from ivr.flow.definition import Flow
from ivr.flow.events import Requested, Said
from ivr.flow.inputs import Answer, By, Input
from ivr.flow.loader import load_bundle
from ivr.flow.media import MEDIA
from ivr.flow.session import Session, Turn
from ivr.flow.sharing import agent_of
from ivr.settings import Settings
from ivr.speech import Espeak, speaks, unspoken
from ivr.store import agents, bundles, database, sessions
from ivr.store.agents import AgentState
from ivr.visual.hearing import Hearing
from ivr.visual.screen import Live
from ivr.web import doors, site
from ivr.web.agents import agents_blueprint
from ivr.web.coview import coview_blueprint
from ivr.web.desk import desk_blueprint
from ivr.web.joining import join_blueprint
from ivr.web.media import media_blueprint
from ivr.web.ops import ops_blueprint
from ivr.web.prompts import prompts_blueprint
from ivr.web.pushes import Pushes
from ivr.web.security import Doorkeeper
from ivr.web.serving import Server
from ivr.web.signin import signin_blueprint
from ivr.web.stream import StreamDoor
from ivr.web.tryout import try_blueprint
from ivr.web.visual import page_blueprint
from ivr.web.voice import voice_blueprint
from ivr.work import Work

log = logging.getLogger(__name__)
WORKERS = 8  # threads for REST calls and for saving answers of the voice process


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_store(settings: Settings) -> database.Database:
    db = database.open_database(settings.database_url)
    database.upgrade(db)
    return db


def publish(db: database.Database, settings: Settings, *, at_start: bool = False) -> dict[str, str]:
    """Check the flow files and make them live for new calls. Raises FlowMistakes: a flow with a mistake never starts.

    ``at_start``: a flow that was rolled back from these very files stays so, or a restart would undo the rollback.
    Returns the bundle of each flow.
    """
    bundle = load_bundle(settings.flows)
    for warning in bundle.warnings:
        log.warning("%s", warning)
    for warning in unspoken(bundle.flows.values()):
        log.warning("%s", warning)
    bundles.store_bundle(db, bundle.hash, bundle.files)
    for flow in bundle.flows:
        if at_start and bundles.rolled_back_from(db, flow) == bundle.hash:
            log.warning(
                "flow '%s' stays rolled back; 'ivr flow publish %s' makes the files live again", flow, settings.flows
            )
        elif bundles.published(db, flow) != bundle.hash:
            bundles.publish(db, flow, bundle.hash, utc_now())
    return {flow: bundle.hash for flow in bundle.flows}


def twilio_control(settings: Settings) -> Control:
    from ivr.carriers.twilio.control import TwilioControl  # the SDK takes a while to import

    return TwilioControl(settings.account_sid, settings.auth_token, settings.number, settings.api_base)


class LateControl:
    """The carrier's REST client, made at its first use: a webhook must not wait for the SDK's import."""

    def __init__(self, make: Callable[[], Control]) -> None:
        self._make = make

    @cached_property
    def _control(self) -> Control:
        return self._make()

    def warm(self) -> None:
        """Import behind the first webhooks, not before them."""
        self._control  # noqa: B018

    def __getattr__(self, name: str) -> object:
        return getattr(self._control, name)


def settle(control: Control | LateControl) -> None:
    """What is left of starting, behind the first webhooks. Modules and flows live as long as the process: the garbage
    collector need not walk through them, which would hold a webhook up for a tenth of a second now and then."""
    if isinstance(control, LateControl):
        control.warm()
    gc.freeze()


class House:
    """Everything of one ``ivr serve``; implements ``web.doors.Services`` for the pages."""

    def __init__(self, settings: Settings, control: Control | None = None) -> None:
        self.settings = settings
        self.database = open_store(settings)
        self.clock = utc_now
        self.executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery")
        self.pushes = Pushes(self._numbers)
        self._bumps: dict[str, int] = {}
        self.synthesiser = Espeak()
        self.calls = Services(
            self.database, utc_now, facts_on_file, self._changed, partial(speaks, self.synthesiser),
            code_key=codes.key_from(settings.secret_key),
        )  # fmt: skip
        self.addressing = Addressing(
            settings.public_url, settings.secret_key, settings.account_sid, self.synthesiser.languages
        )
        self.joining = Joining(self.calls, self.addressing, settings.number)
        self.doorkeeper = Doorkeeper(settings.public_url, settings.auth_token.encode(), settings.secret_key)
        self.control = control or LateControl(partial(twilio_control, settings))
        environment = {
            "IVR_VOICEPRINT_KEY": settings.voiceprint_key,
            "IVR_VOICEPRINT_KEY_OLD": settings.voiceprint_key_old,
            "IVR_SPEAKER_MODEL": settings.speaker_model,
            "IVR_SPEAKER_ACCELERATOR": str(int(settings.speaker_accelerator)),
            "IVR_RECEIPTS": str(settings.receipts),
            "IVR_RECEIPT_KEY": settings.receipt_key,
        }
        self.listening = Listening(environment, self.executor, partial(verdicts.answered, self.calls))
        self.queue = Dispatch(self.calls, self.control, self.addressing, self.executor, self._desk_changed, self._wake)
        self.promises = Promises(self.calls, self._desks_changed)
        self.work = Work(
            self.calls, self.control, self.addressing, self.executor,
            others=(
                partial(verdicts.ask, self.calls, self.listening, settings.try_mode),
                partial(verdicts.let_go, self.calls, self.listening),
                self.queue.look,
            ),
        )  # fmt: skip
        self.secrets = Secrets()
        self.dispatch = Desk(self)
        self.trying: doors.Trying | None = None

    def _wake(self) -> None:
        self.work.wake()

    def _changed(self, turn: Turn) -> None:
        self.pushes.publish(turn.session.call, turn.session.revision)
        self._bump(doors.LOG)
        agent = agent_of(turn.session)
        if agent is not None:  # whose desk shows the caller's page
            self._desk_changed(agent)
        if any(isinstance(event, Requested) for event in turn.events) or turn.session.ended:
            self.work.wake()

    def _desk_changed(self, agent: str) -> None:
        self._bump(doors.agent_topic(agent))

    def _desks_changed(self) -> None:
        for agent in agents.all_agents(self.database):
            self._desk_changed(agent.name)

    def _bump(self, topic: str) -> None:
        self._bumps[topic] = self._bumps.get(topic, 0) + 1
        if self.pushes.watched(topic):  # else nobody needs the number, which has to be read
            self.pushes.publish(topic, self._numbers((topic,))[topic])

    def _numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        """What ``pushes`` compares: a call's revision; the log's newest id; for a desk, whatever moves it."""
        newest = sessions.newest_log_id(self.database) if any(self._moves_with_log(t) for t in topics) else 0
        found = dict(sessions.revisions(self.database, [t for t in topics if not self._moves_with_log(t)]))
        for topic in topics:
            if topic == doors.LOG:
                found[topic] = newest
            elif self._moves_with_log(topic):
                found[topic] = newest + self._bumps.get(topic, 0)
        return found

    @staticmethod
    def _moves_with_log(topic: str) -> bool:
        return topic == doors.LOG or topic.startswith("agent:")

    def readiness(self) -> tuple[str, bool]:
        """Calls can be taken once a flow is published; verdicts need the model too, and say so here."""
        flows = bundles.published_flows(self.database)
        model = self.listening.model
        voice = "loading" if model is None else model.problem or model.model_name
        return f"flows: {', '.join(sorted(flows)) or 'none'}\nvoice: {voice}\n", bool(flows)

    # -- web.doors.Services ---------------------------------------------------------------------------------------

    def session(self, call: str) -> Session | None:
        return sessions.load(self.database, call)

    def flow_of(self, session: Session) -> Flow:
        return calls.flow_of(self.calls, session)

    def live(self, session: Session) -> Live:
        place = self.queue.place(session)
        name = agent_of(session)
        agent = self.dispatch.display(name) if name else ""
        if place is None:
            heard = self.listening.heard(session.call)
            hearing = Hearing(heard.net_speech_seconds, heard.needed_seconds, heard.matched) if heard else None
            return Live(agent=agent, hearing=hearing)
        return Live(
            place=place.position, waited_seconds=place.waited_seconds, estimate_minutes=place.estimate_minutes,
            agent=agent,
        )  # fmt: skip

    def said(self, call: str, turn: int) -> tuple[str, ...]:
        return tuple(event.text for event in self.prompts(call, turn))

    def prompts(self, call: str, turn: int) -> tuple[Said, ...]:
        events = sessions.events_of_turn(self.database, call, turn)
        return tuple(event for event in events if isinstance(event, Said))

    def media(self, session: Session, file: str) -> bytes | None:
        return bundles.bundle_file(self.database, session.bundle, f"{MEDIA}/{file}")

    def take_turn(self, call: str, input: Input) -> Turn:
        return calls.take_turn(self.calls, call, input)

    def answer_at(self, call: str, turn: int) -> Answer | None:
        taken = (row.input for row in sessions.log(self.database, call) if isinstance(row.input, Answer))
        return next((one for one in taken if one.turn == turn), None)

    def secret_answer(self, call: str, turn: int, digits: str, by: By) -> Turn:
        return self.secrets.answer(self.calls, call, turn, digits, by)

    def link_alive(self, token: str) -> bool:
        return pages.is_alive(self.calls, self.addressing, token)

    def open_link(
        self, token: str, digits: str, now: datetime, earlier_cookie: str = ""
    ) -> pages.Opened | pages.LinkRefused:
        return pages.open_link(self.calls, self.addressing, token, digits, now, earlier_cookie)

    def held(self, session: Session) -> Held | None:
        return held(self.calls, session)

    def link_asks_digits(self, token: str) -> bool:
        return pages.asks_digits(self.addressing, token)

    def link_opened_by(self, token: str, cookie: str) -> bool:
        return pages.is_opened_by(self.calls, token, cookie)

    def page_is_veiled(self, cookie: str) -> bool:
        return pages.is_veiled(self.calls, cookie)

    def call_of_page(self, cookie: str) -> str | None:
        return pages.call_of(self.calls, cookie)

    def live_calls(self) -> Sequence[doors.LiveCall]:
        rows = sessions.live_calls(self.database, limit=200)
        return [
            doors.LiveCall(
                call=session.call, caller=session.caller, flow=session.flow, step=session.step, level=session.level,
                turn=session.turn, revision=session.revision, since=since, page_open=session.page.opened,
                waiting_for=msgspec.to_builtins(session.waiting_for)["type"] if session.waiting_for else "end",
            )
            for session, since in rows
        ]  # fmt: skip

    def log(self, after: int, limit: int) -> Sequence[doors.LogLine]:
        rows = sessions.recent_log(self.database, max(after, sessions.newest_log_id(self.database) - limit), limit)
        callers: dict[str, str] = {}
        for row in rows:
            if row.call not in callers:
                session = sessions.load(self.database, row.call)
                callers[row.call] = session.caller if session else ""
        return [
            doors.LogLine(row.id, row.at, row.call, callers[row.call], row.turn, row.revision, row.input, row.events)
            for row in rows
        ]


class Desk:
    """Implements ``web.doors.Dispatch``: the queue's functions for whoever is signed in."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._queue = house.queue
        self.sign_ins = SignIns(house.calls)

    def signin(self, name: str, password: str, now: datetime) -> str | None:
        return self.sign_ins.sign_in(name, password, now)

    def signin_by_ticket(self, ticket: str, now: datetime) -> str | None:
        return self.sign_ins.sign_in_by_ticket(ticket, now) if self._house.settings.try_mode else None

    def signout(self, cookie: str) -> None:
        agent = self.sign_ins.agent_of(cookie)
        self.sign_ins.sign_out(cookie)
        if agent is not None:
            self._queue.set_state(agent.name, AgentState.OFFLINE)

    def agent_of(self, cookie: str) -> doors.Agent | None:
        agent = self.sign_ins.agent_of(cookie)
        if agent is None:
            return None
        role = doors.Role.OPS if OPS_SKILL in agent.skills else doors.Role.AGENT
        return doors.Agent(name=agent.name, display=agent.display, role=role, state=agent.state)

    def display(self, name: str) -> str:
        agent = self.sign_ins.by_name(name)
        return agent.display if agent else ""

    def set_state(self, agent: doors.Agent, state: AgentState) -> None:
        self._queue.set_state(agent.name, state)

    def pop(self, agent: doors.Agent) -> Pop | None:
        return self._queue.pop(agent.name)

    def seen(self, reservation: str) -> None:
        self._queue.seen(reservation)

    def accept(self, agent: doors.Agent, reservation: str) -> None:
        self._queue.accept(agent.name, reservation)

    def finish(self, agent: doors.Agent, reservation: str, disposition: str, note: str) -> None:
        self._queue.finish(agent.name, reservation, disposition, note)


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
