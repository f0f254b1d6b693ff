"""Server and emulator for a while: free ports, fresh keys, a fresh database, and everything ended by its process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ivr.emulator.phone import Carrier
from ivr.emulator.settings import NumberSettings
from ivr.errors import DuetError
from ivr.settings import VAR, Settings, new_key, read

LINE = "+441632960000"  # the number callers dial; Ofcom keeps this range for drama
HOST = "127.0.0.1"
START_SECONDS = 60.0
MODEL_SECONDS = 180.0  # importing torch takes 3-17 s, on a busy machine longer
END_SECONDS = 15.0
LOG_TAIL = 25  # lines


class DemoTrouble(DuetError):
    """Server or emulator cannot be had; the message says why and holds the end of the server's log."""


@dataclass(frozen=True)
class Premises:
    """Where one run lives. ``environment`` holds the IVR_* of ``settings`` for other processes."""

    directory: Path
    settings: Settings
    environment: dict[str, str]
    port: int
    emulator_port: int

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def log_tail(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-LOG_TAIL:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def require_free(port: int) -> None:
    """Raises DemoTrouble if something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = f"port {port} on {HOST} cannot be used ({error.strerror}): choose another, --port N"
            raise DemoTrouble(why) from None


@contextmanager
def premises(flows: Path, port: int = 0, **more: str) -> Iterator[Premises]:
    """A directory under var/demo with its own keys and database; it goes when the run ends. ``more``: further IVR_*."""
    if not flows.exists():
        raise DemoTrouble(f"{flows} is not there: run this in the checkout of Duet, or name a flow that exists")
    (VAR / "demo").mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(dir=VAR / "demo")).resolve()
    port, emulator_port = port or free_port(), free_port()
    environment = {
        "IVR_PUBLIC_URL": f"http://{HOST}:{port}",
        "IVR_DATABASE_URL": f"sqlite:///{directory / 'duet.db'}",
        "IVR_FLOWS": str(flows),
        "IVR_SECRET_KEY": new_key(),
        "IVR_VOICEPRINT_KEY": new_key(),
        "IVR_TWILIO_ACCOUNT_SID": "AC" + os.urandom(16).hex(),
        "IVR_TWILIO_AUTH_TOKEN": os.urandom(16).hex(),
        "IVR_TWILIO_API_BASE": f"http://{HOST}:{emulator_port}",
        "IVR_TWILIO_NUMBER": LINE,
        "IVR_EMULATOR_URL": f"http://{HOST}:{emulator_port}",
        "IVR_SPEAKER_MODEL": os.environ.get("IVR_SPEAKER_MODEL", ""),
        "IVR_RECEIPTS": str(directory / "receipts.jsonl"),
        "IVR_SPEAKER_ACCELERATOR": os.environ.get("IVR_SPEAKER_ACCELERATOR", ""),
        "IVR_LOG": "text",
        **more,
    }
    try:
        yield Premises(directory, read(environment), environment, port, emulator_port)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def emulator(place: Premises, flow: str, speed: float) -> Iterator[Carrier]:
    voice = f"{place.settings.public_url}/voice/{flow}"
    number = NumberSettings(LINE, voice, f"{voice}/status", f"{voice}/fallback")
    with Carrier.start(
        {LINE: number}, speed=speed, account_sid=place.settings.account_sid, auth_token=place.settings.auth_token,
        port=place.emulator_port,
    ) as carrier:  # fmt: skip
        yield carrier


@contextmanager
def server(place: Premises) -> Iterator[None]:
    """``ivr serve`` in a process of its own, until the block ends. Raises DemoTrouble if it does not come up."""
    command = [sys.executable, "-W", "ignore", "-m", "ivr.cli", "serve", "--host", HOST, "--port", str(place.port)]
    with place.log.open("w") as log:
        # Its own session: a Ctrl-C reaches only us, and we end it in order.
        process = subprocess.Popen(
            command, env={**os.environ, **place.environment}, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        _await_answer(place, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(place: Premises, process: subprocess.Popen) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            httpx.get(f"{place.settings.public_url}/healthz", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise DemoTrouble(f"the server did not start; the end of its log:\n{place.log_tail()}")


def await_model(place: Premises, progress: Callable[[float], None]) -> str:
    """Waits until the voice process has loaded its model; returns what /readyz says of it."""
    began = time.monotonic()
    while (seconds := time.monotonic() - began) < MODEL_SECONDS:
        text = httpx.get(f"{place.settings.public_url}/readyz", trust_env=False).text
        voice = text.partition("voice: ")[2].strip()
        if voice != "loading":
            return voice
        progress(seconds)
        time.sleep(0.25)
    raise DemoTrouble(f"the speaker model was not loaded within {MODEL_SECONDS:.0f} s; the log:\n{place.log_tail()}")
