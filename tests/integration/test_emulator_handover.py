"""A caller is handed to an agent the way a server does it, on a good line and on a bad one."""

import sys
import time
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from emulator.carriers import CALLER, NUMBER, start_carrier
from emulator.official import client
from emulator.scripted import Reply, ScriptedServer

from ivr.emulator.settings import FaultRates

AGENT, ROOM = "+15550177", "handover-7f3a"
BAD_LINE = FaultRates(delay=0.3, duplicate=0.5, reorder=0.5, http429=0.3)


def reply(response: VoiceResponse) -> Reply:
    return Reply(str(response))


@pytest.fixture(params=[FaultRates(), BAD_LINE], ids=["good line", "bad line"])
def stage(request):
    server = ScriptedServer()
    with start_carrier(server, faults=request.param, seed=11) as carrier:
        yield carrier, server
    server.close()


def patiently(work):
    """429 was not processed, so it is safe to ask again."""
    while True:
        try:
            return work()
        except TwilioRestException as error:
            assert error.code == 20429
            time.sleep(0.05)


def write_flow(server: ScriptedServer) -> None:
    start = VoiceResponse()
    menu = Gather(action="/menu", num_digits=1, timeout=30)
    menu.say("Press nine for a person.")
    start.append(menu)
    server.answer("/start", reply(start))

    waiting = VoiceResponse()
    waiting.enqueue("support", action="/left", wait_url="/wait")
    server.answer("/menu", reply(waiting))

    music = VoiceResponse()
    music.say("You are next.")
    music.pause(5)
    server.answer("/wait", reply(music))

    talk = VoiceResponse()
    dial = Dial(action="/after")
    dial.conference(ROOM, wait_url="", beep=False)
    talk.append(dial)
    server.answer("/talk", reply(talk))

    join = VoiceResponse()
    leg = Dial()
    leg.conference(ROOM, wait_url="", beep=False, end_conference_on_exit=True)
    join.append(leg)
    server.answer("/agent", reply(join))

    goodbye = VoiceResponse()
    goodbye.say("Thank you for calling.")
    server.answer("/after", reply(goodbye))


def test_the_caller_waits_talks_and_comes_back(stage):
    carrier, server = stage
    write_flow(server)
    carrier.phone(AGENT)
    rest = client(carrier)

    call = carrier.dials(CALLER, NUMBER)
    call.hears("press nine")
    call.presses("9")
    call.hears("you are next")

    made = patiently(lambda: rest.calls.create(to=AGENT, from_=NUMBER, url=f"{server.url}/agent"))
    agent = carrier.call(made.sid)
    agent.waits_until("in-progress")
    server.waits_for("/agent")
    patiently(lambda: rest.calls(call.sid).update(url=f"{server.url}/talk"))

    assert [mate.sid for mate in call.is_connected()] == [agent.sid]
    call.says("Hello, is this a person?", wait_seconds=0)
    agent.hears("is this a person")
    agent.says("It is.", wait_seconds=0)
    call.hears("it is")
    agent.hangs_up()

    call.hears("thank you for calling")
    assert call.waits_until() == "completed"
    assert server.waits_for("/left")[0].form["QueueResult"] == "redirected"
    after = server.to("/after")[0].form
    assert after["DialCallStatus"] == "answered" and "DialCallSid" not in after
    statuses = [post.form["CallStatus"] for post in server.waits_for("/status")]
    assert set(statuses) == {"completed"}
    assert all(request.signed for request in server.requests)
