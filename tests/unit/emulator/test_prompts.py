"""What a caller hears, for how long, and when the call counts as answered."""

import io
import wave

import pytest

from .carriers import LATE
from .scripted import Reply


def wav(seconds: float) -> bytes:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(int(seconds * 16_000)))
        return file.getvalue()


def seconds_between(call, first: int, second: int) -> float:
    heard = call.heard()
    return heard[second]["at_seconds"] - heard[first]["at_seconds"]


def test_a_prompt_lasts_as_long_as_saying_it(dial):
    text = "A sentence of sixty characters, more or less, is said here. " * 3
    call = dial(f"<Say>{text}</Say><Say>Next.</Say>")
    call.hears("next")
    assert seconds_between(call, 0, 1) == pytest.approx(0.3 + len(text.strip()) / 15, abs=LATE)


def test_a_prompt_can_be_repeated(dial):
    call = dial('<Say loop="3">Again.</Say>')
    call.waits_until("completed")
    assert [entry["text"] for entry in call.heard()] == ["Again."] * 3


def test_sound_is_fetched_without_call_parameters_and_lasts_its_length(dial, server):
    server.answer("/sound.wav", Reply(wav(6), content_type="audio/wav"))
    call = dial("<Play>/sound.wav</Play><Say>Next.</Say>")
    call.hears("next")
    assert seconds_between(call, 0, 1) == pytest.approx(6, abs=LATE)
    request = server.to("/sound.wav")[0]
    assert request.method == "GET" and request.form == {}


def test_what_is_not_sound_is_skipped_with_a_warning(dial, carrier, server):
    server.answer("/sound.wav", Reply("hello", content_type="text/html"))
    call = dial("<Play>/sound.wav</Play><Say>Next.</Say>")
    call.hears("next")
    assert 13420 in {entry["code"] for entry in carrier.debugger() if entry["call_sid"] == call.sid}


def test_a_document_may_be_sound(dial):
    call = dial(Reply(wav(1), content_type="audio/wav"))
    call.hears("/start")
    assert call.waits_until() == "completed"


def test_pause_as_the_first_verb_delays_the_answer(dial, server):
    call = dial('<Pause length="10"/><Redirect>/next</Redirect>', "<Hangup/>")
    server.answer("/next", "<Say>Answered now.</Say>")
    assert call.status == "ringing"
    call.hears("answered now")
    assert server.to("/next")[0].form["CallStatus"] == "ringing"
    assert call.heard()[0]["at_seconds"] >= 10


def test_a_document_of_pauses_never_answers(dial, server):
    call = dial("<Pause/><Pause/>")
    call.waits_until()
    assert call.state["duration_seconds"] == 0


@pytest.mark.parametrize(("attribute", "status"), [('reason="busy"', "busy"), ("", "no-answer")])
def test_a_rejected_call_is_never_answered(dial, server, attribute, status):
    assert dial(f"<Reject {attribute}/><Say>Unreachable.</Say>").waits_until() == status
    assert server.waits_for("/status")[0].form["CallStatus"] == status


def test_verbs_after_hangup_and_redirect_are_unreachable(dial, server):
    server.answer("/next", "<Say>There.</Say><Hangup/><Say>Never.</Say>")
    call = dial("<Redirect>/next</Redirect><Say>Never.</Say>")
    call.waits_until("completed")
    assert [entry["text"] for entry in call.heard()] == ["There."]


def test_a_caller_who_hangs_up_cuts_the_prompt(dial, server):
    call = dial(f"<Say>{'On and on. ' * 50}</Say>")
    call.hears("on and on")
    call.hangs_up()
    assert call.waits_until() == "completed"
    assert call.heard()[0]["interrupted"]
    assert server.waits_for("/status")[0].form["CallStatus"] == "completed"
