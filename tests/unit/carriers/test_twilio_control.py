"""What is known of a REST request that went wrong: refused, never asked, or perhaps carried out."""

import socket
import threading

import pytest

from ivr.carriers.base import CarrierFault
from ivr.carriers.twilio.control import TwilioControl


def test_a_carrier_that_is_not_there_was_asked_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    control = TwilioControl("AC" + "0" * 32, "token", "+15550100", api_base=nobody)
    with pytest.raises(CarrierFault) as refused:
        control.send_message("+15550123", "hello", "http://127.0.0.1/status")
    assert refused.value.retry and not refused.value.unknown


def test_a_connection_that_is_lost_may_have_carried_the_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        control = TwilioControl("AC" + "0" * 32, "token", "+15550100", api_base=address)

        def take_and_drop() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=take_and_drop)
        thread.start()
        with pytest.raises(CarrierFault) as lost:
            control.send_message("+15550123", "hello", "http://127.0.0.1/status")
        thread.join()
    assert lost.value.unknown
