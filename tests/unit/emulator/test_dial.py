"""Dialling other phones: the agent's leg, its whisper, its callbacks, and what the caller's flow is told."""

import pytest

from .carriers import CALLER, NUMBER
from .official import client

AGENT = "+15550144"
DIAL = '<Dial action="/after" timeout="10">{}</Dial><Say>Unreachable.</Say>'


def after(server, call):
    """What the Dial of this call told; an earlier test's call may still be ending."""
    return next(post for post in server.to("/after") if post.form["CallSid"] == call.sid)


@pytest.fixture(autouse=True)
def agent(carrier, server):
    server.answer("/after", "<Say>The agent has left.</Say>")
    carrier.phone(AGENT)


def legs(call, count: int = 1):
    """The dialled legs; they exist when the caller hears the ringing."""
    call.hears("ringing tone")
    found = call.legs()
    assert len(found) == count
    return found


def bridged(call):
    (leg,) = legs(call)
    assert [mate.sid for mate in call.is_connected()] == [leg.sid]
    return leg


def test_the_agent_is_heard_and_the_flow_goes_on_after(dial, server):
    call = dial(DIAL.format(AGENT))
    leg = bridged(call)
    leg.says("This is the agent.", wait_seconds=0)
    call.hears("this is the agent")
    call.says("I need help.", wait_seconds=0)
    leg.hears("i need help")
    leg.hangs_up()
    call.hears("the agent has left")
    form = after(server, call).form
    assert form["DialCallStatus"] == "completed" and form["DialCallSid"] == leg.sid and form["DialBridged"] == "true"
    assert int(form["DialCallDuration"]) >= 0
    assert all("Unreachable" not in entry["text"] for entry in call.heard())


@pytest.mark.parametrize(("behaviour", "status"), [({"busy": True}, "busy"), ({"answers": False}, "no-answer")])
def test_a_leg_that_fails_is_told_to_the_action(dial, carrier, server, behaviour, status):
    carrier.phone(AGENT, **behaviour)
    call = dial(DIAL.format(f"<Number>{AGENT}</Number>"))
    call.hears("the agent has left")
    assert after(server, call).form["DialCallStatus"] == status


def test_without_an_action_the_next_verb_follows(dial, carrier):
    carrier.phone(AGENT, busy=True)
    dial(f"<Dial>{AGENT}</Dial><Say>Nobody is free.</Say>").hears("nobody is free")


def test_progress_of_the_leg_is_reported_with_its_parent(dial, server):
    number = (
        f'<Number statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">{AGENT}</Number>'
    )
    call = dial(DIAL.format(number))
    bridged(call).hangs_up()
    posts = sorted(server.waits_for("/leg", 4), key=lambda post: int(post.form["SequenceNumber"]))
    assert [post.form["CallStatus"] for post in posts] == ["initiated", "ringing", "in-progress", "completed"]
    assert {post.form["ParentCallSid"] for post in posts} == {call.sid}
    assert {post.form["Direction"] for post in posts} == {"outbound-dial"}


def test_the_agent_confirms_with_a_key_before_being_connected(dial, carrier, server):
    carrier.phone(AGENT, presses="1")
    server.answer(
        "/whisper",
        '<Gather action="/accept" numDigits="1" timeout="60"><Say>Press one to accept.</Say></Gather><Hangup/>',
    )
    server.answer("/accept", "<Say>Connecting.</Say>")
    call = dial(DIAL.format(f'<Number url="/whisper">{AGENT}</Number>'))
    (leg,) = legs(call)
    leg.hears("press one")
    leg.hears("connecting")
    call.is_connected()
    whisper = server.to("/whisper")[0]
    assert whisper.form["CallSid"] == leg.sid and whisper.form["ParentCallSid"] == call.sid
    assert server.to("/accept")[0].form["Digits"] == "1"
    assert all("accept" not in entry["text"] for entry in call.heard())


def test_an_agent_who_does_not_confirm_is_never_connected(dial, server):
    server.answer("/whisper", '<Gather numDigits="1" timeout="1"><Say>Press one.</Say></Gather><Hangup/>')
    call = dial(DIAL.format(f'<Number url="/whisper">{AGENT}</Number>'))
    call.hears("the agent has left")
    assert after(server, call).form["DialCallStatus"] != "completed"


def test_the_first_of_several_phones_wins(dial, carrier):
    carrier.phone("+15550145", after_seconds=8)
    call = dial(DIAL.format(f"<Number>+15550145</Number><Number>{AGENT}</Number>"))
    slow, quick = legs(call, 2)
    call.is_connected()
    assert quick.status == "in-progress"
    assert slow.waits_until() == "canceled"


def test_a_browser_is_dialled_as_a_client(dial, carrier):
    carrier.phone("client:ada")
    call = dial(DIAL.format("<Client>ada</Client>"))
    assert bridged(call).state["to"] == "client:ada"


def test_a_caller_who_hangs_up_ends_the_leg_and_the_action_is_told(dial, server):
    call = dial(DIAL.format(AGENT))
    leg = bridged(call)
    call.hangs_up()
    assert leg.waits_until() == "completed"
    assert server.waits_for("/after")[0].form["CallStatus"] == "completed"


def test_a_redirect_takes_the_caller_away_and_tells_the_action_nothing(dial, carrier, server):
    call = dial(DIAL.format(AGENT))
    leg = bridged(call)
    client(carrier).calls(call.sid).update(twiml="<Response><Say>Elsewhere.</Say></Response>")
    call.hears("elsewhere")
    assert leg.waits_until() == "completed"
    assert server.to("/after") == []


def test_a_redirected_agent_leaves_the_caller_to_the_flow(dial, carrier, server):
    call = dial(DIAL.format(AGENT))
    leg = bridged(call)
    client(carrier).calls(leg.sid).update(twiml="<Response><Say>Your next task.</Say><Pause length='60'/></Response>")
    leg.hears("your next task")
    call.hears("the agent has left")
    assert leg.status == "in-progress"


def test_the_star_key_and_the_time_limit_end_the_conversation(dial, carrier, server):
    call = dial(f'<Dial hangupOnStar="true" action="/after">{AGENT}</Dial>')
    bridged(call)
    call.presses("*", wait_seconds=0)
    call.hears("the agent has left")
    dial(f'<Dial timeLimit="2" action="/after">{AGENT}</Dial>').hears("the agent has left")


def test_answer_on_bridge_keeps_the_caller_ringing(dial, carrier):
    carrier.phone(AGENT, after_seconds=5)
    call = dial(f'<Dial answerOnBridge="true">{AGENT}</Dial>')
    call.hears("ringing tone")
    assert call.status == "ringing"
    call.is_connected()
    assert call.status == "in-progress"


def test_a_phone_that_rings_can_be_answered_by_hand(dial, carrier):
    call = dial(DIAL.format("+15550199"))
    (leg,) = legs(call)
    leg.waits_until("ringing")
    leg.answers()
    call.is_connected()


def test_caller_id_can_be_set(dial):
    call = dial(f'<Dial callerId="{NUMBER}">{AGENT}</Dial>')
    assert bridged(call).state["from"] == NUMBER
    other = dial(f"<Dial>{AGENT}</Dial>")
    assert bridged(other).state["from"] == CALLER
