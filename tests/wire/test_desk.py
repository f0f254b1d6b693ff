"""Reaching a person over the real wire, and everything that can go wrong on the way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from ivr.emulator.phone import Call
from ivr.flow.page_events import SharingBegun, SharingEnded
from ivr.store import agents, promises
from tests.wire.desk import AgentAtDesk
from tests.wire.smartphone import opened
from tests.wire.system import System

_numbers = iter(range(100, 999))


@pytest.fixture
def agent(system: System) -> Iterator:
    """Signs agents in; afterwards they have gone home."""
    signed_in: list[AgentAtDesk] = []

    def sign_in(available: bool = True, **phone) -> AgentAtDesk:
        number = next(_numbers)
        system.carrier.phone(f"+44200000{number:04d}", **phone)
        one = AgentAtDesk(system, f"agent{number}", f"+44200000{number:04d}")
        signed_in.append(one)
        one.becomes("available" if available else "busy")
        return one

    yield sign_in
    for call in system.carrier.calls():
        if call.status in ("in-progress", "ringing"):
            call.hangs_up()
    for one in signed_in:
        ends = time.monotonic() + 15
        while agents.live_reservation_of_agent(system.database, one.name) and time.monotonic() < ends:
            time.sleep(0.1)
        if one.pop == "wrapup":
            one.finishes()
        one.close()


def asks_for_a_person(system: System, choice: str = "") -> Call:
    call = system.dials(system.contact().number)
    call.hears("For your balance", within_seconds=30)
    assert call.presses(choice or "0")
    return call


def legs(system: System, agent: AgentAtDesk) -> list[Call]:
    return [call for call in system.carrier.calls() if call.state["to"] == agent.address]


def until(holds, what: str, within_seconds: float = 20.0) -> None:
    ends = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < ends, f"not within {within_seconds:g} s: {what}"
        time.sleep(0.05)


def test_nobody_signed_in_is_told_and_the_call_ends(system: System) -> None:
    call = asks_for_a_person(system)
    call.hears("nobody is free to take your call")
    call.hears("Goodbye")
    call.waits_until("completed")


def test_the_agent_knows_who_is_calling_a_second_before_the_phones_meet(system: System, agent) -> None:
    sam = agent(presses="1")
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    shown = time.monotonic()
    assert "Alice Morgan" in sam.text and call.state["from"] in sam.text
    assert "not" in sam.text.lower(), "nothing is proven yet, and the desk says so"
    sam.accepts()
    call.is_connected(within_seconds=20)
    assert time.monotonic() - shown >= 1.0
    assert sam.waits_for("connected") == "connected"
    rung = next(one for one in system.exchange.exchanged(legs(system, sam)[0].sid))
    assert rung.at - shown >= 1.0, "the phone rang before the pop could be read"


def test_an_agent_who_does_not_pick_up_loses_the_offer_and_the_caller_keeps_the_place(system: System, agent) -> None:
    absent = agent(answers=False)
    call = asks_for_a_person(system)
    absent.waits_for("offered")
    present = agent(presses="1", available=False)
    absent.accepts()
    absent.waits_for("ringing")
    until(lambda: absent.pop == "", "the offer has gone from the desk of who did not pick up", 30)
    assert "You are busy" in absent.text
    assert call.status == "in-progress" and call.state["current"].startswith("queue")
    present.becomes("available")
    present.waits_for("offered")
    present.accepts()
    call.is_connected(within_seconds=20)


def test_a_voicemail_is_not_put_through(system: System, agent) -> None:
    sam = agent(presses="")  # picks up and never presses a key
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    sam.waits_for("ringing")
    until(lambda: sam.pop == "", "the voicemail is given up", 30)
    assert call.status == "in-progress" and call.state["current"].startswith("queue")
    assert not call.state["mates"]
    assert all(leg.status == "completed" for leg in legs(system, sam))


def test_a_busy_phone_is_not_waited_for(system: System, agent) -> None:
    sam = agent(busy=True)
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    until(lambda: "You are busy" in sam.text, "the desk says busy", 30)
    assert call.state["current"].startswith("queue")


def test_when_the_agent_hangs_up_the_caller_returns_to_the_flow(system: System, agent) -> None:
    sam = agent(presses="1")
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    [leg] = call.is_connected(within_seconds=20)
    leg.hangs_up()
    call.hears("Thank you for calling", within_seconds=20)
    call.waits_until("completed", within_seconds=20)
    sam.waits_for("wrapup")
    sam.finishes("resolved")
    assert sam.is_available


def test_finishing_at_the_desk_ends_the_conversation(system: System, agent) -> None:
    sam = agent(presses="1")
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    call.is_connected(within_seconds=20)
    sam.waits_for("connected")
    sam.finishes("follow_up")
    call.hears("Thank you for calling", within_seconds=20)
    until(lambda: legs(system, sam)[0].status == "completed", "the agent's leg ends")
    assert sam.is_available


def test_a_caller_who_hangs_up_in_the_queue_is_offered_to_nobody(system: System, agent) -> None:
    agent(available=False)  # signed in, busy: the caller waits
    call = asks_for_a_person(system)
    until(lambda: call.state["current"].startswith("queue"), "the caller waits")
    call.hangs_up()
    until(lambda: system.session(call).ended == "caller_hung_up", "the call is known to be over")
    late = agent()
    time.sleep(2.5)  # two looks at the queue
    assert late.pop == "" and late.is_available


@pytest.mark.parametrize("state", ["offered", "ringing"])
def test_a_caller_who_hangs_up_before_the_agent_comes_leaves_them_free(system: System, agent, state) -> None:
    sam = agent(answers=False)
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    if state == "ringing":
        sam.accepts()
        sam.waits_for("ringing")
        until(lambda: bool(legs(system, sam)), "the phone rings")
    call.hangs_up()
    until(lambda: sam.is_available, "the agent is free again")
    until(
        lambda: all(leg.status in ("canceled", "completed", "no-answer") for leg in legs(system, sam)), "no leg is left"
    )


def test_a_caller_who_hangs_up_while_talking_leaves_the_agent_to_wrap_up(system: System, agent) -> None:
    sam = agent(presses="1")
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    [leg] = call.is_connected(within_seconds=20)
    call.hangs_up()
    leg.waits_until(within_seconds=20)
    sam.waits_for("wrapup")
    sam.finishes("dropped")
    assert sam.is_available


def test_a_caller_who_hangs_up_just_when_the_agent_has_come_leaves_no_agent_in_an_empty_room(
    system: System, agent
) -> None:
    sam = agent(answers=False)
    call = asks_for_a_person(system)
    sam.waits_for("offered")
    sam.accepts()
    sam.waits_for("ringing")
    until(lambda: bool(legs(system, sam)), "the phone rings")
    [leg] = legs(system, sam)
    leg.answers()
    leg.presses("1")
    call.hangs_up()
    leg.waits_until(within_seconds=20)
    until(lambda: sam.pop in ("", "wrapup"), "the desk is free or to be wrapped up")


def test_the_agent_sees_the_page_of_the_caller_and_shows_a_picture_on_it(system: System, agent) -> None:
    sam = agent(presses="1", available=False)
    contact = system.contact()
    call = system.dials(contact.number)
    page = opened(system, call, contact.number, within_seconds=30)
    page.taps("0")
    sam.becomes("available")
    sam.waits_for("offered")
    assert "The caller's page" not in sam.text, "an offer shows nothing of the page"
    sam.accepts()
    call.is_connected(within_seconds=20)
    until(lambda: "You are talking to" in sam.text, "the caller's page is on the desk")
    assert f"{sam.name.title()} is looking at this screen" in page.reloads().text

    turn = page.drawn.turn
    sam.shows("branch")
    until(lambda: page.reloads() and "Our branch" in page.html, "the picture is on the page")
    picture = page.browser.get(re.search(r'<img src="([^"]+)"', page.html)[1])
    assert picture.headers["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert page.drawn.turn == turn and call.state["mates"], "the conversation goes on undisturbed"

    page.lets_look(False)
    assert "The caller has stopped sharing the screen" in sam.text and "handset" not in sam.html
    call.hangs_up()
    until(lambda: "The caller's page" not in sam.text, "the page is gone from the desk")
    looked = [
        event for row in system.log(call) for event in row.events if isinstance(event, SharingBegun | SharingEnded)
    ]
    assert looked == [SharingBegun(agent=sam.name), SharingEnded(agent=sam.name, by_caller=True)]
    sam.waits_for("wrapup")
    sam.finishes("resolved")
    page.close()


def test_the_screen_in_the_callers_hand_shows_the_queue_and_then_the_agent(system: System, agent) -> None:
    sam = agent(presses="1", available=False)
    contact = system.contact()
    call = system.dials(contact.number)
    page = opened(system, call, contact.number, within_seconds=30)
    drawn = page.taps("0")
    assert drawn.kind == "queue" and "1" in drawn.text
    sam.becomes("available")
    sam.waits_for("offered")
    sam.accepts()
    call.is_connected(within_seconds=20)
    until(lambda: page.reloads().kind == "talking", "the page shows that the agent is there")
    assert sam.name.title() in page.drawn.text
    page.close()


def test_a_key_in_the_waiting_room_is_a_promised_call_back_on_the_desk(system: System, agent) -> None:
    sam = agent(available=False)  # signed in, busy: the caller waits
    call = asks_for_a_person(system)
    call.hears("You are number 1 in the queue", within_seconds=20)
    assert call.presses("1")
    call.hears("We will call you back on the number ending in", within_seconds=20)
    call.hears("Goodbye")
    call.waits_until("completed", within_seconds=20)
    promised(system, sam, call)


def test_a_tap_in_the_waiting_room_is_one_too(system: System, agent) -> None:
    sam = agent(available=False)
    contact = system.contact()
    call = system.dials(contact.number)
    page = opened(system, call, contact.number, within_seconds=30)
    page.taps("0")
    call.hears("You are number 1 in the queue", within_seconds=20)
    drawn = page.reloads()
    assert (drawn.kind, drawn.buttons) == ("queue", ("1",))
    assert "We will call you back" in page.taps("1").text
    call.waits_until("completed", within_seconds=20)
    page.close()
    promised(system, sam, call)


def promised(system: System, sam: AgentAtDesk, call: Call) -> None:
    """The caller's call back stands on the desk; one agent takes it and keeps it."""
    assert "Alice Morgan" in sam.text
    row = next(one for one in promises.open_promises(system.database) if one.number == call.state["from"])
    sam.presses_on_promise(row.id, "claim")
    assert call.state["from"] in sam.text
    sam.presses_on_promise(row.id, "done")
    assert row.id not in sam.look()
    refused = [entry for entry in system.carrier.debugger() if entry["call_sid"] == call.sid]
    assert not refused, "the carrier obeys every document"
