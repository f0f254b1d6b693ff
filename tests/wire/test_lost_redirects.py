"""The carrier's REST side fails: whoever should have been fetched by it comes along by themselves."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ivr.carriers.base import CarrierFault
from ivr.carriers.twilio.control import TwilioControl
from ivr.emulator.settings import FaultRates
from tests.wire.system import running


@pytest.mark.parametrize("fault", ["http5xx", "http429"])
def test_a_caller_in_the_queue_is_not_left_there_when_the_redirect_is_lost(tmp_path, fault) -> None:
    with running(tmp_path, speed=20, faults=FaultRates(**{fault: 1.0}), warm=False) as system:
        calls = [system.dials(system.contact().number) for _ in range(4)]
        for call in calls:
            call.hears("For your balance", within_seconds=60)
            assert call.presses("0")
        for call in calls:  # nobody is signed in
            call.hears("nobody is free to take your call", within_seconds=30)
            call.hears("Goodbye", within_seconds=30)
            call.waits_until("completed", within_seconds=30)


def test_a_list_that_does_not_come_leaves_a_message_in_doubt_and_nothing_else() -> None:
    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(CarrierFault) as refused:
            TwilioControl("AC" + "0" * 32, "token", "+15005550006", base).find_message("+447700900101", "text")
        assert refused.value.unknown
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
