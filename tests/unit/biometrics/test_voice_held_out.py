"""Speakers whom training held out: calibration is on them, and on nobody the model has learned from alone."""

import json

import numpy as np
import pytest

from biometrics import CalibrationError
from biometrics.__main__ import main
from biometrics.corpus import Speaker, outside_training
from biometrics.trials import HeardCall, HeardSpeaker, with_somebody_unheard


def people(names: str) -> list[HeardSpeaker]:
    generator = np.random.default_rng(0)

    def call() -> HeardCall:
        return HeardCall(False, np.array([2.0, 3.0]), np.array([20.0, 20.0]), generator.normal(size=(2, 4)))

    return [HeardSpeaker(Speaker("here", name, ()), generator.normal(size=(3, 4)), (call(),)) for name in names]


def test_owners_are_unheard_and_of_impostor_trials_one_side_is():
    trials, count = with_somebody_unheard(people("abcd"), frozenset({"here/b", "here/z"}))
    pairs = set(zip(trials.claimed.tolist(), trials.speaking.tolist(), strict=True))
    assert pairs == {(1, 1), (0, 1), (2, 1), (3, 1), (1, 0), (1, 2), (1, 3)} and count == 1
    assert set(trials.claimed[trials.is_target]) == {1} and len(trials.agreements) == 1


def test_with_nobody_unheard_nothing_is_calibrated():
    with pytest.raises(CalibrationError, match="held out"):
        with_somebody_unheard(people("ab"), frozenset({"elsewhere/a"}))


def test_about_the_share_is_held_out_and_a_larger_share_holds_out_more_of_the_same():
    names = [f"speaker {number}" for number in range(2000)]
    tenth, third = ({name for name in names if outside_training("here", name, share)} for share in (0.1, 0.3))
    assert 150 < len(tenth) < 250 and tenth < third and not any(outside_training("here", name, 0.0) for name in names)


def test_a_model_that_held_nobody_out_is_not_calibrated_on_them_by_oversight(tmp_path, monkeypatch, scripted, capsys):
    monkeypatch.setattr("biometrics.__main__.load_encoder", lambda *model, **how: scripted([1, 0]))
    (tmp_path / "manifest.csv").write_text("path,corpus,speaker,split,seconds\n")
    model = tmp_path / "ours"
    model.mkdir()
    for name in ("embedding_model.ckpt", "hyperparams.yaml"):
        (model / name).write_bytes(b"")
    (model / "training.json").write_text(json.dumps({"splits": ["train"], "data": []}))
    assert main(["calibrate", "--model", str(model), "--speech", str(tmp_path)]) == 1
    assert "--seen-in-training" in capsys.readouterr().err
