"""A promised call back: asked for on the phone or the page, on the desk in the caller's place, kept exactly once."""

from __future__ import annotations

import re

import pytest
from doorway import ALICE_PHONE, PUBLIC, Carrier, Clock, Control, Phone, client_of, session_of

from ivr.app import House
from ivr.authentication.passwords import password_hash
from ivr.flow.inputs import By, CallerHungUp, Digits
from ivr.store import agents, promises
from ivr.store.agents import Agent, AgentState

BEN_PHONE = "+447700900102"


@pytest.fixture
def desk(house: House, clock: Clock):
    """Dana's browser, signed in and available."""
    agents.add_agent(house.database, Agent("dana", "Dana", password_hash("a long password"), "+447700900900"), clock())
    browser = client_of(house)
    token = _token(browser.get("/desk/sign-in").text)
    browser.post("/desk/sign-in", data={"name": "dana", "password": "a long password", "form_token": token})
    browser.post("/desk/state", data={"state": "available", "form_token": _token(browser.get("/desk").text)})
    return browser


def _token(html: str) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', html).group(1)


def does(desk, act: str) -> None:
    """Presses the first button of this kind on the desk."""
    html = desk.get("/desk").text
    action = re.search(rf'action="(/desk/call-backs/[^"]+/{act})"', html)
    assert action, f"there is no button {act} on the desk"
    desk.post(action.group(1), data={"form_token": _token(html)})


def other(carrier: Carrier, number: int, caller: str) -> Phone:
    return Phone(carrier, sid=f"CA{number:032x}", caller=caller)


def waits(phone: Phone) -> Phone:
    """Into the queue, and hears the waiting room's first document."""
    phone.dials().presses("0")
    return phone.asks(_in(phone.text, "waitUrl"))


def _in(document: str, name: str) -> str:
    return document.split(f'{name}="')[1].split('"')[0].replace("&amp;", "&")


def test_a_key_in_the_queue_promises_a_call_back(house: House, desk, phone: Phone) -> None:
    phone.dials().presses("0")
    left = phone.action
    phone.asks(_in(phone.text, "waitUrl")).hears("press 1")
    assert phone.verbs == ["Gather"]
    assert phone.presses("1").verbs == ["Leave"]
    phone.asks(left, QueueResult="leave").hears("on the number ending in 1 0 1")
    phone.hears("Goodbye")
    [promise] = promises.open_promises(house.database)
    assert (promise.number, promise.queue) == (ALICE_PHONE, "service")
    assert "Alice Morgan" in desk.get("/desk").text


def test_a_tap_promises_it_too_and_fetches_the_call(house: House, desk, phone: Phone, control: Control) -> None:
    waits(phone)
    session = session_of(house, phone)
    house.take_turn(session.call, Digits(turn=session.turn, keys="1", by=By.TAP))
    house.work.deliver()
    phone.asks(control.of("redirect")[-1][2]).hears("call you back")
    assert len(promises.open_promises(house.database)) == 1


def test_another_key_in_the_queue_changes_nothing(house: House, desk, phone: Phone) -> None:
    waits(phone).presses("7").hears("You are number 1")
    assert phone.presses("1").verbs == ["Leave"]


def test_a_doubled_key_is_one_promise(house: House, desk, phone: Phone) -> None:
    url = waits(phone).action
    for _ in range(2):
        assert phone.asks(url, Digits="1").verbs == ["Leave"]
    assert len(promises.open_promises(house.database)) == 1


def test_with_nobody_signed_in_the_caller_is_promised_a_call_back(house: House, phone: Phone) -> None:
    phone.dials().presses("0")
    house.queue.look()
    draw = house.addressing.of(session_of(house, phone)).draw
    phone.asks(draw).hears("nobody is free")
    phone.hears("call you back on the number ending in 1 0 1")
    assert len(promises.open_promises(house.database)) == 1


def test_a_caller_without_a_number_is_offered_nothing_and_keeps_the_place(house: House, desk, carrier: Carrier) -> None:
    phone = other(carrier, 5, "anonymous")
    phone.dials()
    house.take_turn(session_of(house, phone).call, Digits(turn=session_of(house, phone).turn, keys="0"))
    phone.asks(house.addressing.of(session_of(house, phone)).draw)
    phone.asks(_in(phone.text, "waitUrl"))
    assert phone.verbs == ["Say", "Pause"]
    assert "press 1" not in phone.text


def test_the_place_in_line_is_kept(house: House, desk, carrier: Carrier, clock: Clock, phone: Phone) -> None:
    """Alice waits, then Ben, then Cleo; Ben and Alice are promised a call back, in this order."""
    waits(phone)
    clock.goes_on(10)
    ben = other(carrier, 2, BEN_PHONE)
    waits(ben)
    clock.goes_on(10)
    cleo = other(carrier, 3, "+447700900103")
    waits(cleo)
    ben.presses("1")
    shown = house.promises.open()
    assert [(one.number, one.place) for one in shown] == [(BEN_PHONE, 2)], "Alice waits on the phone before him"
    phone.presses("1")
    assert [(one.number, one.place) for one in house.promises.open()] == [(ALICE_PHONE, 1), (BEN_PHONE, 2)]


def test_who_calls_again_is_promised_once_in_the_earlier_place(
    house: House, desk, carrier: Carrier, clock: Clock, phone: Phone
) -> None:
    waits(phone).presses("1")
    [before] = promises.open_promises(house.database)
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    clock.goes_on(300)
    waits(other(carrier, 2, ALICE_PHONE)).presses("1")
    assert promises.open_promises(house.database) == [before]


def test_one_agent_takes_it_and_keeps_it(house: House, desk, phone: Phone) -> None:
    waits(phone).presses("1")
    assert "tel:" not in desk.get("/desk").text, "the number is for whoever has taken it"
    does(desk, "claim")
    assert f"tel:{ALICE_PHONE}" in desk.get("/desk").text
    assert agents.by_name(house.database, "dana").state is AgentState.BUSY
    [taken] = house.promises.open()
    assert not house.promises.claim(taken.id, "dana"), "taken is taken"
    does(desk, "done")
    assert house.promises.open() == []
    assert promises.promise(house.database, taken.id).outcome is promises.Outcome.DONE


def test_a_caller_who_is_not_reached_is_tried_three_times_in_their_place(house: House, desk, phone: Phone) -> None:
    waits(phone).presses("1")
    for tries in (0, 1, 2):
        assert [one.tries for one in house.promises.open()] == [tries]
        does(desk, "claim")
        does(desk, "not-reached")
    assert house.promises.open() == []


def test_a_claim_that_nobody_ends_is_in_line_again(house: House, desk, phone: Phone, clock: Clock) -> None:
    waits(phone).presses("1")
    does(desk, "claim")
    clock.goes_on(31 * 60)
    [promise] = house.promises.open()
    assert promise.agent is None
    assert not house.promises.keep(promise.id, "dana"), "somebody else may have it by now"
    assert house.promises.claim(promise.id, "dana")


def test_a_stranger_cannot_touch_the_list(house: House, desk, phone: Phone) -> None:
    waits(phone).presses("1")
    [promise] = house.promises.open()
    for data in ({}, {"form_token": "x"}):
        client_of(house).post(f"/desk/call-backs/{promise.id}/claim", data=data)
        desk.post(f"/desk/call-backs/{promise.id}/claim", data=data)
    assert house.promises.open() == [promise]
    forged = f"{PUBLIC}/voice/c/{session_of(house, phone).call}/1/wait/chosen?s=x"
    phone.asks(forged.removeprefix(PUBLIC), Digits="1")
    assert len(house.promises.open()) == 1
