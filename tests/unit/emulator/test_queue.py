"""Enqueue: waiting, and every way out of a queue."""

import pytest

from .carriers import NUMBER
from .official import client

QUEUE = '<Enqueue action="/out" waitUrl="/wait" {}>{}</Enqueue><Say>Unreachable.</Say>'


@pytest.fixture
def queue(request) -> str:
    return f"queue-{request.node.name}"[:64]


@pytest.fixture(autouse=True)
def documents(server):
    server.answer("/wait", "<Say>Thank you for waiting.</Say><Pause/>")
    server.answer("/out", "<Say>You left the queue.</Say>")


def results(server, call) -> list[str]:
    return [post.form["QueueResult"] for post in server.to("/out") if post.form["CallSid"] == call.sid]


def test_the_wait_document_is_asked_for_again_and_told_the_place(dial, server, queue):
    call = dial(QUEUE.format("", queue))
    waits = server.waits_for("/wait", 3)
    form = waits[-1].form
    assert form["QueuePosition"] == "1" and form["CurrentQueueSize"] == "1" and form["CallSid"] == call.sid
    assert form["QueueSid"].startswith("QU") and int(form["QueueTime"]) >= 2 and form["MaxQueueSize"] == "1000"


def test_leave_goes_to_the_action(dial, server, queue):
    server.answer("/wait", "<Say>One moment.</Say><Leave/>")
    call = dial(QUEUE.format("", queue))
    call.hears("you left the queue")
    assert results(server, call) == ["leave"]


def test_without_an_action_the_next_verb_follows(dial, server, queue):
    server.answer("/wait", "<Leave/>")
    dial(f'<Enqueue waitUrl="/wait">{queue}</Enqueue><Say>The next verb.</Say>').hears("the next verb")


def test_keys_are_gathered_while_waiting(dial, server, queue):
    server.answer(
        "/wait", '<Gather action="/key" numDigits="1" timeout="60"><Say>Press one for a call back.</Say></Gather>'
    )
    server.answer("/key", "<Leave/>")
    call = dial(QUEUE.format("", queue))
    call.hears("press one")
    call.presses("1")
    call.hears("you left the queue")
    assert server.to("/key")[0].form["Digits"] == "1"


def test_hanging_up_is_told_to_the_action(dial, server, queue):
    call = dial(QUEUE.format("", queue))
    call.hears("thank you")
    call.hangs_up()
    form = server.waits_for("/out")[0].form
    assert (form["QueueResult"], form["CallStatus"]) == ("hangup", "completed")


def test_a_redirect_is_told_to_the_action_and_takes_effect(dial, carrier, server, queue):
    call = dial(QUEUE.format("", queue))
    call.hears("thank you")
    client(carrier).calls(call.sid).update(twiml="<Response><Say>Connecting you.</Say></Response>")
    call.hears("connecting you")
    assert server.waits_for("/out")[0].form["QueueResult"] == "redirected"
    assert all("left the queue" not in entry["text"] for entry in call.heard())


def test_rest_takes_the_first_caller_out(dial, carrier, server, queue):
    first = dial(QUEUE.format("", queue))
    first.hears("thank you")
    second = carrier.dials("+15550124", NUMBER)
    second.hears("thank you")
    rest = client(carrier)
    (found,) = (one for one in rest.queues.list() if one.friendly_name == queue)
    assert found.current_size == 2
    members = rest.queues(found.sid).members.list()
    assert [member.call_sid for member in members] == [first.sid, second.sid]
    server.answer("/next", "<Say>It is your turn.</Say>")
    rest.queues(found.sid).members("Front").update(url=f"{server.url}/next")
    first.hears("your turn")


def test_a_full_queue_is_told_to_the_action(dial, carrier, server, queue):
    first = dial(QUEUE.format('maxQueueSize="1"', queue))
    first.hears("thank you")
    second = carrier.dials("+15550124", NUMBER)
    second.hears("you left the queue")
    assert results(server, second) == ["queue-full"]


def test_dialling_the_queue_connects_the_first_caller(dial, carrier, server, queue):
    call = dial(QUEUE.format("", queue))
    call.hears("thank you")
    server.answer("/start", f'<Dial action="/done"><Queue url="/whisper">{queue}</Queue></Dial>')
    server.answer("/whisper", "<Say>You will now be connected.</Say>")
    agent = carrier.dials("+15550125", NUMBER)
    call.hears("now be connected")
    agent.is_connected()
    whisper = server.to("/whisper")[0].form
    assert whisper["CallSid"] == call.sid and whisper["DequeingCallSid"] == agent.sid
    agent.hangs_up()
    call.hears("you left the queue")
    assert results(server, call) == ["bridged"]


def test_a_broken_wait_document_is_an_error_for_the_action(dial, server, queue):
    server.answer("/wait", "<Say>never closed")
    call = dial(QUEUE.format("", queue))
    call.hears("you left the queue")
    assert results(server, call) == ["error"]
