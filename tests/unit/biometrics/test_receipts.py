import base64
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from biometrics.__main__ import main
from biometrics.errors import ReceiptError
from biometrics.receipts import (
    FIRST_PREVIOUS,
    ChallengePut,
    Enrolment,
    ReceiptFile,
    check,
    of_verdict,
    opaque_reference,
    read_key,
)
from biometrics.verification import Outcome, Verdict

KEY = bytes(range(32))
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def written(path, key=None, count=3):
    receipts = ReceiptFile(path, key, lambda: NOON)
    return [
        receipts.write({"kind": "verification", "request": f"r{n}", "llr": 3.25 * n, "note": "é"}) for n in range(count)
    ]


@pytest.mark.parametrize("key", [None, KEY])
def test_a_whole_chain_holds_and_names_its_head(tmp_path, key):
    path = tmp_path / "receipts.jsonl"
    hashes = written(path, key)
    checked = check(path, key)
    assert (checked.receipts, checked.head, checked.problem) == (3, hashes[-1], None)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["previous"] for line in lines] == [FIRST_PREVIOUS, *hashes[:-1]]
    assert lines[1]["request"] == "r1" and lines[1]["time"] == "2026-11-22T12:00:00+00:00"


@pytest.mark.parametrize("key", [None, KEY])
def test_one_flipped_byte_is_found_wherever_it_is(tmp_path, key):
    path = tmp_path / "receipts.jsonl"
    written(path, key, count=2)
    whole = path.read_bytes()
    line_of = [whole[:at].count(b"\n") + 1 for at in range(len(whole))]
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        assert check(path, key).wrong_line == line_of[at], at


def test_a_line_taken_out_put_twice_or_moved_is_found(tmp_path):
    path = tmp_path / "receipts.jsonl"
    written(path)
    one, two, three = path.read_bytes().splitlines(keepends=True)
    for lines, wrong in (([one, three], 2), ([one, one, two, three], 2), ([two, one, three], 1), ([two, three], 1)):
        path.write_bytes(b"".join(lines))
        assert check(path).wrong_line == wrong


def test_an_end_that_was_cut_off_is_found_with_an_anchor_only(tmp_path):
    path = tmp_path / "receipts.jsonl"
    hashes = written(path)
    assert check(path, anchor=hashes[1]).problem is None
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert check(path).problem is None
    assert (check(path, anchor=hashes[2]).wrong_line, check(path, anchor=hashes[1]).problem) == (3, None)


def test_a_chain_with_a_key_cannot_be_made_or_checked_without_it(tmp_path):
    path = tmp_path / "receipts.jsonl"
    written(path, KEY)
    assert "key" in check(path).problem and "key" in check(path, KEY[::-1]).problem
    path.unlink()
    written(path)  # by somebody who has no key
    assert check(path, KEY).wrong_line == 1


def test_a_torn_last_line_is_moved_aside_and_the_chain_says_so(tmp_path, caplog):
    path = tmp_path / "receipts.jsonl"
    written(path)
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for kept in (1, last // 2, last - 1):  # killed after so many bytes of the third line
        path.write_bytes(whole[: len(whole) - last + kept])
        assert check(path).wrong_line == 3
        written(path, count=1)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line.get("kind") for line in lines] == ["verification", "verification", "torn_line", "verification"]
        assert check(path).problem is None
    torn = path.with_name("receipts.jsonl.torn").read_bytes().splitlines()
    assert [len(piece) for piece in torn] == [1, last // 2, last - 1]
    assert caplog.text.count("torn line") == 3


def test_a_chain_that_ends_wrong_is_not_written_on(tmp_path):
    path = tmp_path / "receipts.jsonl"
    written(path)
    path.write_bytes(path.read_bytes().replace(b"r2", b"r9"))
    before = path.read_bytes()
    with pytest.raises(ReceiptError, match="move it aside"):
        written(path, count=1)
    with pytest.raises(ReceiptError, match="key"):
        written(path, KEY, count=1)
    assert path.read_bytes() == before


def test_what_cannot_be_written_leaves_the_chain_as_it_was(tmp_path):
    path = tmp_path / "receipts.jsonl"
    written(path)
    with pytest.raises(ReceiptError):
        ReceiptFile(path).write({"llr": float("nan")})
    with pytest.raises(ReceiptError, match="most"):
        ReceiptFile(path).write({"note": "x" * 70_000})
    with pytest.raises(ReceiptError, match="cannot be written"):
        ReceiptFile(path / "below a file").write({})
    assert check(path).receipts == 3


def test_a_chain_of_before_there_were_challenges_still_holds_and_goes_on(tmp_path):
    path = tmp_path / "receipts.jsonl"
    verdict = Verdict(Outcome.INCONCLUSIVE, "challenge_failed", 4.0, 3.5, 0.005, 3.1, "model", "Class", "a" * 64)
    told = [of_verdict("r", verdict, Enrolment("c"), put) for put in (None, ChallengePut(), ChallengePut(2, False))]
    before = {name: value for name, value in told[0].items() if name != "challenge"}
    one_answer = {**told[0], "challenge": {"attempt": 1, "said": True}}  # before two could be judged together
    for body in (before, one_answer, *told):
        ReceiptFile(path).write(body)
    assert (check(path).receipts, check(path).problem) == (5, None)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("challenge", "-") for line in lines] == [
        "-",
        {"attempt": 1, "said": True},
        None,
        {"attempt": 0, "said": None, "judged": 0},
        {"attempt": 2, "said": False, "judged": 0},
    ]


def test_processes_share_one_chain(tmp_path):
    path = tmp_path / "receipts.jsonl"
    program = (
        "import sys; from pathlib import Path; from biometrics.receipts import ReceiptFile\n"
        "[ReceiptFile(Path(sys.argv[1])).write({'request': str(n)}) for n in range(20)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert (check(path).receipts, check(path).problem) == (40, None)


def test_a_contact_is_a_reference_that_only_the_key_leads_back_from():
    assert opaque_reference("ada", KEY) == opaque_reference("ada", KEY)
    assert len({opaque_reference("ada", KEY), opaque_reference("ben", KEY), opaque_reference("ada", KEY[::-1])}) == 3
    for text in ("", "short", "not base64!"):
        with pytest.raises(ReceiptError, match="32"):
            read_key(text)


def test_the_command_names_the_first_wrong_line(tmp_path, capsys):
    path, key_file = tmp_path / "receipts.jsonl", tmp_path / "key"
    head = written(path, KEY)[-1]
    key_file.write_text(base64.urlsafe_b64encode(KEY).decode() + "\n")
    assert main(["verify-receipts", str(path), "--key-file", str(key_file), "--anchor", head]) == 0
    assert head in capsys.readouterr().out
    path.write_bytes(path.read_bytes().replace(b"r1", b"r7"))
    assert main(["verify-receipts", str(path), "--key-file", str(key_file)]) == 1
    assert f"{path}:2: was changed" in capsys.readouterr().out
    assert main(["verify-receipts", str(path)]) == 1
    assert main(["verify-receipts", str(tmp_path / "none"), "--json"]) == 1
    assert main(["verify-receipts", str(path), "--key-file", str(tmp_path / "none")]) == 1
