"""A small HTTP client on one event loop: cheap enough to leave the server most of the machine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.bench import lab

HEADER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # names in lower case; of repeated ones the last
    body: bytes


@dataclass
class Connection:
    """One kept-alive connection to ``port`` on this machine."""

    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    latencies: list[float] = field(default_factory=list)

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=HEADER_BYTES)
        began = time.perf_counter()
        self.writer.write(_head(method, path, self.port, headers, len(body)) + body)
        status, found = await _read_head(self.reader)
        if "content-length" in found:
            answer = await self.reader.readexactly(int(found["content-length"]))
        elif "chunked" in found.get("transfer-encoding", ""):
            answer = b"".join([chunk async for chunk in _chunks(self.reader)])
        else:
            answer = b""
        self.latencies.append(time.perf_counter() - began)
        if found.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, found, answer)

    async def webhook(self, url: str, fields: Mapping[str, str]) -> bytes:
        """A signed POST of the carrier. Raises RuntimeError unless it is answered 200."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": lab.sign(url, fields),
        }
        reply = await self.ask("POST", path, headers, lab.encoded(fields))
        if reply.status != 200:
            raise RuntimeError(f"{path} was answered {reply.status}: {reply.body[:300]!r}")
        return reply.body

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


@dataclass
class Events:
    """One open stream of server-sent events; ``newest`` is the last id and when it came (perf_counter)."""

    task: asyncio.Task | None = None
    number: int = -1
    at: float = 0.0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, number: int, timeout_seconds: float = 5.0) -> float:
        """When the event with this id or a later one came. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            while self.number < number:
                self.moved.clear()
                await self.moved.wait()
        return self.at


@contextlib.asynccontextmanager
async def listening(port: int, path: str, headers: Mapping[str, str]) -> AsyncIterator[Events]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=HEADER_BYTES)
    writer.write(_head("GET", path, port, headers, 0))
    status, _ = await _read_head(reader)
    if status != 200:
        raise RuntimeError(f"{path} was answered {status}")
    events = Events()

    async def follow() -> None:
        async for chunk in _chunks(reader):
            for line in chunk.split(b"\n"):
                if line.startswith(b"id: "):
                    events.number, events.at = int(line[4:]), time.perf_counter()
                    events.moved.set()

    events.task = asyncio.create_task(follow())
    try:
        yield events
    finally:
        events.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            await events.task
        writer.close()


def _head(method: str, path: str, port: int, headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    if method == "POST":
        lines.append(f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    pairs = (line.partition(":")[::2] for line in lines)
    return int(first.split(" ", 2)[1]), {name.lower(): value.strip() for name, value in pairs}


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline() or b"0", 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readline()


def share_of(latencies: Sequence[float], share: float) -> float:
    """Milliseconds below which this share of the latencies (in seconds) lies."""
    ordered = sorted(latencies)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
