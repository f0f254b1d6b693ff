"""The short set at speed 1, where durations on the wall are Twilio's."""

import time

import pytest

from .carriers import CALLER, NUMBER, start_carrier
from .official import client
from .streams import StreamServer, frames


@pytest.fixture(scope="module")
def slow(_server):
    with start_carrier(_server, speed=1) as carrier:
        yield carrier


def test_a_gather_takes_its_prompt_and_its_timeout(slow, server):
    server.answer("/start", '<Gather timeout="1" action="/x"><Say>One two three.</Say></Gather><Say>Over.</Say>')
    call = slow.dials(CALLER, NUMBER)
    call.hears("over")
    prompt, over = (entry["at_seconds"] for entry in call.heard())
    # 15 characters a second and the timeout, by the carrier's clock; a busy machine is later, but not by the default's 5 s.
    assert 14 / 15 + 1.0 - 0.01 <= over - prompt < 14 / 15 + 5.0


def test_frames_come_every_20_ms(slow, server):
    with StreamServer() as streams:
        server.answer("/start", f'<Start><Stream url="{streams.url}"/></Start><Pause length="2"/>')
        slow.dials(CALLER, NUMBER)
        messages = streams.waits_for_stop()
    assert len(frames(messages)) == pytest.approx(100, abs=25)


def test_a_call_cancelled_while_queued_is_never_reported(slow, server):
    """Calls made by REST are dialled at one a second, so the second one waits."""
    rest = client(slow)
    rest.calls.create(to="+15550199", from_=NUMBER, twiml="<Response/>", timeout=1)
    made = rest.calls.create(
        to="+15550177",
        from_=NUMBER,
        twiml="<Response/>",
        status_callback=f"{server.url}/never",
        status_callback_event=["initiated", "ringing", "completed"],
    )
    rest.calls(made.sid).update(status="canceled")
    assert slow.call(made.sid).waits_until() == "canceled"
    time.sleep(1.2)  # long enough for the second call to have been dialled
    assert server.to("/never") == []
