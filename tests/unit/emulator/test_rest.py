"""The official client against the emulator."""

import pytest
from twilio.base.exceptions import TwilioRestException

from .carriers import CALLER, NUMBER
from .official import client

AGENT = "+15550177"


@pytest.fixture
def rest(carrier):
    return client(carrier)


def refused(work, status: int, code: int):
    with pytest.raises(TwilioRestException) as error:
        work()
    assert (error.value.status, error.value.code) == (status, code)


def test_a_call_is_made_answered_and_reported(rest, carrier, server):
    server.answer("/out", "<Say>This is your bank.</Say>")
    carrier.phone(AGENT)
    made = rest.calls.create(
        to=AGENT,
        from_=NUMBER,
        url=f"{server.url}/out",
        status_callback=f"{server.url}/progress",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert made.status == "queued" and made.direction == "outbound-api"
    carrier.call(made.sid).hears("this is your bank")
    posts = server.waits_for("/progress", 4)
    by_number = sorted(posts, key=lambda post: int(post.form["SequenceNumber"]))
    assert [post.form["CallStatus"] for post in by_number] == ["initiated", "ringing", "in-progress", "completed"]
    assert all(post.form["CallbackSource"] == "call-progress-events" and post.signed for post in posts)
    assert rest.calls(made.sid).fetch().status == "completed"
    assert server.to("/out")[0].form["CallStatus"] == "in-progress"


@pytest.mark.parametrize(("phone", "status"), [({"busy": True}, "busy"), ({"answers": False}, "no-answer")])
def test_a_phone_that_does_not_answer(rest, carrier, server, phone, status):
    carrier.phone("+15550166", **phone)
    made = rest.calls.create(to="+15550166", from_=NUMBER, twiml="<Response/>", timeout=5)
    assert carrier.call(made.sid).waits_until() == status


def test_a_live_call_is_redirected_and_ended(rest, dial, server):
    call = dial("<Say>Waiting.</Say><Pause length='60'/>")
    call.hears("waiting")
    rest.calls(call.sid).update(twiml="<Response><Say>New words.</Say><Pause length='60'/></Response>")
    call.hears("new words")
    ended = rest.calls(call.sid).update(status="completed")
    assert ended.status == "completed"
    refused(lambda: rest.calls(call.sid).update(url=f"{server.url}/start"), 400, 21220)


def test_callbacks_and_fallback_can_be_set_on_a_live_call(rest, dial, server):
    call = dial("<Gather action='/broken' numDigits='1'/>")
    server.answer("/broken", "<Say>never closed")
    server.answer("/safe", "<Say>You reached the safe place.</Say>")
    rest.calls(call.sid).update(fallback_url=f"{server.url}/safe", status_callback=f"{server.url}/mine")
    call.presses("1")
    call.hears("safe place")
    assert server.waits_for("/mine")[0].form["CallStatus"] == "completed"
    assert server.to("/status") == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"to": "5550177"}, 21211),
        ({"from_": "nobody"}, 21212),
        ({"from_": "+15559999"}, 21210),
        ({"twiml": "x" * 4001}, 32018),
        ({"url": "ftp://example.com"}, 21205),
    ],
)
def test_wrong_requests_are_refused_with_twilios_codes(rest, asked, code):
    refused(lambda: rest.calls.create(**({"to": AGENT, "from_": NUMBER, "twiml": "<Response/>"} | asked)), 400, code)


def test_a_wrong_token_and_an_unknown_call(rest, carrier):
    refused(lambda: client(carrier, token="wrong").calls("CA" + "0" * 32).fetch(), 401, 20003)
    refused(lambda: rest.calls("CA" + "0" * 32).fetch(), 404, 20404)


def test_twiml_given_inline_needs_absolute_actions(rest, carrier):
    carrier.phone(AGENT)
    made = rest.calls.create(
        to=AGENT, from_=NUMBER, twiml='<Response><Gather action="/relative"><Say>Hi.</Say></Gather></Response>'
    )
    carrier.call(made.sid).hears("application error")
    assert 15004 in {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == made.sid}


def test_messages_are_kept_and_their_progress_is_reported(rest, carrier, server):
    sent = rest.messages.create(to=CALLER, from_=NUMBER, body="Your link", status_callback=f"{server.url}/sms")
    posts = server.waits_for("/sms", 3)
    assert sorted(post.form["MessageStatus"] for post in posts) == ["delivered", "queued", "sent"]
    assert carrier.messages(CALLER)[-1]["body"] == "Your link"
    assert sent.sid in {message.sid for message in rest.messages.list(to=CALLER)}
    assert rest.messages(sent.sid).fetch().status == "delivered"
    refused(lambda: rest.messages.create(to=CALLER, from_="+15559999", body="x"), 400, 21606)


def test_a_number_is_found_and_pointed_elsewhere(rest, carrier, server):
    (number,) = rest.incoming_phone_numbers.list(phone_number="+15550101")
    number.update(voice_url=f"{server.url}/other", status_callback=f"{server.url}/other-status")
    server.answer("/other", "<Say>The other flow.</Say>")
    try:
        carrier.dials(CALLER, "+15550101").hears("the other flow")
        server.waits_for("/other-status")
    finally:
        number.update(voice_url=f"{server.url}/start", status_callback="")
    assert rest.incoming_phone_numbers(number.sid).fetch().voice_url == f"{server.url}/start"


def test_lists_are_paged(rest, dial):
    for _ in range(3):
        dial("<Hangup/>").waits_until("completed")
    assert len({call.sid for call in rest.calls.list(limit=3, page_size=2)}) == 3
