"""ONNX Runtime in SpeechBrain's place: the same embeddings, no torch, and never a file that cannot be trusted."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from biometrics import ModelError, export, fetch, load_encoder
from biometrics.__main__ import main
from biometrics.accelerator import ACCELERATED, cosine, seal, speech_like
from biometrics.audio import read_audio, telephone
from biometrics.encoder import SHIPPED, load_recognition
from biometrics.features import FilterBank, from_json, to_json

ROOT = Path(__file__).parents[3]
MODEL = SHIPPED / "ecapa-telephone"
SPEECHBRAIN = "speechbrain.inference.speaker.SpeakerRecognition"


@pytest.fixture(scope="module")
def search(tmp_path_factory) -> Path:
    """Fetched models, with the accelerator of the shipped one among them: made once."""
    directory = tmp_path_factory.mktemp("models")
    assert main(["export", "--model", "ecapa-telephone", "--models", str(directory)]) == 0
    return directory


@pytest.fixture(scope="module")
def both(search):
    return load_encoder("ecapa-telephone", search), load_encoder("ecapa-telephone", search, accelerate=False)


@pytest.fixture
def copied(tmp_path, search) -> Path:
    """A model directory of one's own with a good accelerator beside the checkpoint."""
    shutil.copytree(MODEL, tmp_path / "ours")
    shutil.copy(next(search.glob(f"*/{ACCELERATED}")), tmp_path / "ours" / ACCELERATED)
    return tmp_path / "ours"


def served_by(directory: Path) -> str:
    return load_encoder(str(directory), directory.parent).class_name


def test_the_verdict_names_the_class_the_checkpoint_and_who_computes(both):
    accelerated, reference = both
    assert accelerated.class_name == f"{SPEECHBRAIN} via onnxruntime"
    assert reference.class_name == SPEECHBRAIN
    assert (accelerated.name, accelerated.sha256, accelerated.sample_rate, accelerated.dimension) == (
        (reference.name, reference.sha256, reference.sample_rate, reference.dimension)
    )


def test_it_gives_the_embeddings_that_speechbrain_gives(both, samples):
    accelerated, reference = both
    voice = np.concatenate([read_audio(clip)[0] for clip in sorted((samples / "flite-rms").glob("*.wav"))])
    rate = read_audio(next((samples / "flite-rms").glob("*.wav")))[1]
    narrow = telephone(voice, rate)
    heard = [(narrow[: int(seconds * 8000)], 8000) for seconds in (0.2, 1.0, 3.0, 4.5, 7.0, 10.0)]
    heard += [(voice[: 3 * rate], rate), (speech_like(2.0, 44100), 44100), (speech_like(3.0, 8000) * 1e-3, 8000)]
    heard += [(np.zeros(24000, dtype=np.float32), 8000), (np.ones(24000, dtype=np.float32), 8000)]
    for audio, rate_hz in heard:
        one, other = accelerated.embed(audio, rate_hz), reference.embed(audio, rate_hz)
        assert one.dtype == np.float32
        assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
        assert cosine(one, other) >= 0.9999


def test_it_is_the_same_in_every_thread(both):
    accelerated, _ = both
    audio = [speech_like(1.0 + number / 4, 8000, number) for number in range(8)]
    alone = [accelerated.embed(each, 8000) for each in audio]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda each: accelerated.embed(each, 8000), audio))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_second_export_leaves_a_good_file_and_the_model_as_they_are(search, capsys):
    path = next(search.glob(f"*/{ACCELERATED}"))
    before = path.stat().st_mtime_ns
    assert main(["export", "--model", "ecapa-telephone", "--models", str(search), "--json"]) == 0
    printed = capsys.readouterr()
    assert "already" in printed.err
    assert json.loads(printed.out) == {"exported": str(path)}
    assert path.stat().st_mtime_ns == before
    assert not (MODEL / ACCELERATED).exists()


def test_the_voice_process_serves_without_torch(tmp_path, search):
    """Loads, enrols and judges as on a call, in a process where torch could be imported but is not."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "models").symlink_to(search)
    program = f"""
import asyncio, sys
from pathlib import Path
from biometrics import encode_ulaw
from biometrics.audio import read_audio, telephone
from ivr.authentication.messages import Audio, Closed, Enrol, Enrolled, Ready, Verdict, Verify
from biometrics.receipts import ReceiptFile
from ivr.authentication.voice import VoiceProcess

def ulaw(purpose):
    clips = sorted(Path({str(ROOT / "samples" / "flite-rms")!r}).glob(purpose + "-*.wav"))
    return b"".join(encode_ulaw(telephone(*read_audio(clip))) for clip in clips)

said = []
VoiceProcess.send = lambda self, message: said.append(message)
async def call():
    voice = VoiceProcess(None, "ecapa-telephone", b"k" * 32, ReceiptFile(Path("receipts.jsonl")))
    await voice.load()
    voice.take(Enrol("one", "call", "anna"))
    voice.take(Audio("call", ulaw("enrolment")))
    voice.take(Closed("call"))
    while voice._tasks: await asyncio.gather(*voice._tasks)
    sealed = next(each.sealed for each in said if isinstance(each, Enrolled))
    voice.take(Audio("next", ulaw("verification")))
    voice.take(Verify("two", "next", "anna", sealed))
    voice.take(Closed("next"))
    while voice._tasks: await asyncio.gather(*voice._tasks)
asyncio.run(call())
verdict = next(each for each in said if isinstance(each, Verdict))
print(verdict.outcome, verdict.score is not None, verdict.model_class)
print(sorted(set(sys.modules) & {{"torch", "torchaudio", "speechbrain", "onnx"}}))
"""
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    for name in ("IVR_SPEAKER_ACCELERATOR", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    judged, imported = result.stdout.strip().splitlines()
    assert judged.endswith(f"True {SPEECHBRAIN} via onnxruntime"), result.stderr
    assert imported == "[]"
    assert list(home.rglob("*")) == [], "nothing is kept to be told to anybody"


def test_the_command_line_can_ask_for_the_reference(search, samples, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IVR_VOICEPRINT_KEY", "k" * 32)
    sealed, model = str(tmp_path / "anna.print"), ["--model", "ecapa-telephone", "--models", str(search)]
    clips = [str(each) for each in sorted((samples / "flite-rms").glob("enrolment-*.wav"))]
    assert main(["enrol", *model, "--contact", "anna", "--out", sealed, *clips]) == 0
    for asked, expected in (([], f"{SPEECHBRAIN} via onnxruntime"), (["--reference"], SPEECHBRAIN)):
        capsys.readouterr()
        main(["verify", *model, *asked, "--contact", "anna", "--print", sealed, "--json", *clips])
        assert json.loads(capsys.readouterr().out)["model_class"] == expected


@pytest.mark.parametrize("wanted", ["0", "1"])
def test_the_accelerator_can_be_turned_off(monkeypatch, tmp_path, search, wanted):
    from ivr.authentication.judging import load_model

    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "models").symlink_to(search)
    monkeypatch.setenv("IVR_SPEAKER_ACCELERATOR", wanted)
    assert load_model("ecapa-telephone").encoder.class_name.endswith("onnxruntime") == (wanted == "1")


@pytest.mark.parametrize(("written", "accelerated"), [({}, True), ({"IVR_SPEAKER_ACCELERATOR": "0"}, False)])
def test_the_setting_is_read(written, accelerated):
    from ivr.settings import new_key, read

    needed = {"IVR_PUBLIC_URL": "http://here", "IVR_TWILIO_ACCOUNT_SID": "AC", "IVR_TWILIO_AUTH_TOKEN": "token"}
    keys = {"IVR_SECRET_KEY": new_key(), "IVR_VOICEPRINT_KEY": new_key()}
    assert read({**needed, **keys, **written}).speaker_accelerator is accelerated


def damaged(path: Path) -> list[bytes]:
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0x10  # somewhere among the weights: it would load, and score, and be wrong
    return [b"", b"not a graph", data[:100], data[: len(data) // 2], data[:-1], data + b"\0", bytes(flipped)]


def test_a_damaged_file_is_named_and_speechbrain_serves(copied, caplog):
    accelerated = copied / ACCELERATED
    assert served_by(copied).endswith("onnxruntime")
    for data in damaged(accelerated):
        accelerated.write_bytes(data)
        caplog.clear()
        assert served_by(copied) == SPEECHBRAIN
        assert str(accelerated) in caplog.text
        assert "damaged" in caplog.text
        assert "python -m biometrics export" in caplog.text


def test_a_whole_file_that_is_no_graph_is_named_too(copied, caplog):
    (copied / ACCELERATED).write_bytes(seal(b"not a graph"))
    assert served_by(copied) == SPEECHBRAIN
    assert "cannot be loaded" in caplog.text


def test_a_file_made_from_something_else_is_not_used(copied, caplog):
    hyperparams = copied / "hyperparams.yaml"
    hyperparams.write_text(hyperparams.read_text().replace("n_fft: 256", "n_fft: 256 # or so"))
    assert served_by(copied) == SPEECHBRAIN
    assert "hyperparams.yaml has changed" in caplog.text
    shutil.copy(MODEL / "hyperparams.yaml", hyperparams)

    import torch

    state = torch.load(copied / "embedding_model.ckpt", weights_only=True)
    torch.save({name: value * 1.01 for name, value in state.items()}, copied / "embedding_model.ckpt")
    assert served_by(copied) == SPEECHBRAIN
    assert "another checkpoint" in caplog.text


def test_a_file_that_computes_otherwise_than_when_it_was_made_is_not_used(copied, caplog, monkeypatch):
    compute = FilterBank.__call__
    monkeypatch.setattr(FilterBank, "__call__", lambda self, waveform: compute(self, waveform)[:, ::-1] ** 2)
    assert served_by(copied) == SPEECHBRAIN
    assert "does not give the embedding" in caplog.text


def test_without_onnxruntime_speechbrain_serves_and_without_either_there_is_an_error(copied, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert served_by(copied) == SPEECHBRAIN
    assert "onnxruntime is not installed" in caplog.text
    monkeypatch.setitem(sys.modules, "speechbrain.inference.speaker", None)
    with pytest.raises(ModelError, match="does not load"):
        load_encoder(str(copied), copied.parent)


def test_an_export_that_does_not_agree_leaves_no_file(copied, monkeypatch):
    (copied / ACCELERATED).unlink()
    monkeypatch.setattr(export, "parity", lambda *encoders: 0.9998)
    with pytest.raises(ModelError, match="does not agree"):
        export.export(str(copied), copied.parent, say=lambda _: None)
    assert not list(copied.glob("*.onnx"))


def test_a_place_that_cannot_be_written_to_is_an_error_that_names_it(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="file.*--out"):
        export.export("ecapa-telephone", tmp_path, out=tmp_path / "file" / "below", say=lambda _: None)


def test_a_machine_that_cannot_export_is_set_up_all_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        fetch.subprocess, "run", lambda *command, **options: subprocess.CompletedProcess(command, 1, "", "")
    )
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["fetch", "--models", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "pip install onnx" in told
    assert "SpeechBrain serves ecapa-telephone instead" in told
    assert not list(tmp_path.rglob("*.onnx"))


def test_features_that_numpy_does_not_compute_are_not_exported(copied):
    (copied / ACCELERATED).unlink()
    hyperparams = copied / "hyperparams.yaml"
    hyperparams.write_text(hyperparams.read_text().replace("std_norm: False", "std_norm: True", 1))
    assert main(["export", "--model", str(copied)]) == 1
    assert not list(copied.glob("*.onnx"))


def test_exporting_leaves_the_model_in_evaluation_mode():
    recognition = load_recognition(MODEL)
    export._graph("ours", recognition, mels=64)
    assert not any(module.training for module in recognition.modules())


@pytest.mark.parametrize(
    "options",
    [
        {"n_mels": 64, "n_fft": 256, "sample_rate": 8000},
        {"n_mels": 80},  # spkrec-ecapa-voxceleb
        {"n_mels": 40, "f_min": 100, "f_max": 7000, "filter_shape": "gaussian", "win_length": 20, "hop_length": 8},
    ],
)
def test_filter_banks_of_speechbrain(options):
    import torch
    from speechbrain.lobes.features import Fbank

    reference = Fbank(**options)
    bank = from_json(to_json(export._speechbrain(reference)))
    samples = speech_like(1.3, options.get("sample_rate", 16000))
    expected = reference(torch.from_numpy(samples).unsqueeze(0)).numpy()
    expected = expected - expected.mean(axis=1, keepdims=True)
    found = bank(samples)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 0.02  # decibels, of a range of 80


@pytest.mark.parametrize("dither", [0.0, 0.0003])
def test_the_filter_bank_of_kaldi(dither):
    import torch

    from biometrics.campplus import KaldiFilterBank

    reference = KaldiFilterBank(dither=dither)
    bank = from_json(to_json(export._kaldi(reference)))
    samples = speech_like(1.3, 16000)
    expected = reference(torch.from_numpy(samples).unsqueeze(0)).numpy()
    expected = expected - expected.mean(axis=1, keepdims=True)
    found = bank(samples)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 0.002  # natural logarithm
