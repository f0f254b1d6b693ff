"""How the carrier asks for documents, and what it does when it gets none."""

import socket
import time

import pytest

from .carriers import CALLER, NUMBER, PLAIN_NUMBER
from .official import client
from .scripted import Reply


def codes(carrier, call) -> set[int]:
    return {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == call.sid}


@pytest.fixture
def point(carrier, server):
    """Points NUMBER at another URL for one call."""
    (number,) = client(carrier).incoming_phone_numbers.list(phone_number=NUMBER)

    def place(url: str):
        number.update(voice_url=url)
        return carrier.dials(CALLER, NUMBER)

    yield place
    number.update(voice_url=f"{server.url}/start")


BROKEN = [
    (Reply(status=500), 11200),
    (Reply("<Response><Say>"), 12100),
    (Reply("<Answer/>"), 12102),
    (Reply(""), 11770),
    (Reply("<Response/>", content_type=None), 12300),
    (Reply("{}", content_type="application/json"), 12300),
    (Reply(f"<Response>{' ' * 65_536}</Response>"), 11750),
]


@pytest.mark.parametrize(("reply", "code"), BROKEN)
def test_a_broken_document_leads_to_the_fallback(dial, carrier, server, reply, code):
    server.answer("/fallback", "<Say>Please hold for a person.</Say>")
    call = dial(reply)
    call.hears("hold for a person")
    form = server.to("/fallback")[0].form
    assert (form["ErrorCode"], form["ErrorUrl"]) == (str(code), f"{server.url}/start")
    assert code in codes(carrier, call)


def test_without_a_fallback_the_caller_hears_an_apology(dial):
    call = dial(Reply(status=500), to=PLAIN_NUMBER)
    call.hears("application error")
    assert call.waits_until() == "completed"


def test_a_broken_fallback_is_not_tried_again(dial, server):
    server.answer("/fallback", Reply(status=500))
    dial(Reply(status=500)).hears("application error")
    assert len(server.to("/fallback")) == 1


def test_a_broken_action_leads_to_the_fallback_too(dial, server):
    server.answer("/action", Reply(status=500))
    server.answer("/fallback", "<Say>Safe.</Say>")
    call = dial('<Gather action="/action" numDigits="1" timeout="60"/>')
    call.presses("1")
    call.hears("safe")
    assert server.to("/fallback")[0].form["ErrorUrl"] == f"{server.url}/action"


def test_redirects_are_followed_ten_times_and_no_more(dial, carrier, server):
    server.answer("/loop", Reply(status=302, headers={"Location": "/loop"}))
    call = dial(Reply(status=302, headers={"Location": "/loop"}), to=PLAIN_NUMBER)
    call.hears("application error")
    assert 11215 in codes(carrier, call)
    assert len(server.to("/loop")) == 10


def test_relative_urls_resolve_where_the_document_was_found(dial, server):
    server.answer("/deep/down", "<Redirect>next</Redirect>")
    server.answer("/deep/next", "<Say>Arrived.</Say>")
    dial(Reply(status=307, headers={"Location": "/deep/down"})).hears("arrived")


def test_cookies_are_kept_for_the_call_and_only_for_it(dial, server):
    server.answer("/next", "<Hangup/>")
    first = Reply("<Response><Redirect>/next</Redirect></Response>", headers={"Set-Cookie": "visit=one; Path=/"})
    dial(first).waits_until("completed")
    assert server.to("/next")[0].headers["cookie"] == "visit=one"
    dial("<Hangup/>").waits_until("completed")
    assert all("cookie" not in request.headers for request in server.to("/start"))


def test_get_carries_its_parameters_in_a_signed_query(dial, server):
    server.answer("/next", "<Hangup/>")
    call = dial('<Gather action="/next?old=1%202" method="GET" numDigits="1" timeout="60"/>')
    call.presses("3")
    request = server.waits_for("/next")[0]
    assert request.signed and request.form["Digits"] == "3" and request.query.startswith("old=1%202&")


def test_the_fragment_is_neither_requested_nor_signed_and_is_obeyed(point, server):
    server.answer("/flaky", Reply(status=503), Reply(status=503), "<Say>Third time lucky.</Say>")
    point(f"{server.url}/flaky#rc=2&rp=5xx").hears("third time lucky")
    requests = server.to("/flaky")
    assert len(requests) == 3 and all(request.signed for request in requests)
    assert len({request.headers["i-twilio-idempotency-token"] for request in requests}) == 1


def test_by_default_an_error_status_is_not_retried(dial, server):
    server.answer("/fallback", "<Say>Safe.</Say>")
    dial(Reply(status=503), "<Say>Never.</Say>").hears("safe")
    assert len(server.to("/start")) == 1


def test_a_refused_connection_is_an_error_with_its_code(point, carrier, server):
    server.answer("/fallback", "<Say>Safe.</Say>")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        call = point(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    call.hears("safe")
    assert codes(carrier, call) == {11205}


def test_the_limit_for_an_answer_is_real_time_and_can_be_lowered(point, server):
    server.answer("/fallback", "<Say>Safe.</Say>")
    server.answer("/slow", Reply("<Response/>", wait_seconds=3))
    begun = time.monotonic()
    point(f"{server.url}/slow#tt=500").hears("safe")
    assert 0.5 <= time.monotonic() - begun < 2.5
    assert server.to("/fallback")[0].form["ErrorCode"] == "11205"


def test_host_names_with_underscores_are_refused(point, carrier, server):
    server.answer("/fallback", "<Say>Safe.</Say>")
    call = point("http://my_host.example.com/voice")
    call.hears("safe")
    assert codes(carrier, call) == {11100}


def test_user_and_password_in_the_url_are_sent_as_basic_authentication(point, server):
    server.answer("/private", "<Hangup/>")
    point(f"{server.url.replace('://', '://duet:secret@')}/private").waits_until("completed")
    request = server.to("/private")[0]
    assert request.headers["authorization"] == "Basic ZHVldDpzZWNyZXQ=" and request.signed


def test_plain_text_is_read_aloud_and_plain_twiml_is_obeyed(dial):
    dial(Reply("Welcome to the bank.", content_type="text/plain")).hears("welcome to the bank")
    dial(Reply("<Response><Say>Obeyed.</Say></Response>", content_type="text/plain")).hears("obeyed")


def test_an_unknown_verb_is_a_warning_and_the_call_goes_on(dial, carrier):
    call = dial("<Sing>La</Sing><Say>Spoken.</Say>")
    call.hears("spoken")
    assert codes(carrier, call) == {12200}


def test_a_verb_that_is_not_offered_leads_to_the_fallback(dial, server):
    server.answer("/fallback", "<Say>Safe.</Say>")
    dial("<Pay/>").hears("safe")
    dial('<Connect><Stream url="wss://example.com/s"/></Connect>').hears("safe")
