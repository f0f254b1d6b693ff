"""The turn through real servers: ``ivr serve`` beside the handwritten webhook under gunicorn's threads, in turns."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from pathlib import Path

from tests.bench import lab, servers
from tests.bench.report import table
from tests.bench.serving import load, medians

THREADS = 16  # on both sides
SIDES = ("duet", "by hand")


async def measure(quick: bool) -> dict:
    rounds, calls = (2, 24) if quick else (9, 48)
    with tempfile.TemporaryDirectory(prefix="duet-bench-") as name, contextlib.ExitStack() as running:
        async with servers.carrier() as carrier:
            started = {}
            for side in SIDES:
                port = lab.free_port()
                environment = lab.environment(Path(name), port, f"http://127.0.0.1:{carrier.port}")
                environment["IVR_FLOWS"] = str(lab.HERE / "menu")
                command = servers.duet(port) if side == "duet" else servers.gunicorn(
                    port, "tests.bench.models:by_hand()", "gthread", THREADS
                )  # fmt: skip
                started[side] = await asyncio.to_thread(
                    running.enter_context, servers.served(command, port, Path(name), environment)
                )
                await load(started[side], "menu", 4, 4)  # warm
            results = {}
            for parallel in (1, 8, 16):
                found: dict[str, list[dict]] = {side: [] for side in SIDES}
                for number in range(rounds):
                    for side in SIDES if number % 2 else reversed(SIDES):
                        found[side].append(await load(started[side], "menu", parallel, max(calls // 4, parallel)))
                results[str(parallel)] = {
                    "sides": {side: medians(found[side]) for side in SIDES},
                    "ratios": {
                        key: statistics.median(a[key] / b[key] for a, b in zip(*found.values(), strict=True))
                        for key in found["duet"][0]
                    },
                }  # fmt: skip
    return {"at_a_time": results}


def run(quick: bool = False) -> dict:
    return asyncio.run(measure(quick))


def text(result: dict) -> str:
    rows = []
    for parallel, one in result["at_a_time"].items():
        for name, f in (*one["sides"].items(), ("  duet / by hand", one["ratios"])):
            rows.append((f"{name}, {parallel} at a time", *(f[key] for key in (
                "requests_per_second", "p50_ms", "p95_ms", "p99_ms", "cpu_ms_per_request"))))  # fmt: skip
    return table(
        "Calls of a first webhook and ten turns, over HTTP",
        ("", "webhooks/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms"),
        rows,
    )
