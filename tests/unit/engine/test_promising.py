"""A promised call back, as the engine plays it: to whom, from where, and what the page says then."""

from __future__ import annotations

import pytest
from caller import ALICE, Caller, flow_of
from msgspec.structs import replace

from ivr.flow.events import CallBackPromised
from ivr.flow.inputs import By, CallBackDeclined, NobodyAvailable

SHOP = """
schema: duet/1
flow: shop
title: Shop
language: en-GB
start: who
person: clerk
prove: proof
steps:
  who: {identify: customer_number, prompt: Number?, found: main, unknown: else}
  main:
    menu: Press 1 to wait, 2 to prove who you are, 3 to be called.
    choices:
      1: {label: Buy shoes, goto: clerk}
      2: {label: Prove it, goto: proven}
      3: {label: Call me, goto: promise}
  proven: {needs: 1, say: It is you., next: main}
  proof:
    authenticate: pin
    level: 1
    prompts: {pin: PIN?}
    passed: return
    failed: clerk
  clerk:
    queue: shop
    prompt: Hold.
    waiting: Press 1.
    choices:
      1: {label: Call me back, goto: promise}
      2: {label: Back to the menu, goto: else}
    unavailable: promise
    finished: else
  promise:
    call_back: "We will call {{ call_back.number | last: 3 | digits }}."
    for_queue: shop
    within_hours: 2
    next: else
    failed: sorry
  sorry: {say: There is no number., next: else}
  else:
    menu: Press 3 to be called, 9 to end.
    choices:
      3: {label: Call me, goto: promise}
      9: {label: End, goto: bye}
  bye: {hangup: Bye.}
"""
FLOW = flow_of(SHOP)


def calls(number: str = "+12025550123") -> Caller:
    """Says that they are Alice, from a telephone that is not hers."""
    caller = Caller(FLOW, number=number, contacts=(ALICE,))
    caller.presses(ALICE.customer_number)
    return caller


def promised(caller: Caller) -> CallBackPromised:
    [event] = caller.happened("CallBackPromised")
    return event


def test_a_key_while_waiting_promises_and_goes_on() -> None:
    caller = calls()
    caller.presses("1")
    assert [button.label for button in caller.sees().buttons] == ["Call me back", "Back to the menu"]
    caller.presses("1")
    caller.hears("We will call 1 2 3.")
    event = promised(caller)
    assert (event.number, event.queue, event.contact, event.level) == ("+12025550123", "shop", ALICE.id, 0)
    assert (event.reason, event.within_hours) == ("Buy shoes", 2)
    assert not caller.session.open_requests, "nobody looks for an agent any more"


def test_a_tap_while_waiting_fetches_the_phone() -> None:
    caller = calls()
    caller.presses("1")
    caller.presses("2", by=By.TAP)
    assert caller.step == "else"
    assert caller.happened("RedirectRequested")


def test_once_an_agent_is_on_the_way_keys_mean_nothing() -> None:
    caller = calls()
    caller.presses("1")
    caller.agent_accepts()
    assert not caller.presses("1").accepted
    assert caller.sees().buttons == ()
    caller.agent_joins()
    assert caller.is_talking


def test_nobody_available_promises_too() -> None:
    caller = calls()
    caller.presses("1")
    caller.happens(NobodyAvailable(id=caller.request("AgentRequested"), reason="nobody_signed_in"))
    assert promised(caller).number == "+12025550123"


def test_a_withheld_number_and_a_mere_claim_get_no_promise() -> None:
    """Else whoever knows a customer number could have that customer's phone rung, and hear its last digits."""
    caller = calls("anonymous")
    caller.presses("1")
    assert [button.label for button in caller.sees().buttons] == ["Back to the menu"]
    assert not caller.presses("1").accepted
    caller.presses("2")
    caller.presses("3")
    caller.hears("There is no number.")
    assert not caller.happened("CallBackPromised")


@pytest.mark.parametrize("number", ["+979123456789", "+88213123456", "+8816123456789"])
def test_nobody_has_us_call_a_number_that_earns(number: str) -> None:
    caller = calls(number)
    caller.presses("3")
    caller.hears("There is no number.")
    assert not caller.happened("CallBackPromised")


def test_a_withheld_number_and_proof_are_called_on_the_number_on_file() -> None:
    caller = calls("anonymous")
    caller.presses("2")
    caller.presses(ALICE.pin)
    caller.presses("3")
    assert promised(caller).number == ALICE.number
    assert promised(caller).level == 1


def test_the_last_screen_says_that_we_will_call_unless_it_was_taken_back() -> None:
    caller = calls()
    caller.presses("3")
    ended = replace(caller.session, ended="flow_finished", waiting_for=None)
    caller.session, kept = ended, caller.session
    assert caller.sees().body.heading == "We will call you back"
    assert "123" in caller.sees().body.hint
    caller.session = kept
    caller.happens(CallBackDeclined(id="declined:1", number="+12025550123"))
    caller.session = replace(caller.session, ended="flow_finished", waiting_for=None)
    assert caller.sees().body.heading == "The call has ended"
