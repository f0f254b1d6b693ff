"""Conferences: who hears whom, when they start and end, and what is told to whom."""

import time

import pytest

from .carriers import CALLER, NUMBER, SPEED
from .official import client

AGENT = "+15550155"
ROOM = '<Dial action="/after"><Conference {}>{}</Conference></Dial>'


@pytest.fixture
def room(request) -> str:
    return f"room-{request.node.name}"


@pytest.fixture(autouse=True)
def after(carrier, server):
    server.answer("/after", "<Say>Back in the flow.</Say>")
    carrier.phone(AGENT)


def invite(carrier, room: str, attributes: str = ""):
    """The agent's leg, as a server places it."""
    twiml = f"<Response><Dial><Conference {attributes}>{room}</Conference></Dial></Response>"
    return carrier.call(client(carrier).calls.create(to=AGENT, from_=NUMBER, twiml=twiml).sid)


def test_two_hear_each_other_and_the_agents_exit_returns_the_caller(dial, carrier, server, room):
    agent = invite(carrier, room, 'endConferenceOnExit="true" waitUrl=""')
    agent.waits_until("in-progress")
    call = dial(ROOM.format("", room))
    assert [mate.sid for mate in call.is_connected()] == [agent.sid]
    call.says("Hello?", wait_seconds=0)
    agent.hears("hello?")
    agent.hangs_up()
    call.hears("back in the flow")
    form = server.to("/after")[0].form
    assert form["DialCallStatus"] == "answered"
    assert not {"DialCallSid", "DialCallDuration"} & set(form)


def test_the_wait_document_is_asked_for_once(dial, server, room):
    server.answer("/wait", "<Say>Please wait.</Say>")
    call = dial(ROOM.format('waitUrl="/wait"', room))
    call.hears("please wait")
    time.sleep(10 / SPEED)  # a queue would have asked several times by now
    assert len(server.to("/wait")) == 1


def test_a_room_starts_only_with_somebody_who_may_start_it(dial, carrier, room):
    first = dial(ROOM.format('startConferenceOnEnter="false" waitUrl=""', room))
    second = carrier.dials("+15550124", NUMBER)
    second.waits_until("in-progress")
    assert first.state["mates"] == []
    agent = invite(carrier, room, 'waitUrl="" beep="false"')
    assert {mate.sid for mate in agent.is_connected()} == {first.sid, second.sid}


def test_the_first_participant_fixes_the_callbacks(dial, carrier, server, room):
    events = 'statusCallbackEvent="start end join leave mute" waitUrl=""'
    call = dial(ROOM.format(f'statusCallback="/first" {events}', room))
    call.waits_until("in-progress")
    server.waits_for("/first")
    agent = invite(carrier, room, f'statusCallback="{server.url}/second" {events} endConferenceOnExit="true"')
    agent.is_connected()
    agent.hangs_up()
    call.hears("back in the flow")
    posts = sorted(server.waits_for("/first", 6), key=lambda post: int(post.form["SequenceNumber"]))
    told = [post.form["StatusCallbackEvent"] for post in posts]
    assert told[:3] == ["participant-join", "participant-join", "conference-start"]
    assert sorted(told[3:]) == ["conference-end", "participant-leave", "participant-leave"]
    end = next(post.form for post in posts if post.form["StatusCallbackEvent"] == "conference-end")
    assert end["CallSidEndingConference"] == agent.sid
    assert server.to("/second") == []


def test_rest_mutes_holds_and_removes(dial, carrier, room):
    agent = invite(carrier, room, 'waitUrl=""')
    agent.waits_until("in-progress")
    call = dial(ROOM.format('waitUrl="" participantLabel="caller"', room))
    call.is_connected()
    rest = client(carrier)
    (conference,) = rest.conferences.list(friendly_name=room, status="in-progress")
    caller = rest.conferences(conference.sid).participants("caller")
    assert caller.update(muted=True).muted and call.state["mates"] == []
    assert not caller.update(muted=False).muted
    call.is_connected()
    assert caller.update(hold=True).hold
    assert [one.call_sid for one in rest.conferences(conference.sid).participants.list(hold=True)] == [call.sid]
    assert caller.delete()
    call.hears("back in the flow")
    assert [one.call_sid for one in rest.conferences(conference.sid).participants.list()] == [agent.sid]
    assert rest.conferences(conference.sid).update(status="completed").status == "completed"


def test_rest_calls_somebody_into_a_room(dial, carrier, room):
    call = dial(ROOM.format('waitUrl=""', room))
    call.waits_until("in-progress")
    rest = client(carrier)
    (conference,) = rest.conferences.list(friendly_name=room)
    invited = rest.conferences(conference.sid).participants.create(from_=NUMBER, to=AGENT, label="agent", beep="false")
    assert [mate.sid for mate in call.is_connected()] == [invited.call_sid]


def test_a_redirect_takes_a_caller_out_of_the_room(dial, carrier, room):
    agent = invite(carrier, room, 'waitUrl=""')
    agent.waits_until("in-progress")
    call = dial(ROOM.format('waitUrl=""', room))
    call.is_connected()
    client(carrier).calls(call.sid).update(twiml="<Response><Say>Elsewhere.</Say></Response>")
    call.hears("elsewhere")
    assert agent.state["mates"] == []


def test_a_label_is_unique_in_its_room(dial, carrier, room):
    first = dial(ROOM.format('participantLabel="caller" waitUrl=""', room))
    first.waits_until("in-progress")
    first.hears("beep")
    second = carrier.dials(CALLER, NUMBER)
    second.waits_until("completed")
    assert 16025 in {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == second.sid}
