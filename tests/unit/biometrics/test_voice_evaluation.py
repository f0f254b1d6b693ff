import csv
import json

import numpy as np
import pytest

from biometrics import BiometricsError
from biometrics.evaluation import (
    Ranking,
    best_llrs,
    cllr,
    cllr_min,
    eer,
    frr_at_far,
    min_dcf,
    paired_ratio,
    speaker_bootstrap,
)
from biometrics.trial_lists import evaluate


def curve(targets, impostors, weights=None):
    scores = np.array([*targets, *impostors], dtype=float)
    is_target = np.arange(len(scores)) < len(targets)
    return Ranking(scores, is_target).curve(None if weights is None else np.array(weights, dtype=float))


def test_eer_by_hand():
    # At a threshold of 4, one of four owners (3) is below and one of four impostors (5) is above.
    assert eer(curve([3, 6, 7, 8], [1, 2, 2.5, 5])) == pytest.approx(0.25)
    assert eer(curve([2, 3], [0, 1])) == 0
    assert eer(curve([0, 1], [2, 3])) == pytest.approx(1)
    assert eer(curve([1, 1], [1, 1])) == pytest.approx(0.5)


def test_min_dcf_by_hand():
    # Accepting none costs 1; a threshold of 6 misses 1 of 2 owners and admits none: 0.01 * 0.5 / 0.01.
    assert min_dcf(curve([3, 6], [1, 5])) == pytest.approx(0.5)
    assert min_dcf(curve([3], [5])) == pytest.approx(1)
    assert min_dcf(curve([6], [5])) == 0


def test_frr_at_far_by_hand():
    impostors = list(range(100))
    assert frr_at_far(curve([98.5, 200], impostors), 0.01) == 0  # only impostor 99 is above 98.5
    assert frr_at_far(curve([97.5, 200], impostors), 0.01) == 0.5
    assert frr_at_far(curve([98.5, 200], impostors), 0.001) == 0.5


def test_cllr_by_hand():
    labels = np.array([True, False])
    assert cllr(np.array([0.0, 0.0]), labels) == pytest.approx(1)  # says nothing: one bit
    assert cllr(np.array([30.0, -30.0]), labels) == pytest.approx(0, abs=1e-9)
    assert cllr(np.log([3.0, 1 / 3]), labels) == pytest.approx(np.log2(4 / 3))


def test_the_best_recalibration_by_hand():
    # Impostors at 0 and 2, owners at 1 and 3: 0 and 3 are certain, 1 and 2 are the wrong way round and say nothing.
    llrs, labels = np.array([0.0, 1.0, 2.0, 3.0]), np.array([False, True, False, True])
    given, best = best_llrs(llrs, labels)
    assert given.tolist() == [0, 1, 2, 3]
    assert best.tolist() == [-np.inf, 0, 0, np.inf]
    assert cllr_min(llrs, labels) == pytest.approx(0.5)  # half the owners and half the impostors cost a bit
    assert cllr_min(10 * llrs - 7, labels) == pytest.approx(0.5)  # whatever scale and offset


def test_a_well_calibrated_set_loses_nothing_to_calibration():
    # Three of four trials at ln 3 are owners, one of four at -ln 3.
    llrs = np.log([3, 3, 3, 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3])
    labels = np.array([True, True, True, False, True, False, False, False])
    assert cllr_min(llrs, labels) == pytest.approx(cllr(llrs, labels))
    assert cllr_min(llrs + 1, labels) < cllr(llrs + 1, labels) - 0.05


def test_the_interval_of_two_speakers_by_hand():
    # Speaker 0 scores above all impostors, speaker 1 below. Who speaks the impostor trials is not known, so the draws are
    # 0 twice (one in four): FRR 0; both: 1/2; 1 twice (one in four): 1.
    scores = np.array([5.0, 0.0, 1.0, 1.0])
    claimed, speaking = np.array([0, 1, 0, 1]), np.array([0, 1, -1, -1])
    ranking = Ranking(scores, claimed == speaking)
    assert speaker_bootstrap(ranking, lambda each: frr_at_far(each, 0), claimed, speaking, 400) == (0, 1)
    # Known speakers: without both of them there is no impostor trial, so only the draw of both counts.
    known = np.array([0, 1, 1, 0])
    assert speaker_bootstrap(ranking, lambda each: frr_at_far(each, 0), claimed, known, 400) == (0.5, 0.5)


def test_two_models_are_compared_on_the_same_draws():
    generator = np.random.default_rng(3)
    claimed, speaking = (each.ravel() for each in np.meshgrid(np.arange(30), np.arange(30)))
    is_target = claimed == speaking
    scores = generator.normal(1.5 * is_target, 1)
    ranking, perfect = Ranking(scores, is_target), Ranking(scores + 100 * is_target, is_target)
    assert paired_ratio(ranking, ranking, claimed, speaking, 50) == (1, 1, 1)
    assert paired_ratio(perfect, ranking, claimed, speaking, 50) == (0, 0, 0)
    assert paired_ratio(ranking, perfect, claimed, speaking, 50) == (None, np.inf, np.inf)
    assert paired_ratio(perfect, perfect, claimed, speaking, 50) == (None, 0, np.inf)  # neither errs: nothing is known


def test_a_weight_of_two_is_the_trial_twice():
    assert eer(curve([1, 3], [2, 0], [2, 1, 1, 1])) == pytest.approx(eer(curve([1, 1, 3], [2, 0])))


def test_one_kind_of_trial_alone_has_no_rates():
    with pytest.raises(BiometricsError, match="at least one"):
        curve([1, 2], [])


def test_the_bootstrap_holds_the_figure_and_narrows_with_speakers():
    generator = np.random.default_rng(1)

    def width(count):
        claimed, speaking = (each.ravel() for each in np.meshgrid(np.arange(count), np.arange(count)))
        is_target = claimed == speaking
        ranking = Ranking(generator.normal(2 * is_target, 1), is_target)
        low, high = speaker_bootstrap(ranking, eer, claimed, speaking, 200)
        assert low <= eer(ranking.curve()) <= high
        return high - low

    assert width(80) < width(10)


@pytest.fixture
def trial_files(tmp_path, samples):
    """Two enrolled voices, four trials, one of them of a file that is not audio."""
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    rms, slt = samples / "flite-rms", samples / "flite-slt"
    enrol, trials = tmp_path / "enrol.csv", tmp_path / "trials.csv"
    with enrol.open("w", newline="") as file:
        rows = [(name, path / f"enrolment-{i}.wav") for name, path in (("rms", rms), ("slt", slt)) for i in (1, 2)]
        csv.writer(file).writerows([("speaker", "path"), *rows])
    with trials.open("w", newline="") as file:
        rows = [
            ("rms", rms / "verification-1.wav", 1),
            ("rms", slt / "verification-1.wav", 0),
            ("slt", slt / "verification-1.wav", 1),
            ("slt", broken, 0),
        ]
        csv.writer(file).writerows([("speaker", "path", "target"), *rows])
    return enrol, trials


def test_trials_are_scored_and_what_cannot_be_is_named(trial_files, tmp_path, scripted, at_cosine):
    encoder = scripted([1, 0], [1, 0], at_cosine(0.9), at_cosine(0.1))
    figures = evaluate(encoder, *trial_files, scores_csv=tmp_path / "scores.csv")
    assert (figures["trials"], figures["target_trials"], figures["impostor_trials"]) == (3, 2, 1)
    assert figures["trials_unscored"] == 1
    assert figures["unscored"][0]["reason"] == "not_audio"
    assert figures["model_sha256"] == encoder.sha256
    assert figures["cllr"] is None  # the scripted model has no calibration
    assert "calibrate" in figures["uncalibrated"]
    assert figures["eer_interval_95"] is None or all(0 <= end <= 1 for end in figures["eer_interval_95"])
    assert figures["rough"] == ["frr_at_far_1pct", "frr_at_far_01pct"]  # one impostor trial
    assert figures["trials_of_enrolled_recordings"] == 0
    assert {"eer", "eer_interval_95", "min_dcf", "frr_at_far_1pct", "frr_at_far_01pct"} <= figures.keys()
    json.dumps(figures, allow_nan=False)
    with (tmp_path / "scores.csv").open() as file:
        assert [row["target"] for row in csv.DictReader(file)] == ["1", "0", "1"]


def test_a_csv_that_makes_no_sense_is_named_with_its_line(trial_files, scripted):
    enrol, trials = trial_files
    trials.write_text(trials.read_text().replace(",1\n", ",yes\n", 1))
    with pytest.raises(BiometricsError, match=r"trials\.csv:2.*'yes'"):
        evaluate(scripted([1, 0]), enrol, trials)
    trials.write_text("speaker,path,target\nnobody,x.wav,1\n")
    with pytest.raises(BiometricsError, match="nobody"):
        evaluate(scripted([1, 0]), enrol, trials)
    trials.write_text("speaker,path,target\nrms,x.wav,1\n")
    with pytest.raises(BiometricsError, match="only target trials"):
        evaluate(scripted([1, 0]), enrol, trials)
    with pytest.raises(BiometricsError, match="no directory"):
        evaluate(scripted([1, 0]), enrol, trials, scores_csv=trials.parent / "nowhere" / "scores.csv")
    trials.write_text("speaker,target\nrms,1\n")
    with pytest.raises(BiometricsError, match="path"):
        evaluate(scripted([1, 0]), enrol, trials)
