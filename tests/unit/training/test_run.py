"""A run: what it leaves behind, that it learns, and that stopping it changes nothing."""

import dataclasses
import json
import os
import signal
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from speechbrain.inference.speaker import SpeakerRecognition

from biometrics.report.training_record import training_record
from biometrics.training import checkpoint, run
from biometrics.training.command import FAILED, main
from biometrics.training.config import ModelConfig
from biometrics.training.crops import Batch
from biometrics.training.frames import FrameScale
from biometrics.training.student import Student, export
from biometrics.training.trials import equal_error_rate


def saved(out):
    return torch.load(out / "checkpoint.pt", weights_only=True)


def figures(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_stopped_run_ends_where_an_unstopped_one_does(tiny, tmp_path, monkeypatch):
    assert run.train(tiny, tmp_path / "whole", "cpu", workers=0)

    def stop_after_two(line):
        if line.startswith("step 2 "):
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(run, "say", stop_after_two)
        assert not run.train(tiny, tmp_path / "cut", "cpu", workers=0)
    assert saved(tmp_path / "cut")["step"] == 2
    assert run.train(tiny, tmp_path / "cut", "cpu", workers=0)
    whole, cut = saved(tmp_path / "whole"), saved(tmp_path / "cut")
    assert whole["step"] == cut["step"] == 6
    for part in ("student", "average"):
        assert all(torch.equal(whole[part][name], cut[part][name]) for name in whole[part])
    timeless = [
        [{k: v for k, v in e.items() if k != "seconds_per_step"} for e in each["history"]] for each in (whole, cut)
    ]
    assert timeless[0] == timeless[1]


def test_a_run_leaves_model_log_and_pictures(tiny, tmp_path):
    run.train(tiny, tmp_path / "out", "cpu", workers=0)
    assert {path.name for path in (tmp_path / "out" / "model").iterdir()} == {
        "embedding_model.ckpt", "hyperparams.yaml", "learning-curve.svg", "det.svg",
    }  # fmt: skip
    evaluated = [entry for entry in figures(tmp_path / "out") if "dev_eer" in entry]
    assert [entry["step"] for entry in evaluated] == [3, 6]
    assert 0 <= evaluated[-1]["dev_eer"]["telephone"]["buzz"] <= 1
    for picture in ("learning-curve.svg", "det.svg"):
        assert ElementTree.parse(tmp_path / "out" / "model" / picture).findall("{http://www.w3.org/2000/svg}polyline")


def test_the_loss_falls_on_a_batch_seen_again_and_again(tiny):
    torch.manual_seed(0)
    fast = dataclasses.replace(tiny.stages[0], learning_rate=(0.01, 0.01))
    config = dataclasses.replace(tiny, stages=(fast,), warmup_steps=1)
    progress = run.begin(config, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    targets = torch.nn.functional.normalize(torch.randn(4, 192, generator=generator))
    frames = torch.rand(4, 19, 512, generator=generator)
    batch = Batch(
        0.1 * torch.randn(4, 6400, generator=generator), targets, torch.arange(4), frames, frames[:, :, 0] < 2
    )
    scale = FrameScale(torch.ones(512), torch.ones(512))
    losses, cosines = [], []
    for _ in range(20):
        progress.step = 1  # at the full learning rate throughout
        loss, cosine, _apart = run.learn(config, progress, batch, targets, scale, torch.device("cpu"))
        losses.append(loss)
        cosines.append(cosine)
    assert losses[-1] < 0.5 * losses[0] and cosines[-1] > 0.7


def test_another_model_does_not_go_on_from_this_checkpoint(tiny, tmp_path):
    progress = run.begin(tiny, torch.device("cpu"))
    checkpoint.save(tmp_path / "checkpoint.pt", progress, tiny)
    wider = dataclasses.replace(tiny, model=ModelConfig(mels=24, channels=32, attention=8))
    with pytest.raises(checkpoint.CheckpointMismatch, match="--out"):
        checkpoint.restore(tmp_path / "checkpoint.pt", run.begin(wider, torch.device("cpu")), wider)


def test_the_learning_rate_rises_then_follows_its_stages(tiny):
    rates = [run.learning_rate(tiny, step) for step in range(6)]
    assert rates[0] == pytest.approx(0.00075) and rates[1] > rates[2] > rates[3] == pytest.approx(0.001)
    assert rates[4:] == pytest.approx([0.001, 0.0001])


def test_nothing_is_learned_from_the_speakers_held_out(tiny, tmp_path):
    stopping = run.Stopping()
    materials = run.prepare(tiny, stopping)
    (held_out,) = materials.held_out
    crops = run._crops(tiny, materials, tiny.stages[0], stopping)
    assert held_out in {each.identity for each in materials.speech.speakers}
    assert len(crops.centroids()) == 2 * 2  # two speakers in two voices, also where others murmur
    assert held_out not in {each.identity for lessons in crops.lessons for each in lessons.speech.speakers}


def test_the_record_names_only_those_who_were_held_out_all_along(tiny, tmp_path):
    out, recipe = tmp_path / "out", {"stages": [{"until_step": 6}]}
    run.train(tiny, out, "cpu", workers=0)
    record = training_record(out, recipe, tiny.speech)
    assert record["held_out"] == ["buzz/train-1"] and record["data"][0]["speakers"] == 2
    kept = figures(out)
    changed = [*kept, {"step": 6, "held_out": ["buzz/train-0"]}]
    (out / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in changed))
    assert training_record(out, recipe, tiny.speech)["held_out"] == []
    (out / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in kept if "held_out" not in entry))
    assert training_record(out, recipe, tiny.speech)["held_out"] == []


def test_a_run_may_begin_with_the_convolutions_of_another_and_says_so(tiny, tmp_path):
    run.train(tiny, tmp_path / "first", "cpu", workers=0)
    first = saved(tmp_path / "first")
    progress = run.begin(tiny, torch.device("cpu"))
    checkpoint.begin_with(tmp_path / "first" / "checkpoint.pt", progress)
    own = progress.student.embedding_model.state_dict()
    taken = [name for name in own if torch.equal(own[name], first["average"][name])]
    assert {name for name in own if name.startswith("blocks.")} <= set(taken) and "fc.conv.weight" not in taken
    assert all(torch.equal(progress.average[name], own[name]) for name in taken)
    run.train(tiny, tmp_path / "second", "cpu", workers=0, begin_with=tmp_path / "first" / "checkpoint.pt")
    record = training_record(tmp_path / "second", {"stages": [{"until_step": 6}]}, tiny.speech)
    assert record["began_with"]["step"] == 6 and record["began_with"]["recipe"]["seed"] == tiny.seed
    assert record["held_out"] == ["buzz/train-1"]


def test_whom_the_run_it_began_with_has_heard_is_not_held_out(tiny, tmp_path):
    everybody = dataclasses.replace(tiny, held_out=0.0)
    run.train(everybody, tmp_path / "first", "cpu", workers=0)
    run.train(tiny, tmp_path / "second", "cpu", workers=0, begin_with=tmp_path / "first" / "checkpoint.pt")
    assert training_record(tmp_path / "second", {"stages": [{"until_step": 6}]}, tiny.speech)["held_out"] == []


def test_convolutions_of_another_shape_are_refused(tiny, tmp_path):
    checkpoint.save(tmp_path / "checkpoint.pt", run.begin(tiny, torch.device("cpu")), tiny)
    wider = dataclasses.replace(tiny, model=ModelConfig(mels=24, channels=32, attention=8))
    with pytest.raises(checkpoint.CheckpointMismatch, match="mels and channels"):
        checkpoint.begin_with(tmp_path / "checkpoint.pt", run.begin(wider, torch.device("cpu")))


def test_speechbrain_loads_what_is_exported(tmp_path):
    config = ModelConfig(mels=24, channels=16, attention=8)
    learner = Student(config).eval()
    export(config, learner.embedding_model.state_dict(), tmp_path / "model")
    loaded = SpeakerRecognition.from_hparams(source=str(tmp_path / "model"), savedir=str(tmp_path / "saved"))
    waveforms = 0.1 * torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = learner(waveforms)
    assert torch.allclose(loaded.encode_batch(waveforms).squeeze(1), ours, atol=1e-5)


def test_equal_error_rate_by_hand():
    # One of four targets lies under, one of four impostors over every threshold between 0.4 and 0.5.
    assert equal_error_rate(np.array([0.3, 0.6, 0.7, 0.8]), np.array([0.1, 0.2, 0.4, 0.65])) == 0.25
    assert equal_error_rate(np.array([0.9]), np.array([0.1])) == 0


def test_the_command_says_what_is_missing(tmp_path, capsys, monkeypatch):
    for name, value in (("MALLOC_MMAP_THRESHOLD_", "4000000000"), ("MALLOC_TRIM_THRESHOLD_", "8000000000")):
        monkeypatch.setenv(name, value)
    arguments = ["--out", str(tmp_path / "out"), "--speech", str(tmp_path / "nowhere"), "--cache", str(tmp_path)]
    assert main([*arguments, "--device", "cpu"]) == FAILED
    assert "manifest.csv does not exist" in capsys.readouterr().err
