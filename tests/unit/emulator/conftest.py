"""A fast carrier and a scripted server, shared by the tests of this directory."""

import pytest

from .carriers import CALLER, NUMBER, start_carrier
from .scripted import ScriptedServer


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
