"""The telephone in the terminal."""

import io
import threading

from ivr.emulator.terminal import play

from .carriers import CALLER, NUMBER
from .official import client


def test_a_person_plays_a_call_with_keys_and_words(carrier, server):
    server.answer("/start", '<Gather action="/asked" numDigits="1" timeout="60"><Say>Press one.</Say></Gather>')
    server.answer(
        "/asked",
        '<Gather input="speech" speechTimeout="1" action="/said" timeout="60"><Say>Say your name.</Say></Gather>',
    )
    server.answer("/said", "<Say>Thank you.</Say>")
    out = io.StringIO()

    def lines():
        yield from ("what\n", "1\n")
        server.waits_for("/asked")
        yield '"Ada Lovelace"\n'
        server.waits_for("/said")
        over.wait(10)

    over = threading.Event()
    assert play(carrier.url, CALLER, NUMBER, lines(), out) == "completed"
    over.set()
    heard = out.getvalue()
    assert "Press one." in heard and "Say your name." in heard and "what" in heard
    assert server.to("/asked")[0].form["Digits"] == "1"
    assert server.waits_for("/said")[0].form["SpeechResult"] == "Ada Lovelace"


def test_a_text_message_to_the_caller_is_shown(carrier, server):
    server.answer("/start", '<Gather timeout="600" action="/x"><Say>We send you a link.</Say></Gather>')

    def lines():
        client(carrier).messages.create(to=CALLER, from_=NUMBER, body="https://example.com/v/abc")
        yield "*\n"
        yield "hangup\n"

    out = io.StringIO()
    assert play(carrier.url, CALLER, NUMBER, lines(), out) == "completed"
    assert "https://example.com/v/abc" in out.getvalue()
