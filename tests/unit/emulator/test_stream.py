"""Media Streams: the handshake, every message, names, and how a stream ends."""

import base64

import pytest
from twilio.request_validator import RequestValidator

from .carriers import CALLER, NUMBER, SID
from .official import client
from .scripted import TOKEN
from .streams import StreamServer, frames

VOICE = bytes(range(160)) * 25  # half a second that no other sound resembles


def stream(url: str, more: str = "", children: str = "") -> str:
    return f'<Start><Stream name="voice" url="{url}" statusCallback="/stream-status" {more}>{children}</Stream></Start>'


def streamed(dial, streams: StreamServer, document: str):
    """A call that streams some frames and is then hung up; gives it and all messages."""
    call = dial(document + '<Pause length="600"/>')
    streams.waits_for_frames(10)
    call.hangs_up()
    return call, streams.waits_for_stop()


def test_every_message_is_as_specified(dial, server):
    with StreamServer() as streams:
        call, messages = streamed(dial, streams, stream(streams.url, children='<Parameter name="ticket" value="abc"/>'))
    connected, start, *media, stop = messages
    assert connected == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    sid = start["streamSid"]
    assert sid.startswith("MZ") and len(sid) == 34
    assert start == {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": sid,
        "start": {
            "accountSid": SID,
            "streamSid": sid,
            "callSid": call.sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {"ticket": "abc"},
        },
    }
    assert stop == {
        "event": "stop",
        "sequenceNumber": str(len(media) + 2),
        "streamSid": sid,
        "stop": {"accountSid": SID, "callSid": call.sid},
    }
    for number, message in enumerate(media, 1):
        payload = message["media"].pop("payload")
        assert base64.b64decode(payload) == b"\xff" * 160
        assert message == {
            "event": "media",
            "sequenceNumber": str(number + 1),
            "streamSid": sid,
            "media": {"track": "inbound", "chunk": str(number), "timestamp": str((number - 1) * 20)},
        }


def test_the_handshake_is_signed_over_the_socket_url(dial):
    with StreamServer() as streams:
        streamed(dial, streams, stream(streams.url))
    ((_, headers),) = streams.handshakes
    assert RequestValidator(TOKEN).validate(streams.url, {}, headers["x-twilio-signature"])


def test_the_callers_voice_arrives_unchanged_and_silence_around_it(dial):
    with StreamServer() as streams:
        call = dial(stream(streams.url) + '<Pause length="600"/>')
        streams.waits_for_frames(10)
        call.plays(VOICE, until_said=True)
        call.hangs_up()
        sound = b"".join(frames(streams.waits_for_stop()))
    assert VOICE in sound and not sound.replace(VOICE, b"").strip(b"\xff")


def test_both_tracks_are_sent_on_request(dial):
    with StreamServer() as streams:
        _, messages = streamed(dial, streams, stream(streams.url, 'track="both_tracks"'))
    assert {message["media"]["track"] for message in messages if message["event"] == "media"} == {"inbound", "outbound"}


def test_a_stream_is_reported_from_start_to_stop(dial, server):
    with StreamServer() as streams:
        call, _ = streamed(dial, streams, stream(streams.url))
        posts = server.waits_for("/stream-status", 2)
    by_event = {post.form["StreamEvent"]: post.form for post in posts}
    assert set(by_event) == {"stream-started", "stream-stopped"}
    assert all(form["StreamName"] == "voice" and form["CallSid"] == call.sid for form in by_event.values())


def test_stop_ends_the_stream_and_the_call_goes_on(dial):
    with StreamServer() as streams:
        call = dial(
            stream(streams.url)
            + '<Pause/><Stop><Stream name="voice"/></Stop><Say>Still here.</Say><Pause length="600"/>'
        )
        call.hears("still here")
        streams.waits_for_stop()
        assert call.status == "in-progress" and call.state["streams"] == []


def test_rest_stops_a_stream_by_its_name(dial, carrier):
    with StreamServer() as streams:
        call = dial(stream(streams.url) + '<Pause length="600"/>')
        streams.waits_for_frames(3)
        assert client(carrier).calls(call.sid).streams("voice").update(status="stopped").status == "stopped"
        streams.waits_for_stop()
        call.hangs_up()


def test_a_second_start_with_the_same_name_changes_nothing(dial, carrier):
    with StreamServer() as streams:
        call, _ = streamed(dial, streams, stream(streams.url) * 2 + "<Say>Going on.</Say>")
        assert [entry["text"] for entry in call.heard()] == ["Going on."]
    assert len(streams.handshakes) == 1
    assert any("already running" in entry["message"] for entry in carrier.debugger() if entry["call_sid"] == call.sid)


def test_a_lost_socket_ends_the_stream_and_not_the_call(dial, server):
    with StreamServer(close_after=5) as streams:
        call = dial(stream(streams.url) + '<Pause length="600"/>')
        posts = server.waits_for("/stream-status", 2)
    assert {post.form["StreamEvent"] for post in posts} == {"stream-started", "stream-error"}
    assert call.status == "in-progress" and len(streams.handshakes) == 1


@pytest.mark.parametrize(
    ("url", "code"),
    [("wss://example.com/a?b=c", 31901), ("ws://example.com/a", 31901), ("http://127.0.0.1/a", 31901)],
)
def test_urls_that_would_be_refused(dial, carrier, url, code):
    call = dial(stream(url) + "<Say>Going on.</Say>")
    call.hears("going on")
    assert code in {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == call.sid}


def test_a_refused_handshake_is_reported(carrier, server):
    with StreamServer(refuse=True) as streams:
        server.answer("/start", stream(streams.url) + '<Pause length="4"/>')
        call = carrier.dials(CALLER, NUMBER)
        form = server.waits_for("/stream-status")[0].form
    assert form["StreamEvent"] == "stream-error" and "31920" in form["StreamError"]
    assert 31920 in {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == call.sid}
