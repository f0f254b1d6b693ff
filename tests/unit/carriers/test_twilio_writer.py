"""TwiML: the same as Twilio's own SDK writes, and whole whatever a name holds."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.twiml.voice_response import Dial, Enqueue, Gather, Start, VoiceResponse

from ivr.carriers.addresses import Addressing
from ivr.carriers.twilio import writer
from ivr.carriers.twilio.gathering import MONTHS, gather_attributes
from ivr.carriers.twilio.reader import read
from ivr.flow import phrases
from ivr.flow.challenge_words import words_for
from ivr.flow.definition import Flow
from ivr.flow.events import Said
from ivr.flow.kinds import (
    AnyKind,
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.session import Challenging, Page, Session, Voice
from ivr.flow.waits import (
    AnyWait,
    Asked,
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitChoice,
    AwaitConfirmation,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    Offered,
    TalkingToAgent,
)

FLOW = Flow(
    name="f",
    file="f.yaml",
    bundle="b",
    title="T",
    language="en-GB",
    start="a",
    person="p",
    prove="",
    facts={},
    steps={},
)
ADDRESSING = Addressing("https://ivr.example.com", b"k" * 32, "AC" + "0" * 32)
SAID = (Said(text="This is recorded.", must_hear=True), Said(text="Choose."))
CHOICES = (Offered(key="1", label="Balance", words=("money", "my account")), Offered(key="0", label="A person"))


def session(wait: AnyWait | None, **changes) -> Session:
    ended = "flow_finished" if wait is None else None
    return Session(
        call="c" * 32, bundle="b", flow="f", caller="+1", line="+2", page=Page(digits="47"), turn=3, revision=9,
        waiting_for=wait, ended=ended, **changes,
    )  # fmt: skip


def same(ours: str, sdk: VoiceResponse) -> None:
    canonical = [ElementTree.canonicalize(text) for text in (ours, sdk.to_xml())]
    assert canonical[0] == canonical[1]


def led(response: VoiceResponse | None = None) -> VoiceResponse:
    response = response or VoiceResponse()
    response.say("This is recorded.", language="en-GB")
    return response


ASKED = {
    "input": "dtmf speech", "finish_on_key": "#", "timeout": 8, "speech_timeout": "auto", "language": "en-GB",
}  # fmt: skip


def asking(kind: AnyKind, choices: tuple[Offered, ...] = ()) -> AwaitAnswer:
    asked = Asked(name="it", label="?", kind=kind, choices=choices)
    return AwaitAnswer(fields=(asked,), current="it", form=False, timeout_seconds=8)


@pytest.mark.parametrize(
    ("wait", "keys"),
    [
        (
            AwaitChoice(choices=CHOICES, timeout_seconds=6),
            {"input": "dtmf speech", "num_digits": 1, "timeout": 6, "speech_timeout": "auto", "language": "en-GB",
             "hints": "Balance,money,my account,A person"},
        ),
        (
            AwaitDigits(label="?", min_length=4, max_length=12, timeout_seconds=8),
            {"input": "dtmf", "num_digits": 12, "finish_on_key": "#", "timeout": 8},
        ),
        (
            AwaitSecret(label="?", min_length=4, max_length=8, timeout_seconds=8),
            {"input": "dtmf", "num_digits": 8, "finish_on_key": "#", "timeout": 8},
        ),
        (
            AwaitSpeech(label="?", max_length=100, timeout_seconds=5),
            {"input": "dtmf speech", "num_digits": 1, "timeout": 5, "speech_timeout": "auto", "language": "en-GB"},
        ),
        (
            AwaitChallenge(request="v", words=("4", "7", "1", "2"), timeout_seconds=6, patience="p"),
            {"input": "dtmf speech", "num_digits": 1, "timeout": 6, "speech_timeout": 2, "language": "en-GB",
             "hints": "zero,oh,one,two,three,four,five,six,seven,eight,nine,double"},
        ),
        (
            AwaitChallenge(request="v", words=("candle", "turtle", "window"), timeout_seconds=6, patience="p"),
            {"input": "dtmf speech", "num_digits": 1, "timeout": 6, "speech_timeout": 2, "language": "en-GB",
             "hints": ",".join(words_for("en-GB"))},
        ),
        (asking(DigitsKind(max_length=6)), {**ASKED, "num_digits": 6}),
        (asking(NumberKind()), {**ASKED, "hints": "point"}),
        (asking(MoneyKind(currency="GBP")), {**ASKED, "hints": "pounds"}),
        (asking(DateKind()), {**ASKED, "num_digits": 8, "hints": MONTHS.replace(" ", ",")}),
        (asking(PhoneKind(country_code="44")), {**ASKED, "hints": "double,triple,oh,plus"}),
        (asking(ListKind(), CHOICES[:1]), {**ASKED, "num_digits": 1, "hints": "Balance,money,my account"}),
        (asking(SpeechKind()), {**ASKED, "num_digits": 1}),
        (
            AwaitConfirmation(
                name="sum", answer="5.00 GBP", label="?", read_back="5 pounds", timeout_seconds=6,
                choices=(Offered("1", "Yes, that is right", ("yes",)), Offered("0", "A person")),
            ),
            {"input": "dtmf speech", "num_digits": 1, "timeout": 6, "speech_timeout": "auto", "language": "en-GB",
             "hints": "Yes that is right,yes,A person"},
        ),
    ],
)  # fmt: skip
def test_a_question_is_a_gather_that_tells_of_silence_too(wait: AnyWait, keys: dict) -> None:
    now = session(wait)
    to = ADDRESSING.of(now)
    response = led()
    action = to.secret if isinstance(wait, AwaitSecret) else to.answer
    gather = Gather(**keys, action=action, method="POST", action_on_empty_result="true")
    gather.say("Choose.", language="en-GB")
    response.append(gather)
    response.redirect(to.draw, method="POST")
    same(writer.document(FLOW, now, SAID, to), response)


@pytest.mark.parametrize(
    ("wait", "hints"),
    [
        (asking(NumberKind()), "ممیز"),
        (asking(MoneyKind(currency="GBP")), "پوند"),
        (asking(DateKind()), "فروردین,اردیبهشت"),
        (asking(PhoneKind(country_code="98")), ""),
        (asking(YesNoKind(), (Offered("1", "بله، درست است"),)), 'hints="بله درست است"'),
    ],
)
def test_a_recogniser_expects_persian_words_in_a_persian_call(wait: AwaitAnswer, hints: str) -> None:
    attributes = gather_attributes(wait, "fa-IR", "auto", str)
    assert 'language="fa-IR"' in attributes and hints in attributes and ("hints" in attributes) == bool(hints)


def test_the_recogniser_is_not_told_which_words_are_right() -> None:
    def hints(*words: str) -> str:
        wait = AwaitChallenge(request="v", words=words, timeout_seconds=6, patience="p")
        return writer.document(FLOW, session(wait), (), ADDRESSING.of(session(wait)))

    assert hints("4", "7", "1", "2") == hints("9", "9", "0", "3")
    assert hints("candle", "turtle", "window") == hints("cherry", "silver", "garden")


def test_a_slow_speaker_may_pause_longer_between_digits() -> None:
    wait = AwaitChallenge(request="v", words=("4", "7", "1", "2"), timeout_seconds=18, patience="p")
    slow = session(wait, pace=3)
    assert 'timeout="18" speechTimeout="4"' in writer.document(FLOW, slow, (), ADDRESSING.of(slow))


def test_nobody_is_told_to_keep_talking_once_the_words_were_said() -> None:
    wait = AwaitFact(request="v", about="verdict", choices=(Offered(key="0", label="A person"),))
    said = session(wait, voice=Voice(verification="v", challenge=Challenging(step="s", passed=True)))
    assert phrases.KEEP_TALKING not in writer.document(FLOW, said, (), ADDRESSING.of(said), poll=4)
    assert phrases.CHECKING in writer.document(FLOW, said, (), ADDRESSING.of(said), poll=4)


def test_a_hold_looks_again_after_two_seconds() -> None:
    now = session(AwaitFact(request="r", about="page", choices=(Offered(key="0", label="A person"),)))
    to = ADDRESSING.of(now)
    response = VoiceResponse()
    gather = Gather(
        input="dtmf", num_digits=1, timeout=2, action=to.answer + "&p=2", method="POST", action_on_empty_result="true"
    )
    response.append(gather)
    response.redirect(to.draw, method="POST")
    same(writer.document(FLOW, now, SAID, to, poll=1), response)


def test_the_queue_is_a_waiting_room_of_its_own() -> None:
    now = session(AwaitAgent(request="r", queue="q", waiting="Wait."))
    to = ADDRESSING.of(now)
    response = led()
    response.say("Choose.", language="en-GB")
    response.append(Enqueue(name="c" * 32, action=to.left, method="POST", wait_url=to.wait, wait_url_method="POST"))
    same(writer.document(FLOW, now, SAID, to), response)


def test_the_caller_joins_a_conference_whose_end_brings_them_back() -> None:
    now = session(TalkingToAgent(agent="dana", room="room-1"))
    to = ADDRESSING.of(now)
    response = led()
    response.say("Choose.", language="en-GB")
    dial = Dial(action=to.left, method="POST")
    dial.conference(
        "room-1", beep="false", start_conference_on_enter="true", end_conference_on_exit="true", wait_url=""
    )
    response.append(dial)
    same(writer.document(FLOW, now, SAID, to), response)


def test_the_end_is_said_and_hung_up() -> None:
    response = led()
    response.say("Choose.", language="en-GB")
    response.hangup()
    same(writer.document(FLOW, session(None), SAID, ADDRESSING.of(session(None))), response)


def test_the_stream_starts_after_the_notice_and_only_if_none_runs() -> None:
    wait = AwaitChoice(choices=CHOICES, timeout_seconds=6)
    wanted = session(wait, voice=Voice(wanted=True))
    to = ADDRESSING.of(wanted)
    response = led()
    start = Start()
    stream = start.stream(
        name="voice", url="wss://ivr.example.com/voice/stream", track="inbound_track",
        status_callback=to.stream_ended, status_callback_method="POST",
    )  # fmt: skip
    stream.parameter(name="ticket", value=to.ticket)
    response.append(start)
    text = writer.document(FLOW, wanted, SAID, to)
    root = ElementTree.fromstring(text)
    assert [element.tag for element in root] == ["Say", "Start", "Gather", "Redirect"]
    assert ElementTree.canonicalize(ElementTree.tostring(root[1])) == ElementTree.canonicalize(start.to_xml(False))
    assert "?" not in root.find("Start/Stream").attrib["url"], "Twilio drops a stream's query"
    running = session(wait, voice=Voice(wanted=True, running=True))
    assert "<Start>" not in writer.document(FLOW, running, SAID, ADDRESSING.of(running))
    assert "<Start>" not in writer.document(FLOW, session(wait), SAID, ADDRESSING.of(session(wait)))


def test_what_must_be_heard_stands_where_no_key_interrupts_it_and_verbs_after_a_dial_do_not_exist() -> None:
    root = ElementTree.fromstring(
        writer.document(FLOW, session(TalkingToAgent(agent="a", room="r")), SAID, ADDRESSING.of(session(None)))
    )
    assert root[-1].tag == "Dial"
    gather = ElementTree.fromstring(
        writer.document(
            FLOW, session(AwaitChoice(choices=CHOICES, timeout_seconds=6)), SAID, ADDRESSING.of(session(None))
        )
    )
    assert [say.text for say in gather.findall("Say")] == ["This is recorded."]
    assert [say.text for say in gather.findall("Gather/Say")] == ["Choose."]


def test_the_agent_confirms_with_a_key_and_ends_the_conference_by_leaving() -> None:
    sdk = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, timeout=10, action="https://x/confirm", method="POST")
    gather.say("Press any key.", language="en-GB")
    sdk.append(gather)
    sdk.hangup()
    same(writer.agent_document("Press any key.", "en-GB", "https://x/confirm"), sdk)
    room = ElementTree.fromstring(writer.agent_room_document("room-1", "https://x/room")).find("Dial/Conference")
    assert room.attrib["statusCallback"] == "https://x/room", "the first participant's callbacks are the conference's"
    assert room.attrib["endConferenceOnExit"] == "true"


hostile = st.text(max_size=40) | st.sampled_from(
    [
        "</Say><Dial>+1900</Dial><Say>",
        "]]>",
        "&amp;",
        "<!--",
        "\x00\x08\x1b",
        "\u202eevil",
        "\ud800",
        "a\u2066b\u2069",
        "'\"<>&",
    ]
)


@settings(max_examples=300, deadline=None)
@given(hostile, hostile, hostile)
def test_no_name_can_break_out_of_its_place(said: str, label: str, word: str) -> None:
    wait = AwaitChoice(choices=(Offered(key="1", label=label, words=(word,)),), timeout_seconds=5)
    to = ADDRESSING.of(session(wait))
    text = writer.document(FLOW, session(wait), (Said(text=said), Said(text=said, must_hear=True), Said(text="x")), to)
    root = ElementTree.fromstring(text.encode())
    assert [element.tag for element in root] == ["Say", "Say", "Gather", "Redirect"]
    assert [element.tag for element in root.find("Gather")] == ["Say"]
    assert not set(text) & set("\x00\x08\x1b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    for document in (writer.apology(said, "en", number=label), writer.waiting_document(said, "en")):
        assert len(ElementTree.fromstring(document.encode())) == 2


# -- reading


def test_a_request_is_read_in_our_words() -> None:
    ringing = read(
        {
            "CallSid": "CA1",
            "AccountSid": "AC1",
            "From": "anonymous",
            "To": "+2",
            "CallStatus": "ringing",
            "Digits": "12",
        }
    )
    assert (ringing.carrier_call, ringing.caller, ringing.line, ringing.digits) == ("CA1", "anonymous", "+2", "12")
    assert ringing.confidence is None


def test_empty_digits_are_silence() -> None:
    assert read({"Digits": ""}).digits is None
    assert read({}).digits is None


@pytest.mark.parametrize(
    ("text", "confidence"), [("0.9", 0.9), ("", None), ("x", None), ("2", None), ("nan", None), ("-1", None)]
)
def test_confidence_is_a_share_or_nothing(text: str, confidence: float | None) -> None:
    assert read({"Confidence": text}).confidence == confidence


def test_nothing_is_longer_than_it_can_be() -> None:
    assert len(read({"From": "+" * 10_000}).caller) <= 200


# -- addresses


def test_addresses_are_ours_and_of_one_turn() -> None:
    to = ADDRESSING.of(session(None))
    mac = to.answer.split("?s=")[1]
    assert ADDRESSING.belongs("c" * 32, 3, mac)
    assert not ADDRESSING.belongs("c" * 32, 4, mac)
    assert not ADDRESSING.belongs("d" * 32, 3, mac)
    assert not Addressing("https://ivr.example.com", b"x" * 32, "AC").belongs("c" * 32, 3, mac)
    assert all(len(url) < 2000 for url in (to.draw, to.answer, to.secret, to.wait, to.left))
    assert "_" not in to.answer.split("/")[2], "Twilio refuses host names with underscores"


@pytest.mark.parametrize("ticket", ["", ".", "a.b", "a.1.0.AAAAAAAAAAAAAAAAAAAAAA", "ü.1.1.x", "...."])
def test_a_ticket_that_was_not_made_here_is_none(ticket: str) -> None:
    assert ADDRESSING.ticket(ticket) is None


def test_a_ticket_is_bound_to_call_turn_and_account() -> None:
    wanted = session(AwaitChoice(choices=CHOICES, timeout_seconds=5), voice=Voice(wanted=True))
    text = ADDRESSING.of(wanted).ticket
    ticket = ADDRESSING.ticket(text)
    assert (ticket.call, ticket.turn, ticket.number) == ("c" * 32, 3, 0)
    assert Addressing("https://ivr.example.com", b"k" * 32, "AC" + "1" * 32).ticket(text) is None
    assert len("ticket" + text) < 500, "a Parameter's limit"


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "ü.y", "eA.AAAAAAAAAAAAAAAAAAAAAA", "=" * 50 + ".z"])
def test_a_link_that_was_not_made_here_is_none(token: str) -> None:
    assert ADDRESSING.link_request(token) is None


def test_a_link_is_the_same_each_time_it_is_written() -> None:
    token = ADDRESSING.link_token("call.1.0.1")
    assert ADDRESSING.link("call.1.0.1").endswith(token)
    assert ADDRESSING.link_request(token) == "call.1.0.1"
