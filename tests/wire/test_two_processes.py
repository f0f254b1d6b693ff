"""Two `ivr serve` on PostgreSQL behind one address: the phone is served by one, the page and the desk by the other."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Iterator

import pytest

from ivr.emulator.phone import Call
from tests.unit.store.databases import Cluster
from tests.wire.desk import AgentAtDesk
from tests.wire.interleaving import drawn_at_random
from tests.wire.play import played
from tests.wire.smartphone import opened
from tests.wire.system import System, running
from tests.wire.test_page import Events

INTERLEAVINGS = 24


@pytest.fixture(scope="module")
def apart(tmp_path_factory, postgresql: Cluster) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("two"), speed=10.0, processes=2, database_url=postgresql.fresh()) as system:
        phone, page = system.exchange.ports
        system.exchange.upstream = lambda target: phone if target.startswith("/voice/") else page
        yield system


def test_a_key_on_one_process_reaches_the_page_on_the_other(apart: System, capsys) -> None:
    contact = apart.contact()
    call = apart.dials(contact.number)
    page = opened(apart, call, contact.number, within_seconds=30)
    before = page.reloads()
    events = Events(page, after=before.revision)
    assert call.presses("0" if before.step != "main" else "3")
    pressed = time.monotonic()
    assert events.above(before.revision), "no event came for the key"
    waited = time.monotonic() - pressed
    assert page.reloads().turn > before.turn
    with capsys.disabled():
        print(f"\nthe page on the other process knew after {waited * 1000:.0f} ms (a look once a second)")

    drawn = page.reloads()
    if drawn.buttons:
        after = page.taps(drawn.buttons[-1])
        ends = time.monotonic() + 10
        # The turn of the tap, or a later one: nobody is at a desk, so "nobody is free" may follow before the phone has asked.
        while max(_turns_fetched(apart, call), default=0) < after.turn:
            assert time.monotonic() < ends, f"the phone did not follow the tap\n{call.transcript()}"
            time.sleep(0.02)
    call.hangs_up()
    page.close()


def _turns_fetched(system: System, call: Call) -> list[int]:
    """The turns that the carrier was sent to fetch, by its own requests for them."""
    fetched = (re.search(r"/voice/c/\w+/(\d+)\?", one.target) for one in system.exchange.exchanged(call.sid))
    return [int(one.group(1)) for one in fetched if one]


def test_an_agent_on_one_process_answers_a_caller_on_the_other(apart: System) -> None:
    apart.carrier.phone("+442000009101", presses="1")
    sam = AgentAtDesk(apart, "sam", "+442000009101")
    sam.becomes("available")
    call = apart.dials(apart.contact().number)
    call.hears("For your balance", within_seconds=30)
    assert call.presses("0")
    sam.waits_for("offered")
    sam.accepts()
    [leg] = call.is_connected(within_seconds=30)
    leg.hangs_up()
    call.hears("Thank you for calling", within_seconds=30)
    sam.waits_for("wrapup")
    sam.finishes()
    sam.close()


def test_interleavings_converge_whichever_process_is_asked(apart: System, capsys) -> None:
    turns = itertools.cycle(apart.exchange.ports)
    apart.exchange.upstream = lambda _target: next(turns)
    source = random.Random("two processes")
    results = played(apart, [drawn_at_random(source) for _ in range(INTERLEAVINGS)], at_once=6)
    failures = [one for one in results if one.problem]
    with capsys.disabled():
        print(
            f"\n{len(results)} interleavings over two processes on PostgreSQL: "
            f"{sum(one.quiet_points for one in results)} quiet points of live calls, {len(failures)} diverged"
        )
    assert not failures, failures[0].problem
