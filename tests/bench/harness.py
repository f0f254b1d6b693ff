"""Two WSGI applications side by side: same process, same callers, interleaved rounds, medians and ratios.

A caller is a generator: it yields a ``WebRequest`` and is sent the body of the reply, so that it can follow the
addresses it is given, as a carrier does. Only the application is on the clock, not the caller.
"""

from __future__ import annotations

import cProfile
import io
import pstats
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode

Wsgi = Callable[[dict, Callable], Iterable[bytes]]
ROOT = Path(__file__).parents[2]
COMMON = ("web framework", "database driver", "standard library", "harness")  # on both sides alike


@dataclass(frozen=True)
class WebRequest:
    target: str  # path and query
    fields: dict[str, str]
    headers: dict[str, str]
    timed: bool = True  # False for what prepares the next timed one


Caller = Generator[WebRequest, str, None]
Requests = Callable[[int], Caller]  # makes the endless caller of one number


@dataclass(frozen=True)
class Figures:
    requests_per_second: float  # while the application is at work; a lone caller's own work between two is not its time
    p50_ms: float
    p99_ms: float
    cpu_ms: float  # of all threads inside the application, per request


@dataclass(frozen=True)
class Comparison:
    """Medians over the rounds; ``ratios`` say how many times better ``a`` is (above 1: better)."""

    parallel: int
    rounds: int
    requests_per_round: int
    a: Figures
    b: Figures
    ratios: Figures
    cpu_split_a: dict[str, float]  # ms a request, by whose code
    cpu_split_b: dict[str, float]

    @property
    def own_cpu_ms(self) -> tuple[float, float]:
        """CPU a request in what is our own and in what its author chose instead: all but ``COMMON``."""
        return tuple(
            sum(ms for whose, ms in split.items() if whose not in COMMON)
            for split in (self.cpu_split_a, self.cpu_split_b)
        )


class _Driver:
    """One caller and the application it talks to."""

    def __init__(self, wsgi: Wsgi, caller: Caller) -> None:
        self._wsgi = wsgi
        self._caller = caller
        self._next = next(caller)
        self.latencies: list[float] = []
        self.cpu = self.busy = 0.0

    def one(self, profile: cProfile.Profile | None = None) -> None:
        """Up to and with the next timed request."""
        while True:
            timed = self._next.timed
            body = self._ask(self._next, profile if timed else None)
            self._next = self._caller.send(body)
            if timed:
                return

    def _ask(self, request: WebRequest, profile: cProfile.Profile | None) -> str:
        environ, status = _environ(request), []

        def start_response(line: str, _headers: list, _error: object = None) -> None:
            status.append(line)

        if profile:
            profile.enable()
        cpu, began = time.thread_time(), time.perf_counter()
        body = b"".join(self._wsgi(environ, start_response))
        took, cpu = time.perf_counter() - began, time.thread_time() - cpu
        if profile:
            profile.disable()
        assert status[0].startswith("200"), (
            f"{request.target}: {status[0]}\n{environ['wsgi.errors'].getvalue() or body.decode()}"
        )
        self.busy += took
        if request.timed:
            self.latencies.append(took)
            self.cpu += cpu
        return body.decode()


def compare(
    name_a: str, wsgi_a: Wsgi, requests_a: Requests, name_b: str, wsgi_b: Wsgi, requests_b: Requests,
    rounds: int, parallel: int, requests_per_round: int = 400,
) -> Comparison:  # fmt: skip
    """Raises AssertionError as soon as an application answers anything but 200."""
    sides = {name_a: (wsgi_a, requests_a), name_b: (wsgi_b, requests_b)}
    drivers = {
        name: [_Driver(wsgi, requests(number)) for number in range(parallel)]
        for name, (wsgi, requests) in sides.items()
    }
    each = max(1, requests_per_round // parallel)
    for crowd in drivers.values():  # caches warm, statements compiled
        _round(crowd, max(1, each // 4))
    figures: dict[str, list[Figures]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in sides if number % 2 == 0 else reversed(sides):
            figures[name].append(_round(drivers[name], each))
    a, b = (_medians(figures[name]) for name in (name_a, name_b))
    ratios = Figures(
        a.requests_per_second / b.requests_per_second, b.p50_ms / a.p50_ms, b.p99_ms / a.p99_ms, b.cpu_ms / a.cpu_ms
    )
    split_a, split_b = (_split(drivers[name][0], side.cpu_ms) for name, side in ((name_a, a), (name_b, b)))
    return Comparison(parallel, rounds, each * parallel, a, b, ratios, split_a, split_b)


def as_json(comparison: Comparison) -> dict:
    a, b = comparison.own_cpu_ms
    return asdict(comparison) | {"own_cpu_ms_a": a, "own_cpu_ms_b": b, "own_cpu_ratio": b / a}


def profile_of(wsgi: Wsgi, requests: Requests, count: int = 300, lines: int = 15) -> str:
    """Where the time of ``count`` requests of one caller went, function by function."""
    driver, profile, text = _Driver(wsgi, requests(9_000)), cProfile.Profile(), io.StringIO()
    for _ in range(20):
        driver.one()
    for _ in range(count):
        driver.one(profile)
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(lines)
    return text.getvalue()


def asking(wsgi: Wsgi, requests: Requests, count: int) -> Callable[[], int]:
    """A function that makes one caller ask ``count`` times and answers with that number."""
    driver = _Driver(wsgi, requests(9_001))
    for _ in range(20):
        driver.one()

    def run() -> int:
        for _ in range(count):
            driver.one()
        return count

    return run


def _round(crowd: list[_Driver], each: int) -> Figures:
    start, failures = threading.Barrier(len(crowd) + 1), []

    def run(driver: _Driver) -> None:
        driver.latencies, driver.cpu, driver.busy = [], 0.0, 0.0
        start.wait()
        try:
            for _ in range(each):
                driver.one()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(driver,)) for driver in crowd]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began if len(crowd) > 1 else crowd[0].busy
    if failures:
        raise failures[0]
    latencies = sorted(latency for driver in crowd for latency in driver.latencies)
    count = len(latencies)
    return Figures(
        count / took,
        statistics.median(latencies) * 1e3,
        latencies[min(count - 1, int(count * 0.99))] * 1e3,
        sum(driver.cpu for driver in crowd) / count * 1e3,
    )


def _medians(figures: list[Figures]) -> Figures:
    return Figures(*(statistics.median(column) for column in zip(*(asdict(f).values() for f in figures), strict=True)))


def _split(driver: _Driver, cpu_ms: float) -> dict[str, float]:
    """CPU of a request by whose code it ran in; shares by cProfile, scaled to the CPU measured without it.

    What a built-in function took counts for the database if it is the driver's, else for whoever called it.
    """
    profile = cProfile.Profile(time.thread_time)
    for _ in range(300):
        driver.one(profile)
    took: dict[str, float] = defaultdict(float)
    for (file, _, name), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():
        if file != "~":
            took[_whose(file)] += own
        elif "sqlite3" in name or "psycopg" in name:
            took["database driver"] += own
        else:
            for (caller, _, _), (_, _, share, _) in callers.items():
                took[_whose(caller)] += share
    total = sum(took.values())
    return {whose: cpu_ms * spent / total for whose, spent in sorted(took.items(), key=lambda item: -item[1])}


def _whose(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT) and "site-packages" not in file:
        inside = path.relative_to(ROOT)
        return "harness" if path.name == "harness.py" else f"own: {inside.parts[0]}/{inside.parts[1]}"
    if "site-packages" in file:
        package = file.split("site-packages/")[1].split("/")[0]
        return "web framework" if package in ("flask", "werkzeug", "blinker", "markupsafe", "itsdangerous") else package
    return "standard library"


def _environ(request: WebRequest) -> dict:
    path, _, query = request.target.partition("?")
    body = urlencode(request.fields).encode()
    environ = {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip
    return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
