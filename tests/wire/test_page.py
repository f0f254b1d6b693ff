"""The page over the real wire: taps, pushes, breaks in the connection and a server that comes back."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from tests.wire.smartphone import Smartphone, opened
from tests.wire.system import System


class Events:
    """An EventSource as a browser has it: the ids of the events that have come."""

    def __init__(self, page: Smartphone, last: int | None = None, after: int | None = None) -> None:
        self.ids: list[int] = []
        self._came = threading.Condition()
        self._page, self._last, self._after = page, last, after
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        headers = {"Last-Event-ID": str(self._last)} if self._last is not None else {}
        query = {"after": str(self._after)} if self._after is not None else {}
        try:
            with self._page.browser.stream(
                "GET", "/v/call/events", headers=headers, params=query, timeout=60
            ) as stream:
                for line in stream.iter_lines():
                    if line.startswith("id:"):
                        with self._came:
                            self.ids.append(int(line[3:]))
                            self._came.notify_all()
        except httpx.TransportError:
            return

    def above(self, revision: int, within_seconds: float = 15.0) -> bool:
        """Waits for an event with a higher id."""
        with self._came:
            return self._came.wait_for(lambda: any(one > revision for one in self.ids), within_seconds)


@pytest.fixture
def caller(system: System):
    contact = system.contact()
    call = system.dials(contact.number)
    page = opened(system, call, contact.number, within_seconds=30)
    yield call, page
    page.close()
    if call.status == "in-progress":
        call.hangs_up()


def _until(holds, what: str, within_seconds: float = 15.0) -> None:
    ends = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < ends, f"not within {within_seconds:g} s: {what}"
        time.sleep(0.02)


def test_a_tap_while_the_phone_talks_moves_the_call_at_once(system: System, caller, capsys) -> None:
    call, page = caller
    before = page.reloads()
    assert before.step == "main"  # the menu is still being read out
    tapped = time.monotonic()
    drawn = page.taps("3")
    posted = time.monotonic() - tapped
    assert drawn.turn > before.turn

    def fetched():
        asked = [one for one in system.exchange.exchanged(call.sid) if one.at > tapped and one.answered_at]
        return [one for one in asked if f"/{drawn.turn}?" in one.target]

    _until(fetched, "the phone fetches the new turn")
    _until(lambda: any(entry["interrupted"] for entry in call.heard()), "the menu is cut off")
    with capsys.disabled():
        print(
            f"\ntap answered after {posted * 1000:.0f} ms, the phone had its new document after "
            f"{(fetched()[0].answered_at - tapped) * 1000:.0f} ms"
        )


def test_a_key_reaches_the_open_page_as_an_event_and_a_lost_one_is_made_good(system: System, caller) -> None:
    call, page = caller
    before = page.reloads()
    events = Events(page, after=before.revision)
    assert call.presses("3")
    assert events.above(before.revision), "no event came for the key"
    moved = page.reloads()
    assert moved.turn > before.turn and moved.revision > before.revision

    resumed = Events(page, last=before.revision)  # the connection broke before that event came
    assert resumed.above(before.revision), "what was missed was not told after the break"
    assert moved.revision <= resumed.ids[0] <= page.reloads().revision  # the message's fact may come in between


def test_without_event_streams_the_page_asks_and_is_answered_when_something_is_new(caller) -> None:
    call, page = caller
    before = page.reloads()
    known = page.browser.get("/v/call/changes", params={"after": str(before.revision - 1), "wait": "20"})
    assert int(known.text) >= before.revision, "what is new already is told at once"
    now = int(known.text)
    answer: list[int] = []
    asking = threading.Thread(
        target=lambda: answer.append(
            int(page.browser.get("/v/call/changes", params={"after": str(now), "wait": "20"}, timeout=30).text)
        )
    )
    asking.start()
    assert call.presses("3")
    asking.join(30)
    assert answer and answer[0] > now


def test_a_doubled_tap_is_one_answer(system: System, caller) -> None:
    call, page = caller
    drawn = page.reloads()
    assert page.taps("1", drawn).turn == drawn.turn + 1
    again = page.taps("1", drawn)
    assert again.turn >= drawn.turn + 1
    assert sum(getattr(row.input, "keys", None) == "1" for row in system.log(call)) == 1
