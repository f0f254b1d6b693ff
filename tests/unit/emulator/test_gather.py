"""Gather: its timers, keys and words, as a caller meets them."""

import time

import pytest

from .carriers import CALLER, LATE, NUMBER, SPEED, start_carrier
from .official import client
from .scripted import Reply

ASK = '<Gather action="/choice" {}><Say>Enter your number.</Say></Gather>'


def gather(attributes: str = "", then: str = "<Say>Nothing was entered.</Say>") -> str:
    return ASK.format(attributes) + then


def test_timeout_counts_from_the_end_of_the_prompts(dial):
    long = "This prompt is long enough to last for well over ten seconds. " * 10
    call = dial(f'<Gather timeout="2" action="/choice"><Say>{long}</Say></Gather><Say>Too late.</Say>')
    call.hears("too late")
    begun, late = call.heard()
    prompt = 0.3 + len(long.strip()) / 15
    assert late["at_seconds"] - begun["at_seconds"] == pytest.approx(prompt + 2, abs=LATE)
    assert not begun["interrupted"]


def test_a_key_stops_the_prompt(dial, server):
    call = dial(
        f'<Gather numDigits="1" action="/choice" timeout="60"><Say>{"A long list of choices. " * 20}</Say></Gather>'
    )
    call.hears("a long list")
    call.presses("7")
    server.waits_for("/choice")
    assert call.heard()[0]["interrupted"]


def test_keys_are_submitted_when_the_timeout_passes_after_the_last_one(dial, server):
    call = dial(gather('timeout="8"'))
    call.presses("12")
    assert server.waits_for("/choice")[0].form["Digits"] == "12"


def test_the_finishing_key_submits_and_is_not_a_digit(dial, server):
    call = dial(gather('timeout="60"'))
    call.presses("123#")
    assert server.waits_for("/choice")[0].form["Digits"] == "123"


def test_the_finishing_key_first_means_nothing_was_entered(dial, server):
    call = dial(gather('timeout="60"'))
    call.presses("#")
    call.hears("nothing was entered")
    assert server.to("/choice") == []


def test_an_empty_result_is_posted_only_on_request(dial, server):
    dial(gather('actionOnEmptyResult="true" timeout="1"'))
    form = server.waits_for("/choice")[0].form
    assert "Digits" not in form and "SpeechResult" not in form


def test_without_a_finishing_key_everything_is_a_digit(dial, server):
    call = dial(gather('finishOnKey="" timeout="8"'))
    call.presses("1#*")
    assert server.waits_for("/choice")[0].form["Digits"] == "1#*"


def test_without_an_action_the_document_is_asked_again(dial, server):
    call = dial('<Gather numDigits="1" timeout="60"><Say>First time.</Say></Gather>', "<Say>Second time.</Say>")
    call.presses("4")
    call.hears("second time")
    assert [request.form.get("Digits") for request in server.to("/start")] == [None, "4"]


def test_a_redirected_action_has_lost_its_digits(dial, server):
    server.answer("/choice", Reply(status=302, headers={"Location": "/moved"}))
    server.answer("/moved", "<Say>You were moved.</Say>")
    call = dial(gather('numDigits="1" timeout="60"'))
    call.presses("5")
    call.hears("moved")
    assert server.to("/choice")[0].form["Digits"] == "5"
    moved = server.to("/moved")[0]
    assert moved.method == "GET" and moved.signed and "Digits" not in moved.form and moved.form["CallSid"] == call.sid


def test_keys_pressed_while_nobody_listens_are_lost(dial, server):
    call = dial("<Say>Please listen to this whole sentence first.</Say>" + gather('timeout="1"'))
    call.hears("please listen")
    assert call.presses("9", wait_seconds=0) is False
    call.hears("nothing was entered")


def test_words_arrive_when_their_sound_is_over(dial, server):
    call = dial(gather('input="speech" speechTimeout="auto" timeout="60"'))
    call.hears("enter")
    begun = time.monotonic()
    call.says("my balance please", audio=b"\x55" * 8000 * 4, confidence=0.75)
    form = server.waits_for("/choice")[0].form
    assert form["SpeechResult"] == "my balance please" and form["Confidence"] == "0.75"
    assert (time.monotonic() - begun) * SPEED >= 4


def test_confidence_may_be_missing(dial, server):
    call = dial(gather('input="speech" speechTimeout="1" timeout="60"'))
    call.says("yes", confidence=None)
    assert "Confidence" not in server.waits_for("/choice")[0].form


@pytest.mark.parametrize(("first", "posted"), [("keys", "Digits"), ("words", "SpeechResult")])
def test_with_both_inputs_the_first_one_wins(dial, server, first, posted):
    call = dial(gather('input="dtmf speech" timeout="10"'))
    call.hears("enter")
    if first == "keys":
        call.presses("4")
        call.says("hello")
    else:
        call.says("hello")
        call.presses("4", wait_seconds=0)
    form = server.waits_for("/choice")[0].form
    assert {"Digits", "SpeechResult"} & set(form) == {posted}


def test_words_do_not_reach_a_gather_for_keys(dial):
    call = dial(gather('timeout="1"'))
    call.says("hello")
    call.hears("nothing was entered")


def test_partial_results_are_posted_aside(dial, server):
    call = dial(gather('input="speech" speechTimeout="1" partialResultCallback="/partial" timeout="60"'))
    call.says("my balance")
    assert server.waits_for("/partial")[0].form["UnstableSpeechResult"] == "my balance"


def test_unreadable_timers_are_reported_and_replaced(dial, carrier):
    call = dial(gather('timeout="soon" numDigits="0" finishOnKey="12"'))
    call.hears("nothing was entered")
    codes = {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == call.sid}
    assert codes == {13313, 13314, 13310}


@pytest.fixture(scope="module", params=["posts", "silent"])
def mode(request, _server):
    """Whether an interrupted Gather posts its action is not documented: both are possible on the real carrier."""
    with start_carrier(_server, interrupted_gather=request.param) as carrier:
        yield request.param, carrier


@pytest.mark.parametrize("pending", ["", "12"])
def test_a_redirect_takes_effect_at_once_and_the_action_is_posted_or_not(mode, server, pending):
    name, carrier = mode
    server.answer("/start", '<Gather action="/choice" timeout="60"><Say>A long menu begins here.</Say></Gather>')
    server.answer("/choice", "<Say>The old menu answered.</Say>")
    server.answer("/elsewhere", "<Say>You are elsewhere.</Say><Pause length='2'/>")
    call = carrier.dials(CALLER, NUMBER)
    call.hears("long menu")
    if pending:
        call.presses(pending)
    client(carrier).calls(call.sid).update(url=f"{server.url}/elsewhere")
    call.hears("elsewhere")
    call.waits_until("completed")
    assert all("old menu" not in entry["text"] for entry in call.heard())
    posts = server.to("/choice")
    if name == "silent":
        assert posts == []
    else:
        assert [post.form.get("Digits") for post in posts] == [pending or None]
