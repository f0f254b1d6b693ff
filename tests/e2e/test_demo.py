"""``ivr demo`` as a stranger runs it: four calls through the whole system, told in the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "var" / "models" / "campplus"
LIMIT_SECONDS = 420  # on an idle machine about a minute; tests share theirs


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    if not MODEL.exists():
        message = f"{MODEL} is missing: run python -m biometrics fetch"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "ivr.cli", "demo"],
        cwd=ROOT, env={**os.environ, "COLUMNS": "160"}, capture_output=True, text=True, timeout=LIMIT_SECONDS,
    )  # fmt: skip


def test_every_expectation_holds(demo):
    assert demo.returncode == 0, f"{demo.stdout[-6000:]}\n{demo.stderr[-3000:]}"
    assert "✘" not in demo.stdout


def test_a_verdict_names_score_speech_class_and_model(demo):
    accepted = next(line for line in demo.stdout.splitlines() if "voice ACCEPTED" in line)
    assert "score +" in accepted and "threshold" in accepted
    assert "s of net speech" in accepted
    assert "speechbrain." in accepted and "sha256" in demo.stdout


def test_the_impostor_is_not_accepted_and_the_agent_is_told(demo):
    third = demo.stdout.partition("call 3 ·")[2].partition("call 4 ·")[0]
    assert "voice ACCEPTED" not in third
    assert "Not verified" in third


def test_the_editor_is_told_file_line_and_remedy(demo):
    told = " ".join(demo.stdout.split())
    assert "bank.yaml:" in told
    assert "did you mean 'balance_facts'?" in told


def test_no_secret_is_told(demo):
    assert "4821" not in demo.stdout


def test_nothing_is_left_behind(demo):
    """Server and emulator have ended with the command."""
    for what in ("server", "emulator"):
        address = re.search(rf"{what} (http://\S+)", demo.stdout).group(1)
        with pytest.raises(httpx.TransportError):
            httpx.get(address, trust_env=False)
