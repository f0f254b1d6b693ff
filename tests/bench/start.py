"""From ``ivr serve`` to the first webhook answered: wall and CPU, with a new database and with one that is there."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import lab, servers
from tests.bench.client import Connection
from tests.bench.report import table

_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")


async def _first_webhook(directory: Path) -> dict[str, float]:
    """Starts the server, asks until it is there, ends it."""
    async with servers.carrier() as carrier:
        port = lab.free_port()
        environment = lab.environment(directory, port, f"http://127.0.0.1:{carrier.port}")
        with (directory / "serve.log").open("wb") as log:
            began = time.perf_counter()
            process = subprocess.Popen(servers.duet(port), cwd=lab.ROOT, env=environment, stdout=log, stderr=log)
        server, connection = servers.Process(port, process.pid, directory / "serve.log"), Connection(port)
        try:
            while True:
                try:
                    await connection.webhook(f"http://127.0.0.1:{port}/voice/{lab.FLOW}", lab.form(lab.new_call_sid()))
                    return {"wall_seconds": time.perf_counter() - began, "cpu_seconds": server.cpu_seconds()}
                except ConnectionError:
                    if process.poll() is not None or time.perf_counter() - began > servers.START_SECONDS:
                        raise RuntimeError(server.log.read_text()[-2000:]) from None
                    await asyncio.sleep(0.005)
        finally:
            connection.close()
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 20)  # the double it may still be asking lives on this loop


def imports() -> list[tuple[str, float]]:
    """The costliest imports of the server, milliseconds with all they import, packages of ours and others once each."""
    code = "import ivr.cli, ivr.app, uvicorn, uvicorn.protocols.http.httptools_impl, uvloop"
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], cwd=lab.ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(lab.ROOT)},
    )  # fmt: skip
    own: dict[str, float] = {}
    for line in process.stderr.splitlines():
        if found := _LINE.match(line):
            package = ".".join(found[4].split(".")[: 2 if found[4].startswith("ivr.") else 1])
            own[package] = own.get(package, 0.0) + int(found[1]) / 1000
    return sorted(own.items(), key=lambda item: -item[1])[:20]


def run(quick: bool = False) -> dict:
    rounds = 2 if quick else 5
    fresh, again = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="duet-bench-") as name:
            fresh.append(asyncio.run(_first_webhook(Path(name))))
            again.append(asyncio.run(_first_webhook(Path(name))))
    both = {"new database": fresh, "database is there": again}
    return {
        "starts": {
            name: {key: statistics.median(one[key] for one in found) for key in found[0]}
            | {"best_wall_seconds": min(one["wall_seconds"] for one in found)}
            for name, found in both.items()
        },
        "imports_ms": dict(imports()),
    }  # fmt: skip


def text(result: dict) -> str:
    rows = [(name, f["wall_seconds"], f["best_wall_seconds"], f["cpu_seconds"]) for name, f in result["starts"].items()]
    return table("ivr serve to the first webhook answered, s", ("", "wall", "best wall", "CPU"), rows) + table(
        "\nimports, ms of their own", ("package", "ms"), list(result["imports_ms"].items())
    )
