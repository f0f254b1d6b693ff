"""The page on how well models do: from a tiny synthetic set of scores, so that every word of it can be checked in seconds."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from biometrics import BiometricsError
from biometrics.__main__ import main
from biometrics.audio import telephone
from biometrics.report import command
from biometrics.report.decisions import decisions
from biometrics.report.embeddings import RememberingEncoder
from biometrics.report.fairness import common_threshold, fairness
from biometrics.report.figures import comparison, error_figures, most_without_an_error
from biometrics.report.heard import Caller
from biometrics.report.measure import Model, corpus_notes, measure
from biometrics.report.page import SECTIONS, page
from biometrics.report.pitch import median_pitch_hz
from biometrics.report.resemblyzer import window_starts
from biometrics.report.scores import Scores

VOID = {"meta", "br"}
PEOPLE = 10


def person(corpus, number, **traits):
    return Caller(corpus, f"{number}", (), np.empty(0), 100.0 + 20 * number, number % 2 == 1, traits)


def scores_of(model, corpus, distance, seconds=3.0, people=PEOPLE, calibrated=True, seed=0):
    """Three tests of each person against every print; owners score ``distance`` higher than impostors on average."""
    claimed, speaking = (each.ravel() for each in np.meshgrid(np.arange(people), np.repeat(np.arange(people), 3)))
    noise = np.random.default_rng(seed).normal(size=len(claimed))
    cosine = distance * (claimed == speaking) + noise
    llr = distance * cosine - distance**2 / 2 if calibrated else None
    everybody = tuple(person(corpus, number, **({"sex": "f"} if number < 5 else {})) for number in range(people))
    return Scores(model, corpus, seconds, everybody, claimed, speaking, cosine, llr)


def model(name, seen=None, calibrated=True):
    return Model(name, name.encode().hex().ljust(64, "0"), "tests", None, None if calibrated else "it has none", seen)


@pytest.fixture(scope="module")
def results():
    distances = {"campplus": 3.5, "ecapa-telephone": 2.5, "resemblyzer": 2.0}
    sets = [
        scores_of(name, corpus, distance + seconds / 10, seconds, calibrated=name != "resemblyzer")
        for name, distance in distances.items()
        for corpus in ("readers", "callers <b>")
        for seconds in (1.5, 3.0)
    ]
    models = [model("campplus"), model("ecapa-telephone", ("train", "dev")), model("resemblyzer", calibrated=False)]
    notes = {"readers": {"what": "people who read", "licence": "MIT", "source": "-"}}
    rates = {"owner_calls": 20, "owners_accepted": 0.85, "owners_accepted_95": (0.62, 0.97), "owners_rejected": 0.05}
    rates |= {"owners_decided": 0.9, "owners_decided_95": (0.68, 0.99), "seconds": (2.0, 3.5, 6.0)}
    rates |= {"impostor_calls": 180, "impostors_accepted": 0.0, "impostors_accepted_95": (0.0, 0.0203)}
    rates |= {"impostors_rejected": 0.75}
    used = [{"net_speech_seconds": seconds, "owners_accepted": seconds / 12} for seconds in (2.0, 10.0)]
    told = {"model": "campplus", "corpus": "readers", "target_far": 0.005, "budget_seconds": 10.0}
    told = [told | {"rates": rates, "speech_used": used}]
    found = measure(models, sets, told, notes, "dev", "python -m biometrics evaluate", lambda items, _: items)
    return json.loads(json.dumps(found, allow_nan=False))


class Balanced(HTMLParser):
    """Fails on an element that is closed in the wrong place; notes every address."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.identifiers, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.identifiers += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(document):
    parser = Balanced()
    parser.feed(document)
    assert parser.open == []
    return parser


def test_the_page_is_whole_and_asks_nothing_of_others(results):
    document = page(results)
    parser = read(document)
    assert set(parser.addresses) == {f"#{key}" for key in SECTIONS}
    assert set(SECTIONS) <= set(parser.identifiers) and len(set(parser.identifiers)) == len(parser.identifiers)
    assert not re.search(r"url\(|@import|<script|<iframe|<link", document)
    assert set(re.findall(r"https?://[^\"' <]*", document)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "callers &lt;b&gt;" in document and "callers <b>" not in document
    assert "prefers-color-scheme: dark" in document and "@media print" in document and "max-width" in document


def test_the_page_carries_what_was_measured(results):
    text = " ".join("".join(read(page(results)).text).split())
    for each in results["figures"]:
        if each["half"] == "all" and each["seconds"] == 3.0:
            low, high = each["eer_interval_95"]
            assert f"{100 * each['eer']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]" in text
            assert f"{each['target_trials']} owners' and {each['impostor_trials']} impostors' trials" in text
    for told in results["models"]:
        assert told["sha256"] in text
    assert "not enough trials: 270, needed 300,000" in text  # FAR 0.01 % of 270 impostor trials
    assert "ecapa-telephone was trained on these very speakers" in text
    assert "campplus was trained" not in text
    assert {each["answer"] for each in results["comparisons"]} == {"void"} and "void on readers" in text
    assert "85.0 % [62.0, 97.0]" in text and "3.5 s quartiles 2.0, 6.0" in text and "of 180 calls" in text
    assert "flattering" in text and "people who read" in text and "resemblyzer: it has none" in text
    assert "Not known: age, language." in text  # sex is known of some


def test_the_figures_never_pool_corpora_and_name_what_is_missing(results):
    assert {each["corpus"] for each in results["figures"]} == {"readers", "callers <b>"}
    told = error_figures(scores_of("m", "c", 2.0), draws=50)
    assert told["impostor_trials"] == 270 and told["target_trials"] == 30
    assert [entry["frr"] is None for entry in told["frr_at_far"]] == [False, True, True]
    assert told["frr_at_far"][0]["rough"] and told["frr_at_far"][0]["impostor_trials_needed"] == 3000
    assert told["cllr"] >= told["cllr_min"]


def test_nobody_erring_is_not_certainty():
    assert most_without_an_error(6) == pytest.approx(0.459, abs=0.001)
    perfect = error_figures(scores_of("m", "c", 100.0), draws=20)
    assert perfect["eer"] == 0 and perfect["eer_interval_95"][1] == pytest.approx(most_without_an_error(PEOPLE))
    few = error_figures(scores_of("m", "c", 2.0, people=4), draws=20)
    assert few["eer_interval_95"] is None


def test_a_goal_is_met_only_by_the_upper_bound():
    better, worse = scores_of("a", "c", 3.0, people=40), scores_of("b", "c", 1.0, people=40)
    assert comparison(better, worse, 1.0, draws=100)["answer"] == "met"
    assert comparison(worse, better, 1.0, draws=100)["answer"] == "missed"
    assert comparison(better, better, 0.99, draws=100)["answer"] == "missed"
    alike = [scores_of(name, "c", 2.0, seed=seed) for name, seed in (("a", 3), ("b", 4))]
    assert comparison(*alike, 1.0, draws=100)["answer"] == "not shown"
    nearly = comparison(scores_of("e", "c", 100.0), scores_of("b", "c", 2.0), 1.0, draws=100)
    assert nearly["ratio"] == 0 and nearly["answer"] == "not shown"  # ten people without an error are not proof


def test_one_threshold_for_all_shows_who_is_refused():
    easy, hard = scores_of("m", "easy", 8.0), scores_of("m", "hard", 2.0)
    threshold = common_threshold([easy, hard])
    far = np.mean([np.mean(each.llr[~each.is_target] >= threshold) for each in (easy, hard)])
    assert far <= 0.01
    told = fairness([easy, hard])
    by_corpus = next(each for each in told["traits"] if each["trait"] == "corpus")
    refused = {row["group"]: row["frr"] for row in by_corpus["groups"]}
    assert refused["hard"] > refused["easy"] == 0
    assert by_corpus["worst"] == "hard" and by_corpus["frr_ratio"] is None  # nobody of the best was refused: no ratio
    assert told["not_in_manifest"] == ["language", "age"]
    assert {each["trait"] for each in told["traits"]} == {"corpus", "pitch of the voice", "sex"}


class BySign:
    """Two voices: one whose samples are above zero, and one below, who sounds half like the first."""

    name, class_name, sample_rate, dimension, sha256 = "sign", "tests.BySign", 8000, 2, "cd" * 32

    def embed(self, samples, sample_rate_hz):
        return np.array([1, 0] if samples.mean() > 0 else [0.2, 0.98**0.5], dtype=np.float32)


def test_what_callers_are_told_is_the_whole_decision(point, tmp_path):
    def caller(name, sign, seconds):
        enrolment = tuple(np.full(8000 * 3, sign * 0.1, dtype=np.float32) for _ in range(3))
        return Caller("c", name, enrolment, np.full(int(8000 * seconds), sign * 0.2, dtype=np.float32), None, False, {})

    encoder = RememberingEncoder(BySign(), tmp_path)
    [told] = decisions(encoder, point, [caller("a", 1, 25), caller("b", -1, 5)], lambda items, _: items)
    assert (told["target_far"], told["budget_seconds"]) == (0.005, 10)
    rates = told["rates"]
    assert (rates["owner_calls"], rates["impostor_calls"]) == (
        3,
        3,
    )  # 25 s are two calls of 10 s, 5 s are one short one
    assert rates["owners_accepted"] == 1 and rates["seconds"] == (3, 3, 3)  # at the first look
    assert rates["impostors_accepted"] == 0 and rates["impostors_rejected"] == 1
    assert [point["owners_accepted"] for point in told["speech_used"]] == [1, 1, 1, 1]


def test_what_is_said_of_a_corpus_comes_from_the_page_beside_it(tmp_path):
    readme = tmp_path / "README.md"
    assert corpus_notes(readme) == {}
    readme.write_text("# x\n| corpus | what | licence |\n|---|---|---|\n| a | some | MIT |\n\n| other | table |\n")
    assert corpus_notes(readme)["a"] == {"corpus": "a", "what": "some", "licence": "MIT"}


@pytest.mark.parametrize("hertz", [110, 220, 290])
def test_pitch_is_heard_over_the_telephone_although_it_carries_no_fundamental(hertz):
    time = np.arange(16000 * 2) / 16000
    buzz = sum(np.sin(2 * np.pi * hertz * harmonic * time) / harmonic for harmonic in range(1, 12))
    assert median_pitch_hz(telephone((0.2 * buzz).astype(np.float32), 16000)) == pytest.approx(hertz, rel=0.05)


def test_noise_has_no_pitch():
    assert median_pitch_hz(np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)) is None


def test_resemblyzer_hears_windows_of_its_own_length():
    assert window_starts(8000) == [0]  # shorter than 1.6 s: one, padded
    assert window_starts(16000 * 3) == [0, 77, 154]  # the last covers 1.46 of 1.6 s


class Listening:
    """An encoder whose answers depend on the audio alone; counts its work."""

    name, class_name, sample_rate, dimension, sha256 = "listening", "tests.Listening", 8000, 8, "ab" * 32
    calls = 0

    def embed(self, samples, sample_rate_hz):
        type(self).calls += 1
        spectrum = np.abs(np.fft.rfft(samples[:8000]))
        bands = np.array([each.mean() for each in np.array_split(spectrum, 8)])
        return (bands / np.linalg.norm(bands)).astype(np.float32)


@pytest.fixture
def speech(tmp_path, samples):
    """The synthetic voices of samples/ as labelled speakers."""
    rows = [
        ("synthetic", voice, "dev", clip)
        for voice in ("flite-rms", "flite-slt")
        for clip in sorted((samples / voice).glob("*.wav"))
    ]
    directory = tmp_path / "speech"
    directory.mkdir()
    with (directory / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "corpus", "speaker", "split", "seconds"])
        writer.writerows((clip, corpus, voice, split, 1) for corpus, voice, split, clip in rows)
    return directory


def test_a_second_report_listens_to_nothing_again(speech, tmp_path, monkeypatch, capsys):
    def load(name, *_, **__):
        if name == "nowhere":
            raise command.ModelError("there is no speaker model 'nowhere'")
        return Listening()

    monkeypatch.setattr(command, "load_encoder", load)
    monkeypatch.setattr(command, "model_directory", lambda name, search: tmp_path)
    report, cache = tmp_path / "out" / "report.html", tmp_path / "cache"
    arguments = ["evaluate", "--speech", str(speech), "--report", str(report), "--cache", str(cache)]
    assert main([*arguments, "--model", "listening", "--model", "nowhere"]) == 0
    first, text = Listening.calls, report.read_text()
    read(text)
    assert first > 0 and "nowhere" in text  # a model that is not to be had is named, the others are shown
    stored = json.loads(report.with_name("results.json").read_text())
    assert stored["corpora"][0]["speakers"] == 2 and str(tmp_path) not in stored["command"]
    assert main([*arguments, "--model", "listening"]) == 0
    assert Listening.calls == first
    assert main([*arguments, "--model", "nowhere"]) == 1
    assert "none of the models" in capsys.readouterr().err


def test_a_report_needs_speech():
    with pytest.raises(BiometricsError, match="--speech"):
        command.run_evaluate(command_options("--report", "x.html"), None)
    with pytest.raises(BiometricsError, match="several models"):
        command.run_evaluate(command_options("--model", "a", "--model", "b"), None)


def command_options(*arguments):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_evaluate(parser)
    return parser.parse_args(arguments)
