import csv
import json
from pathlib import Path

import numpy as np
import pytest

from biometrics import BiometricsError
from biometrics.__main__ import main
from biometrics.calibration import load_calibration, save_calibration
from biometrics.likelihood import Conditions
from biometrics.scorefile import COLUMNS, read_scores, score_recordings, write_scores

LOOKS = (2.0, 3.0)


def write(path: Path, rows, columns=(*COLUMNS, "group")) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def scored(people: int) -> list[tuple]:
    """Everybody against everybody, looked at twice: owners around 0.7, impostors around 0.2."""
    generator = np.random.default_rng(0)
    return [
        (f"p{claimed}", f"call of {speaking}", int(claimed == speaking),
         f"{(0.7 if claimed == speaking else 0.2) + 0.1 * generator.normal() / seconds:.4f}", seconds, 20, 3, "here")
        for claimed in range(people) for speaking in range(people) for seconds in LOOKS
    ]  # fmt: skip


def test_scores_are_read_as_they_are_written(tmp_path):
    first = read_scores(write(tmp_path / "one.csv", scored(4)))
    assert len(first.cosine) == 32 and first.is_target.sum() == 8 and set(first.group) == {"here"}
    assert len(set(first.call)) == 16 and (first.speaking[first.is_target] == first.claimed[first.is_target]).all()
    assert (first.speaking[~first.is_target] != first.claimed[~first.is_target]).all()
    write_scores(tmp_path / "two.csv", first)
    again = read_scores(tmp_path / "two.csv")
    for name in ("cosine", "is_target", "claimed", "speaking", "call"):
        assert np.array_equal(getattr(again, name), getattr(first, name)), name


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("p", "t", "yes", 0.5, 3, 20, 3, ""), "target must be 1"),
        (("p", "t", 1, "high", 3, 20, 3, ""), "cosine is 'high', not a number"),
        (("p", "t", 1, "nan", 3, 20, 3, ""), "cosine is nan, which cannot be"),
        (("p", "t", 1, 1.5, 3, 20, 3, ""), "cosine is 1.5, which cannot be"),
        (("p", "t", 1, 0.5, 0, 20, 3, ""), "net_speech_seconds is 0, which cannot be"),
        (("p", "t", 1, 0.5, 3, 20, 0, ""), "enrolment_utterances is 0, which cannot be"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path, row, said):
    path = write(tmp_path / "scores.csv", [("p", "t", 1, 0.5, 2, 20, 3, ""), row])
    with pytest.raises(BiometricsError, match=f"scores.csv:3: {said}"):
        read_scores(path)


def test_a_file_that_makes_no_sense_is_named(tmp_path):
    with pytest.raises(BiometricsError, match="no column snr_db"):
        read_scores(write(tmp_path / "a.csv", [("p", "t", 1, 0.5, 3)], COLUMNS[:5]))
    with pytest.raises(BiometricsError, match="2 rows of 3 s"):
        read_scores(write(tmp_path / "b.csv", [("p", "t", 1, 0.5, 3, 20, 3, "")] * 2))
    with pytest.raises(BiometricsError, match="cannot be read"):
        read_scores(tmp_path / "none.csv")


@pytest.fixture
def as_model(monkeypatch, scripted):
    encoder = scripted([1, 0])
    monkeypatch.setattr("biometrics.__main__.load_encoder", lambda *_, **__: encoder)
    return encoder


def test_the_command_learns_from_an_operators_scores(tmp_path, as_model, capsys):
    path = write(tmp_path / "scores.csv", scored(60))
    given = ["calibrate", "--trials", str(path), "--looks", "2,3", "--out", str(tmp_path), "--agreement-cosine", "0.5"]
    assert main([*given, "--json"]) == 0
    told = capsys.readouterr()
    assert "FAR 0.50% needs 6,000 impostor calls" in told.err and "2,460 more are missing" in told.err
    learnt = load_calibration(as_model.sha256, tmp_path)
    assert json.loads(told.out)["looks_seconds"] == [2.0, 3.0] and learnt.looks_seconds == LOOKS
    assert [each.far for each in learnt.thresholds] == [0.01] and learnt.agreement_cosine == 0.5
    assert learnt.llr(0.7, Conditions(3, 20, 3)) > learnt.thresholds[0].llrs[-1] > learnt.llr(0.2, Conditions(3, 20, 3))
    assert "--trials" in learnt.command and str(tmp_path) not in learnt.command.replace(str(path), "")


def test_a_far_asked_for_by_name_is_refused_where_trials_are_missing(tmp_path, as_model, capsys):
    path = write(tmp_path / "scores.csv", scored(60))
    given = [
        "calibrate",
        "--trials",
        str(path),
        "--looks",
        "2,3",
        "--out",
        str(tmp_path / "out"),
        "--agreement-cosine",
        "0.5",
    ]
    assert main([*given, "--target-far", "0.01", "--target-far", "0.001"]) == 1
    assert "26,460 more are missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_how_alike_one_enrolment_is_is_taken_over_or_asked_for(tmp_path, as_model, capsys, a_calibration):
    path = write(tmp_path / "scores.csv", scored(60))
    given = ["calibrate", "--trials", str(path), "--looks", "2,3", "--out", str(tmp_path)]
    assert main(given) == 1
    assert "--agreement-cosine" in capsys.readouterr().err
    save_calibration(a_calibration(as_model.sha256, (), -4.6), tmp_path)
    assert main(given) == 0
    assert load_calibration(as_model.sha256, tmp_path).agreement_cosine == 0.5


def test_recordings_are_scored_as_calls(tmp_path, scripted, samples):
    clips = [str(samples / "flite-rms" / name) for name in ("enrolment-1.wav", "enrolment-2.wav", "verification-1.wav")]
    enrol = write(tmp_path / "enrol.csv", [("rms", clips[0]), ("rms", clips[1])], ("speaker", "path"))
    trials = write(tmp_path / "trials.csv", [("rms", clips[2], 1)], ("speaker", "path", "target"))
    found = score_recordings(scripted([1, 0]), enrol, trials, (0.5, 1.0, 60.0), lambda items, _: items)
    assert found.conditions.net_speech_seconds.tolist() == [0.5, 1.0]
    assert found.conditions.enrolment_utterances.tolist() == [2, 2] and found.cosine.tolist() == [1, 1]
    with pytest.raises(BiometricsError, match="whom"):
        write(trials, [("kal", clips[2], 1)], ("speaker", "path", "target"))
        score_recordings(scripted([1, 0]), enrol, trials, (0.5,), lambda items, _: items)


def test_recordings_need_to_be_told_who_is_enrolled(tmp_path, as_model, capsys):
    trials = write(tmp_path / "trials.csv", [("rms", "call.wav", 1)], ("speaker", "path", "target"))
    assert main(["calibrate", "--trials", str(trials)]) == 1
    assert "--enrol" in capsys.readouterr().err
