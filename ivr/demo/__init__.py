"""The commands a stranger runs: ``ivr demo``, ``ivr demo --stay`` (make serve) and ``ivr call``."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.demo.staying import Serve

FLOWS = Path("flows")
FLOW = "bank"
DEMO_SPEED = 4.0  # prompts and voices are four times as fast as in life; the server keeps its own time
STAY_PORT = 8000


def run(options: argparse.Namespace, serve: Serve) -> int:
    """``ivr demo``. 0 only if every expectation held. Raises DemoTrouble where nothing could be tried.

    ``serve`` runs the server in this process (``ivr.cli.serving.run_server``); only ``--stay`` needs it.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if options.stay:
        from ivr.demo.staying import stay

        return stay(FLOWS, FLOW, options.port or STAY_PORT, options.speed or 1.0, serve)
    return _four_calls(options.port, options.speed or DEMO_SPEED)


def play_in_terminal(flow: Path, caller: str, speed: float, emulator: str | None = None) -> int:
    """``ivr call``: a person plays a call in the terminal, on the emulator given or on one of its own."""
    from ivr.demo.playing import play_at, play_here

    signal.signal(signal.SIGTERM, _interrupt)
    return play_at(emulator, caller) if emulator else play_here(flow, caller, speed)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """An end asked for is an end in order: every process of ours is ended on the way out."""
    raise KeyboardInterrupt


def _four_calls(port: int, speed: float) -> int:
    from ivr.demo import housekeeping, people, story, voices
    from ivr.demo.agent import AgentDesk
    from ivr.demo.editor import Editor
    from ivr.demo.telling import Telling
    from ivr.store.database import close

    began = time.monotonic()
    telling = Telling()
    with ExitStack() as house:
        place = house.enter_context(housekeeping.premises(FLOWS, port))
        telling.says("Server and emulator start on this machine; nothing leaves it.", "bold")
        database, agent, _ops = people.open_house(place.settings, FLOWS)
        house.callback(close, database)
        house.enter_context(housekeeping.server(place))
        carrier = house.enter_context(housekeeping.emulator(place, FLOW, speed))
        carrier.phone(people.AGENT_PHONE, presses="1")
        cast = voices.cast()
        telling.says(cast.note)
        with telling.console.status("loading the speaker model") as status:
            model = housekeeping.await_model(place, lambda s: status.update(f"loading the speaker model, {s:.0f} s"))
        telling.says(f"server {place.settings.public_url} · emulator {carrier.url} (speed {speed:g}) · model {model}")
        copy = Path(shutil.copytree(FLOWS, place.directory / "flows")) / f"{FLOW}.yaml"
        desk = AgentDesk(place.settings.public_url, agent)
        house.callback(desk.close)
        desk.signs_in()
        desk.is_available()
        scene = story.Scene(
            carrier, database, place.settings.public_url, desk, people.contacts_in(FLOWS), cast,
            Editor(copy, place.environment), telling,
        )  # fmt: skip
        story.play(scene)
        held = telling.summary(time.monotonic() - began)
        if not held:
            print(f"\nThe end of the server's log:\n{place.log_tail()}", file=sys.stderr)
        return 0 if held else 1
