"""What we keep of people's voices, from the command line: made with consent, looked through, resealed, deleted, told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from biometrics import Voiceprint, seal, unseal
from biometrics.calibration import Calibration, Threshold
from biometrics.likelihood import unconditional
from ivr import cli
from ivr.custody import prints as custody_prints
from ivr.flow.events import ConsentGiven, VerdictRecorded
from ivr.flow.inputs import By, Outcome
from ivr.flow.session import Claim
from ivr.flow.steps import Factor
from ivr.store import consents, contacts, erasures, paces, sessions, voiceprints
from ivr.store.database import Database, close, open_database, upgrade, write
from ivr.store.instants import to_microseconds
from tests.unit.store.databases import a_session, a_turn

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY, NEW_KEY = b"k" * 32, b"n" * 32
MODEL = "f" * 64
PEOPLE = {"1001": "Ann Lee", "1002": "Ben Ólafsson", "1003": "Cleo", "1004": "Dora", "1005": "Emil"}
ROOT = Path(__file__).parents[3]
HEADER = "contact,path,consent_version,consent_wording,consent_language,consent_how,consent_at"
CONSENT = "2026-11,May we keep it?,en-GB,paper,2026-11-01T10:00:00+00:00"


class OneVoice:
    """Everybody sounds alike to it."""

    name, class_name, sample_rate, dimension, sha256 = "fake", "tests.OneVoice", 8000, 2, MODEL

    def embed(self, samples, sample_rate_hz):
        return np.array([1.0, 0.0], dtype=np.float32)


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PUBLIC_URL": "https://ivr.example.com", "DATABASE_URL": f"sqlite:///{tmp_path}/duet.db", "SECRET_KEY": _key(b"s" * 32),
        "VOICEPRINT_KEY": _key(KEY), "TWILIO_ACCOUNT_SID": "AC0", "TWILIO_AUTH_TOKEN": "x",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"IVR_{name}", value)
    monkeypatch.delenv("IVR_VOICEPRINT_KEY_OLD", raising=False)
    thresholds = (Threshold(0.005, (2.0,), 0.1, 0.004, (0.0, 0.01), 6000),)
    calibration = Calibration(
        "fake",
        MODEL,
        unconditional(20.0, -5.0),
        (3.0,),
        thresholds,
        -2.0,
        0.5,
        1,
        1,
        1,
        0.1,
        0.1,
        "",
        "",
        "",
    )
    known = {MODEL: calibration}
    monkeypatch.setattr(custody_prints, "load_calibration", known.get)
    monkeypatch.setattr("biometrics.enrolment.load_calibration", known.get)
    monkeypatch.setattr("biometrics.load_encoder", lambda *_, **__: OneVoice())


def _key(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


@pytest.fixture
def db(tmp_path: Path):
    opened: Database = open_database(f"sqlite:///{tmp_path}/duet.db")
    upgrade(opened)
    for number, name in PEOPLE.items():
        contacts.add_contact(opened, contacts.Contact(f"c-{number}", number, name, f"+4477009{number}"))
    yield opened
    close(opened)


@pytest.fixture
def ivr(capsys):
    """Runs the command with --json: exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, object]:
        capsys.readouterr()
        code = cli.main([*arguments, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run


def enrolled(db: Database, number: str, row=(1, 0), model: str = MODEL, key: bytes = KEY) -> Voiceprint:
    """With a consent from a call."""
    contact = f"c-{number}"
    given = ConsentGiven(contact=contact, version="7", wording="May we?", language="en-GB", by=By.KEYPAD)
    write(db, lambda transaction: consents.record(transaction, "earlier", given, to_microseconds(NOW)))
    vector = np.array([row], dtype=np.float32) / np.linalg.norm(row).astype(np.float32)
    voiceprint = Voiceprint(vector, model, NOW, 9.0)
    voiceprints.save_voiceprint(db, contact, seal(voiceprint, key, contact), model, NOW)
    return voiceprint


# -- from a manifest --------------------------------------------------------------------------------------------------


def rows(number: str, voice: str = "flite-rms", consent: str = CONSENT) -> list[str]:
    return [f"{number},{path},{consent}" for path in sorted((ROOT / "samples" / voice).glob("enrolment-*.wav"))]


def manifest(directory: Path, *lines: str) -> Path:
    path = directory / "manifest.csv"
    path.write_text("\n".join([HEADER, *lines]))
    return path


def test_a_manifest_makes_prints_with_their_consents_and_only_of_who_may_be_enrolled(
    db: Database, ivr, tmp_path: Path
) -> None:
    ivr("contact", "opt-out", "1002")
    ivr("contact", "opt-out", "9999")  # nobody's number so far
    paces.set_pace(db, "c-1003", paces.ContactPace(3, relay=True))
    enrolled(db, "1004")
    enrolled(db, "1005")
    contacts.delete_voiceprint(db, "c-1005", NOW)  # after the consent that the manifest shows
    everybody = [line for number in (*PEOPLE, "9999", "8888") for line in rows(number)]
    path = manifest(tmp_path, *everybody, "1001,missing.wav,,,,,")
    code, told = ivr("contact", "enrol", str(path))
    refusals = {each["contact"]: each["refusal"] for each in told["results"]}
    assert refusals == {
        "1001": "", "1002": "opted_out", "1003": "relay", "1004": "already_enrolled", "1005": "consent_withdrawn",
        "9999": "opted_out", "8888": "not_on_file",
    }  # fmt: skip
    assert (code, told["results"][0]["detail"]) == (4, "missing.wav: not_audio")
    stored = voiceprints.stored(db, "c-1001")
    assert unseal(stored.sealed, KEY, "c-1001").model_sha256 == stored.model_sha256 == MODEL
    [consent] = consents.consents_of(db, "c-1001")
    assert (consent.version, consent.wording, consent.language, consent.by) == (
        "2026-11",
        "May we keep it?",
        "en-GB",
        "paper",
    )
    assert consent.at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert consent.call.startswith("manifest:")
    [flag] = told["duplicates"]["found"]
    assert {flag["contact"], flag["other"]} == {"1001", "1004"}, "the same voice is on file already"
    assert ivr("contact", "enrol", str(path))[1]["results"] == told["results"], "run again, it goes on from its results"
    contacts.delete_voiceprint(db, "c-1001", NOW)
    ivr("contact", "enrol", str(path))
    assert voiceprints.stored(db, "c-1001") is None, "who took their consent back is not enrolled again by the old file"


def test_a_manifest_without_consent_makes_no_print(db: Database, ivr, tmp_path: Path) -> None:
    path = manifest(tmp_path, *rows("1001", consent=",,,,"))
    assert ivr("contact", "enrol", str(path))[1]["results"][0]["refusal"] == "bad_manifest"
    assert voiceprints.stored(db, "c-1001") is None
    assert "there is no column" in ivr("contact", "enrol", __file__)[1]


# -- duplicates -------------------------------------------------------------------------------------------------------


def test_one_voice_under_two_numbers_is_found_and_other_models_are_kept_apart(db: Database, ivr, capsys) -> None:
    enrolled(db, "1001", (1, 0.1))
    enrolled(db, "1002", (1, 0.12))
    enrolled(db, "1003", (0, 1))
    enrolled(db, "1004", (1, 0.1), model="a" * 64)
    enrolled(db, "1005", key=NEW_KEY)
    code, told = ivr("contact", "duplicates")
    assert [{each["contact"], each["other"]} for each in told["models"][MODEL]["found"]] == [{"1001", "1002"}]
    assert told["models"]["a" * 64] is None
    assert (code, list(told["not_opened"])) == (1, ["1005"])
    assert ivr("contact", "duplicates", "1003")[1]["models"][MODEL]["found"] == []
    cli.main(["contact", "duplicates"])
    said = capsys.readouterr().out
    assert "1001 and 1002 may be one person" in said
    assert "prints of different models are never compared" in said


# -- keys -------------------------------------------------------------------------------------------------------------


def test_keys_are_changed_while_calls_go_on(db: Database, ivr, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {number: enrolled(db, number) for number in ("1001", "1002")}
    monkeypatch.setenv("IVR_VOICEPRINT_KEY", _key(NEW_KEY))
    code, told = ivr("voiceprint", "rotate")
    assert (code, told["resealed"], len(told["closed"])) == (1, 0, 2)
    assert "IVR_VOICEPRINT_KEY_OLD" in told["closed"]["c-1001"]
    monkeypatch.setenv("IVR_VOICEPRINT_KEY_OLD", _key(KEY))
    enrolled(db, "1003", key=NEW_KEY)  # in a call of a server that has the new key already
    assert ivr("voiceprint", "rotate") == (0, {"resealed": 2, "already": 1, "changed_meanwhile": 0, "closed": {}})
    for number, voiceprint in before.items():
        opened = unseal(voiceprints.stored(db, f"c-{number}").sealed, NEW_KEY, f"c-{number}")
        assert np.array_equal(opened.embeddings, voiceprint.embeddings)
    assert ivr("voiceprint", "rotate")[1]["already"] == 3
    assert erasures.erasures_of(db, "c-1001") == [], "a print under another key is the same print"


def test_a_print_deleted_while_it_was_being_resealed_stays_deleted(db: Database) -> None:
    enrolled(db, "1001")
    sealed = voiceprints.stored(db, "c-1001").sealed
    contacts.delete_voiceprint(db, "c-1001", NOW)
    assert not voiceprints.replace_seal(db, "c-1001", sealed, b"anew")
    assert voiceprints.stored(db, "c-1001") is None


# -- deleting, and never ----------------------------------------------------------------------------------------------


def test_forgetting_prints_the_receipt_and_keeps_it(db: Database, ivr, capsys) -> None:
    enrolled(db, "1001")
    digest = sha256(voiceprints.stored(db, "c-1001").sealed).hexdigest()
    code, told = ivr("contact", "forget", "1001", "--by", "Mia")
    assert (code, told["sealed_sha256"], told["erased_by"], told["reason"]) == (0, digest, "operator:Mia", "operator")
    assert voiceprints.stored(db, "c-1001") is None
    assert [one.sealed_sha256 for one in erasures.erasures_of(db, "c-1001")] == [digest]
    assert consents.consents_of(db, "c-1001")[0].withdrawn_at is not None
    assert ivr("contact", "forget", "1001") == (0, None)
    assert "4711" in ivr("contact", "forget", "4711")[1]
    enrolled(db, "1002")
    cli.main(["contact", "delete", "1002"])
    assert "contact_deleted" in capsys.readouterr().out
    code, checked = ivr("voiceprint", "verify-erasures", "--anchor", told["hash"])
    assert (code, checked["receipts"], checked["problem"]) == (0, 2, None)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE erasures SET erased_by = 'operator:Eve' WHERE id = 1")
    assert ivr("voiceprint", "verify-erasures")[1]["problem"].startswith("row 1 was changed")
    assert cli.main(["voiceprint", "verify-erasures"]) == 1
    assert "row 1 was changed" in capsys.readouterr().err


def test_never_holds_for_who_is_not_on_file_yet_and_for_who_comes_back(db: Database, ivr, tmp_path: Path) -> None:
    enrolled(db, "1001")
    assert ivr("contact", "opt-out", "1001")[1][0]["erasure"]["reason"] == "opted_out"
    assert contacts.get(db, "c-1001").opted_out_at is not None
    for number in ("7001", "+447700900777"):
        assert ivr("contact", "opt-out", number) == (0, [])
    people = tmp_path / "people.csv"
    lines = ["customer_number,name,number", "1001,Ann,", "7001,Zoe,", "7002,Yan,+447700900777", "7003,Xu,"]
    people.write_text("\n".join(lines))
    cli.main(["contact", "delete", "1001"])
    cli.main(["contact", "import", str(people)])
    refused = {number: contacts.by_customer_number(db, number).opted_out_at is not None for number in
               ("1001", "7001", "7002", "7003")}  # fmt: skip
    assert refused == {"1001": True, "7001": True, "7002": True, "7003": False}
    cli.main(["contact", "import", str(people)])
    assert contacts.by_customer_number(db, "1001").opted_out_at is not None, "an import takes no refusal back"
    assert ivr("contact", "opt-in", "7002")[0] == 0
    cli.main(["contact", "import", str(people)])
    assert contacts.by_customer_number(db, "7002").opted_out_at is None
    assert "nobody has opted out under 7003" in ivr("contact", "opt-in", "7003")[1]


def test_who_has_opted_out_gets_no_print_even_with_a_new_consent(db: Database, ivr) -> None:
    ivr("contact", "opt-out", "1001")
    with pytest.raises(voiceprints.ConsentMissing, match="opted out"):
        enrolled(db, "1001")


# -- what is held ------------------------------------------------------------------------------------------------------


def test_everything_that_is_held_is_exported_without_secrets(db: Database, ivr, tmp_path: Path) -> None:
    enrolled(db, "1001")
    enrolled(db, "1001")  # learnt again: the first print is replaced
    claim = Claim(contact="c-1001", by="caller_id", number=None, enrolled=True, opted_out=False, has_pin=True)
    verdict = VerdictRecorded(
        request="r", outcome=Outcome.ACCEPTED, reason="match", score=5.0, threshold=3.0, net_speech_seconds=4.0,
        model_name="m", model_class="C", model_sha256=MODEL,
    )  # fmt: skip
    for call, factors in (("proven", (Factor.PIN,)), ("claimed", ())):
        session = a_session(call, claim=claim, factors=factors, choices_made=(f"{call} choice",))
        sessions.create_call(db, session, a_turn(session, verdict), "twilio", call, NOW)
    out = tmp_path / "ann.json"
    assert ivr("contact", "export", "1001", "--print", "--out", str(out))[0] == 0
    assert out.stat().st_mode & 0o077 == 0
    held = json.loads(out.read_text())
    assert (held["contact"]["name"], held["contact"]["pin_hash"], held["calls_of_a_mere_claim"]) == ("Ann Lee", None, 1)
    assert held["voiceprint"]["model_sha256"] == MODEL
    assert unseal(base64.b64decode(held["voiceprint"]["sealed_base64"]), KEY, "c-1001").net_speech_seconds == 9.0
    assert held["voiceprint"]["deleted_if_unused_at"].startswith("2029-11-21")
    assert [one["withdrawn_at"] for one in held["consents"]] == [None, None]
    assert [one["reason"] for one in held["erasures"]] == ["replaced"]
    [call] = held["calls"]
    assert (call["chosen"], call["about_the_voice"][0]["outcome"]) == (["proven choice"], "ACCEPTED")
    assert "claimed choice" not in out.read_text()
    cli.main(["contact", "delete", "1001"])
    after = ivr("contact", "export", "c-1001")[1]
    assert (after["contact"], after["voiceprint"], len(after["erasures"])) == (None, None, 2)
    assert "nothing is held" in ivr("contact", "export", "4711")[1]


def test_a_print_nobody_was_recognised_by_for_three_years_is_deleted_with_its_receipt(db: Database) -> None:
    for number in ("1001", "1002"):
        enrolled(db, number)
    later = NOW + voiceprints.UNUSED_FOR
    write(db, lambda transaction: voiceprints.used(transaction, "c-1002", NOW + timedelta(days=1)))
    assert voiceprints.expire(db, later) == []
    [receipt] = voiceprints.expire(db, later + timedelta(seconds=1))
    assert (receipt.contact, receipt.reason, receipt.erased_by) == ("c-1001", "expired", "clock")
    assert voiceprints.present(db, ["c-1001", "c-1002"]) == {"c-1002"}
    assert consents.consents_of(db, "c-1001")[0].withdrawn_at is not None
    assert len(voiceprints.expire(db, later + timedelta(days=2))) == 1
