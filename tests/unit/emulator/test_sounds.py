"""What a telephone that can be listened to gets of a prompt."""

import asyncio
import io
import os
import shutil
import wave

import httpx
import pytest

from ivr.emulator.sounds import Prompts, Voice, Words

from .scripted import Reply
from .test_prompts import wav


def program(directory, script: str) -> str:
    file = directory / "voice"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def spoken(voice_program: str, words: Words):
    async def speak():
        return await Voice(voice_program).speaks(words)

    return asyncio.run(speak())


def sound_of(carrier, call, index: int) -> httpx.Response:
    return httpx.get(f"{carrier.url}/emulator/calls/{call.sid}/sounds/{index}", trust_env=False)


def test_what_is_played_can_be_listened_to(dial, server, carrier):
    server.answer("/sound.wav", Reply(wav(6), content_type="audio/wav"))
    call = dial("<Play>/sound.wav</Play>")
    call.waits_until("completed")
    sound = sound_of(carrier, call, 0)
    assert (sound.headers["content-type"], sound.content) == ("audio/wav", wav(6))
    assert sound_of(carrier, call, 1).status_code == 404
    assert httpx.get(f"{carrier.url}/emulator/calls/CAnone/sounds/0", trust_env=False).status_code == 404


def test_words_are_spoken_by_the_program_of_the_system(dial, carrier):
    if not shutil.which("espeak-ng"):
        message = "espeak-ng is missing; install it with `apt-get install espeak-ng`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    call = dial('<Say language="en-GB">Your balance is five pounds.</Say><Say language="fa-IR">سلام دنیا</Say>')
    call.waits_until("completed")
    for index in (0, 1):
        reply = sound_of(carrier, call, index)
        with wave.open(io.BytesIO(reply.content)) as audio:
            assert 0.5 < audio.getnframes() / audio.getframerate() < 5
    assert httpx.get(f"{carrier.url}/emulator", trust_env=False).json()["speaks_with"] == "espeak-ng"


def test_the_language_of_the_document_is_asked_for_and_text_is_never_an_option(tmp_path):
    script = f'echo "$@" >> {tmp_path}/asked; [ "$2" = fa-ir ] && exit 1; head -c 44 /dev/zero; cat'
    sound = spoken(program(tmp_path, script), Words("--version; $(rm -rf /) سلام", "fa-IR"))
    assert sound.body[44:].decode() == "--version; $(rm -rf /) سلام"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["-v fa-ir --stdin --stdout", "-v fa --stdin --stdout"]


def test_without_a_program_a_language_or_an_answer_there_is_no_sound(tmp_path, monkeypatch):
    monkeypatch.setattr("ivr.emulator.sounds.SYNTHESIS_SECONDS", 0.2)
    assert spoken("no-such-program", Words("Hello", "en-GB")) is None
    assert spoken(program(tmp_path, "exit 1"), Words("Hello", "xx")) is None
    assert spoken(program(tmp_path, "exec sleep 60"), Words("Hello", "en")) is None


def test_a_long_call_keeps_only_its_newest_sounds():
    prompts = Prompts()
    for index in range(100):
        prompts.keep(index, Words(f"Prompt {index}", "en-GB"))
    assert prompts.get(99) == Words("Prompt 99", "en-GB")
    assert prompts.get(50) is None
