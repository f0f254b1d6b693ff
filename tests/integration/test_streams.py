"""The caller's audio: an independent Media Streams client behind a signing proxy, and everything that must not get in.

The client signs nothing, so a proxy that does stands before it, as Twilio would.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamdouble.protocol import StreamIdentity
from streamdouble.session import Session as StreamSession
from streamdouble.session import SessionConfig
from twilio.request_validator import RequestValidator
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import serve

from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By
from ivr.store import consents, contacts, sessions
from ivr.store.database import write
from ivr.store.instants import to_microseconds
from tests.integration.doubled import ACCOUNT, PUBLIC, TOKEN, Doubled, Phone, serving
from tests.integration.test_crash import until

SOCKET = "ws" + PUBLIC.removeprefix("http") + "/voice/stream"
SILENCE = [b"\xff" * 160] * 50


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    with serving(tmp_path_factory.mktemp("streams")) as started:
        for contact in contacts.all_contacts(started.database):
            enrol(started, contact.id)
        yield started


def enrol(system: Doubled, contact: str) -> None:
    """A voiceprint on file, so that a call wants a stream; nobody can open it, so that no verdict comes of it."""
    now = datetime.now(UTC)
    consent = ConsentGiven(contact=contact, version="1", wording="May we?", language="en-GB", by=By.KEYPAD)
    write(system.database, lambda t: consents.record(t, "c" * 32, consent, to_microseconds(now)))
    contacts.save_voiceprint(system.database, contact, b"sealed", "0" * 64, now)


def signature(url: str = SOCKET) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, {})}


def open_socket(system: Doubled, headers: dict[str, str] | None = None) -> ClientConnection:
    url = system.url().replace("http", "ws") + "/voice/stream"
    return connect(url, additional_headers=signature() if headers is None else headers, proxy=None)


def ticket_of(phone: Phone) -> str:
    return re.search(r'name="ticket" value="([^"]+)"', phone.text).group(1)


def start(phone: Phone, ticket: str, account: str = ACCOUNT, call: str = "") -> str:
    sid = "MZ" + "0" * 32
    about = {
        "accountSid": account, "streamSid": sid, "callSid": call or phone.about["CallSid"], "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"ticket": ticket},
    }  # fmt: skip
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": sid, "start": about})


def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=15)
    return closed.value.rcvd.code if closed.value.rcvd else 1006


def is_running(system: Doubled, phone: Phone) -> bool:
    return sessions.load(system.database, phone.call).voice.running


@contextmanager
def signing_proxy(system: Doubled) -> Iterator[str]:
    def relay(client) -> None:
        with open_socket(system) as server:

            def back() -> None:
                for message in server:
                    client.send(message)

            thread = threading.Thread(target=back, daemon=True)
            thread.start()
            for message in client:
                server.send(message)

    with serve(relay, "127.0.0.1", 0) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{proxy.socket.getsockname()[1]}/voice/stream"
        proxy.shutdown()
        thread.join(5)


def test_an_independent_client_streams_and_is_told_nothing(system: Doubled) -> None:
    phone = Phone(system, "CA" + "1" * 32).dials()
    config = SessionConfig(
        custom_parameters={"ticket": ticket_of(phone)}, fork=True, tracks=["inbound"], strict_fork=True,
        response_timeout_s=0.5, quiet_period_s=0.2, max_drain_s=1.0,
    )  # fmt: skip
    identity = StreamIdentity(account_sid=ACCOUNT, call_sid=phone.about["CallSid"])
    with signing_proxy(system) as url:
        result = asyncio.run(StreamSession(url, SILENCE, config=config, identity=identity).run())
    assert list(result.violations) == []
    assert not result.audio_received
    kinds = [row.input.__struct_config__.tag for row in sessions.log(system.database, phone.call) if row.input]
    assert "stream_started" in kinds
    until(lambda: not is_running(system, phone), 15)
    assert "<Stream" in phone.asks(phone.action, Digits="3").text, "a stream that broke off is started again"
    assert ticket_of(phone) != config.custom_parameters["ticket"]


def test_the_document_starts_no_second_stream_while_one_runs(system: Doubled) -> None:
    phone = Phone(system, "CA" + "2" * 32).dials()
    with open_socket(system) as socket:
        socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        socket.send(start(phone, ticket_of(phone)))
        until(lambda: is_running(system, phone), 15)
        assert "<Stream" not in phone.asks(phone.action, Digits="3").text
    until(lambda: not is_running(system, phone), 15)


@pytest.mark.parametrize(
    "headers", [{}, {"X-Twilio-Signature": "AAAA"}, signature(SOCKET + "x"), signature(SOCKET.replace("ws:", "wss:"))]
)
def test_an_unsigned_handshake_is_refused(system: Doubled, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_socket(system, headers)
    assert refused.value.response.status_code == 403


def test_the_signature_may_hold_a_trailing_slash(system: Doubled) -> None:
    with open_socket(system, signature(SOCKET + "/")):
        pass


def test_other_sockets_do_not_exist(system: Doubled) -> None:
    url = system.url().replace("http", "ws") + "/voice/other"
    with pytest.raises(InvalidStatus):
        connect(url, additional_headers=signature(), proxy=None)


WRONG = ["none", "garbage", "of another call", "of another account", "forged"]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_ticket_is_refused(system: Doubled, wrong: str) -> None:
    number = WRONG.index(wrong)
    phone = Phone(system, f"CA3{number:031x}").dials()
    other = Phone(system, f"CA4{number:031x}", "+447700900102").dials()
    ticket = ticket_of(phone)
    message = {
        "none": start(phone, ""),
        "garbage": start(phone, "x.y.z"),
        "of another call": start(phone, ticket_of(other)),
        "of another account": start(phone, ticket, account="AC" + "9" * 32),
        "forged": start(phone, ticket[:-1] + ("A" if ticket[-1] != "A" else "B")),
    }[wrong]
    with open_socket(system) as socket:
        socket.send(message)
        assert close_code(socket) == 1008
    assert not is_running(system, phone)
    assert not is_running(system, other)


def test_a_ticket_is_good_once(system: Doubled) -> None:
    phone = Phone(system, "CA" + "8" * 32).dials()
    ticket = ticket_of(phone)
    with open_socket(system) as first:
        first.send(start(phone, ticket))
        until(lambda: is_running(system, phone), 15)
        with open_socket(system) as second:
            second.send(start(phone, ticket))
            assert close_code(second) == 1008
        assert is_running(system, phone)
    until(lambda: not is_running(system, phone), 15)
    with open_socket(system) as third:
        third.send(start(phone, ticket))
        assert close_code(third) == 1008


MALFORMED = [
    "", "{", "[]", '"start"', "{}", '{"event": 1}', "[" * 60_000, '{"event":"start","start":{}}', b"\xff\xfe\x00",
    '{"event":"start","start":{"accountSid":1,"callSid":2,"streamSid":3}}',
]  # fmt: skip


def test_ten_malformed_frames_close_the_stream_and_harm_nobody(system: Doubled) -> None:
    with open_socket(system) as socket:
        for frame in MALFORMED:
            socket.send(frame)
        assert close_code(socket) == 1007
    assert Phone(system, "CA" + "9" * 32).dials().text


def test_malformed_audio_counts_too_and_fewer_are_borne(system: Doubled) -> None:
    phone = Phone(system, "CA" + "a" * 32).dials()
    good = json.dumps({"event": "media", "media": {"payload": base64.b64encode(SILENCE[0]).decode()}})
    bad = [{"payload": "%%%"}, {"payload": base64.b64encode(b"x" * 8001).decode()}, {"payload": 7}]
    with open_socket(system) as socket:
        socket.send(good)  # before the ticket: audio of nobody, dropped
        socket.send(start(phone, ticket_of(phone)))
        until(lambda: is_running(system, phone), 15)
        for media in bad * 3:
            socket.send(json.dumps({"event": "media", "media": media}))
            socket.send(good)
        assert is_running(system, phone)
        socket.send(json.dumps({"event": "media", "media": bad[0]}))
        assert close_code(socket) == 1007
    until(lambda: not is_running(system, phone), 15)


def test_a_frame_above_64_kib_closes_the_socket(system: Doubled) -> None:
    with open_socket(system) as socket:
        socket.send("x" * 70_000)
        assert close_code(socket) == 1009


# -- the voice process -------------------------------------------------------------------------------------------------


def voice_processes(system: Doubled) -> set[int]:
    """Children of the server that run the voice process."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
            command = (directory / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == system.servers[0]._process.pid and b"ivr.authentication.process" in command:
            found.add(int(directory.name))
    return found


def test_a_voice_process_that_dies_answers_inconclusive_and_is_started_again(system: Doubled) -> None:
    (pid,) = until(lambda: voice_processes(system), 30)
    phone = Phone(system, "CA" + "b" * 32, "+447700900103").dials()
    verification = sessions.load(system.database, phone.call).voice.verification
    assert verification
    os.kill(pid, signal.SIGSTOP)  # it hears the question and cannot answer
    try:
        with open_socket(system) as socket:
            socket.send(start(phone, ticket_of(phone)))
            claimed = "SELECT state FROM requests WHERE request = ?"
            until(lambda: system.rows(claimed, verification) == [("claimed",)], 15)
            time.sleep(0.3)
            assert sessions.load(system.database, phone.call).voice.verdict is None
            os.kill(pid, signal.SIGKILL)
            until(lambda: sessions.load(system.database, phone.call).voice.verdict, 15)
    finally:
        if pid in voice_processes(system):
            os.kill(pid, signal.SIGKILL)
    voice = sessions.load(system.database, phone.call).voice
    assert (voice.verdict, voice.reason) == ("INCONCLUSIVE", "failure")
    assert sessions.load(system.database, phone.call).factors == ()
    (again,) = until(lambda: voice_processes(system), 30)
    assert again != pid
    assert "<Response" in phone.asks(phone.action, Digits="1").text
