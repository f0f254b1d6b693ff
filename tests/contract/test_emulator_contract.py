"""The official client, through Prism, to the emulator: every answer is checked against Twilio's OpenAPI file.

``prism proxy --errors`` passes a request on only if it is valid, and turns an answer that breaks the specification
into an error, which the client raises. The specification is cut to the resources used here: Prism takes long to read
all of it.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from emulator.carriers import CALLER, NUMBER, start_carrier  # noqa: E402
from emulator.official import client  # noqa: E402
from emulator.scripted import ScriptedServer  # noqa: E402

SPECIFICATION = ROOT.parent / "shared" / "twilio" / "openapi" / "twilio_api_v2010.json"
PRISM = "@stoplight/prism-cli@5.14.2"  # the newest that runs on Node 20
PRISM_HOME = ROOT / "var" / "prism"
RESOURCES = ("Calls", "Messages", "Conferences", "Queues", "IncomingPhoneNumbers", "Recordings")
AGENT = "+15550177"
ROOM = "contract-room"
PAGE_LINKS = {"uri", "first_page_uri", "next_page_uri", "previous_page_uri"}


def missing(what: str) -> None:
    """Without its tools this test proves nothing: loud on a laptop, an error in CI."""
    message = f"the REST side was NOT checked against the specification: {what}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def prism_command() -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        missing("Node.js and npm are needed (apt-get install nodejs npm)")
    if not SPECIFICATION.exists():
        missing(f"{SPECIFICATION.name} is not beside the checkout, in shared/twilio/openapi")
    script = PRISM_HOME / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not script.exists():
        PRISM_HOME.mkdir(parents=True, exist_ok=True)
        installed = subprocess.run(
            [npm, "install", "--prefix", str(PRISM_HOME), "--no-audit", "--no-fund", PRISM],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if installed.returncode:
            missing(f"npm could not install {PRISM}: {installed.stderr.strip()[-300:]}")
    return [node, str(script), "proxy", "--errors"]


@pytest.fixture(scope="module")
def server():
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def carrier(server):
    with start_carrier(server) as carrier:
        yield carrier


def _accept_relative_page_links(node) -> None:
    """Page links are declared as absolute URIs, but the file's own examples, and Twilio, give relative ones."""
    if isinstance(node, dict):
        for name, declared in node.get("properties", {}).items():
            if name in PAGE_LINKS and declared.get("format") == "uri":
                declared["format"] = "uri-reference"
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _accept_relative_page_links(child)


@pytest.fixture(scope="module")
def specification(tmp_path_factory) -> Path:
    whole = json.loads(SPECIFICATION.read_text())
    prefix = "/2010-04-01/Accounts/{AccountSid}/"
    used = tuple(f"{prefix}{resource}{end}" for resource in RESOURCES for end in (".json", "/"))
    whole["paths"] = {path: methods for path, methods in whole["paths"].items() if path.startswith(used)}
    for methods in whole["paths"].values():
        _accept_relative_page_links(methods)
    cut = tmp_path_factory.mktemp("prism") / "specification.json"
    cut.write_text(json.dumps(whole))
    return cut


@pytest.fixture(scope="module")
def rest(prism_command, specification, carrier):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*prism_command, str(specification), carrier.url, "-p", str(port), "-h", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout:
            lines.append(line)
            if "is listening" in line:
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    try:
        assert ready.wait(120), f"Prism did not start: {''.join(lines[-5:])}"
        yield client(carrier, base_url=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def test_prism_sees_a_wrong_request(rest, carrier):
    """The checker is awake: it refuses what the specification refuses."""
    base = rest.http_client._base_url
    account = rest.username
    answer = httpx.post(
        f"{base}/2010-04-01/Accounts/{account}/Calls.json", data={"From": NUMBER}, auth=(account, rest.password)
    )
    assert answer.status_code == 422 and "To" in answer.text


def test_calls_and_streams(rest, carrier, server):
    carrier.phone(AGENT)
    server.answer("/out", "<Say>Hello.</Say><Pause length='600'/>")
    made = rest.calls.create(
        to=AGENT, from_=NUMBER, url=f"{server.url}/out", status_callback=f"{server.url}/status", timeout=20
    )
    carrier.call(made.sid).hears("hello")
    assert rest.calls(made.sid).fetch().status == "in-progress"
    assert made.sid in {call.sid for call in rest.calls.list(status="in-progress", page_size=1, limit=5)}
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        stream = rest.calls(made.sid).streams.create(
            url=f"ws://127.0.0.1:{nobody.getsockname()[1]}/media", name="voice", track="inbound_track"
        )
        assert rest.calls(made.sid).streams(stream.sid).update(status="stopped").status == "stopped"
    redirected = rest.calls(made.sid).update(twiml="<Response><Say>Goodbye.</Say><Pause length='600'/></Response>")
    assert redirected.sid == made.sid
    carrier.call(made.sid).hears("goodbye")
    assert rest.calls(made.sid).update(status="completed").status == "completed"


def test_messages(rest, server):
    sent = rest.messages.create(to=CALLER, from_=NUMBER, body="Your page", status_callback=f"{server.url}/sms")
    server.waits_for("/sms", 3)
    assert rest.messages(sent.sid).fetch().status == "delivered"
    assert [message.sid for message in rest.messages.list(to=CALLER)] == [sent.sid]


def test_conferences_and_participants(rest, carrier, server):
    carrier.phone(AGENT)
    server.answer("/start", f'<Dial><Conference waitUrl="" participantLabel="caller">{ROOM}</Conference></Dial>')
    call = carrier.dials(CALLER, NUMBER)
    call.hears("beep")
    (room,) = rest.conferences.list(friendly_name=ROOM)
    participants = rest.conferences(room.sid).participants
    invited = participants.create(from_=NUMBER, to=AGENT, label="agent", end_conference_on_exit=True)
    call.is_connected()
    assert rest.conferences(room.sid).fetch().status == "in-progress"
    assert {one.call_sid for one in participants.list()} == {call.sid, invited.call_sid}
    caller = rest.conferences(room.sid).participants(call.sid)
    assert caller.fetch().label == "caller"
    assert caller.update(hold=True).hold and not caller.update(hold=False).hold
    assert rest.conferences(room.sid).participants(invited.call_sid).delete()
    call.waits_until("completed")
    ended = rest.conferences(room.sid).fetch()
    assert ended.status == "completed" and ended.call_sid_ending_conference == invited.call_sid


def test_queues_and_members(rest, carrier, server):
    server.answer("/start", "<Enqueue>contract-queue</Enqueue>")
    server.answer("/next", "<Say>It is your turn.</Say>")
    call = carrier.dials(CALLER, NUMBER)
    call.hears("wait music")
    (queue,) = rest.queues.list()
    assert rest.queues(queue.sid).fetch().current_size == 1
    (member,) = rest.queues(queue.sid).members.list()
    assert rest.queues(queue.sid).members(member.call_sid).fetch().position == 1
    rest.queues(queue.sid).members(member.call_sid).update(url=f"{server.url}/next")
    call.hears("your turn")
    assert rest.queues.create("another-queue").max_size == 1000


def test_numbers(rest, server):
    (number,) = rest.incoming_phone_numbers.list(phone_number=NUMBER)
    changed = number.update(voice_url=f"{server.url}/start", voice_fallback_url=f"{server.url}/fallback")
    assert changed.voice_url == f"{server.url}/start"
    assert rest.incoming_phone_numbers(number.sid).fetch().phone_number == NUMBER


def test_recordings(rest, carrier, server):
    server.answer("/start", '<Record action="/kept" maxLength="1"/>')
    carrier.dials(CALLER, NUMBER)
    kept = server.waits_for("/kept")[0].form
    assert rest.recordings(kept["RecordingSid"]).fetch().call_sid == kept["CallSid"]
    assert rest.recordings.list(call_sid=kept["CallSid"])
