"""Servers under test and what stands around them: signed requests, a REST side that can hold, refuse and wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import httpx
from twilio.request_validator import RequestValidator

from ivr.people import import_contacts
from ivr.settings import new_key
from ivr.store.database import Database, close, open_database, upgrade
from tests.wire.system import ROOT, Serving

ACCOUNT, TOKEN, LINE, ALICE = "AC" + "0" * 31 + "1", "t0ken", "+15005550006", "+447700900101"
PUBLIC = "http://ivr.test"  # all servers stand behind one address; only signatures know it
NO_MODEL = "none-for-this-test"


@dataclass
class Asked:
    """One request to the carrier's REST side."""

    kind: str  # message | find | dial | watch | redirect | hang_up
    form: dict[str, str]
    path: str


@dataclass
class RestDouble:
    """The carrier's REST side. What is in ``hold_before`` never gets an answer and is not done; what is in
    ``hold_after`` is done and never gets one; ``refuse`` answers with these statuses first."""

    asked: list[Asked] = field(default_factory=list)
    done: list[Asked] = field(default_factory=list)
    hold_before: set[str] = field(default_factory=set)
    hold_after: set[str] = field(default_factory=set)
    refuse: dict[str, list[int]] = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def of(self, kind: str, done: bool = False) -> list[Asked]:
        return [one for one in (self.done if done else self.asked) if one.kind == kind]

    def take(self, method: str, path: str, form: dict[str, str]) -> tuple[int, dict] | None:
        asked = Asked(_kind(method, path, form), form, path)
        self.asked.append(asked)
        if self.refuse.get(asked.kind):
            status = self.refuse[asked.kind].pop(0)
            return status, {"code": 20000 + status, "message": "refused by the test", "status": status}
        if asked.kind in self.hold_before:
            self.released.wait(60)
            return None
        self.done.append(asked)
        if asked.kind in self.hold_after:
            self.released.wait(60)
            return None
        if asked.kind == "find":
            sent = [self._message(n, one.form) for n, one in enumerate(self.of("message", done=True))]
            messages = [message for message in sent if message["to"] == form["To"]]
            return 200, {"messages": messages, "page": 0, "page_size": 50, "next_page_uri": None, "uri": path}
        if asked.kind == "message":
            return 201, self._message(len(self.of("message", done=True)) - 1, form)
        sid = path.rpartition("/")[2].removesuffix(".json")
        return 200, {"sid": sid if sid.startswith("CA") else f"CA{len(self.done):032x}", "status": "in-progress"}

    @staticmethod
    def _message(number: int, form: dict[str, str]) -> dict:
        return {"sid": f"SM{number:032x}", "to": form["To"], "body": form["Body"], "status": "queued"}


def _kind(method: str, path: str, form: dict[str, str]) -> str:
    if "/Messages" in path:
        return "find" if method == "GET" else "message"
    if path.endswith("/Calls.json"):
        return "dial"
    if form.get("Status") == "completed":
        return "hang_up"
    return "redirect" if "Url" in form else "watch"


@contextmanager
def rest_double() -> Iterator[RestDouble]:
    double = RestDouble()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[0] for name, values in parse_qs(body or parts.query).items()}
            answer = double.take(self.command, parts.path, form)
            if answer is None:
                self.close_connection = True
                return
            text = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield double
    finally:
        double.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Doubled:
    servers: list[Serving]
    rest: RestDouble
    database: Database
    path: Path

    def url(self, server: int = 0) -> str:
        return f"http://127.0.0.1:{self.servers[server].port}"

    def rows(self, sql: str, *parameters: object) -> list[tuple]:
        """Straight from the file, past our own code."""
        connection = self.database.engine.raw_connection()
        try:
            return connection.driver_connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def later(self, seconds: int) -> None:
        """The leases of whoever died are over: time that this test does not wait."""

        def age(transaction) -> None:
            transaction._connection.execute("UPDATE requests SET lease_until = lease_until - ?", (seconds * 1_000_000,))

        self.database.turnstile.run(age)


@contextmanager
def serving(directory: Path, processes: int = 1, model: str = NO_MODEL) -> Iterator[Doubled]:
    url = f"sqlite:///{directory / 'duet.db'}"
    with ExitStack() as stack:
        rest = stack.enter_context(rest_double())
        database = open_database(url)
        stack.callback(close, database)
        upgrade(database)
        import_contacts(database, ROOT / "flows" / "contacts.csv")
        environment = {
            "IVR_PUBLIC_URL": PUBLIC, "IVR_DATABASE_URL": url, "IVR_FLOWS": str(ROOT / "flows"),
            "IVR_SECRET_KEY": new_key(), "IVR_VOICEPRINT_KEY": new_key(), "IVR_TWILIO_ACCOUNT_SID": ACCOUNT,
            "IVR_TWILIO_AUTH_TOKEN": TOKEN, "IVR_TWILIO_API_BASE": rest.url, "IVR_TWILIO_NUMBER": LINE,
            "IVR_SPEAKER_MODEL": model, "OMP_NUM_THREADS": "1", "IVR_RECEIPTS": str(directory / "receipts.jsonl"),
        }  # fmt: skip
        servers = [Serving(environment, directory / f"serve-{number}.log") for number in range(processes)]
        for server in servers:
            server.start()
            stack.callback(server.stop)
        for server in servers:
            server.wait_until_ready()
        yield Doubled(servers, rest, database, directory)


def signed(url: str, form: dict[str, str]) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, form)}


class Phone:
    """One call of the carrier's; ``at`` is the server that its requests reach."""

    def __init__(self, system: Doubled, sid: str, caller: str = ALICE, at: int = 0) -> None:
        self.system, self.at = system, at
        self.about = {"CallSid": sid, "AccountSid": ACCOUNT, "From": caller, "To": LINE, "CallStatus": "ringing"}
        self.text = ""

    def post(self, url: str, at: int | None = None, token: str = "", **more: str) -> httpx.Response:
        target = url.removeprefix(PUBLIC)
        form = self.about | more
        headers = signed(PUBLIC + target, form) | ({"I-Twilio-Idempotency-Token": token} if token else {})
        server = self.system.url(self.at if at is None else at)
        return httpx.post(server + target, data=form, headers=headers, timeout=60, trust_env=False)

    def asks(self, url: str, **more: str) -> Phone:
        response = self.post(url, **more)
        assert response.status_code == 200, response.status_code
        self.text = response.text
        return self

    def dials(self) -> Phone:
        return self.asks("/voice/bank")

    def presses(self, keys: str) -> Phone:
        return self.asks(self.action, Digits=keys)

    @property
    def action(self) -> str:
        return action_of(self.text)

    @property
    def call(self) -> str:
        return self.system.rows("SELECT call FROM calls WHERE carrier_call = ?", self.about["CallSid"])[0][0]

    @property
    def revision(self) -> int:
        return self.system.rows("SELECT revision FROM calls WHERE carrier_call = ?", self.about["CallSid"])[0][0]

    def hears(self, text: str) -> None:
        assert text in self.text, self.text


def action_of(document: str) -> str:
    root = ElementTree.fromstring(document)
    return next(one.attrib["action"] for one in root if "action" in one.attrib)


def turn_of(document: str) -> int:
    return int(action_of(document).split("/voice/c/")[1].split("/")[1])
