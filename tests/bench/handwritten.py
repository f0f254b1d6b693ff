"""What one would write by hand: Flask, the carrier's SDK and an ORM; one menu, session and event saved in one commit.

The yardstick of ``turn.py``. Written as the three libraries' own documentation does it, with the durability that Duet
has: WAL, synchronous=FULL, BEGIN IMMEDIATE (without it parallel calls fail with "database is locked").
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, Response, abort, request
from sqlalchemy import JSON, DateTime, ForeignKey, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

MENU = "For opening hours, press 1. For branches, press 2. To speak to a person, press 0."
ANSWERS = {
    "1": "We are open from nine to five, Monday to Friday.",
    "2": "Our branches are in Riverside, Hill Street and Old Town.",
}


class Base(DeclarativeBase):
    pass


class CallSession(Base):
    __tablename__ = "call_sessions"

    call_sid: Mapped[str] = mapped_column(primary_key=True)
    caller: Mapped[str]
    line: Mapped[str]
    step: Mapped[str]
    turn: Mapped[int]
    attempts: Mapped[int]
    state: Mapped[dict] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CallEvent(Base):
    __tablename__ = "call_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(ForeignKey("call_sessions.call_sid"), index=True)
    turn: Mapped[int]
    kind: Mapped[str]
    body: Mapped[dict] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    call: Mapped[CallSession] = relationship()


def create_app(database_url: str, auth_token: str, public_url: str) -> Flask:
    app = Flask(__name__)
    validator = RequestValidator(auth_token)
    make_session = sessionmaker(_engine(database_url))

    @app.before_request
    def signed() -> None:
        url = public_url + request.full_path.rstrip("?")
        if not validator.validate(url, request.form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)

    @app.post("/voice/menu")
    def begin() -> Response:
        with make_session.begin() as session:
            call = CallSession(
                call_sid=request.form["CallSid"], caller=request.form["From"], line=request.form["To"], step="main",
                turn=1, attempts=0, state={"choices": []}, updated_at=datetime.now(UTC),
            )  # fmt: skip
            session.add(call)
            _record(session, call, "started", {})
            return _draw(call, MENU)

    @app.post("/voice/menu/answer")
    def answer() -> Response:
        digits = request.form.get("Digits", "")
        with make_session.begin() as session:
            call = session.get_one(CallSession, request.form["CallSid"])
            if int(request.args["turn"]) != call.turn:
                return _draw(call, MENU)
            call.turn += 1
            call.updated_at = datetime.now(UTC)
            if digits in ANSWERS:
                call.attempts = 0
                call.state = {"choices": [*call.state["choices"], digits]}
                said = f"{ANSWERS[digits]} {MENU}"
            else:
                call.attempts += 1
                said = f"That is not one of the choices. {MENU}"
            _record(session, call, "answered", {"digits": digits, "said": said})
            return _draw(call, said)

    return app


def _engine(database_url: str):
    engine = create_engine(database_url, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    Base.metadata.create_all(engine)
    return engine


def _record(session: Session, call: CallSession, kind: str, body: dict) -> None:
    session.add(CallEvent(call=call, turn=call.turn, kind=kind, body=body, at=datetime.now(UTC)))


def _draw(call: CallSession, said: str) -> Response:
    response = VoiceResponse()
    gather = Gather(
        input="dtmf",
        num_digits=1,
        timeout=5,
        action=f"/voice/menu/answer?turn={call.turn}",
        action_on_empty_result=True,
    )
    gather.say(said, language="en-GB")
    response.append(gather)
    return Response(str(response), mimetype="text/xml")
