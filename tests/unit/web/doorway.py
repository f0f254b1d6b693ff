"""The webhooks as the carrier meets them: signed forms in, TwiML out; behind them the real house on a real database."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator

from ivr import app
from ivr.carriers.base import CarrierFault
from ivr.flow.session import Session
from ivr.people import import_contacts
from ivr.settings import Settings
from ivr.store import database, sessions

ROOT = Path(__file__).parents[3]
TOKEN = "12345"
PUBLIC = "https://ivr.example.com"
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
ACCOUNT = "AC" + "0" * 32
ALICE_PHONE, LINE = "+447700900101", "+15005550006"


class AtOnce(Executor):
    """Runs what is submitted before it returns, so that a test sees what came of it."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, function, /, *arguments, **named) -> Future:
        future: Future = Future()
        future.set_result(function(*arguments, **named))
        return future


class Control:
    """The carrier's REST side: notes what it is asked; ``faults`` are raised, one for each request, first."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.messages: dict[tuple[str, str], str] = {}
        self.faults: list[CarrierFault] = []
        self.ended = False

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.faults:
            raise self.faults.pop(0)

    def of(self, kind: str) -> list[tuple]:
        return [one for one in self.asked if one[0] == kind]

    def redirect(self, carrier_call: str, url: str) -> None:
        self._note("redirect", carrier_call, url)

    def watch(self, carrier_call: str, status_url: str, fallback_url: str) -> None:
        self._note("watch", carrier_call, status_url, fallback_url)

    def send_message(self, to: str, text: str, status_url: str) -> str:
        self._note("message", to, text)
        self.messages[to, text] = f"SM{len(self.messages):032x}"
        return self.messages[to, text]

    def find_message(self, to: str, text: str) -> str | None:
        self.asked.append(("find", to, text))
        return self.messages.get((to, text))

    def dial(self, to: str, url: str, status_url: str) -> str:
        self._note("dial", to, url)
        return f"CA{len(self.asked):032x}"

    def hang_up(self, carrier_call: str) -> None:
        self._note("hang_up", carrier_call)

    def has_ended(self, carrier_call: str) -> bool:
        self.asked.append(("ended", carrier_call))
        return self.ended


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Carrier:
    """Signs and posts as Twilio does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def post(self, url: str, sign: bool = True, headers: dict | None = None, **parameters: str):
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = dict(headers or {})
        if sign:
            headers["X-Twilio-Signature"] = RequestValidator(TOKEN).compute_signature(PUBLIC + path, parameters)
        return self.client.post(path, data=parameters, headers=headers)


class Phone:
    """A call as the carrier sees it: the document it is playing and where that leads."""

    def __init__(self, carrier: Carrier, sid: str = "CA" + "1" * 32, caller: str = ALICE_PHONE) -> None:
        self.carrier = carrier
        self.about = {
            "CallSid": sid,
            "AccountSid": "AC" + "0" * 32,
            "From": caller,
            "To": LINE,
            "CallStatus": "ringing",
        }
        self.text = ""
        self.document = ElementTree.Element("Response")

    def dials(self, flow: str = "bank") -> Phone:
        return self.asks(f"/voice/{flow}")

    def asks(self, url: str, **more: str) -> Phone:
        response = self.carrier.post(url, **self.about, **more)
        assert response.status_code == 200, response.status
        assert response.content_type.startswith("text/xml")
        self.text = response.text
        self.document = ElementTree.fromstring(response.data)
        return self

    @property
    def action(self) -> str:
        element = next(one for one in self.document if one.tag in ("Gather", "Enqueue", "Dial"))
        return element.attrib["action"]

    def presses(self, keys: str, **more: str) -> Phone:
        return self.asks(self.action, Digits=keys, **more)

    def is_silent(self) -> Phone:
        return self.asks(self.action)

    def hears(self, text: str) -> None:
        said = [element.text or "" for element in self.document.iter("Say")]
        assert any(text in one for one in said), f"{text!r} is not among {said}"

    @property
    def verbs(self) -> list[str]:
        return [element.tag for element in self.document]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the contacts of the example flow: hashing their PINs takes a while."""
    path = tmp_path_factory.mktemp("filled") / "duet.db"
    db = database.open_database(f"sqlite:///{path}")
    database.upgrade(db)
    import_contacts(db, ROOT / "flows" / "contacts.csv")
    database.close(db)
    return path


@pytest.fixture
def settings(tmp_path: Path, filled: Path) -> Settings:
    (tmp_path / "duet.db").write_bytes(filled.read_bytes())
    return Settings(
        public_url=PUBLIC, database_url=f"sqlite:///{tmp_path}/duet.db", flows=ROOT / "flows" / "bank.yaml",
        account_sid=ACCOUNT, auth_token=TOKEN, secret_key=b"s" * 32, voiceprint_key=KEY, number=LINE,
    )  # fmt: skip


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(settings: Settings, control: Control, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[app.House]:
    monkeypatch.setattr("ivr.app.house.ThreadPoolExecutor", AtOnce)
    for place in ("house", "publishing"):
        monkeypatch.setattr(f"ivr.app.{place}.utc_now", clock)
    house = app.House(settings, control)
    app.publish(house.database, settings)
    yield house
    database.close(house.database)


@pytest.fixture
def carrier(house: app.House) -> Carrier:
    return Carrier(client_of(house))


@pytest.fixture
def phone(carrier: Carrier) -> Phone:
    return Phone(carrier)


def session_of(house: app.House, phone: Phone) -> Session:
    return sessions.load(house.database, sessions.call_of(house.database, phone.about["CallSid"]))


def client_of(house: app.House) -> FlaskClient:
    return app.create_flask(house).test_client()
