"""The carrier's webhooks: a call by keys, late and doubled requests, the waiting room, faults."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from doorway import PUBLIC, AtOnce, Carrier, Clock, Control, Phone, client_of, session_of
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from ivr import app
from ivr.app import House
from ivr.authentication.passwords import password_hash
from ivr.carriers.base import CarrierFault
from ivr.flow.inputs import (
    AgentConnected,
    AgentReserved,
    By,
    CallerHungUp,
    Digits,
    LinkOpened,
    NobodyAvailable,
    StreamStarted,
)
from ivr.flow.waits import AwaitAgent, TalkingToAgent
from ivr.store import agents, bundles, database, requests, sessions, tables
from ivr.store.agents import Agent, AgentState
from ivr.store.errors import StoreError
from ivr.store.statements import Statement
from ivr.web import voice

TRACES = ("Traceback", "ivr/", "Error(", ".py")


def request_of(house: House, phone: Phone, kind: str) -> requests.Request:
    return next(one for one in requests.requests_of(house.database, session_of(house, phone).call) if one.kind == kind)


def happens(house: House, phone: Phone, input):
    return house.take_turn(session_of(house, phone).call, input)


def proves_page(house: House, phone: Phone) -> None:
    message = request_of(house, phone, "message_requested")
    happens(house, phone, LinkOpened(id="link:1", request=message.request))


# -- a call ------------------------------------------------------------------------------------------------------------


def test_a_call_by_keys_to_the_balance(house: House, phone: Phone) -> None:
    phone.dials().hears("Welcome to Riverside Bank")
    proves_page(house, phone)
    phone.presses("1").hears("key in your PIN")
    assert "/secret?" in phone.action
    phone.presses("4821").hears("Your balance is")
    phone.presses("2").hears("Goodbye")
    assert phone.verbs[-1] == "Hangup"


def test_a_key_that_ends_the_call_is_no_fault(house: House, phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    phone.dials()
    proves_page(house, phone)
    phone.presses("1").presses("4821").presses("2").hears("Goodbye")
    assert session_of(house, phone).ended == "flow_finished"
    assert [entry.message for entry in caplog.records if entry.levelname == "ERROR"] == []


def test_the_prompt_before_the_last_words_is_not_gone_while_the_phone_may_play_it(
    house: House, phone: Phone, carrier: Carrier
) -> None:
    phone.dials().presses("0")
    before = session_of(house, phone)
    request = request_of(house, phone, "agent_requested").request
    happens(house, phone, NobodyAvailable(id=request, reason="nobody_signed_in"))
    assert session_of(house, phone).ended == "flow_finished"

    def status(turn: int) -> int:
        mac = house.addressing.mac(f"prompt {before.call}/{turn}/0")
        return carrier.client.get(f"/voice/c/{before.call}/{turn}/prompt/0?s={mac}").status_code

    assert status(before.turn) in (200, 503), "503: no espeak-ng is installed"
    assert status(before.turn - 1) == 410


def test_neither_pin_nor_reply_can_be_read_in_the_database(phone: Phone, tmp_path: Path) -> None:
    phone.dials()
    action = phone.action
    phone.asks(action, Digits="3")
    reply = phone.text
    phone.presses("1")
    phone.asks(phone.document.find("Gather").attrib["action"], Digits="1").presses("93827465")
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("duet.db*"))
    assert b"93827465" not in kept
    assert b"<Response>" not in kept
    assert b"<Say" not in kept
    assert "<Response>" in reply


def test_keys_before_the_end_of_the_prompt_do_not_skip_what_must_be_heard(house: House, carrier: Carrier) -> None:
    phone = Phone(carrier).dials()
    first = phone.document.find("Gather")
    outside = [element for element in phone.document if element.tag == "Say"]
    assert first.find("Say") is not None
    assert all("press" not in (element.text or "") for element in outside)


def test_a_hold_polls_and_is_drawn_fresh(house: House, phone: Phone) -> None:
    phone.dials().presses("1").hears("First I need to be sure")
    first = phone.action
    assert first.endswith("&p=1")
    phone.is_silent()
    assert phone.document.find(".//Say") is None, "the prompt is not said again at every look"
    assert phone.action.endswith("&p=2")
    phone.asks(phone.action).asks(phone.action).is_silent()
    assert phone.document.find(".//Say") is not None, "a reminder now and then"
    proves_page(house, phone)
    phone.asks(first).hears("PIN")


def test_the_initial_request_twice_is_one_call(house: House, phone: Phone) -> None:
    first = phone.dials().text
    assert phone.dials().text == first
    phone.presses("3")
    assert phone.dials().text != first, "late, it is shown the present"
    assert len(sessions.live_calls(house.database, 10)) == 1


def test_a_doubled_answer_is_one_and_hears_the_same(house: House, phone: Phone) -> None:
    action = phone.dials().action
    first = phone.asks(action, Digits="3").text
    before = session_of(house, phone)
    assert phone.asks(action, Digits="3").text == first
    assert session_of(house, phone) == before


def test_a_late_duplicate_hears_the_present(house: House, phone: Phone) -> None:
    action = phone.dials().action
    first = phone.asks(action, Digits="3").text
    now = phone.presses("3").text
    assert phone.asks(action, Digits="3").text == now != first


def test_an_answer_that_a_tap_has_overtaken_hears_the_present(house: House, phone: Phone) -> None:
    phone.dials()
    session = session_of(house, phone)
    assert house.take_turn(session.call, Digits(turn=session.turn, keys="1", by=By.TAP)).accepted
    phone.presses("3").hears("First I need to be sure")


def test_the_idempotency_token_makes_requests_different(house: House, phone: Phone, carrier: Carrier) -> None:
    action = phone.dials().action
    answers = [
        carrier.post(action, headers={"I-Twilio-Idempotency-Token": token}, **phone.about, Digits="3").text
        for token in ("a", "a", "b")
    ]
    assert answers[0] == answers[1] == answers[2], "the same present, remembered or drawn"
    assert session_of(house, phone).revision == 2


def test_an_ended_call_leaves_no_replies(house: House, phone: Phone, carrier: Carrier) -> None:
    kept = Statement(select(tables.calls.c.reply))
    phone.dials().presses("3")
    assert len(house.database.rows(kept, {})[0][0]) > 100
    carrier.post("/voice/bank/status", **(phone.about | {"CallStatus": "completed"}))
    assert session_of(house, phone).ended == "caller_hung_up"
    assert house.database.rows(kept, {}) == [(None,)]
    phone.is_silent()
    assert phone.verbs[-1] == "Hangup"


def test_status_callbacks_may_come_twice_early_and_for_nobody(house: House, phone: Phone, carrier: Carrier) -> None:
    nobody = {"CallSid": "CA" + "9" * 32, "CallStatus": "completed"}
    assert carrier.post("/voice/bank/status", **nobody).status_code == 204
    phone.dials()
    for status in ("in-progress", "completed", "completed"):
        assert carrier.post("/voice/bank/status", **(phone.about | {"CallStatus": status})).status_code == 204
    assert session_of(house, phone).ended == "caller_hung_up"


def test_confidence_may_be_missing_or_nonsense(house: House, carrier: Carrier) -> None:
    for n, confidence in enumerate(({}, {"Confidence": "0.91"}, {"Confidence": "very"}, {"Confidence": "nan"})):
        phone = Phone(carrier, sid=f"CA{n:032x}").dials()
        phone.asks(phone.action, SpeechResult="my balance", **confidence).hears("First I need to be sure")


# -- PINs --------------------------------------------------------------------------------------------------------------


def test_a_stream_whose_server_went_with_it_is_ended_by_the_carriers_word(house: House, phone: Phone) -> None:
    phone.dials()
    happens(house, phone, StreamStarted(id="stream:0"))
    assert session_of(house, phone).voice.running
    session = session_of(house, phone)
    ended = house.addressing.of(session).stream_ended.replace("&n=1", "&n=0")
    assert phone.carrier.post(ended, **phone.about, StreamEvent="stream-stopped").status_code == 204
    assert not session_of(house, phone).voice.running


def test_a_stale_pin_is_neither_compared_nor_counted(house: House, phone: Phone) -> None:
    phone.dials()
    proves_page(house, phone)
    action = phone.presses("1").action
    phone.asks(action, Digits="4821").hears("Your balance is")
    for _ in range(10):
        phone.asks(action, Digits="0000").hears("Your balance is")
    other = Phone(phone.carrier, sid="CA" + "2" * 32).dials()
    proves_page(house, other)
    other.presses("1").presses("4821").hears("Your balance is")


def test_wrong_pins_are_counted_across_calls(house: House, carrier: Carrier, clock: Clock) -> None:
    wrong = 0
    for n in range(4):
        phone = Phone(carrier, sid=f"CA{n:032x}").dials()
        proves_page(house, phone)
        phone.presses("1")
        while "/secret?" in phone.action and wrong < 5:
            phone.presses("0001")
            wrong += 1
    phone = Phone(carrier, sid="CA" + "f" * 32).dials()
    proves_page(house, phone)
    phone.presses("1").presses("4821").hears("I could not confirm who you are")
    clock.goes_on(3601)
    phone = Phone(carrier, sid="CA" + "e" * 32).dials()
    proves_page(house, phone)
    phone.presses("1").presses("4821").hears("Your balance is")


def test_key_0_at_the_pin_is_a_person(house: House, phone: Phone) -> None:
    phone.dials()
    proves_page(house, phone)
    phone.presses("1").presses("0")
    assert phone.verbs[-1] == "Enqueue"


# -- the waiting room and the conference -----------------------------------------------------------------------------


@pytest.fixture
def dana(house: House, clock: Clock) -> Agent:
    agent = Agent("dana", "Dana", password_hash("correct horse"), "+447700900900", state=AgentState.AVAILABLE)
    agents.add_agent(house.database, agent, clock())
    return agent


def bring_together(house: House, phone: Phone) -> None:
    happens(house, phone, AgentReserved(id="reserved:1", agent="dana", room="room-1"))
    happens(house, phone, AgentConnected(id="connected:1", agent="dana", room="room-1"))


def test_the_waiting_room_tells_the_place(house: House, carrier: Carrier, dana: Agent) -> None:
    first = Phone(carrier, sid="CA" + "1" * 32).dials().presses("0")
    second = Phone(carrier, sid="CA" + "2" * 32).dials().presses("0")
    assert first.verbs[-1] == second.verbs[-1] == "Enqueue"
    wait = second.document.find("Enqueue").attrib["waitUrl"]
    second.asks(wait, QueuePosition="1").hears("You are number 2 in the queue")


def test_a_redirect_the_carrier_did_not_take_is_made_good_by_the_waiting_room(
    house: House, phone: Phone, control: Control, dana: Agent
) -> None:
    phone.dials().presses("0")
    wait = phone.document.find("Enqueue").attrib["waitUrl"]
    left = phone.action
    request = request_of(house, phone, "agent_requested").request
    happens(house, phone, NobodyAvailable(id=request, reason="closed"))
    assert phone.asks(wait).verbs == ["Say", "Pause"], "the redirect is on its way"
    control.faults = [CarrierFault("21220", gone=True)]
    house.work.deliver()
    assert len(control.of("redirect")) == 1
    assert phone.asks(wait).verbs == ["Leave"]
    phone.asks(left, QueueResult="leave").hears("nobody is free")


@pytest.mark.parametrize("ended", [True, False])
def test_who_hangs_up_before_the_first_document_is_not_waited_for(
    house: House, phone: Phone, control: Control, ended: bool
) -> None:
    phone.dials()  # the carrier has reported the end of this call before we knew it
    control.faults, control.ended = [CarrierFault("21220", gone=True)], ended
    house.work.deliver()
    assert len(control.of("watch")) == 1
    assert (session_of(house, phone).ended is not None) is ended, "one that still rings has not ended"


def test_a_redirect_into_the_conference_is_not_repeated_once_the_caller_is_there(
    house: House, phone: Phone, control: Control, clock: Clock, dana: Agent
) -> None:
    phone.dials().presses("0")
    house.work.deliver()
    bring_together(house, phone)
    control.faults = [CarrierFault("answer lost", retry=True, unknown=True)]
    house.work.deliver()
    url = control.of("redirect")[-1][2]
    assert phone.asks(url).verbs == ["Dial"]
    clock.goes_on(25)
    house.work.deliver()
    assert len(control.of("redirect")) == 1, "a second one would pull caller and agent apart"


def test_a_redirect_into_the_conference_that_is_lost_is_made_good_by_the_waiting_room(
    house: House, phone: Phone, control: Control, clock: Clock, dana: Agent
) -> None:
    phone.dials().presses("0")
    house.work.deliver()
    wait = phone.document.find("Enqueue").attrib["waitUrl"]
    left = phone.action
    bring_together(house, phone)
    control.faults = [CarrierFault("no connection", retry=True, unknown=True)]
    house.work.deliver()
    assert phone.asks(wait).verbs == ["Say", "Pause"], "it may have been carried out"
    clock.goes_on(25)
    house.work.deliver()
    assert len(control.of("redirect")) == 1
    assert phone.asks(wait).verbs == ["Leave"]
    assert phone.asks(left, QueueResult="leave").verbs == ["Dial"]


def test_a_redirect_to_a_question_is_repeated_if_its_answer_was_lost(
    house: House, phone: Phone, control: Control, clock: Clock
) -> None:
    phone.dials()
    house.work.deliver()
    session = session_of(house, phone)
    house.take_turn(session.call, Digits(turn=session.turn, keys="1", by=By.TAP))
    control.faults = [CarrierFault("no connection", retry=True, unknown=True)]
    house.work.deliver()
    clock.goes_on(25)
    house.work.deliver()
    assert len(control.of("redirect")) == 2


def test_a_redirect_that_a_key_has_overtaken_is_not_sent(house: House, phone: Phone, control: Control) -> None:
    phone.dials()
    session = session_of(house, phone)
    house.take_turn(session.call, Digits(turn=session.turn, keys="1", by=By.TAP))
    phone.presses("9").presses("0")
    house.work.deliver()
    assert control.of("redirect") == []
    assert isinstance(session_of(house, phone).waiting_for, AwaitAgent)


def test_a_tap_that_ends_the_call_moves_the_phone_to_the_end(house: House, phone: Phone, control: Control) -> None:
    phone.dials()
    proves_page(house, phone)
    phone.presses("1").presses("4821").hears("anything else")
    session = session_of(house, phone)
    house.take_turn(session.call, Digits(turn=session.turn, keys="2", by=By.TAP))
    assert session_of(house, phone).ended == "flow_finished"
    house.work.deliver()
    phone.asks(control.of("redirect")[-1][2]).hears("Goodbye")
    assert phone.verbs[-1] == "Hangup"


def test_nothing_is_redirected_after_the_caller_has_hung_up(house: House, phone: Phone, control: Control) -> None:
    phone.dials()
    session = session_of(house, phone)
    house.take_turn(session.call, Digits(turn=session.turn, keys="1", by=By.TAP))
    happens(house, phone, CallerHungUp(id="hangup"))
    house.work.deliver()
    assert control.of("redirect") == []


def test_when_the_agent_leaves_the_flow_goes_on(house: House, phone: Phone, dana: Agent) -> None:
    phone.dials().presses("0")
    bring_together(house, phone)
    phone.asks(f"/voice/c/{url_of(house, phone)}")
    phone.asks(phone.action, DialCallStatus="answered").hears("Goodbye")
    phone.asks(left_url(house, phone), DialCallStatus="answered").hears("Goodbye")


def url_of(house: House, phone: Phone) -> str:
    return house.addressing.of(session_of(house, phone)).draw.split("/voice/c/")[1]


def left_url(house: House, phone: Phone) -> str:
    return house.addressing.of(session_of(house, phone)).left.removeprefix(PUBLIC)


def test_the_fallback_after_a_conversation_does_not_put_the_caller_into_an_empty_room(
    house: House, phone: Phone, dana: Agent
) -> None:
    phone.dials().presses("0")
    bring_together(house, phone)
    left = house.addressing.of(session_of(house, phone)).left
    phone.asks("/voice/bank/fallback", ErrorCode="11205", ErrorUrl=left).hears("Goodbye")


def test_the_fallback_before_the_conversation_brings_the_caller_to_it(house: House, phone: Phone, dana: Agent) -> None:
    phone.dials().presses("0")
    bring_together(house, phone)
    draw = house.addressing.of(session_of(house, phone)).draw
    phone.asks("/voice/bank/fallback", ErrorCode="11205", ErrorUrl=draw)
    assert phone.verbs == ["Dial"]
    assert isinstance(session_of(house, phone).waiting_for, TalkingToAgent)


def test_hanging_up_in_the_queue_ends_the_call(house: House, phone: Phone, dana: Agent) -> None:
    phone.dials().presses("0")
    phone.asks(phone.action, QueueResult="hangup")
    assert session_of(house, phone).ended == "caller_hung_up"


# -- faults and bad input ----------------------------------------------------------------------------------------------


def test_the_fallback_url_leads_to_a_person(house: House, phone: Phone) -> None:
    phone.dials()
    phone.asks("/voice/bank/fallback", ErrorCode="12100", ErrorUrl=PUBLIC).hears("something went wrong")
    assert phone.verbs[-1] == "Enqueue"


def test_the_fallback_url_of_a_call_that_never_began_begins_it(house: House, phone: Phone) -> None:
    phone.asks("/voice/bank/fallback", ErrorCode="11200", ErrorUrl=PUBLIC).hears("Welcome")


def test_a_call_to_an_unknown_flow_goes_to_the_person_of_another(house: House, phone: Phone) -> None:
    phone.dials("nosuchflow").hears("something went wrong")
    assert phone.verbs[-1] == "Enqueue"


def test_a_forged_address_of_a_live_call_shows_that_call_and_changes_nothing(house: House, phone: Phone) -> None:
    text = phone.dials().text
    before = session_of(house, phone)
    forged = phone.action.split("?")[0] + "?s=AAAAAAAAAAAAAAAAAAAAAA"
    assert phone.asks(forged, Digits="1").text == text
    assert session_of(house, phone) == before


def test_an_address_of_a_call_we_never_had_leads_to_a_person(house: House, phone: Phone) -> None:
    phone.asks("/voice/c/" + "0" * 32 + "/3/answer?s=x", Digits="1").hears("something went wrong")
    assert phone.verbs[-1] == "Enqueue"


def test_where_no_flow_can_be_played_a_number_is_dialled(settings, control, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("ivr.app.house.ThreadPoolExecutor", AtOnce)
    for number, verbs in (("+441632960000", ["Say", "Dial"]), (None, ["Say", "Hangup"])):
        url = f"sqlite:///{tmp_path}/{number}.db"
        house = app.House(replace(settings, person_number=number, database_url=url), control)
        phone = Phone(Carrier(client_of(house))).dials()
        assert phone.verbs == verbs
        assert phone.carrier.client.get("/readyz").status_code == 503
        database.close(house.database)


def test_a_fault_of_ours_is_an_apology_and_a_person(house: House, phone: Phone, monkeypatch) -> None:
    def broken(*_: object, **__: object):
        raise RuntimeError("secret detail")

    phone.dials()
    monkeypatch.setattr(voice, "_answer", broken)
    phone.presses("1").hears("something went wrong")
    assert phone.verbs[-1] == "Enqueue"
    assert "secret detail" not in phone.text


def test_a_session_of_another_release_still_gets_a_valid_document(house: House, phone: Phone) -> None:
    phone.dials()
    action = phone.action
    house.database.turnstile.run(lambda t: t._connection.execute("UPDATE calls SET format = 99"))
    phone.asks(action, Digits="1").hears("Please stay on the line")
    house.work.time_out()
    house.work.sweep()


def test_while_the_database_cannot_be_written_callers_are_kept_on_the_line(
    house: House, phone: Phone, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("cannot write the database: disk full")

    phone.dials()
    action = phone.action
    with monkeypatch.context() as trouble:
        trouble.setattr(type(house.database.turnstile), "run", full)
        phone.asks(action, Digits="1").hears("Please stay on the line")
        assert phone.verbs == ["Say", "Pause", "Redirect"]
        again = phone.document.find("Redirect").text
        stranger = Phone(phone.carrier, sid="CA" + "7" * 32)
        url = "/voice/bank"
        for _ in range(voice.TRIES):
            stranger.asks(url).hears("Please stay on the line")
            url = stranger.document.find("Redirect").text
        stranger.asks(url).hears("Please call again later")
        assert stranger.verbs == ["Say", "Hangup"]
    phone.asks(again).hears("For your balance")


def test_a_fault_in_the_waiting_room_leaves_the_caller_there(
    house: House, phone: Phone, dana: Agent, monkeypatch
) -> None:
    def broken(*_: object, **__: object):
        raise RuntimeError("secret detail")

    phone.dials().presses("0")
    wait = phone.document.find("Enqueue").attrib["waitUrl"]
    monkeypatch.setattr(voice, "present", broken)
    phone.asks(wait).hears("Thank you for waiting")
    assert phone.verbs == ["Say", "Pause"]


def test_one_unreadable_call_does_not_stop_the_clock_for_the_others(
    house: House, carrier: Carrier, clock: Clock
) -> None:
    broken = Phone(carrier, sid="CA" + "1" * 32).dials().presses("1")
    fine = Phone(carrier, sid="CA" + "2" * 32).dials().presses("1")
    fine.hears("First I need")
    call = session_of(house, broken).call
    house.database.turnstile.run(
        lambda t: t._connection.execute("UPDATE calls SET format = 99 WHERE call = ?", (call,))
    )
    clock.goes_on(120)
    house.work.time_out()
    fine.is_silent().hears("PIN")


def test_no_call_lasts_for_ever(house: House, phone: Phone, clock: Clock) -> None:
    phone.dials()
    clock.goes_on(4 * 3600 + 1)
    house.work.sweep()
    assert session_of(house, phone).ended == "caller_hung_up"


def test_an_unsigned_request_gets_403_and_nothing_else(house: House, phone: Phone, carrier: Carrier) -> None:
    phone.dials()
    addresses = [
        "/voice/bank", "/voice/bank/status", "/voice/bank/fallback", phone.action, "/voice/agent/x?s=y",
        "/voice/messages/1", "/voice/nosuchflow",
    ]  # fmt: skip
    for url in addresses:
        for headers in ({}, {"X-Twilio-Signature": "AAAA"}, {"X-Twilio-Signature": "ü"}):
            response = carrier.post(url, sign=False, headers=headers, **phone.about, Digits="1")
            assert (response.status_code, response.data) == (403, b""), url
    assert session_of(house, phone).revision == 1


def test_a_body_that_is_no_form_is_refused_even_if_the_url_is_signed(carrier: Carrier) -> None:
    signature = RequestValidator("12345").compute_signature(PUBLIC + "/voice/bank", {})
    response = carrier.client.post("/voice/bank", json={"CallSid": "CA1"}, headers={"X-Twilio-Signature": signature})
    assert (response.status_code, response.data) == (403, b"")


def test_a_shared_key_signature_fails_closed(phone: Phone, carrier: Carrier) -> None:
    for value in ("key=webhooks_sharedkey_x,algorithm=HMAC_SHA256", "key=x,algorithm=HMAC_SHA1", "x"):
        headers = {"X-Twilio-Webhooks-Signature-Settings": value}
        assert carrier.post("/voice/bank", headers=headers, **phone.about).status_code == 403


def test_a_body_over_64_kib_is_413(carrier: Carrier, phone: Phone) -> None:
    for sign in (True, False):
        response = carrier.post("/voice/bank", sign=sign, **phone.about, SpeechResult="x" * 70_000)
        assert (response.status_code, response.data) == (413, b"")


def test_a_request_without_a_call_is_no_call(house: House, carrier: Carrier) -> None:
    response = carrier.post("/voice/bank", CallStatus="ringing")
    assert response.status_code == 200
    assert b"<Response>" in response.data
    assert sessions.live_calls(house.database, 10) == []


def test_unknown_addresses_and_methods_tell_nothing(carrier: Carrier) -> None:
    for path in ("/voice", "/voice/bank/x/y", "/nothing", "/voice/c/x/y/z"):
        for response in (carrier.client.get(path), carrier.client.post(path)):
            assert response.status_code in (403, 404, 405)
            assert not any(trace in response.text for trace in TRACES)


def test_a_restart_does_not_undo_a_rollback(house: House, settings, tmp_path: Path) -> None:
    before = app.publish(house.database, settings)["bank"]
    changed = replace(settings, flows=tmp_path)
    (tmp_path / "i18n").mkdir()
    for name in ("bank.yaml", "i18n/fa.po"):
        text = (settings.flows.parent / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("Welcome to", "Hello from"), encoding="utf-8")
    shutil.copytree(settings.flows.parent / "media", tmp_path / "media")
    after = app.publish(house.database, changed, at_start=True)["bank"]
    assert bundles.published(house.database, "bank") == after != before
    bundles.publish(house.database, "bank", before, app.utc_now())
    app.publish(house.database, changed, at_start=True)
    assert bundles.published(house.database, "bank") == before
    app.publish(house.database, changed)
    assert bundles.published(house.database, "bank") == after
