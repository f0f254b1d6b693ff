"""Faults by seed: the same draws again, requests that are lost, doubled and overtaken, REST calls that fail."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException

from ivr.emulator.faults import Faults
from ivr.emulator.overrides import RETRY_POLICIES, split_overrides
from ivr.emulator.settings import FaultRates, SettingsError, read_faults, read_number

from .carriers import CALLER, NUMBER, SPEED, start_carrier
from .official import client

EVERYTHING = FaultRates(drop=0.2, delay=0.2, duplicate=0.2, reorder=0.2, http429=0.2, http5xx=0.2)


def draws(seed: int, rates: FaultRates = EVERYTHING) -> list:
    faults = Faults(rates, seed)
    return [(faults.of_webhook(), faults.of_callback(), faults.of_rest_request()) for _ in range(50)]


def test_the_same_seed_gives_the_same_faults():
    assert draws(1) == draws(1) != draws(2)


def test_one_rate_does_not_change_what_another_draws():
    doubled = [one.duplicate for one, _, _ in draws(3, FaultRates(duplicate=0.3))]
    assert doubled == [one.duplicate for one, _, _ in draws(3, FaultRates(duplicate=0.3, drop=0.9, delay=0.9))]


@pytest.fixture
def faulty(_server):
    started = []

    def start(**rates):
        started.append(start_carrier(_server, faults=FaultRates(**rates), seed=7))
        return started[-1]

    yield start
    for carrier in started:
        carrier.stop()


def test_a_doubled_webhook_has_one_token_and_one_effect_for_the_caller(faulty, server):
    server.answer("/start", "<Say>Once.</Say>")
    call = faulty(duplicate=1.0).dials(CALLER, NUMBER)
    call.waits_until("completed")
    first, second = server.waits_for("/start", 2)
    assert first.headers["i-twilio-idempotency-token"] == second.headers["i-twilio-idempotency-token"]
    assert first.form == second.form and first.signed and second.signed
    assert len(call.heard()) == 1
    told = server.waits_for("/status", 2)
    assert {post.form["SequenceNumber"] for post in told} == {"0"}


def test_a_lost_request_is_retried_and_a_lost_answer_leads_to_the_fallback(faulty, server):
    """By default only a failed connection is retried. A lost answer was acted on by the server all the same."""
    server.answer("/start", "<Say>Main.</Say>")
    server.answer("/fallback", "<Say>Main.</Say>")
    carrier = faulty(drop=0.5)
    ends = set()
    for _ in range(8):
        call = carrier.dials(CALLER, NUMBER)
        call.waits_until()
        ends.update(entry["text"] for entry in call.heard())
    assert "Main." in ends and server.to("/fallback")


def test_callbacks_overtake_each_other(faulty, server):
    carrier = faulty(reorder=0.5)
    sent = client(carrier).messages
    for number in range(4):
        sent.create(to=CALLER, from_=NUMBER, body="x", status_callback=f"{server.url}/sms{number}")
    orders = [[post.form["MessageStatus"] for post in server.waits_for(f"/sms{number}", 3)] for number in range(4)]
    assert any(order != ["queued", "sent", "delivered"] for order in orders)


def test_rest_calls_fail_before_and_after_they_took_effect(faulty):
    carrier = faulty(http429=0.3, http5xx=0.5)
    rest, codes = client(carrier), []
    for number in range(30):
        try:
            rest.messages.create(to=CALLER, from_=NUMBER, body=f"message {number}")
        except TwilioRestException as error:
            codes.append((error.status, error.code))
    sent = len(carrier.messages(CALLER))
    assert {(429, 20429), (503, 20503), (500, 20500)} == set(codes)
    assert sent == 30 - codes.count((429, 20429)) - codes.count((503, 20503))


@pytest.mark.parametrize("seed", range(2))
def test_whatever_goes_wrong_every_call_ends(_server, server, seed):
    server.answer(
        "/start",
        '<Gather action="/next" numDigits="1" timeout="60"><Say>Press one.</Say></Gather><Redirect>/start</Redirect>',
    )
    server.answer("/next", "<Say>Thank you.</Say>")
    server.answer("/fallback", "<Say>Sorry.</Say>")
    rates = FaultRates(drop=0.2, delay=0.3, duplicate=0.3, reorder=0.3)
    with start_carrier(_server, faults=rates, seed=seed, speed=SPEED * 2) as carrier:
        calls = [carrier.dials(CALLER, NUMBER) for _ in range(5)]
        for call in calls:
            call.presses("1")
        for call in calls:
            assert call.waits_until(within_seconds=20) == "completed"


# Connection overrides and the command line


@given(st.dictionaries(st.sampled_from(["ct", "rt", "tt", "rc", "rp", "sni", "e", "zz"]), st.text(max_size=6)))
def test_overrides_stay_in_their_ranges_whatever_is_written(asked):
    fragment = "&".join(f"{key}={value}" for key, value in asked.items())
    plain, overrides = split_overrides(f"https://example.com/a?b=c#{fragment}")
    assert plain == "https://example.com/a?b=c"
    assert 0 <= overrides.retries <= 5 and overrides.retry_on <= RETRY_POLICIES
    assert 0.1 <= overrides.connect_seconds <= 10 and 0.1 <= overrides.total_seconds <= 15


def test_overrides_are_read():
    _, overrides = split_overrides("https://example.com/#rc=3&rp=5xx,rt&ct=250&tt=9000")
    assert (overrides.retries, overrides.retry_on) == (3, {"5xx", "rt"})
    assert (overrides.connect_seconds, overrides.total_seconds) == (0.25, 9.0)


def test_numbers_and_faults_are_read_from_the_command_line():
    number = read_number("+15550100=http://a/v?x=1,status=http://a/s,fallback=http://a/f")
    assert (number.voice_url, number.status_callback, number.voice_fallback_url) == (
        "http://a/v?x=1",
        "http://a/s",
        "http://a/f",
    )
    assert read_faults("drop=0.02,http429=1") == FaultRates(drop=0.02, http429=1.0)


@pytest.mark.parametrize("text", ["drop=2", "drop=often", "rain=0.1"])
def test_wrong_faults_are_explained(text):
    with pytest.raises(SettingsError, match="--faults"):
        read_faults(text)


@pytest.mark.parametrize("text", ["+15550100", "+15550100=http://a,state=http://b"])
def test_wrong_numbers_are_explained(text):
    with pytest.raises(SettingsError, match="--number"):
        read_number(text)


def test_a_port_that_is_taken_is_an_error_and_not_a_traceback(capfd):
    from ivr.emulator.__main__ import main

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capfd.readouterr().err
