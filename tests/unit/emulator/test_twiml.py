"""Reading TwiML: what is taken, what is warned about, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from ivr.emulator.twiml import Document, Finding, read_document


def read(verbs: str) -> Document:
    document = read_document(f"<Response>{verbs}</Response>".encode())
    assert isinstance(document, Document)
    return document


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 11770),
        (b"<Response><Say>", 12100),
        (b" <?xml version='1.0'?><Response/>", 12100),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Response>&a;</Response>", 12100),
        (b"<response/>", 12102),
        (b"<Response>" + b" " * 65_536 + b"</Response>", 11750),
        (b"\xff\xfe\x00", 12100),
    ],
)
def test_unusable_documents_have_twilios_codes(body, code):
    found = read_document(body)
    assert isinstance(found, Finding) and found.code == code


@pytest.mark.parametrize(
    ("verbs", "hint"),
    [
        ("<say>no</say>", "did you mean 'Say'"),
        ("<Shout>no</Shout>", "<Shout> is not TwiML"),
        ("<Gather numdigits='1'/>", "did you mean 'numDigits'"),
        ("<Gather><Dial>+15550123</Dial></Gather>", "<Dial> may not stand inside <Gather>"),
    ],
)
def test_unknown_pieces_are_skipped_with_a_warning(verbs, hint):
    document = read(verbs)
    assert [warning.code for warning in document.warnings] == [12200]
    assert hint in document.warnings[0].message
    assert not document.verbs or not document.verbs[0].children and not document.verbs[0].attributes


def test_marked_up_speech_is_one_text():
    (say,) = read(
        "<Say>Your <emphasis>balance</emphasis> is\n  <say-as interpret-as='currency'>$5</say-as>.</Say>"
    ).verbs
    assert say.text == "Your balance is $5."


def test_everything_the_official_library_writes_is_known():
    response = VoiceResponse()
    gather = response.gather(input="dtmf speech", action="/a", num_digits=1, speech_timeout="auto", hints="yes,no")
    gather.say("Hello", voice="man", loop=2)
    response.start().stream(name="voice", url="wss://example.com/s", track="inbound_track").parameter("ticket", "x")
    response.dial(action="/d", answer_on_bridge=True).conference("room", wait_url="", participant_label="caller")
    response.enqueue("support", wait_url="/wait", action="/after")
    response.record(max_length=5, play_beep=False)
    response.redirect("/next", method="GET")
    assert read_document(str(response).encode()).warnings == ()


@given(st.binary(max_size=300))
def test_no_body_breaks_the_reader(body):
    assert isinstance(read_document(body), Document | Finding)


@given(
    st.recursive(
        st.sampled_from(["<Say>x</Say>", "<Pause/>", "<Nope/>", "<Hangup/>", "text"]),
        lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"<Gather>{''.join(parts)}</Gather>"),
        max_leaves=12,
    )
)
def test_only_known_verbs_come_out(verbs):
    for verb in read(verbs).verbs:
        assert verb.name in {"Say", "Pause", "Hangup", "Gather"}
        assert {child.name for child in verb.children} <= {"Say", "Pause", "Play"}
