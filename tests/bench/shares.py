"""Whose code the CPU is in: the running frame, looked up at every tick of the process's CPU clock.

A sampler, because a tracing profiler (cProfile) slows many small Python calls most, and so flatters whoever makes few.
What C code takes counts for the Python frame that called it; calls into SQLite are told apart by the few functions
that make them.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

from tests.bench.lab import HERE

TICK_SECONDS = 0.001  # asked for; Linux gives its own tick, commonly 4 ms
_SQLITE = {  # (end of the file's name, function): nothing but a call into SQLite
    ("store/database.py", "rows"), ("store/database.py", "write"), ("store/turnstile.py", "_commit"),
    ("engine/default.py", "do_execute"), ("engine/default.py", "do_commit"), ("engine/default.py", "do_rollback"),
    ("engine/default.py", "do_execute_no_params"), ("engine/cursor.py", "fetchall"),
}  # fmt: skip
_PLACES = (
    ("/ivr/", "ours"), ("/flask/", "Flask and Werkzeug"), ("/werkzeug/", "Flask and Werkzeug"),
    ("/itsdangerous/", "Flask and Werkzeug"), ("/blinker/", "Flask and Werkzeug"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/twilio/", "Twilio's SDK"), ("/liquid/", "Liquid"), ("/cryptography/", "cryptography"),
)  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """CPU seconds of one request: all of it, and by place; ``hot``: the busiest functions."""

    requests: int
    cpu_seconds: float
    samples: int
    by_place: Mapping[str, float]  # 0–1
    hot: tuple[tuple[str, float], ...]  # 0–1

    def as_dict(self) -> dict:
        cpu = 1e6 * self.cpu_seconds
        return {
            "cpu_us": cpu,
            "samples": self.samples,
            "us_by_place": {place: cpu * share for place, share in self.by_place.items()},
            "hot_us": {name: cpu * share for name, share in self.hot},
        }


def sample(run: Callable[[], int]) -> Shares:
    """``run`` answers with how many requests it made. Main thread only."""
    places: Counter[str] = Counter()
    functions: Counter[str] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        place, function = _place(frame)
        places[place] += 1
        functions[f"{place}: {function}"] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
    began = time.thread_time()
    try:
        requests = run()
    finally:
        cpu = time.thread_time() - began
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    samples = sum(places.values())
    hot = tuple((name, count / samples) for name, count in functions.most_common(14))
    return Shares(requests, cpu / requests, samples, {name: n / samples for name, n in places.most_common()}, hot)


def _place(frame: FrameType | None) -> tuple[str, str]:
    """The nearest frame that belongs to somebody: the standard library works for whoever called it."""
    while frame is not None:
        code = frame.f_code
        function = f"{'/'.join(code.co_filename.rsplit('/', 2)[-2:])} {code.co_name}"
        if any(code.co_filename.endswith(end) and code.co_name == name for end, name in _SQLITE):
            return "SQLite", function
        if code.co_filename == str(HERE / "handwritten.py"):
            return "handwritten", function
        if code.co_filename.startswith(str(HERE) + os.sep):
            return "the bench", function
        for part, place in _PLACES:
            if part in code.co_filename:
                return place, function
        frame = frame.f_back
    return "the bench", "?"
