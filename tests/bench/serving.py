"""The server models: the same Flask webhooks on threads behind an event loop, on threads alone, on greenlets."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import lab, servers
from tests.bench.client import Connection, listening, share_of
from tests.bench.report import table

TURNS = 10  # answers in one call
PAGES = 200
ASGI = ("ours", "a2wsgi", "asgiref")
WSGI = ("gthread", "gevent")


def command(model: str, port: int) -> list[str]:
    if model in ASGI:
        return [sys.executable, "-m", "tests.bench.models", model, str(port)]
    return servers.gunicorn(port, "tests.bench.models:flask_with_pages()", model, 16)


async def call(connection: Connection, first_url: str, caller: str) -> int:
    """One call: its first webhook and ``TURNS`` answers; how many webhooks that were."""
    sid = lab.new_call_sid()
    document = await connection.webhook(first_url, lab.form(sid, caller))
    for turn in range(TURNS):
        action = lab.action_of(document, f"http://127.0.0.1:{connection.port}")
        document = await connection.webhook(action, lab.keys(sid, "1" if turn % 2 else "2", caller))
    return TURNS + 1


async def load(
    process: servers.Process, flow: str, parallel: int, calls: int, patience: float = 60.0
) -> dict[str, float]:
    """``parallel`` callers on kept-alive connections. Raises TimeoutError if they are not served in time."""
    first_url = f"http://127.0.0.1:{process.port}/voice/{flow}"
    connections = [Connection(process.port) for _ in range(parallel)]

    async def caller(number: int) -> int:
        share = calls // parallel + (number < calls % parallel)
        return sum([await call(connections[number], first_url, f"+44770090{number:04}") for _ in range(share)])

    began, cpu = time.perf_counter(), process.cpu_seconds()
    try:
        async with asyncio.timeout(patience):
            count = sum(await asyncio.gather(*(caller(number) for number in range(parallel))))
    finally:
        for one in connections:
            one.close()
    wall, cpu = time.perf_counter() - began, process.cpu_seconds() - cpu
    latencies = [latency for one in connections for latency in one.latencies]
    return {
        "requests_per_second": count / wall, "p50_ms": share_of(latencies, 0.5), "p95_ms": share_of(latencies, 0.95),
        "p99_ms": share_of(latencies, 0.99), "cpu_ms_per_request": 1000 * cpu / count,
    }  # fmt: skip


async def pages_open(stack: contextlib.AsyncExitStack, port: int, path: str, count: int, patience: float) -> int:
    """Opens ``count`` pages, each for as long as the stack lives; how many got an answer within ``patience``."""

    async def one() -> bool:
        try:
            async with asyncio.timeout(patience):
                await stack.enter_async_context(listening(port, path, {}))
            return True
        except (TimeoutError, OSError, RuntimeError):
            return False

    return sum(await asyncio.gather(*(one() for _ in range(count))))


async def measure(quick: bool) -> dict:
    models = [m for m in (*ASGI, *WSGI) if _is_there({"gthread": "gunicorn"}.get(m, m))]
    rounds, calls = (1, 16) if quick else (3, 32)
    results: dict[str, dict] = {model: {} for model in models}
    with tempfile.TemporaryDirectory(prefix="duet-bench-") as name, contextlib.ExitStack() as running:
        async with servers.carrier() as carrier:
            started = {}
            for model in models:
                port = lab.free_port()
                directory = Path(name) / model
                directory.mkdir()
                environment = lab.environment(directory, port, f"http://127.0.0.1:{carrier.port}")
                process = await asyncio.to_thread(
                    running.enter_context, servers.served(command(model, port), port, directory, environment)
                )
                try:
                    await load(process, lab.FLOW, 4, 4)  # warm
                    started[model] = process
                except RuntimeError as error:
                    results[model] = {"4 at a time": {"fails": str(error)}}
            models = list(started)
            for parallel in (8, 16, 32):
                found: dict[str, list[dict]] = {model: [] for model in models}
                for number in range(rounds):
                    for model in models if number % 2 else reversed(models):
                        found[model].append(await load(started[model], lab.FLOW, parallel, calls))
                for model in models:
                    results[model][f"{parallel} at a time"] = medians(found[model])
            for model in models:
                results[model][f"8 at a time, {PAGES} pages open"] = await _with_pages(started[model], calls)
    return {
        "models": results,
        "versions": {name: _version(name) for name in ("a2wsgi", "asgiref", "gunicorn", "gevent", "uvicorn")},
    }


async def _with_pages(process: servers.Process, calls: int) -> dict[str, float]:
    async with contextlib.AsyncExitStack() as stack:
        before = process.memory_kib()
        opened = await pages_open(stack, process.port, "/bench/events", PAGES, 5.0)
        kib = (process.memory_kib() - before) / PAGES
        try:
            figures = await load(process, lab.FLOW, 8, calls, patience=15.0)
        except TimeoutError:
            figures = {"fails": "webhooks wait behind the open pages (none answered in 15 s)"}
    return {**figures, "pages_answered": opened, "kib_per_page": kib}


def medians(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def _is_there(package: str) -> bool:
    return package in ("ours",) or importlib.util.find_spec(package) is not None


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def run(quick: bool = False) -> dict:
    return asyncio.run(measure(quick))


def text(result: dict) -> str:
    rows = []
    for model, measured in result["models"].items():
        for load_, f in measured.items():
            if "fails" in f:
                rows.append((f"{model}, {load_}: {f['fails'][:70]}", *[None] * 5, f.get("pages_answered"), None))
                continue
            rows.append((f"{model}, {load_}", f["requests_per_second"], f["p50_ms"], f["p95_ms"], f["p99_ms"],
                         f["cpu_ms_per_request"], f.get("pages_answered"), f.get("kib_per_page")))  # fmt: skip
    columns = ("model", "webhooks/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms", "pages answered", "KiB/page")
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return table(f"Server models ({versions})", columns, rows)
