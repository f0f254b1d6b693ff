"""The voice: what an embedding and a verdict cost beside other encoders, and a sample voice as the telephone carries it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

from biometrics import encode_ulaw
from biometrics.audio import read_audio, telephone
from tests.bench.encoders import ENCODERS, LOOKS_SECONDS
from tests.bench.lab import ROOT
from tests.bench.report import table

SPEAKER = "flite-rms"
GAP = bytes([0xFF]) * 1600  # 0.2 s of silence in µ-law
SECONDS = (3.0, 10.0)
JUDGING = ("campplus", "ours", "ours, SpeechBrain")


def ulaw(purpose: str) -> bytes:
    """All samples of ``purpose`` (enrolment, verification) one after the other: µ-law, 8 kHz."""
    files = sorted((ROOT / "samples" / SPEAKER).glob(f"{purpose}-*.wav"))
    return b"".join(encode_ulaw(telephone(*read_audio(file))) + GAP for file in files)


class Worker:
    """A process that serves one encoder and nothing else."""

    def __init__(self, name: str) -> None:
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.bench.encoders", name], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        ready = self._process.stdout.readline()
        self.ready = {**json.loads(ready), "wall_seconds": time.perf_counter() - began} if ready else None

    def ask(self, **question: float) -> dict:
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait(20)


def run(quick: bool = False) -> dict:
    rounds = 2 if quick else 9
    workers = {name: Worker(name) for name in ENCODERS}
    workers = {name: worker for name, worker in workers.items() if worker.ready}
    spent = {name: {seconds: [] for seconds in SECONDS} for name in workers}
    verdicts = {name: {seconds: [] for seconds in LOOKS_SECONDS} for name in JUDGING if name in workers}
    try:
        for _ in range(rounds):
            for seconds in SECONDS:
                for name, worker in workers.items():
                    spent[name][seconds].append(worker.ask(embed=seconds)["cpu_ms"])
        memory = {name: worker.ask(memory=1)["rss_mb"] for name, worker in workers.items()}
        for _ in range(rounds):
            for seconds in LOOKS_SECONDS:
                for name, found in verdicts.items():
                    found[seconds].append(workers[name].ask(verdict=seconds))
    finally:
        for worker in workers.values():
            worker.end()
    cpu = {name: {f"{at:g}": statistics.median(each) for at, each in found.items()} for name, found in spent.items()}
    return {
        "encoders": {
            name: {"cpu_ms": cpu[name], "rss_mb": memory[name], **worker.ready} for name, worker in workers.items()
        },
        "ratios": {
            f"ours / {other}": {at: cpu["ours"][at] / cpu[other][at] for at in cpu["ours"]}
            for other in ("ECAPA C=1024", "GE2E (as Resemblyzer)", "campplus")
            if {"ours", other} <= set(cpu)
        },
        "verdict_ms": {
            name: {
                kind: {f"{at:g}": statistics.median(each[kind] for each in asked) for at, asked in found.items()}
                for kind in ("cpu_ms", "wall_ms")
            }
            for name, found in verdicts.items()
        },
        "not_served": sorted(set(ENCODERS) - set(workers)),
    }


def text(result: dict) -> str:
    lengths = [f"{seconds:g}" for seconds in SECONDS]
    rows = [
        (name, *(found["cpu_ms"][at] for at in lengths), found["rss_mb"], found["wall_seconds"], found["cpu_seconds"],
         "yes" if found["torch"] else "no", found["runtime"].rpartition(".")[2])
        for name, found in result["encoders"].items()
    ]  # fmt: skip
    columns = [
        "encoder",
        *(f"{at} s, CPU ms" for at in lengths),
        "RSS MB",
        "ready after s",
        "CPU s",
        "torch",
        "runtime",
    ]
    parts = [table("One embedding, in a process that serves only this encoder (medians, interleaved)", columns, rows)]
    ratios = [(name, *(found[at] for at in lengths)) for name, found in result["ratios"].items()]
    parts.append(table("CPU, goals: 0.15 of ECAPA C=1024 and 0.5 of campplus", ["ratio", *lengths], ratios))
    looks = [f"{seconds:g}" for seconds in LOOKS_SECONDS]
    verdicts = [
        (f"{name}, {kind.removesuffix('_ms')}", *(found[kind][at] for at in looks))
        for name, found in result["verdict_ms"].items()
        for kind in found
    ]
    title = (
        "From the last frame to the verdict, ms (goal 60), by net speech in s; wall is more where others want the core"
    )
    parts.append(table(title, ["", *looks], verdicts))
    parts += [f"{name} was not measured: it does not load here" for name in result["not_served"]]
    return "\n".join(parts)
