"""Plays journeys, several at once, because callers mostly wait: one system a speed, a browser for every thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from journeys import PLOTS, Journey, Stage
from playwright.sync_api import sync_playwright

from tests.wire.system import System, running

SPEED = 6.0  # of the emulator's clock, where nothing else is said
AT_ONCE = 2  # journeys that need no queue


class Playing:
    """Plays the named journeys; ``result(name)`` waits for one and raises what went wrong in it."""

    def __init__(self, names: list[str], directory: Path, chromium: str, arguments: list[str]) -> None:
        self._outcomes: dict[str, Future[None]] = {name: Future() for name in names}
        self._launch = {"executable_path": chromium, "args": arguments}
        self._stopped = threading.Event()
        real = [name for name in names if PLOTS[name][0] is Stage.REAL_SPEED]
        halls = [("quick", SPEED, [name for name in names if name not in real]), ("real", 1.0, real)]
        self._halls = [
            threading.Thread(target=self._hall, args=(directory / hall, speed, wanted), name=hall)
            for hall, speed, wanted in halls if wanted
        ]  # fmt: skip
        for hall in self._halls:
            hall.start()

    def result(self, name: str) -> None:
        self._outcomes[name].result()

    def stop(self) -> None:
        """What has begun ends first."""
        self._stopped.set()
        for hall in self._halls:
            hall.join()

    def _hall(self, directory: Path, speed: float, names: list[str]) -> None:
        """One system, and a thread for every lane of it."""
        directory.mkdir()
        try:
            with running(directory, speed=speed) as system:
                lanes = [threading.Thread(target=self._lane, args=(system, queue)) for queue in _lanes(names)]
                for lane in lanes:
                    lane.start()
                for lane in lanes:
                    lane.join()
        except BaseException as error:  # a system that does not start or stop: told by every journey without an outcome
            self._fail(names, error)

    def _lane(self, system: System, names: SimpleQueue[str]) -> None:
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**self._launch)
                for name in _drained(names):
                    if self._stopped.is_set():
                        return
                    self._play(name, Journey(system, browser))
        except BaseException as error:
            self._fail(list(_drained(names)), error)

    def _play(self, name: str, journey: Journey) -> None:
        with ExitStack() as stack:
            stack.callback(journey.leaves_nothing_behind)
            try:
                PLOTS[name][1](journey)
                assert not journey.errors, journey.errors
            except BaseException as error:
                error.add_note(journey.story())
                self._outcomes[name].set_exception(error)
            else:
                self._outcomes[name].set_result(None)

    def _fail(self, names: list[str], error: BaseException) -> None:
        for name in names:
            if not self._outcomes[name].done():
                self._outcomes[name].set_exception(error)


def _lanes(names: list[str]) -> list[SimpleQueue[str]]:
    """The queue is a lane of its own; the other lanes share their journeys, and so do those at real speed."""
    queued, others = SimpleQueue(), SimpleQueue()
    for name in names:
        (queued if PLOTS[name][0] is Stage.QUEUE else others).put(name)
    return [queued, *[others] * AT_ONCE]


def _drained(names: SimpleQueue[str]) -> Iterator[str]:
    while True:
        try:
            yield names.get_nowait()
        except Empty:
            return


@contextmanager
def playing(names: list[str], directory: Path, chromium: str, arguments: list[str]) -> Iterator[Playing]:
    started = Playing(names, directory, chromium, arguments)
    try:
        yield started
    finally:
        started.stop()
