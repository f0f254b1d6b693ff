"""Key → page and tap → phone, with pages open and callers' audio coming in, in one ``ivr serve``.

The load is this process, the server another, its voice process a third; all on 127.0.0.1. What is measured is our
share: from the carrier's (or the browser's) request leaving to the page's event, the page's new drawing, or our REST
request that moves the call.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from tests.bench import lab, servers
from tests.bench.client import Connection, Events, listening, share_of
from tests.bench.report import table
from tests.bench.serving import load

CROWDS = ((200, 20), (1000, 0))  # pages and streams open at once
WORKERS, PAUSE_SECONDS = 8, 0.15  # callers who act at the same time, and what each waits between two acts
_DIGITS = re.compile(r"enter (\d)\D*(\d)")
_TICKET = re.compile(r'<Parameter name="ticket" value="([^"]+)"')
_FIELDS = {name: re.compile(pattern) for name, pattern in {
    "turn": r'data-turn="(\d+)"', "form_token": r'name="form_token" value="([^"]+)"',
}.items()}  # fmt: skip


@dataclass
class Call:
    """A call in progress and the page that is open beside it."""

    sid: str
    caller: str
    action: str  # where the present document posts its answer
    document: str
    cookie: str = ""
    key: int = 0  # menus lead to one another: 2, 1, 2, 1 …
    page: Events = field(default_factory=Events)

    def next_key(self) -> str:
        self.key += 1
        return "2" if self.key % 2 else "1"


async def begin(port: int, connection: Connection, carrier: servers.Carrier, number: int) -> Call:
    """Dials, and opens the page with the two digits that were spoken."""
    caller, sid = number_of(number), lab.new_call_sid()
    document = await connection.webhook(f"http://127.0.0.1:{port}/voice/{lab.FLOW}", lab.form(sid, caller))
    call = Call(sid, caller, lab.action_of(document), document.decode())
    path = "/v/" + re.search(r"/v/(\S+)", await carrier.text_to(caller)).group(1)
    body = urlencode({"digits": "".join(_DIGITS.search(call.document).groups())}).encode()
    reply = await connection.ask("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    if reply.status != 303:
        raise RuntimeError(f"the page of {caller} was answered {reply.status}")
    call.cookie = reply.headers["set-cookie"].split(";")[0]
    await connection.ask("GET", "/v/call", {"Cookie": call.cookie})  # where the browser was sent
    return call


def number_of(number: int) -> str:
    return f"+4477009{number:05}"


@contextlib.asynccontextmanager
async def voices(port: int, calls: list[Call]) -> AsyncIterator[asyncio.subprocess.Process]:
    """These callers talk, from a process of their own: playing them here would be counted as the server's delay."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.lines", str(port), cwd=lab.ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(json.dumps([(call.sid, _ticket(call)) for call in calls]).encode() + b"\n")
    await process.stdout.readline()  # all of them are being heard
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _ticket(call: Call) -> str:
    return unescape(_TICKET.search(call.document).group(1))


@dataclass
class Figures:
    """Seconds, one of each for every act."""

    event: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, dict[str, float]]:
        names = {"key to page's event": self.event, "key to page drawn": self.drawn, "tap to phone moved": self.moved}
        return {
            name: {"acts": len(took), **{f"p{round(100 * q)}_ms": share_of(took, q) for q in (0.5, 0.95, 0.99)}}
            for name, took in names.items()
        }


async def act(calls: list[Call], port: int, carrier: servers.Carrier, acts: int, figures: Figures) -> None:
    """One worker: a key, then a tap, on one call after the other."""
    phone, browser = Connection(port), Connection(port)
    for number in range(acts):
        call = calls[number % len(calls)]
        before, began = call.page.number, time.perf_counter()
        answer = asyncio.create_task(phone.webhook(call.action, lab.keys(call.sid, call.next_key(), call.caller)))
        figures.event.append(await call.page.until(before + 1) - began)
        screen = (await browser.ask("GET", "/v/call?fragment=1", {"Cookie": call.cookie})).body.decode()
        figures.drawn.append(time.perf_counter() - began)
        await answer
        await asyncio.sleep(PAUSE_SECONDS)

        found = {name: pattern.search(screen).group(1) for name, pattern in _FIELDS.items()}
        body = urlencode({"form_token": found["form_token"], "keys": call.next_key()}).encode()
        headers = {"Cookie": call.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        began = time.perf_counter()
        tap = asyncio.create_task(browser.ask("POST", f"/v/call/{found['turn']}", headers, body))
        at, url = await carrier.move_of(call.sid)
        figures.moved.append(at - began)
        if (await tap).headers.get("location") != "/v/call":
            raise RuntimeError("a tap on the present turn was refused")
        call.action = lab.action_of(await phone.webhook(url, lab.form(call.sid, call.caller)))
        await asyncio.sleep(PAUSE_SECONDS)
    phone.close(), browser.close()


async def measure(pages: int, streams: int, quick: bool) -> dict:
    acts, calls_of_load = (4, 16) if quick else (25, 48)
    with tempfile.TemporaryDirectory(prefix="duet-bench-") as name:
        async with servers.carrier() as carrier:
            directory, port = Path(name), lab.free_port()
            environment = lab.environment(directory, port, f"http://127.0.0.1:{carrier.port}")
            if streams:
                await people(directory, environment, streams)
            with servers.served(servers.duet(port), port, directory, environment) as process:
                return await _measured(process, carrier, pages, streams, acts, calls_of_load)


async def _measured(
    process: servers.Process, carrier: servers.Carrier, pages: int, streams: int, acts: int, calls_of_load: int
) -> dict:
    connection = Connection(process.port)
    model = await voice_ready(connection)
    calls = [await begin(process.port, connection, carrier, number) for number in range(pages)]
    alone = [await load(process, lab.FLOW, 4, calls_of_load)]
    figures = Figures()
    async with contextlib.AsyncExitStack() as stack:
        before = process.memory_kib()
        for call in calls:
            call.page = await stack.enter_async_context(
                listening(process.port, "/v/call/events?after=0", {"Cookie": call.cookie})
            )
            await call.page.until(1)
        kib_per_page = (process.memory_kib() - before) / pages
        async with voices(process.port, calls[:streams]) as speaking:
            await asyncio.sleep(2)
            cores = await _busy(process, 4.0)
            crowded = await load(process, lab.FLOW, 4, calls_of_load)
            shares = [calls[worker::WORKERS] for worker in range(WORKERS)]
            await asyncio.gather(*(act(share, process.port, carrier, acts, figures) for share in shares))
            if speaking.returncode is not None:
                raise RuntimeError("a stream ended by itself")
    alone.append(await load(process, lab.FLOW, 4, calls_of_load))
    p95 = sum(one["p95_ms"] for one in alone) / len(alone)
    return {
        "pages": pages, "streams": streams, "model": model, "kib_per_page": kib_per_page, "cores_busy": cores,
        "latency": figures.as_dict(),
        "webhook_p95_ms": {"without": p95, "with": crowded["p95_ms"], "ratio": crowded["p95_ms"] / p95},
    }  # fmt: skip


async def _busy(server: servers.Process, seconds: float) -> dict[str, float]:
    """Cores that each process keeps busy while pages and streams are open and nobody presses a key."""
    processes = {
        "server": server,
        "voice process": servers.child(server),
        "this bench": servers.Process(0, os.getpid(), server.log),
    }
    before = {name: one.cpu_seconds() for name, one in processes.items()}
    await asyncio.sleep(seconds)
    return {name: (one.cpu_seconds() - before[name]) / seconds for name, one in processes.items()}


async def people(directory: Path, environment: dict[str, str], streams: int) -> None:
    """The first ``streams`` callers are contacts on file and enrolled, so that their audio is asked for."""
    from ivr.store import contacts, database

    file = directory / "contacts.csv"
    with file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(("customer_number", "name", "number", "pin", "language"))
        rows.writerows((f"1000{n}", f"Caller {n}", number_of(n), "", "en-GB") for n in range(streams))
    await _done(environment, "-m", "ivr.cli", "contact", "import", str(file))
    db = database.open_database(environment["IVR_DATABASE_URL"])
    ids = [contacts.by_number(db, number_of(number)).id for number in range(streams)]
    database.close(db)
    url, model = environment["IVR_DATABASE_URL"], environment["IVR_SPEAKER_MODEL"]
    await _done(environment, "-W", "ignore", "-m", "tests.bench.prints", url, model, *ids)


async def _done(environment: dict[str, str], *arguments: str) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=lab.ROOT, env=environment, stdout=pipe, stderr=pipe
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments[:4])} failed: {errors.decode()[-2000:]}")


async def voice_ready(connection: Connection) -> str:
    """The model's name once it is loaded. Raises TimeoutError after 90 s."""
    async with asyncio.timeout(90):
        while True:
            voice = (await connection.ask("GET", "/readyz", {})).body.decode().partition("voice: ")[2].strip()
            if voice != "loading":
                return voice
            await asyncio.sleep(0.5)


def run(quick: bool = False) -> list[dict]:
    """One result for each of ``CROWDS``."""
    crowds = [(pages // 4, streams // 4) for pages, streams in CROWDS] if quick else CROWDS
    return [uvloop.run(measure(pages, streams, quick)) for pages, streams in crowds]


def text(results: list[dict]) -> str:
    return "\n\n".join(_text(one) for one in results)


def _text(result: dict) -> str:
    title = f"Push: {result['pages']} pages open, {result['streams']} streams, voice model {result['model']}"
    rows = [(name, f["acts"], f["p50_ms"], f["p95_ms"], f["p99_ms"]) for name, f in result["latency"].items()]
    p95 = result["webhook_p95_ms"]
    return (
        table(title, ("our share, ms", "acts", "p50", "p95", "p99"), rows)
        + f"\nwebhook p95: {p95['with']:.1f} ms with them, {p95['without']:.1f} ms without: {p95['ratio']:.2f} times"
        + "\ncores busy, nobody pressing a key: "
        + ", ".join(f"{name} {cores:.2f}" for name, cores in result["cores_busy"].items())
        + f"\nmemory of an open page: {result['kib_per_page']:.1f} KiB"
    )
