"""Prompts as sound: of a telephone's rate and band, within bounds, never from a text taken as an option."""

from __future__ import annotations

import io
import os
import shutil
import stat
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr import speech
from ivr.carriers.addresses import Addressing
from ivr.carriers.twilio import writer
from ivr.flow.definition import in_language, only_in
from ivr.flow.events import Said
from ivr.speech import Espeak, SpeechFault, unspoken
from tests.unit.engine.caller import Caller, bank


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    if shutil.which("espeak-ng") is None:
        assert not os.environ.get("CI"), "espeak-ng is missing: .ci/packages installs it"
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng): Persian cannot be spoken")
    return Espeak()


def samples(sound: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def test_a_prompt_is_speech_in_the_telephone_band(espeak: Espeak) -> None:
    heard = samples(espeak.wav("سپاسگزارم، موجودی شما ۱٬۲۰۴ پوند است.", "fa-IR"))
    assert 2 * 8000 < len(heard) < 12 * 8000 and np.abs(heard).max() > 3000
    power = np.abs(np.fft.rfft(heard)) ** 2
    above = power[np.fft.rfftfreq(len(heard), 1 / 8000) > 3600].sum()
    assert above < 0.01 * power.sum()


@pytest.mark.parametrize(
    "text", ["--help", "-f /etc/passwd", "[[h@'loU]]", "\x00\u202e۱", "", "…", "<speak>hi</speak>"]
)
def test_a_hostile_text_is_only_a_text(espeak: Espeak, text: str) -> None:
    assert len(samples(espeak.wav(text, "fa-IR"))) < 8 * 8000


def test_an_unknown_language_or_program_is_told_with_what_to_do(espeak: Espeak) -> None:
    with pytest.raises(SpeechFault, match="no voice for xx-XX"):
        espeak.wav("x", "xx-XX")
    missing = Espeak("no-such-program")
    assert missing.languages == frozenset()
    with pytest.raises(SpeechFault, match="apt-get install espeak-ng"):
        missing.wav("x", "fa-IR")


def script(path: Path, body: str) -> Espeak:
    path.write_text(f'#!/bin/sh\n[ "$1" = --voices ] && printf "h\\n 5  fa\\n" && exit 0\n{body}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Espeak(str(path))


@pytest.mark.parametrize(("body", "told"), [("exec sleep 30", "has not spoken"), ("exit 3", "has not spoken"),
                                            ("echo noise", "has written no sound")])  # fmt: skip
def test_a_program_that_fails_is_given_up(tmp_path: Path, monkeypatch, body: str, told: str) -> None:
    monkeypatch.setattr(speech, "SECONDS", 0.5)
    with pytest.raises(SpeechFault, match=told):
        script(tmp_path / "espeak", body).wav("x", "fa-IR")


def test_what_was_said_is_kept_within_bounds(espeak: Espeak, monkeypatch) -> None:
    monkeypatch.setattr(speech, "CACHE_BYTES", 100_000)
    own = Espeak()
    first = own.wav("یک", "fa-IR")
    assert own.wav("یک", "fa-IR") is first
    for number in range(12):
        own.wav(f"سلام {number}", "fa-IR")
    assert own.wav("یک", "fa-IR") is not first


def test_without_a_voice_the_flow_says_so_and_calls_stay_in_its_own_language() -> None:
    (told,) = unspoken([bank()], Espeak("no-such-program"))
    assert "flow 'bank' speaks fa-IR" in told and "apt-get install espeak-ng" in told
    heard = only_in(bank(), lambda language: False)
    assert in_language(heard, "fa-IR") is heard
    caller = Caller(heard)
    caller.presses("5")
    caller.hears("For your balance, press 1")
    assert caller.sees().languages == ()


def test_the_document_plays_what_the_carrier_cannot_say_and_no_content_is_in_the_address() -> None:
    addressing = Addressing("https://ivr.example.com", b"k" * 32, "AC" + "0" * 32, frozenset({"fa", "en"}))
    caller = Caller(bank())
    caller.presses("5")
    flow = in_language(caller.flow, "fa-IR")
    said = (Said("Hello.", language="en-GB"), Said("سلام"))
    drawn = writer.document(flow, caller.session, said, addressing.of(caller.session))
    assert '<Say language="en-GB">Hello.</Say><Play>https://ivr.example.com/voice/c/' in drawn
    assert "/prompt/1?s=" in drawn and 'language="fa-IR" hints="موجودی حساب' in drawn
    assert "سلام" not in drawn
    assert writer.document(caller.flow, caller.session, said[:1], addressing.of(caller.session)).count("<Play>") == 0
