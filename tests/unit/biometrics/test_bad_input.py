"""Whatever is fed in by mistake or malice has an error of its own or INCONCLUSIVE; none of it is scored or ACCEPTED.

Every path is walked: files through ``python -m biometrics enrol | verify | evaluate``, audio through ``verify`` and
``enrol``, messages through the voice process. The stand-in encoder finds everything alike, so that whatever is scored
is ACCEPTED and shows.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from biometrics import (
    AudioError,
    Outcome,
    SealError,
    Utterance,
    Voiceprint,
    encode_ulaw,
    enrol,
    load_encoder,
    seal,
    unseal,
    verify,
)
from biometrics.__main__ import main
from biometrics.audio import read_audio, resample
from biometrics.enrolment import EnrolmentPolicy, utc_now
from biometrics.receipts import ReceiptFile
from biometrics.speech import DTMF_HIGH_HZ, DTMF_LOW_HZ
from ivr.authentication.judging import Model
from ivr.authentication.messages import Audio, Closed, Enrol, Enrolled, Verdict, Verify, decode_from_voice
from ivr.authentication.voice import VoiceProcess

RATE = 8000
KEY = "a key of thirty-two random bytes"
MODEL = ("--model", "ecapa-telephone")


def _music() -> np.ndarray:
    """Chords of vibrating strings over a beat of noise, 10 s."""
    time = np.arange(RATE * 10) / RATE
    generator = np.random.default_rng(0)
    roots = np.repeat(220 * 2 ** (generator.choice([0, 5, 7, 9], 20) / 12), RATE // 2)
    phase = 2 * np.pi * np.cumsum(roots) / RATE + np.sin(2 * np.pi * 5.5 * time)
    chords = sum(np.sin(step * part * phase) / part for step in (1, 1.26, 1.5) for part in range(1, 7))
    beat = generator.normal(0, 1, len(time)) * np.exp(-20 * (time % 0.5))
    return 0.05 * chords + 0.1 * beat


def _keys() -> np.ndarray:
    time = np.arange(RATE // 2) / RATE
    tones = [
        np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time) for low in DTMF_LOW_HZ for high in DTMF_HIGH_HZ
    ]
    return 0.2 * np.concatenate(tones)


@pytest.fixture(scope="session")
def voice(long_speech) -> np.ndarray:
    from biometrics import decode_ulaw

    return decode_ulaw(long_speech)


# What is no speech, or too little: how verify and how enrol call it.
NO_SPEECH = {
    "silence": (lambda voice: np.zeros(RATE * 10), "silent", "too_quiet"),
    "music": (lambda voice: _music(), "too_short", "too_short"),
    "key tones": (lambda voice: _keys(), "too_short", "too_short"),
    "100 ms": (lambda voice: voice[RATE : RATE + 800], "too_short", "too_short"),
    "clipped": (lambda voice: np.clip(voice * 200, -1, 1), "clipped", "clipped"),
    "noise": (lambda voice: np.random.default_rng(0).normal(0, 0.2, RATE * 10), "too_short", "too_short"),
}

# What is no audio at all: how reading it fails.
NO_AUDIO = {
    "text": "not_audio",
    "nothing": "not_audio",
    "not a number": "not_finite",
    "two people": "two_channels",
    "two hours": "too_long",
    "missing": "not_audio",
}


def _no_audio(name: str, directory: Path, voice: np.ndarray) -> Path:
    path = directory / f"{name}.wav"
    match name:
        case "text":
            path.write_text("This is a letter, not a recording.\n" * 100)
        case "nothing":
            path.write_bytes(b"")
        case "not a number":
            soundfile.write(path, np.where(np.arange(len(voice)) == 5000, np.nan, voice), RATE, subtype="FLOAT")
        case "two people":
            soundfile.write(path, np.stack([voice, np.roll(voice, 30000)], axis=1), RATE)
        case "two hours":
            soundfile.write(path, np.zeros(3700 * 100), 100)
    return path


@pytest.fixture
def voiceprint(scripted) -> Voiceprint:
    return Voiceprint(np.array([[1, 0]], dtype=np.float32), scripted([1, 0]).sha256, utc_now(), 9.0)


def _heard(samples: np.ndarray) -> Utterance:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return utterance


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_is_no_speech_is_neither_scored_nor_learnt(name, voice, voiceprint, point, scripted):
    make, reason, refusal = NO_SPEECH[name]
    encoder, heard = scripted([1, 0]), _heard(make(voice))
    verdict = verify(encoder, voiceprint, heard, point)
    assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, reason, None)
    result = enrol(encoder, heard, EnrolmentPolicy(agreement_cosine=0.5))
    assert (result.voiceprint, result.refusal) == (None, refusal)
    assert encoder.seconds == []


def test_samples_that_are_no_number_never_reach_the_line(voice, voiceprint, point, scripted):
    encoder = scripted([1, 0])
    with np.errstate(invalid="ignore"):
        heard = _heard(np.full(80000, np.nan))
    assert verify(encoder, voiceprint, heard, point).score is None
    assert encoder.seconds == []


def test_a_long_call_is_judged_by_its_first_seconds(voice, voiceprint, point, scripted):
    encoder = scripted([1, 0])
    heard = _heard(np.resize(voice, 100 * RATE))
    assert heard.net_speech_seconds <= 60
    verify(encoder, voiceprint, heard, point)
    assert max(encoder.seconds) <= 10


@pytest.mark.parametrize("name", NO_AUDIO)
def test_what_is_no_audio_has_an_error_that_names_the_file(name, voice, tmp_path):
    path = _no_audio(name, tmp_path, voice)
    with pytest.raises(AudioError, match=path.name) as error:
        read_audio(path)
    assert error.value.reason == NO_AUDIO[name]


def test_audio_cut_short_gives_what_it_holds(voice, tmp_path):
    path = tmp_path / "cut.ogg"
    soundfile.write(path, resample(voice, RATE, 48000), 48000, format="OGG", subtype="VORBIS")
    whole = path.read_bytes()
    for share in (0.5, 0.001):
        path.write_bytes(whole[: int(len(whole) * share)])
        try:
            samples, _ = read_audio(path)
        except AudioError as error:
            assert error.reason in ("not_audio", "empty")  # nothing was left that could be heard
            continue
        assert 0 < len(samples) < 48000 * len(voice) / RATE
        assert np.isfinite(samples).all()


def test_a_print_that_does_not_open_is_an_error(voiceprint):
    sealed, key = seal(voiceprint, KEY.encode(), "anna"), KEY.encode()
    broken = {
        "changed": (sealed[:-1] + bytes([sealed[-1] ^ 1]), key, "anna"),
        "cut short": (sealed[:20], key, "anna"),
        "not a print": (b"a letter", key, "anna"),
        "wrong key": (sealed, key[::-1], "anna"),
        "short key": (sealed, b"short", "anna"),
        "of somebody else": (sealed, key, "ben"),
    }
    for name, (blob, opened_with, contact) in broken.items():
        with pytest.raises(SealError):
            unseal(blob, opened_with, contact)
            pytest.fail(name)


def test_a_print_of_another_model_is_not_compared(voiceprint, heard, point, scripted):
    encoder = scripted([1, 0])
    foreign = dataclasses.replace(voiceprint, model_sha256="f" * 64)
    longer = dataclasses.replace(voiceprint, embeddings=np.ones((1, 3), dtype=np.float32))
    for odd, reason in ((foreign, "other_model"), (longer, "failure")):
        verdict = verify(encoder, odd, heard(3.2), point)
        assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, reason, None)


# The commands, with the shipped model.


@pytest.fixture(scope="module")
def model() -> str:
    return load_encoder("ecapa-telephone").sha256


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs ``python -m biometrics`` -> (exit code, the JSON printed or None, what was written to stderr)."""
    monkeypatch.setenv("IVR_VOICEPRINT_KEY", KEY)

    def run(*arguments: object) -> tuple[int, dict | None, str]:
        code = main([str(each) for each in (*arguments, *MODEL, "--json")])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out.strip() else None, err

    return run


@pytest.fixture
def anna(model, tmp_path) -> Path:
    """A sealed print that opens; nothing in these tests may be compared with it."""
    embeddings = np.eye(3, 192, dtype=np.float32)
    path = tmp_path / "anna.print"
    path.write_bytes(seal(Voiceprint(embeddings, model, utc_now(), 9.0), KEY.encode(), "anna"))
    return path


def test_commands_say_why_a_recording_is_not_taken(command, anna, voice, tmp_path):
    out = tmp_path / "new.print"
    for name in NO_AUDIO:
        path = _no_audio(name, tmp_path, voice)
        for arguments in (
            ("enrol", "--contact", "anna", "--out", out),
            ("verify", "--contact", "anna", "--print", anna),
        ):
            code, printed, err = command(*arguments, path)
            assert (code, printed) == (1, None), name
            assert err.startswith("error: ") or "\nerror: " in err, name
            assert path.name in err, name
    assert not out.exists()


def test_commands_answer_inconclusive_where_there_is_no_speech(command, anna, voice, tmp_path):
    out = tmp_path / "new.print"
    for name, (make, reason, refusal) in NO_SPEECH.items():
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, resample(make(voice).astype(np.float32), RATE, 44100), 44100)
        code, printed, _ = command("verify", "--contact", "anna", "--print", anna, path)
        assert (code, printed["outcome"], printed["score"]) == (4, "INCONCLUSIVE", None), name
        if name != "clipped":  # resampling rounds the tops
            assert printed["reason"] == reason, name
            code, printed, _ = command("enrol", "--contact", "anna", "--out", out, path)
            assert (code, printed["enrolled"], printed["refusal"]) == (4, False, refusal), name
    assert not out.exists()


def test_commands_refuse_prints_that_do_not_open(command, anna, voice, tmp_path, monkeypatch):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice, RATE)
    sealed = anna.read_bytes()
    foreign = seal(Voiceprint(np.eye(1, 192, dtype=np.float32), "f" * 64, utc_now(), 9.0), KEY.encode(), "anna")
    broken = {"changed": sealed[:-1] + bytes([sealed[-1] ^ 1]), "text": b"a letter", "empty": b""}
    for name, content in broken.items():
        other = tmp_path / f"{name}.print"
        other.write_bytes(content)
        code, printed, err = command("verify", "--contact", "anna", "--print", other, path)
        assert (code, printed) == (1, None), name
        assert "error: " in err, name
    code, printed, err = command("verify", "--contact", "anna", "--print", tmp_path / "none.print", path)
    assert (code, printed) == (1, None) and "none.print" in err
    code, printed, err = command("verify", "--contact", "ben", "--print", anna, path)
    assert (code, printed) == (1, None) and "error: " in err
    anna.write_bytes(foreign)
    code, printed, _ = command("verify", "--contact", "anna", "--print", anna, path)
    assert (code, printed["outcome"], printed["reason"], printed["score"]) == (4, "INCONCLUSIVE", "other_model", None)
    anna.write_bytes(sealed)
    for key in (KEY[::-1], "short", ""):
        monkeypatch.setenv("IVR_VOICEPRINT_KEY", key)
        code, printed, err = command("verify", "--contact", "anna", "--print", anna, path)
        assert (code, printed) == (1, None) and "error: " in err


def test_a_print_that_cannot_be_written_is_an_error(command, voice, tmp_path):
    path = tmp_path / "call.wav"
    soundfile.write(path, voice, RATE)
    code, printed, err = command("enrol", "--contact", "anna", "--out", tmp_path / "none" / "anna.print", path)
    assert (code, printed) == (1, None) and "anna.print" in err


def test_evaluate_names_what_it_could_not_score(command, voice, tmp_path):
    good = tmp_path / "good.wav"
    soundfile.write(good, voice[: RATE * 4], RATE)
    other = tmp_path / "other.wav"
    soundfile.write(other, voice[RATE * 4 : RATE * 8], RATE)
    silent = tmp_path / "silence.wav"
    soundfile.write(silent, np.zeros(RATE * 5), RATE)
    bad = [_no_audio(name, tmp_path, voice) for name in NO_AUDIO] + [silent]
    enrolments, trials = tmp_path / "enrol.csv", tmp_path / "trials.csv"
    enrolments.write_text(f"speaker,path\nanna,{good}\nben,{other}\n")
    rows = [f"anna,{good},1", f"ben,{good},0", *(f"anna,{path},1" for path in bad)]
    trials.write_text("speaker,path,target\n" + "\n".join(rows) + "\n")
    code, printed, _ = command("evaluate", "--enrol", enrolments, "--trials", trials)
    assert (code, printed["trials"], printed["trials_unscored"]) == (1, 2, len(bad))
    reasons = {Path(each["path"]).stem: each["reason"] for each in printed["unscored"]}
    assert reasons == NO_AUDIO | {"silence": "empty"}


# The voice process.


class Socket:
    def __init__(self) -> None:
        self.said: list = []

    def write(self, framed: bytes) -> None:
        self.said.append(decode_from_voice(framed[4:]))


def _answers(encoder, point, *messages) -> list[Verdict | Enrolled]:
    """What the voice process answers by the end of the call."""

    async def call() -> list:
        socket = Socket()
        directory = tempfile.TemporaryDirectory()
        process = VoiceProcess(socket, "", KEY.encode(), ReceiptFile(Path(directory.name) / "receipts.jsonl"))
        process._model = Model(encoder, point)
        for message in (*messages, Closed("call")):
            process.take(message)
        async with asyncio.timeout(60):
            while not (found := [each for each in socket.said if isinstance(each, Verdict | Enrolled)]):
                await asyncio.sleep(0.01)
        return found

    return asyncio.run(call())


@pytest.mark.parametrize("name", NO_SPEECH)
def test_the_voice_process_judges_and_learns_nothing_from_what_is_no_speech(name, voice, voiceprint, point, scripted):
    make, reason, refusal = NO_SPEECH[name]
    audio = Audio("call", encode_ulaw(make(voice)))
    sealed = seal(voiceprint, KEY.encode(), "anna")
    (verdict,) = _answers(scripted([1, 0]), point, Verify("one", "call", "anna", sealed), audio)
    assert (verdict.outcome, verdict.reason, verdict.score) == ("INCONCLUSIVE", reason, None)
    (enrolled,) = _answers(scripted([1, 0]), point, Enrol("one", "call", "anna"), audio)
    told = "clipped" if refusal == "clipped" else "too_short"  # who has gone said too little, whatever it was
    assert (enrolled.sealed, enrolled.refusal) == (None, told)


def test_the_voice_process_answers_inconclusive_for_prints_it_cannot_use(long_speech, voiceprint, point, scripted):
    key, audio = KEY.encode(), Audio("call", long_speech)
    sealed = seal(voiceprint, key, "anna")
    foreign = seal(dataclasses.replace(voiceprint, model_sha256="f" * 64), key, "anna")
    unusable = {
        "changed": (sealed[:-1] + bytes([sealed[-1] ^ 1]), "unreadable_print"),
        "wrong key": (seal(voiceprint, key[::-1], "anna"), "unreadable_print"),
        "of somebody else": (seal(voiceprint, key, "ben"), "unreadable_print"),
        "empty": (b"", "unreadable_print"),
        "of another model": (foreign, "other_model"),
    }
    for name, (blob, reason) in unusable.items():
        (verdict,) = _answers(scripted([1, 0]), point, Verify("one", "call", "anna", blob), audio)
        assert (verdict.outcome, verdict.reason, verdict.score) == ("INCONCLUSIVE", reason, None), name
