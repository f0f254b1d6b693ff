"""A fast carrier and a scripted server, shared by the tests of this directory."""

import pytest
from scripted import TOKEN, ScriptedServer

from ivr.emulator.phone import Carrier
from ivr.emulator.settings import NumberSettings

SID = "AC" + "5" * 32
NUMBER, PLAIN_NUMBER, CALLER = "+15550100", "+15550101", "+15550123"
SPEED = 20
LATE = 0.4 * SPEED  # carrier seconds that a busy machine may lose


def start_carrier(server: ScriptedServer, **options) -> Carrier:
    """``NUMBER`` has a status callback and a fallback URL; ``PLAIN_NUMBER`` has neither."""
    full = NumberSettings(NUMBER, f"{server.url}/start", f"{server.url}/status", f"{server.url}/fallback")
    numbers = {NUMBER: full, PLAIN_NUMBER: f"{server.url}/start"}
    return Carrier.start(numbers, **{"speed": SPEED, "account_sid": SID, "auth_token": TOKEN, **options})


@pytest.fixture(scope="session")
def _server():
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def server(_server):
    _server.clear()
    return _server


@pytest.fixture(scope="session")
def _carrier(_server):
    with start_carrier(_server) as carrier:
        yield carrier


@pytest.fixture
def carrier(_carrier):
    """Calls that a test leaves open are hung up, so that they do not talk into the next one."""
    yield _carrier
    for state in _carrier.request("GET", "calls")["calls"]:
        if state["status"] in ("queued", "ringing", "in-progress"):
            _carrier.call(state["sid"]).hangs_up()


@pytest.fixture
def dial(carrier, server):
    """``dial(answers...)``: sets what /start answers and places a call."""

    def place(*answers, to=NUMBER, from_=CALLER):
        server.answer("/start", *answers)
        return carrier.dials(from_, to)

    return place
