"""The control door: who may use it, its answers to mistakes, live phones and the stream of events."""

import base64
import json

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .carriers import CALLER, NUMBER, start_carrier


def socket(carrier, path: str, **options):
    return connect(carrier.url.replace("http", "ws") + f"/emulator/{path}", proxy=None, **options)


def events(line, wanted: str, count: int = 1) -> list[dict]:
    found = []
    while len(found) < count:
        message = json.loads(line.recv(timeout=10))
        if message["event"] == wanted:
            found.append(message)
    return found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:8000"}, 200),
        ({"Origin": "http://[::1]:8000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example"}, 403),
    ],
)
def test_only_pages_of_this_machine_are_let_in(carrier, headers, status):
    response = httpx.get(f"{carrier.url}/emulator/calls", headers=headers)
    assert response.status_code == status
    if status == 200 and "Origin" in headers:
        assert response.headers["access-control-allow-origin"] == headers["Origin"]


def test_a_foreign_page_opens_no_socket(carrier):
    with pytest.raises(InvalidStatus):
        socket(carrier, "events", origin="https://evil.example")


def test_a_page_may_ask_before_it_posts(carrier):
    response = httpx.options(f"{carrier.url}/emulator/calls", headers={"Origin": "http://127.0.0.1:8000"})
    assert response.status_code == 204 and "POST" in response.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "calls", b"{", 400, "not JSON"),
        ("POST", "calls", b'{"from": "+15550123"}', 400, '"to" is missing'),
        ("POST", "calls", b'{"from": "+15550123", "to": "+1999"}', 404, NUMBER),
        ("GET", "calls/CA0", b"", 404, "there is no call CA0"),
        ("PUT", "phones/+15550123", b'{"busi": true}', 400, "busi"),
        ("PUT", "phones/+15550123", b'{"then": "sing"}', 400, "stay or hangup"),
        ("PUT", "phones/+15550123", b'{"answer_after_seconds": "soon"}', 400, "answer_after_seconds"),
    ],
)
def test_mistakes_are_explained(carrier, method, path, body, status, message):
    response = httpx.request(method, f"{carrier.url}/emulator/{path}", content=body)
    assert response.status_code == status and message in response.json()["error"]


def test_wrong_keys_and_sounds_are_explained(carrier, dial):
    call = dial("<Pause length='60'/><Say>x</Say>")
    keys = httpx.post(f"{carrier.url}/emulator/calls/{call.sid}/keys", json={"digits": "1x"})
    assert keys.status_code == 400 and "0-9" in keys.json()["error"]
    for body, message in (({}, "needs text"), ({"audio": "%%"}, "base64")):
        speech = httpx.post(f"{carrier.url}/emulator/calls/{call.sid}/speech", json=body)
        assert speech.status_code == 400 and message in speech.json()["error"]


def test_a_live_phone_hears_prompts_and_presses_keys(carrier, dial, server):
    server.answer("/choice", "<Say>You chose four.</Say><Pause length='60'/>")
    call = dial(
        f'<Pause/><Gather action="/choice" numDigits="1" timeout="60"><Say>{"Choose now. " * 20}</Say></Gather>'
    )
    with socket(carrier, f"calls/{call.sid}/line") as line:
        prompt = events(line, "prompt")[0]
        assert prompt["text"].startswith("Choose now.")
        line.send(json.dumps({"event": "key", "digit": "4"}))
        assert events(line, "interrupted")[0]["index"] == prompt["index"]
        assert events(line, "prompt")[0]["text"] == "You chose four."
        line.send(json.dumps({"event": "dance"}))
        assert "write key" in events(line, "error")[0]["message"]
        line.send(json.dumps({"event": "hangup"}))
        assert events(line, "state")[0]["status"] == "completed"


def test_a_live_phone_speaks_with_its_microphone(carrier, dial, server):
    call = dial('<Gather input="speech" speechTimeout="1" action="/said" timeout="60"><Say>Speak.</Say></Gather>')
    with socket(carrier, f"calls/{call.sid}/line") as line:
        events(line, "gather") if call.state["expecting"] is None else None
        payload = base64.b64encode(b"\x11" * 160).decode()
        for _ in range(10):
            line.send(json.dumps({"event": "media", "payload": payload}))
        line.send(json.dumps({"event": "speech", "text": "hello there"}))
        assert server.waits_for("/said")[0].form["SpeechResult"] == "hello there"


def test_a_browser_phone_is_rung_answers_and_hears_the_caller(carrier, dial):
    with socket(carrier, "phones/client:grace/line") as phone:
        call = dial("<Dial><Client>grace</Client></Dial>")
        assert events(phone, "state")[0]["status"] == "ringing"
        phone.send(json.dumps({"event": "answer"}))
        call.is_connected()
        events(phone, "bridged")
        call.plays(b"\x22" * 1600)
        frame = base64.b64decode(events(phone, "media", 1)[0]["payload"])
        assert len(frame) == 160
        call.says("Good morning.", wait_seconds=0)
        assert events(phone, "heard")[0]["text"] == "Good morning."


def test_everything_that_happens_can_be_watched(carrier, server):
    with socket(carrier, "events") as watched:
        server.answer("/start", "<Say>Hello.</Say>")
        call = carrier.dials(CALLER, NUMBER)
        call.waits_until("completed")
        seen = []
        while not seen or seen[-1].get("status") != "completed":
            seen.append(json.loads(watched.recv(timeout=10)))
    names = [event["event"] for event in seen if event.get("call_sid") == call.sid]
    assert names[:3] == ["call", "state", "webhook"] and {"heard", "prompt", "prompt-ended"} <= set(names)


def test_a_phone_that_joins_late_is_told_what_is_being_said(carrier, dial):
    call = dial(f'<Gather numDigits="1" timeout="60"><Say>{"A long prompt. " * 100}</Say></Gather>')
    call.hears("a long prompt")
    with socket(carrier, f"calls/{call.sid}/line") as line:
        assert events(line, "prompt")[0]["text"].startswith("A long prompt.")
        assert events(line, "gather")[0]["num_digits"] == 1


def test_the_emulator_stops_when_its_starter_is_gone(_server):
    carrier = start_carrier(_server)
    carrier._process.stdin.close()
    assert carrier._process.wait(20) == 0


def test_a_late_answer_to_a_long_poll_is_the_change(carrier, dial):
    call = dial("<Say>First words.</Say><Say>Second words.</Say>")
    call.hears("first")
    state = carrier.request("GET", f"calls/{call.sid}", params={"after": 0, "wait_seconds": 10})
    assert len(state["heard"]) >= 2
