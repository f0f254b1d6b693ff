"""The whole system as it is installed: `ivr serve` (one or several) and a carrier, each a process of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from websockets.sync.client import connect

from biometrics import Voiceprint, seal, unseal
from ivr.authentication.passwords import password_hash
from ivr.emulator.phone import Call, Carrier
from ivr.emulator.settings import FaultRates, NumberSettings
from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By
from ivr.people import add_agent
from ivr.settings import new_key
from ivr.store import consents, contacts, sessions, voiceprints
from ivr.store.database import Database, close, open_database, upgrade, write
from ivr.store.instants import to_microseconds
from tests.wire.exchange import Exchange, Exchanged
from tests.wire.voices import Voices

ROOT = Path(__file__).parents[2]
LINE = "+15005550006"
ACCOUNT = "AC" + "0" * 31 + "1"
PIN = "4821"
NO_MODEL = "none-for-this-test"  # the voice process says so and every verdict is INCONCLUSIVE; loads nothing
START_SECONDS = 120.0  # a busy machine imports slowly


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serving:
    """One `ivr serve`: started, stopped, killed and started again on the same port."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "ivr.cli", "serve", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **self._environment}, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False).is_success:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"ivr serve did not start (exit {self._process.poll()}):\n{self.log()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def another(self) -> Serving:
        """One more of the same, on a port of its own."""
        return Serving(self._environment, self._log)

    def kill(self) -> None:
        """As a crash or a lost machine does it: nothing is tidied up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def log(self) -> str:
        return self._log.read_text(errors="replace")


class Webhooks:
    """Which documents the carrier has asked for, call by call, as its event stream tells."""

    def __init__(self, carrier_url: str) -> None:
        self._asked: dict[str, list[tuple[str, dict[str, str]]]] = {}
        self._socket = connect("ws" + carrier_url.removeprefix("http") + "/emulator/events", max_size=None, proxy=None)
        self._thread = threading.Thread(target=self._follow, name="webhooks", daemon=True)
        self._thread.start()

    def of(self, call_sid: str) -> list[tuple[str, dict[str, str]]]:
        return list(self._asked.get(call_sid, ()))

    def close(self) -> None:
        self._socket.close()
        self._thread.join(5)

    def _follow(self) -> None:
        for message in self._socket:
            event = json.loads(message)
            if event["event"] == "webhook":
                self._asked.setdefault(event["call_sid"], []).append((event["url"], event["parameters"]))


@dataclass
class System:
    carrier: Carrier
    exchange: Exchange
    webhooks: Webhooks
    servers: list[Serving]
    database: Database
    speed: float
    voiceprint_key: str = field(repr=False)
    voices: Voices | None = None  # what an enrolled caller sounds like, where a test needs one
    _contacts: Iterator[int] = field(default_factory=lambda: iter(range(1, 90_000)))

    @property
    def url(self) -> str:
        return self.exchange.url

    def replace_killed(self) -> None:
        """Kill the first server; another one is ready to take over, as a supervisor keeps it.

        Requests under way are cut off. A test that waited for a cold start instead would measure how busy the machine
        is: the carrier gives up after 15 s of real time.
        """
        spare = self.servers[0].another()
        self.servers.append(spare)
        spare.start()
        spare.wait_until_ready()
        killed = self.servers.pop(0)
        killed.kill()
        self.exchange.ports = [server.port for server in self.servers]

    def number(self) -> str:
        """A telephone number that nobody has used in this test yet."""
        return f"+4477{next(self._contacts):08d}"

    def contact(
        self, name: str = "Alice Morgan", enrolled: bool = False, voiceprint: Voiceprint | None = None
    ) -> contacts.Contact:
        """Somebody on file, with the PIN ``PIN`` and nobody else's number; with this ``voiceprint``, or ``enrolled``
        with that of ``voices``."""
        number = self.number()
        contact = contacts.Contact(
            id=number.removeprefix("+"), customer_number=number.removeprefix("+44"), name=name, number=number,
            pin_hash=_PIN_HASH, language="en-GB",
            facts={"first_name": name.split()[0], "balance": "1204.50 GBP"},
        )  # fmt: skip
        contacts.add_contact(self.database, contact)
        if enrolled:
            voiceprint = self.voices.print
        if voiceprint is not None:
            self._enrol(contact.id, voiceprint)
        return contact

    def _enrol(self, contact: str, voiceprint: Voiceprint) -> None:
        now = datetime.now(UTC)
        consent = ConsentGiven(contact=contact, version="1", wording="May we?", language="en-GB", by=By.KEYPAD)
        write(self.database, lambda transaction: consents.record(transaction, "earlier", consent, to_microseconds(now)))
        sealed = seal(voiceprint, self._key, contact)
        voiceprints.save_voiceprint(self.database, contact, sealed, voiceprint.model_sha256, now)

    def voiceprint(self, contact: str) -> Voiceprint | None:
        """The print on file, unsealed."""
        found = voiceprints.voiceprint(self.database, contact)
        return unseal(found[0], self._key, contact) if found else None

    @property
    def _key(self) -> bytes:
        return base64.urlsafe_b64decode(self.voiceprint_key)

    def agent(self, name: str, address: str) -> None:
        add_agent(self.database, name, name.title(), PASSWORD, address)

    def dials(self, caller: str) -> Call:
        return self.carrier.dials(caller, LINE)

    def session(self, call: Call):
        """What the database holds of a carrier's call; None before its first turn."""
        ours = sessions.call_of(self.database, call.sid)
        return sessions.load(self.database, ours) if ours else None

    def log(self, call: Call) -> list[sessions.LogRow]:
        ours = sessions.call_of(self.database, call.sid)
        return sessions.log(self.database, ours) if ours else []

    def given(self, call: Call) -> list[Exchanged]:
        """The documents that the phone may be playing now: the answers to what was last asked for it.

        More than one only where the carrier has delivered that request twice.
        """
        asked = [one for one in self.webhooks.of(call.sid) if "/wait?" not in one[0] and "/wait/" not in one[0]]
        if not asked:
            return []
        url, parameters = asked[-1]
        target = url.removeprefix(self.url).partition("#")[0]
        wanted = {name: parameters.get(name) for name in ("Digits", "SpeechResult", "ErrorUrl")}
        same = [
            one for one in self.exchange.exchanged(call.sid)
            if one.target == target and all(one.form.get(name) == value for name, value in wanted.items())
        ]  # fmt: skip
        if not same or same[-1].status is None:
            return []
        token = same[-1].headers.get("i-twilio-idempotency-token")
        return [one for one in same if one.headers.get("i-twilio-idempotency-token") == token and one.status]


PASSWORD = "wire-test-password"
_PIN_HASH = password_hash(PIN)


@contextlib.contextmanager
def running(
    directory: Path,
    speed: float = 30.0,
    processes: int = 1,
    database_url: str = "",
    interrupted_gather: str = "silent",
    faults: FaultRates | None = None,
    speaker_model: str = NO_MODEL,
    seed: int = 0,
    warm: bool = True,
    voices: Voices | None = None,
    flows: Path = ROOT / "flows",
) -> Iterator[System]:
    """Everything is started, and ended by process id at the end of the block. ``warm``: the first call is behind it.

    ``flows``: where bank.yaml lies."""
    database_url = database_url or f"sqlite:///{directory / 'duet.db'}"
    exchange = Exchange()
    with contextlib.ExitStack() as stack:
        stack.callback(exchange.close)
        line = NumberSettings(
            LINE,
            f"{exchange.url}/voice/bank",
            f"{exchange.url}/voice/bank/status",
            f"{exchange.url}/voice/bank/fallback",
        )
        token = new_key()
        carrier = stack.enter_context(
            Carrier.start({LINE: line}, speed, ACCOUNT, token, seed, faults, interrupted_gather)
        )
        environment = {
            "IVR_PUBLIC_URL": exchange.url, "IVR_DATABASE_URL": database_url, "IVR_FLOWS": str(flows),
            "IVR_SECRET_KEY": new_key(), "IVR_VOICEPRINT_KEY": new_key(), "IVR_TWILIO_ACCOUNT_SID": ACCOUNT,
            "IVR_TWILIO_AUTH_TOKEN": token, "IVR_TWILIO_API_BASE": carrier.url, "IVR_TWILIO_NUMBER": LINE,
            "IVR_SPEAKER_MODEL": speaker_model, "OMP_NUM_THREADS": "1", "IVR_RECEIPTS": str(directory / "receipts.jsonl"),
        }  # fmt: skip
        database = open_database(database_url)
        stack.callback(close, database)
        upgrade(database)
        servers = [Serving(environment, directory / f"serve-{number}.log") for number in range(processes)]
        exchange.ports = [server.port for server in servers]
        stack.callback(lambda: [server.stop() for server in servers])
        for server in servers:
            server.start()
        for server in servers:
            server.wait_until_ready()
        webhooks = Webhooks(carrier.url)
        stack.callback(webhooks.close)
        key = environment["IVR_VOICEPRINT_KEY"]
        system = System(carrier, exchange, webhooks, servers, database, speed, key, voices)
        if warm:
            _warm_up(system)
        yield system


def _warm_up(system: System) -> None:
    """One call until its message is there: the servers import the carrier's SDK behind their first webhooks.

    At the clock's pace a caller would long have hung up.
    """
    caller = system.contact().number
    call = system.dials(caller)
    ends = time.monotonic() + START_SECONDS
    while not system.carrier.messages(caller) and time.monotonic() < ends:
        if call.status == "completed":
            call = system.dials(caller)
        time.sleep(0.1)
    call.hangs_up()
