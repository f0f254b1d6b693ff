"""The server is killed at the worst moments: nothing is lost, nothing happens twice.

Time that passes before a dead server's leases end is taken from the database, not waited for.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import pytest

from ivr.people import add_agent
from ivr.store import agents, requests, sessions
from ivr.store.agents import AgentState
from tests.integration.doubled import ACCOUNT, LINE, PUBLIC, Doubled, Phone, serving, signed, turn_of

LEASE_SECONDS = 25


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    with serving(tmp_path_factory.mktemp("crash")) as started:
        yield started


@pytest.fixture(autouse=True)
def calm(system: Doubled) -> Iterator[None]:
    yield
    system.rest.hold_before.clear()
    system.rest.hold_after.clear()
    system.rest.released.set()
    time.sleep(0.05)
    system.rest.released.clear()


def until(reached: Callable[[], object], seconds: float = 60) -> object:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := reached():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not reached within {seconds} s: {reached}")


def crash_and_restart(system: Doubled) -> None:
    system.servers[0].kill()
    system.rest.hold_before.clear()
    system.rest.hold_after.clear()
    system.later(LEASE_SECONDS)
    system.servers[0].start()
    system.servers[0].wait_until_ready()


def settled(system: Doubled, phone: Phone) -> list[str]:
    """What became of this call's messages, as the log has it."""
    kept = "SELECT json_extract(input, '$.outcome') FROM log WHERE call = ? AND json_extract(input, '$.type') = ?"
    return [outcome for (outcome,) in system.rows(kept, phone.call, "message_settled")]


def messages_to(system: Doubled, number: str, done: bool = True) -> list:
    return [one for one in system.rest.of("message", done=done) if one.form["To"] == number]


def test_killed_between_commit_and_reply(system: Doubled) -> None:
    """The carrier never reads the reply; it asks again and hears what it should have heard the first time."""
    phone = Phone(system, "CA" + "1" * 32).dials()
    turn = turn_of(phone.text)
    action = phone.action.removeprefix(PUBLIC)
    form = phone.about | {"Digits": "3"}
    body = urlencode(form).encode()
    headers = signed(PUBLIC + action, form) | {
        "Host": "ivr.test", "Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body)),
    }  # fmt: skip
    head = f"POST {action} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", system.servers[0].port)) as carrier:
        carrier.sendall(head.encode() + body)
        until(lambda: sessions.load(system.database, phone.call).turn > turn)
        system.servers[0].kill()
    system.servers[0].start()
    system.servers[0].wait_until_ready()
    again = phone.post(action, Digits="3")
    assert turn_of(again.text) == turn + 2  # the code that is said is a turn of its own
    kept = "SELECT count(*) FROM log WHERE call = ? AND json_extract(input, '$.type') = 'digits'"
    assert system.rows(kept, phone.call) == [(1,)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_a_message_is_being_sent(system: Doubled, when: str) -> None:
    """Sent or not, nobody knows: found in the carrier's list it is sent, else unknown; never sent again."""
    caller = {"before": "+447700900102", "after": "+447700900103"}[when]
    getattr(system.rest, f"hold_{when}").add("message")
    phone = Phone(system, "CA" + {"before": "2", "after": "3"}[when] * 32, caller).dials()
    until(lambda: messages_to(system, caller, done=False))
    crash_and_restart(system)
    until(lambda: settled(system, phone))
    assert settled(system, phone) == [{"before": "unknown", "after": "sent"}[when]]
    assert len(messages_to(system, caller, done=False)) == 1
    assert phone.presses("1").hears("First I need") is None, "the call goes on"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_the_call_is_being_moved_or_watched(system: Doubled, when: str) -> None:
    sid = "CA" + {"before": "4", "after": "5"}[when] * 32
    getattr(system.rest, f"hold_{when}").update({"redirect", "watch"})
    phone = Phone(system, sid).dials()
    session = sessions.load(system.database, phone.call)
    tap(system, phone, session.turn, "3")
    mine = lambda kind: [one for one in system.rest.of(kind, done=True) if sid in one.path]  # noqa: E731
    until(lambda: [one for one in system.rest.asked if one.kind == "redirect" and sid in one.path])
    crash_and_restart(system)
    until(lambda: not open_kinds(system, phone) & {"redirect_requested", "watch_requested"})
    assert mine("redirect") and mine("watch"), "repeatable ones are repeated"
    assert f"/{session.turn + 2}?" in mine("redirect")[-1].form["Url"]
    assert turn_of(phone.asks(mine("redirect")[-1].form["Url"]).text) == session.turn + 2


def open_kinds(system: Doubled, phone: Phone) -> set[str]:
    return {one.kind for one in requests.requests_of(system.database, phone.call)}


def tap(system: Doubled, phone: Phone, turn: int, keys: str) -> None:
    """On the caller's page: its link is opened with the two digits spoken in the call."""
    session = sessions.load(system.database, phone.call)
    sent = until(lambda: [m for m in messages_to(system, phone.about["From"]) if settled(system, phone)])[-1]
    link = sent.form["Body"].split()[-1].removeprefix(PUBLIC)
    with httpx.Client(base_url=system.url(), trust_env=False, timeout=60, follow_redirects=True) as browser:
        page = browser.post(link, data={"digits": session.page.digits})
        assert page.status_code == 200, page.text
        token = page.text.split('name="form_token" value="')[1].split('"')[0]
        answer = browser.post(f"/v/call/{turn}", data={"form_token": token, "keys": keys})
        assert answer.status_code == 200, answer.text


def test_killed_while_the_agent_is_being_dialled(system: Doubled) -> None:
    """The phone may ring or not: it is not dialled again; if it rings and is confirmed, caller and agent meet."""
    add_agent(system.database, "dana", "Dana", "a long password", "+447700900900")
    now = "UPDATE agents SET state = 'available'"
    system.database.turnstile.run(lambda transaction: transaction._connection.execute(now))
    phone = Phone(system, "CA" + "6" * 32, "+447700900104").dials().presses("0")
    offered = until(lambda: agents.live_reservation_of_call(system.database, phone.call))
    at = offered.offered_at
    from_states = (agents.ReservationState.OFFERED,)
    agents.move_reservation(
        system.database, offered.id, from_states, agents.ReservationState.ACCEPTED, at=at, accepted_at=at, seen_at=at
    )
    system.rest.hold_after.add("dial")
    until(lambda: system.rest.of("dial"))
    crash_and_restart(system)
    until(lambda: agents.reservation(system.database, offered.id).state is agents.ReservationState.RINGING)
    agent_leg = {"CallSid": "CA" + "7" * 32, "AccountSid": ACCOUNT, "From": LINE, "To": "+447700900900"}

    def agent_posts(url: str, **more: str) -> httpx.Response:
        form = agent_leg | more
        target = url.removeprefix(PUBLIC)
        return httpx.post(system.url() + target, data=form, headers=signed(PUBLIC + target, form), trust_env=False)

    answered = system.rest.of("dial")[0].form["Url"]
    confirm = agent_posts(answered, CallStatus="in-progress").text.split('action="')[1].split('"')[0]
    room = agent_posts(confirm.replace("&amp;", "&"), Digits="1").text
    callback = room.split('statusCallback="')[1].split('"')[0].replace("&amp;", "&")
    for _ in range(2):  # callbacks may come twice
        agent_posts(callback, StatusCallbackEvent="participant-join")
    redirects = until(lambda: [one for one in system.rest.of("redirect", done=True) if "6" * 32 in one.path])
    assert "<Conference" in phone.asks(redirects[-1].form["Url"]).text
    assert len(system.rest.of("dial")) == 1
    time.sleep(1.5)
    assert len([one for one in system.rest.of("redirect") if "6" * 32 in one.path]) == 1
    assert agents.by_name(system.database, "dana").state is AgentState.RESERVED


def test_a_message_the_carrier_refuses_for_now_is_sent_once_later(system: Doubled) -> None:
    system.rest.refuse["message"] = [429, 429]
    caller = "+447700900101"
    before = len(messages_to(system, caller))
    phone = Phone(system, "CA" + "8" * 32, caller).dials()
    until(lambda: settled(system, phone) == ["sent"])
    assert len(messages_to(system, caller)) == before + 1


def test_a_message_refused_for_good_is_told_as_failed(system: Doubled) -> None:
    system.rest.refuse["message"] = [400]
    phone = Phone(system, "CA" + "9" * 32).dials()
    until(lambda: settled(system, phone) == ["failed"])


def test_a_stop_lets_claimed_messages_go_out(system: Doubled) -> None:
    """A release is no crash: what has been claimed is delivered before the server ends."""
    caller = "+447700900102"
    before = len(messages_to(system, caller))
    phone = Phone(system, "CA" + "b" * 32, caller).dials()
    until(lambda: len(messages_to(system, caller)) > before or "message_requested" in open_kinds(system, phone))
    system.servers[0].stop()
    system.servers[0].start()
    system.servers[0].wait_until_ready()
    until(lambda: settled(system, phone) == ["sent"])
    assert len(messages_to(system, caller)) == before + 1
