"""`ivr serve` is killed and replaced in the middle of calls: they go on, nothing is lost, nothing happens twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ivr.emulator.phone import Call
from ivr.flow.events import MessageRequested
from tests.wire.desk import AgentAtDesk
from tests.wire.play import check_log
from tests.wire.smartphone import opened
from tests.wire.system import PIN, System, running

SORRY = "an application error has occurred"  # what the carrier says when a call is lost


@pytest.fixture(scope="module")
def slow(tmp_path_factory) -> Iterator[System]:
    """A clock slow enough that a call lasts longer than a server needs to start."""
    with running(tmp_path_factory.mktemp("crash"), speed=4.0) as started:
        yield started


def heard(call: Call) -> str:
    return " ".join(entry["text"] for entry in call.heard())


def test_calls_survive_a_server_that_is_killed_again_and_again(slow: System) -> None:
    problems: list[str] = []
    calls: list[tuple[Call, str]] = []

    def caller(delay: float) -> None:
        time.sleep(delay)
        number = slow.contact().number
        call = slow.dials(number)
        calls.append((call, number))
        try:
            ends = time.monotonic() + 90
            while call.status in ("ringing", "in-progress", "queued") and time.monotonic() < ends:
                said = heard(call)
                last = call.heard()[-1]["text"] if call.heard() else ""
                if "PIN" in last:
                    call.presses(f"{PIN}#", wait_seconds=2)
                elif "press 1" in last and "enter" in last:
                    call.presses("1", wait_seconds=2)
                elif "For your balance" in last:
                    call.presses("3" if said.count("For your balance") < 2 else "1", wait_seconds=2)
                time.sleep(0.3)
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")

    callers = [threading.Thread(target=caller, args=(0.7 * number,)) for number in range(5)]
    for thread in callers:
        thread.start()
    for _ in range(3):
        slow.replace_killed()
    for thread in callers:
        thread.join(120)
    assert not problems, problems
    for call, number in calls:
        said = heard(call)
        assert SORRY not in said, call.transcript()
        assert "Goodbye" in said and call.status == "completed", call.transcript()
        deadline = time.monotonic() + 10
        while slow.session(call).ended is None and time.monotonic() < deadline:
            time.sleep(0.1)
        check_log(slow, call)
        asked = [event for row in slow.log(call) for event in row.events if isinstance(event, MessageRequested)]
        sent = [message["body"] for message in slow.carrier.messages(number)]
        assert len(sent) == len(set(sent)) <= len(asked), "a message went out twice"


def test_a_caller_in_the_queue_and_their_page_outlive_the_server(slow: System) -> None:
    slow.carrier.phone("+442000009001", presses="1")
    sam = AgentAtDesk(slow, "sam", "+442000009001")
    sam.becomes("busy")
    contact = slow.contact()
    call = slow.dials(contact.number)
    page = opened(slow, call, contact.number, within_seconds=40)
    assert page.taps("0").kind == "queue"
    slow.replace_killed()
    assert page.reloads().kind == "queue", "the page is bound to its call across a restart"
    sam.becomes("available")
    sam.waits_for("offered")
    slow.replace_killed()
    assert sam.waits_for("offered") == "offered", "the desk, too, is as it was"
    sam.accepts()
    [leg] = call.is_connected(within_seconds=40)
    slow.replace_killed()  # a conversation needs no server
    assert call.status == leg.status == "in-progress"
    leg.hangs_up()
    call.hears("Thank you for calling", within_seconds=40)
    sam.waits_for("wrapup")
    sam.finishes()
    sam.close()
    page.close()
    call.waits_until("completed", within_seconds=20)
    check_log(slow, call)
