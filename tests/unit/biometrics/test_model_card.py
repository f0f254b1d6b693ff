"""The card of a model of our own: every figure comes from a file, and from the right one."""

import json

import pytest
import torch

from biometrics.__main__ import main
from biometrics.encoder import file_sha256

HYPERPARAMS = "sample_rate: 8000\nn_mels: 64\nchannels: 16\n"


@pytest.fixture
def model(tmp_path):
    directory = tmp_path / "ours"
    directory.mkdir()
    (directory / "hyperparams.yaml").write_text(HYPERPARAMS)
    torch.save(
        {"layer.weight": torch.zeros(30, 41), "norm.running_mean": torch.zeros(9)}, directory / "embedding_model.ckpt"
    )
    return directory


@pytest.fixture
def speech(tmp_path):
    directory = tmp_path / "speech"
    directory.mkdir()
    rows = [
        "path,corpus,speaker,split,seconds",
        "a,readers,1,train,3600",
        "b,readers,2,train,3600",
        "c,readers,3,dev,9",
    ]
    (directory / "manifest.csv").write_text("\n".join(rows) + "\n")
    table = "| corpus | speakers | what | licence | source |\n|---|---|---|---|---|\n| readers | 3 | who read | CC BY 4.0 | x |\n"
    (directory / "README.md").write_text(table)
    return directory


@pytest.fixture
def run(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    entries = [
        {"step": 50, "loss": 5.0, "cosine": 0.2, "seconds_per_step": 36.0},
        {"step": 50, "dev_cosine": 0.61, "dev_eer": {}},
        {"step": 100, "loss": 4.0, "cosine": 0.58, "seconds_per_step": 36.0},
        {"step": 100, "loss": 4.0, "cosine": 0.58, "seconds_per_step": 36.0},
    ]
    (directory / "log.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return directory


@pytest.fixture
def results(tmp_path, model):
    rate = {"far": 0.01, "frr": 0.1234, "interval_95": [0.05, 0.2], "rough": True, "impostor_trials_needed": 3000}
    scarce = rate | {"far": 0.001, "frr": None, "interval_95": None, "impostor_trials_needed": 30000}
    figures = {"model": "ours", "corpus": "readers", "half": "all", "seconds": 3.0, "speakers": 7, "target_trials": 70}
    figures |= {"impostor_trials": 420, "eer": 0.0456, "eer_interval_95": [0.031, 0.06], "min_dcf": 0.44}
    figures |= {"cllr": 0.2, "cllr_min": 0.17, "frr_at_far": [rate, scarce, scarce | {"far": 0.0001}]}
    pair = {
        "model": "ours",
        "other": "campplus",
        "corpus": "readers",
        "ratio": 1.31,
        "low": 0.9,
        "high": None,
        "goal": 1.5,
    }
    content = {
        "made_at": "2026-11-22T00:00:00+00:00",
        "command": "python -m biometrics evaluate",
        "split": "dev",
        "main_seconds": 3.0,
        "models": [{"name": "ours", "sha256": file_sha256(model / "embedding_model.ckpt")}],
        "corpora": [{"name": "readers"}],
        "figures": [figures],
        "comparisons": [pair | {"answer": "not shown"}],
        "fairness": [],
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content))
    return path


def test_the_card_is_one_command(model, speech, run, results):
    arguments = ["card", "--model", str(model), "--results", str(results), "--run", str(run), "--speech", str(speech)]
    assert main(arguments) == 0
    card = (model / "README.md").read_text()
    assert file_sha256(model / "embedding_model.ckpt") in card and "1,230 parameters" in card
    assert "4.6 % [3.1, 6.0]" in card and "~12.3 % [5.0, 20.0]" in card and "420 trials, 30,000 needed" in card
    assert "| 1.31 | 0.90 to no bound | ≤ 1.5 | not shown |" in card
    assert "| readers | 2 | 2.0 | who read | CC BY 4.0 | x |" in card  # the speakers it learned from, not those of dev
    assert "100 of" in card and "1.0 hours" in card and "0.61 on dev" in card
    assert "trained on these very speakers" not in card and "which flatters" in card
    assert str(model.parent) not in card
    assert json.loads((model / "training.json").read_text())["splits"] == ["train"]


def test_the_card_again_needs_no_training_run(model, results):
    (model / "training.json").write_text(json.dumps({"splits": ["train", "dev"], "data": []}))
    assert main(["card", "--model", str(model), "--results", str(results)]) == 0
    assert "trained on these very speakers" in (model / "README.md").read_text()


def test_figures_of_another_checkpoint_make_no_card(model, results, capsys):
    (model / "training.json").write_text(json.dumps({"splits": ["train"], "data": []}))
    torch.save({"layer.weight": torch.ones(2)}, model / "embedding_model.ckpt")
    assert main(["card", "--model", str(model), "--results", str(results)]) == 1
    assert "no figures of the checkpoint" in capsys.readouterr().err
    assert not (model / "README.md").exists()


def test_a_model_of_unknown_training_makes_no_card(model, results, capsys):
    assert main(["card", "--model", str(model), "--results", str(results)]) == 1
    assert "--run" in capsys.readouterr().err
    (model / "training.json").write_text("{}")
    assert main(["card", "--model", str(model), "--results", str(results)]) == 1
    assert "damaged" in capsys.readouterr().err
