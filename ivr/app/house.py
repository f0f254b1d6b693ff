"""What the pages ask: everything of one server, put together."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import msgspec

from ivr import calls, codes
from ivr.app.control import LateControl, twilio_control
from ivr.app.desk import Desk
from ivr.app.publishing import open_store, utc_now
from ivr.app.topics import Topics
from ivr.authentication import Secrets, pages, verdicts
from ivr.authentication.held import Held, held
from ivr.authentication.joining import Joining
from ivr.authentication.listening import Listening
from ivr.authentication.signin import SignIns
from ivr.calls import Services, facts_on_file
from ivr.carriers.addresses import Addressing
from ivr.carriers.base import Control
from ivr.dispatch import Dispatch, Promises
from ivr.flow.definition import Flow
from ivr.flow.events import Requested, Said
from ivr.flow.inputs import Answer, By, Input
from ivr.flow.media import MEDIA
from ivr.flow.session import Session, Turn
from ivr.flow.sharing import agent_of
from ivr.settings import Settings
from ivr.speech import Espeak, speaks
from ivr.store import bundles, sessions
from ivr.visual.hearing import Hearing
from ivr.visual.screen import Live
from ivr.web import doors
from ivr.web.security import Doorkeeper
from ivr.work import Work

WORKERS = 8  # threads for REST calls and for saving answers of the voice process


class House:
    """Everything of one ``ivr serve``; implements ``web.doors.Services`` for the pages."""

    def __init__(self, settings: Settings, control: Control | None = None) -> None:
        self.settings = settings
        self.database = open_store(settings)
        self.clock = utc_now
        self.executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery")
        self._topics = Topics(self.database)
        self.pushes = self._topics.pushes
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
        self.listening = Listening(_voice_environment(settings), self.executor, partial(verdicts.answered, self.calls))
        self.queue = Dispatch(
            self.calls, self.control, self.addressing, self.executor, self._topics.desk_changed, self._wake
        )
        self.promises = Promises(self.calls, self._topics.desks_changed)
        self.work = Work(
            self.calls, self.control, self.addressing, self.executor,
            others=(
                partial(verdicts.ask, self.calls, self.listening, settings.try_mode),
                partial(verdicts.let_go, self.calls, self.listening),
                self.queue.look,
            ),
        )  # fmt: skip
        self.secrets = Secrets()
        self.dispatch = Desk(self.queue, SignIns(self.calls), settings.try_mode)
        self.trying: doors.Trying | None = None

    def _wake(self) -> None:
        self.work.wake()

    def _changed(self, turn: Turn) -> None:
        self._topics.turn_taken(turn)
        if any(isinstance(event, Requested) for event in turn.events) or turn.session.ended:
            self.work.wake()

    def readiness(self) -> tuple[str, bool]:
        """Calls can be taken once a flow is published; verdicts need the model too, and say so here."""
        flows = bundles.published_flows(self.database)
        model = self.listening.model
        voice = "loading" if model is None else model.problem or model.model_name
        return f"flows: {', '.join(sorted(flows)) or 'none'}\nvoice: {voice}\n", bool(flows)

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


def _voice_environment(settings: Settings) -> dict[str, str]:
    """What the voice process is told: the keys of the prints, the model, and where receipts go."""
    return {
        "IVR_VOICEPRINT_KEY": settings.voiceprint_key,
        "IVR_VOICEPRINT_KEY_OLD": settings.voiceprint_key_old,
        "IVR_SPEAKER_MODEL": settings.speaker_model,
        "IVR_SPEAKER_ACCELERATOR": str(int(settings.speaker_accelerator)),
        "IVR_RECEIPTS": str(settings.receipts),
        "IVR_RECEIPT_KEY": settings.receipt_key,
    }
