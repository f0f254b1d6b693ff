"""Servers under test, each a process of its own, and the carrier's REST side that they talk to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from tests.bench import lab

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Process:
    port: int
    pid: int
    log: Path

    def cpu_seconds(self) -> float:
        """Of this process alone: its voice process and workers count for themselves."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_kib(self) -> int:
        """Resident, without what is shared with files."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@contextlib.contextmanager
def served(command: Sequence[str], port: int, directory: Path, environment: dict[str, str]) -> Iterator[Process]:
    """Starts ``command``, waits until the port answers, and ends it. Raises RuntimeError with its log.

    The measured process is gunicorn's one worker, where there is one.
    """
    log = directory / f"{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=lab.ROOT, env=environment, stdout=file, stderr=file)
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{' '.join(command)} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)
        yield Process(port, _worker(process.pid) if "gunicorn" in command else process.pid, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def duet(port: int) -> list[str]:
    return [sys.executable, "-m", "ivr.cli", "serve", "--port", str(port)]


def gunicorn(port: int, app: str, worker: str, threads: int) -> list[str]:
    how = ["--threads", str(threads)] if worker == "gthread" else ["--worker-connections", "2000"]
    return [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--worker-class", worker, *how,
        "--log-level", "warning", "--no-control-socket", app,
    ]  # fmt: skip


def _worker(master: int) -> int:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.05)
    raise RuntimeError("gunicorn has no worker")


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Carrier:
    """Twilio's REST side, as far as a flow asks for it: messages it took, and when each call was moved."""

    port: int = 0
    messages: dict[str, str] = field(default_factory=dict)  # newest text by recipient
    moved: dict[str, tuple[float, str]] = field(default_factory=dict)  # by call sid: perf_counter, and where to
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def text_to(self, number: str) -> str:
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(lambda: number in self.messages)
        return self.messages[number]

    async def move_of(self, call_sid: str) -> tuple[float, str]:
        """When the call was moved, and where to. Raises TimeoutError after 10 s."""
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: call_sid in self.moved)
        return self.moved.pop(call_sid)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                arrived = time.perf_counter()
                path = head.split(" ", 2)[1]
                length = next(
                    (int(x.split(":")[1]) for x in head.split("\r\n") if x.lower().startswith("content-l")), 0
                )
                asked = {
                    name: values[0] for name, values in parse_qs((await reader.readexactly(length)).decode()).items()
                }
                async with self.news:
                    if path.endswith("/Messages.json"):
                        self.messages[asked["To"]] = asked["Body"]
                    elif "Url" in asked:
                        self.moved[path.rpartition("/")[2].removesuffix(".json")] = arrived, asked["Url"]
                    self.news.notify_all()
                body = json.dumps({"sid": "SM" + secrets.token_hex(16), "status": "queued"}).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )
        writer.close()


@contextlib.asynccontextmanager
async def carrier() -> AsyncIterator[Carrier]:
    one = Carrier()
    server = await asyncio.start_server(one._serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
