"""Record: what ends it, what its action is told, and the sound it keeps."""

import httpx
import pytest

from .carriers import SID

RECORD = '<Record action="/kept" {}/><Say>Unreachable.</Say>'
TONE = bytes(range(160)) * 100  # two seconds


@pytest.mark.parametrize(("attributes", "key"), [("", "5"), ('finishOnKey="#"', "#")])
def test_a_key_ends_it_and_the_sound_is_kept(dial, carrier, server, attributes, key):
    call = dial(RECORD.format(attributes + ' timeout="0"'))
    call.says("this is my message", audio=TONE, until_said=True)
    call.presses(key)
    form = server.waits_for("/kept")[0].form
    assert form["Digits"] == key and int(form["RecordingDuration"]) >= 2
    sound = httpx.get(form["RecordingUrl"])
    assert sound.headers["content-type"] == "audio/x-wav" and TONE in sound.content
    assert f"/Accounts/{SID}/Recordings/RE" in form["RecordingUrl"]


def test_hanging_up_posts_hangup(dial, server):
    call = dial(RECORD.format('timeout="0"'))
    call.says("goodbye", audio=TONE, until_said=True)
    call.hangs_up()
    form = server.waits_for("/kept")[0].form
    assert (form["Digits"], form["CallStatus"]) == ("hangup", "completed")


def test_silence_and_the_longest_time_end_it(dial, server):
    dial(RECORD.format('timeout="2"'))
    assert server.waits_for("/kept")[0].form["Digits"] == ""
    dial(RECORD.format('timeout="0" maxLength="3"'))
    assert int(server.waits_for("/kept", 2)[1].form["RecordingDuration"]) in (2, 3, 4)


def test_the_recording_is_reported(dial, server):
    dial(RECORD.format('maxLength="1" recordingStatusCallback="/stored"'))
    assert server.waits_for("/stored")[0].form["RecordingStatus"] == "completed"
