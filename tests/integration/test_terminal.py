"""``ivr call``: a person, here a pipe, plays a call in the terminal; heard on the left, seen on the right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 120


class Terminal:
    """The command with pipes for hands and eyes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "ivr.cli", "call", *arguments],
            cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._guard = threading.Timer(LIMIT_SECONDS, self.process.kill)
        self._guard.start()
        self.text = ""

    def shows(self, pattern: str) -> re.Match[str]:
        """Reads on until this stands there."""
        while not (found := re.search(pattern, self.text)):
            line = self.process.stdout.readline()
            assert line, f"{pattern!r} was not shown:\n{self.text}\n{self.process.stderr.read()}"
            self.text += line
        return found

    def types(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ends(self) -> int:
        self.text += self.process.stdout.read()
        code = self.process.wait(LIMIT_SECONDS)
        self._guard.cancel()
        return code


@pytest.fixture
def terminal():
    opened: list[Terminal] = []

    def open_terminal(*arguments: str) -> Terminal:
        opened.append(Terminal(*arguments))
        return opened[-1]

    yield open_terminal
    for one in opened:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(30)
        one._guard.cancel()


def test_a_person_plays_a_call_by_keys_and_on_the_page(terminal):
    call = terminal("flows/bank.yaml", "--speed", "8")
    call.shows("Welcome to Riverside Bank")
    digits = "".join(call.shows(r"enter (\d) (\d)").groups())
    call.shows(r"text message from \S+: Riverside Bank: follow your call")
    call.shows("For your balance, press 1")
    call.types(f"open {digits}")
    call.shows(r"│ \[1\] Balance")
    call.types("tap 1")
    call.shows(r" s  Please key in your PIN")
    call.shows(r"│ .*PIN field")
    call.types("4821#")
    call.shows("Your balance is 1,204 pounds")
    call.shows(r"│ \[1\] Main menu")
    call.types("2")
    call.shows("Goodbye")
    assert call.ends() == 0
    assert "-- the call is completed" in call.text


def test_a_script_may_be_piped_at_once(terminal):
    call = terminal("flows/bank.yaml", "--speed", "8", "--from", "+447700900199")
    for line in ("wait customer number", "10045678#", "wait For your balance", "tap 1", "0", "wait nobody is free"):
        call.types(line)
    call.process.stdin.close()
    assert call.ends() == 0
    assert "no page is open" in call.text
    assert "nobody is free to take your call" in call.text


def test_a_flow_with_a_mistake_is_not_played(terminal, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text((ROOT / "flows" / "bank.yaml").read_text().replace("goto: balance_facts", "goto: nowhere"))
    call = terminal(str(broken))
    assert call.ends() == 1
    assert "broken.yaml:" in call.process.stderr.read()


def test_an_emulator_that_does_not_answer_is_named(terminal):
    call = terminal("flows/bank.yaml", "--emulator", "http://127.0.0.1:9")
    assert call.ends() == 1
    assert "no emulator answers at http://127.0.0.1:9" in call.process.stderr.read()
