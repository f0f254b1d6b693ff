"""Enrolling from a manifest, as the command line does it: consent first, bad rows told, ended runs go on."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from biometrics import enrol_commands, unseal
from biometrics.__main__ import main
from biometrics.batch import read_manifest
from biometrics.calibration import Calibration, Threshold
from biometrics.likelihood import unconditional

HEADER = "contact,path,consent_version,consent_wording,consent_language,consent_how,consent_at"
CONSENT = "2026-11,May we keep it?,en-GB,paper,2026-11-01T10:00:00+00:00"
KEY = "k" * 40


class OneVoice:
    """Everybody sounds alike to it; counts its work."""

    name, class_name, sample_rate, dimension, sha256 = "fake", "tests.OneVoice", 8000, 2, "f" * 64

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, samples, sample_rate_hz):
        self.calls += 1
        return np.array([1.0, 0.0], dtype=np.float32)


@pytest.fixture
def encoder(monkeypatch):
    encoder = OneVoice()
    thresholds = (Threshold(0.005, (2.0,), 0.1, 0.004, (0.0, 0.01), 6000),)
    ratio = unconditional(20.0, -5.0)
    calibration = Calibration(
        "fake", encoder.sha256, ratio, (3.0,), thresholds, -2.0, 0.5, 1, 1, 1, 0.1, 0.1, "", "", ""
    )
    monkeypatch.setattr(enrol_commands, "load_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr(enrol_commands, "load_calibration", lambda _: calibration)
    monkeypatch.setattr("biometrics.enrolment.load_calibration", lambda _: calibration)
    monkeypatch.setenv("IVR_VOICEPRINT_KEY", KEY)
    return encoder


@pytest.fixture
def manifest(tmp_path):
    """Writes a manifest of these rows."""

    def write(*rows: str) -> Path:
        path = tmp_path / "manifest.csv"
        path.write_text("\n".join([HEADER, *rows]))
        return path

    return write


@pytest.fixture
def recordings(samples):
    return lambda voice: sorted((samples / voice).glob("enrolment-*.wav"))


def enrols(manifest: Path, out: Path, capsys, *more: str) -> tuple[int, dict]:
    code = main(["enrol", "--manifest", str(manifest), "--out", str(out), "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_speakers_of_several_rows_are_enrolled_and_bad_rows_stop_nobody(
    encoder, manifest, recordings, tmp_path, capsys
):
    anna = [f"anna,{path},{CONSENT if not index else ',,,,'}" for index, path in enumerate(recordings("flite-rms"))]
    rows = [
        *anna, f"ben,{recordings('flite-slt')[0]},,,,,", f"carl,missing.wav,{CONSENT}", f",x.wav,{CONSENT}",
        f"dora,{__file__},{CONSENT}", f"emil,{recordings('flite-slt')[0]},{CONSENT.replace('+00:00', '')}",
        f"fred,{recordings('flite-slt')[0]},{CONSENT}",
    ]  # fmt: skip
    out = tmp_path / "prints"
    code, told = enrols(manifest(*rows), out, capsys, "--opted-out", str(_lines(tmp_path, "fred")))
    by_contact = {each["contact"]: each for each in told["results"]}
    assert code == 4
    refusals = {contact: each["refusal"] for contact, each in by_contact.items()}
    assert refusals == {
        "anna": "", "ben": "bad_manifest", "carl": "unreadable", "": "bad_manifest", "dora": "unreadable",
        "emil": "bad_manifest", "fred": "opted_out",
    }  # fmt: skip
    assert "consent_version is empty; no print is made without" in by_contact["ben"]["detail"]
    assert "offset" in by_contact["emil"]["detail"]
    assert (by_contact["carl"]["detail"], by_contact["anna"]["recordings"]) == ("missing.wav: not_audio", len(anna))
    assert [path.name for path in out.glob("*.print")] == ["anna.print"]
    assert unseal((out / "anna.print").read_bytes(), KEY.encode(), "anna").model_sha256 == encoder.sha256
    with (out / "results.csv").open() as file:
        assert {row["contact"]: row["refusal"] for row in csv.DictReader(file)} == refusals


def _lines(directory: Path, *lines: str) -> Path:
    path = directory / "lines.txt"
    path.write_text("\n".join(lines))
    return path


def test_a_run_that_was_ended_goes_on_where_it_was(encoder, manifest, recordings, tmp_path, capsys):
    out = tmp_path / "prints"
    rows = [
        f"{who},{path},{CONSENT}" for who, voice in (("anna", "flite-rms"), ("ben", "flite-slt")) for path in recordings(voice)
    ]  # fmt: skip
    enrols(manifest(*rows), out, capsys)
    results = out / "results.csv"
    whole = results.read_bytes()
    results.write_bytes(whole[:-30])  # ended while it wrote the last line
    work = encoder.calls
    code, told = enrols(manifest(*rows), out, capsys)
    assert (code, [each["refusal"] for each in told["results"]]) == (0, ["", ""])
    assert encoder.calls == work * 1.5, "only the second speaker is listened to again"
    assert enrols(manifest(*rows), out, capsys) == (code, told)
    assert encoder.calls == work * 1.5


def test_one_voice_under_two_names_is_flagged_for_a_person(encoder, manifest, recordings, tmp_path, capsys):
    rows = [f"{who},{path},{CONSENT}" for who in ("anna", "ben") for path in recordings("flite-rms")]
    code, told = enrols(manifest(*rows), tmp_path / "prints", capsys)
    assert code == 0, "a flag refuses nobody"
    [flag] = told["duplicates"]["found"]
    assert {flag["contact"], flag["other"]} == {"anna", "ben"}
    main(["enrol", "--manifest", str(tmp_path / "manifest.csv"), "--out", str(tmp_path / "prints")])
    assert "anna and ben may be one person" in capsys.readouterr().out


def test_the_wording_may_lie_in_a_file_and_its_hash_is_of_the_text(manifest, tmp_path):
    (tmp_path / "wording.txt").write_text("May we keep it?\n")
    [in_file] = read_manifest(manifest(f"anna,a.wav,{CONSENT.replace('May we keep it?', '@wording.txt')}"))
    [in_row] = read_manifest(manifest(f"anna,a.wav,{CONSENT}"))
    assert in_file.consent.wording_sha256 == in_row.consent.wording_sha256
    [missing] = read_manifest(manifest(f"anna,a.wav,{CONSENT.replace('May we keep it?', '@none.txt')}"))
    assert "none.txt" in missing.problem


def test_rows_of_one_speaker_that_differ_about_the_consent_are_refused(manifest):
    [speaker] = read_manifest(manifest(f"anna,a.wav,{CONSENT}", f"anna,b.wav,{CONSENT.replace('paper', 'web')}"))
    assert "differ in consent_how" in speaker.problem


@pytest.mark.parametrize("content", [b"contact,path\nanna,a.wav\n", b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_manifest_is_an_error_that_says_so(content, tmp_path, encoder, capsys):
    path = tmp_path / "manifest.csv"
    path.write_bytes(content)
    assert main(["enrol", "--manifest", str(path), "--out", str(tmp_path / "out")]) == 1
    assert "manifest.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--manifest", "m.csv", "--contact", "anna"], "leave out --contact"),
        (["--contact", "anna"], "needs --contact and recordings, or --manifest"),
        (["a.wav"], "needs --contact and recordings, or --manifest"),
    ],
)
def test_a_command_that_says_too_much_or_too_little_is_told_what_it_needs(arguments, told, encoder, capsys):
    assert main(["enrol", "--out", "x", *arguments]) == 1
    assert told in capsys.readouterr().err


def test_one_person_is_enrolled_from_recordings_as_before(encoder, recordings, tmp_path, capsys):
    path = tmp_path / "anna.print"
    clips = [str(clip) for clip in recordings("flite-rms")]
    assert main(["enrol", "--contact", "anna", "--out", str(path), *clips]) == 0
    assert "enrolled anna" in capsys.readouterr().out
    assert unseal(path.read_bytes(), KEY.encode(), "anna").model_sha256 == encoder.sha256
    assert main(["enrol", "--contact", "anna", "--out", str(path), "--json", clips[0]]) == 4
    assert json.loads(capsys.readouterr().out)["refusal"] == "too_short"
