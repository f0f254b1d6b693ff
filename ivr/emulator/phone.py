"""Telephones for tests and the demo: a small synchronous client of the emulator's control door.

with Carrier.start(numbers={"+15550100": "http://127.0.0.1:8000/voice/bank"}, speed=20) as carrier:
    call = carrier.dials("+15550123", "+15550100")
    call.hears("welcome")
    call.presses("2")
"""

import base64
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from ivr.emulator.settings import FaultRates, NumberSettings, Settings

_STOP_SECONDS = 10.0
_WAIT_SECONDS = 10.0


class NotHeard(AssertionError):
    """What was expected on the line did not come; the message holds the transcript."""


class Call:
    """One leg, seen by the person who holds the phone. Each ``hears`` looks only at what came after the last one."""

    def __init__(self, carrier: "Carrier", sid: str):
        self.sid = sid
        self._carrier = carrier
        self._next = 0

    def hears(self, expected: str | re.Pattern[str], within_seconds: float = _WAIT_SECONDS) -> dict[str, Any]:
        """Waits for a prompt that holds this text (letter case and blanks do not matter) or matches the pattern.

        ``within_seconds`` is real time. Returns the heard entry. Raises NotHeard with the transcript.
        """
        ends = time.monotonic() + within_seconds
        while True:
            state = self._state()
            for entry in state["heard"][self._next :]:
                if _matches(expected, entry):
                    self._next = entry["index"] + 1
                    return entry
            left = ends - time.monotonic()
            if left <= 0 or state["status"] in _OVER:
                wanted = expected.pattern if isinstance(expected, re.Pattern) else expected
                raise NotHeard(f"{wanted!r} was not heard within {within_seconds:g} s.\n{_transcript(state)}")
            self._state(after=len(state["heard"]) - 1, wait_seconds=left)

    def presses(self, digits: str, wait_seconds: float = _WAIT_SECONDS) -> bool:
        """Presses keys as soon as somebody listens for them; with ``wait_seconds=0`` at once, heard or not.

        Returns whether anybody listened.
        """
        return self._post("keys", digits=digits, wait_seconds=wait_seconds)["listened"]

    def says(
        self,
        text: str,
        audio: bytes | None = None,
        confidence: float | None = 0.92,
        wait_seconds: float = _WAIT_SECONDS,
        until_said: bool = False,
    ) -> bool:
        """Speaks as soon as somebody listens, as ``presses``. Returns whether anybody listened.

        ``audio`` (8 kHz µ-law) goes out on the line at the clock's pace; the words arrive when it is over. With
        ``until_said`` this method returns only then.
        """
        asked = {"text": text, "confidence": confidence, "wait_seconds": wait_seconds, "until_said": until_said}
        return self._post("speech", audio=_encoded(audio), **asked)["listened"]

    def plays(self, audio: bytes, until_said: bool = False) -> None:
        """Sound without words: 8 kHz µ-law."""
        self._post("speech", audio=_encoded(audio), until_said=until_said)

    def hangs_up(self) -> None:
        self._post("hangup")

    def answers(self) -> None:
        """Picks up a phone that rings."""
        self._post("answer")

    def waits_until(self, *statuses: str, within_seconds: float = _WAIT_SECONDS) -> str:
        """Waits until the call has one of these statuses; without any, until it is over."""
        wanted = frozenset(statuses) or _OVER
        problem = f"the call is not {' or '.join(sorted(wanted))}"
        return self._wait(lambda state: state["status"] in wanted, within_seconds, problem)["status"]

    def is_connected(self, within_seconds: float = _WAIT_SECONDS) -> list["Call"]:
        """Waits until somebody hears this caller, in a bridge or a conference; gives their legs."""
        state = self._wait(lambda state: bool(state["mates"]), within_seconds, "the call is connected to nobody")
        return [Call(self._carrier, sid) for sid in state["mates"]]

    def _wait(self, reached: Callable[[dict[str, Any]], bool], within_seconds: float, problem: str) -> dict[str, Any]:
        ends = time.monotonic() + within_seconds
        state = self._state()
        while not reached(state):
            left = ends - time.monotonic()
            if left <= 0 or state["status"] in _OVER:
                raise NotHeard(f"{problem}.\n{_transcript(state)}")
            state = self._state(revision=state["revision"], wait_seconds=left)
        return state

    def heard(self) -> list[dict[str, Any]]:
        """Everything heard so far: index, at_seconds, verb, text, url, interrupted."""
        return self._state()["heard"]

    def transcript(self) -> str:
        return _transcript(self._state())

    def legs(self) -> list["Call"]:
        """The phones that this call has dialled."""
        return [Call(self._carrier, sid) for sid in self._state()["legs"]]

    @property
    def status(self) -> str:
        return self._state()["status"]

    @property
    def state(self) -> dict[str, Any]:
        """All that the control door tells of this call."""
        return self._state()

    def _state(self, **query: Any) -> dict[str, Any]:
        return self._carrier.request("GET", f"calls/{self.sid}", params=query)

    def _post(self, what: str, **asked: Any) -> dict[str, Any]:
        return self._carrier.request("POST", f"calls/{self.sid}/{what}", json=asked)


class Carrier:
    """A running emulator. ``start`` runs one in its own process; the constructor joins one that runs already."""

    def __init__(self, url: str, process: subprocess.Popen[str] | None = None):
        self.url = url.rstrip("/")
        self._process = process
        self._client = httpx.Client(base_url=f"{self.url}/emulator/", timeout=90.0, trust_env=False)

    @classmethod
    def start(
        cls,
        numbers: Mapping[str, str | NumberSettings],
        speed: float = 1.0,
        account_sid: str = Settings.account_sid,
        auth_token: str = Settings.auth_token,
        seed: int = 0,
        faults: FaultRates | None = None,
        interrupted_gather: str = "silent",
        port: int = 0,
    ) -> "Carrier":
        """Starts an emulator and waits until it is ready. ``numbers`` maps a number to its voice URL or settings."""
        options = {"port": port, "speed": speed, "seed": seed, "interrupted-gather": interrupted_gather}
        options |= {"account-sid": account_sid, "auth-token": auth_token}
        command = [sys.executable, "-m", "ivr.emulator", "--until-stdin-closes"]
        command += [f"--{name}={value}" for name, value in options.items()]
        for number, target in numbers.items():
            command += ["--number", _number_option(number, target)]
        if faults:
            rates = ((name, getattr(faults, name)) for name in FaultRates.__dataclass_fields__)
            command += ["--faults", ",".join(f"{name}={rate}" for name, rate in rates)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        if "ready on " not in line:
            process.kill()
            raise RuntimeError(f"the emulator did not start (exit {process.wait()}); its messages are above")
        return cls(line.split()[-1], process)

    def __enter__(self) -> "Carrier":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._client.close()
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()

    def dials(self, from_: str, to: str) -> Call:
        """A caller dials one of our numbers."""
        return Call(self, self.request("POST", "calls", json={"from": from_, "to": to})["sid"])

    def calls(self) -> list[Call]:
        return [Call(self, call["sid"]) for call in self.request("GET", "calls")["calls"]]

    def call(self, sid: str) -> Call:
        return Call(self, sid)

    def phone(
        self,
        number: str,
        answers: bool = True,
        presses: str = "",
        after_seconds: float = 1.0,
        then: str = "stay",
        busy: bool = False,
    ) -> None:
        """How the phone of ``number`` (or ``client:name``) behaves when it is called."""
        behaviour = {"answer_after_seconds": after_seconds, "presses": presses, "then": then}
        self.request("PUT", f"phones/{number}", json=behaviour | {"busy": busy, "no_answer": not answers})

    def messages(self, to: str | None = None) -> list[dict[str, Any]]:
        return self.request("GET", "messages", params={"to": to} if to else {})["messages"]

    def debugger(self) -> list[dict[str, Any]]:
        """Warnings and errors with Twilio's codes."""
        return self.request("GET", "debugger")["entries"]

    def request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = self._client.request(method, path, **options)
        if response.is_error:
            raise RuntimeError(f"{method} {response.url}: {response.status_code} {response.text}")
        return response.json()


_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def _number_option(number: str, target: str | NumberSettings) -> str:
    if isinstance(target, str):
        return f"{number}={target}"
    options = {"status": target.status_callback, "fallback": target.voice_fallback_url}
    return ",".join([f"{number}={target.voice_url}", *(f"{name}={url}" for name, url in options.items() if url)])


def _encoded(audio: bytes | None) -> str | None:
    return base64.b64encode(audio).decode() if audio is not None else None


def _matches(expected: str | re.Pattern[str], entry: dict[str, Any]) -> bool:
    said = " ".join((entry["text"] or entry["url"]).split())
    if isinstance(expected, re.Pattern):
        return bool(expected.search(said))
    return " ".join(expected.split()).casefold() in said.casefold()


def _transcript(state: dict[str, Any]) -> str:
    """What was heard, one line each, for a person who reads a failed test."""
    lines = [f"{state['from']} -> {state['to']}, {state['status']}; on the line: {state['current'] or 'nothing'}"]
    for entry in state["heard"]:
        cut = " (cut off)" if entry["interrupted"] else ""
        lines.append(f"  {entry['at_seconds']:7.1f} s  {entry['verb']}: {entry['text'] or entry['url']}{cut}")
    return "\n".join(lines)
