"""``ivr demo --stay``: server, emulator and people stay, and the three-pane page opens in a browser."""

from __future__ import annotations

import contextlib
import threading
import time
import webbrowser
from pathlib import Path
from typing import Protocol

import httpx

from ivr.demo import housekeeping, people
from ivr.demo.jars import Jars
from ivr.demo.network import networks
from ivr.demo.trying import TryOut
from ivr.settings import Settings
from ivr.store.database import close

OPEN_SECONDS = 60.0
CALLERS = 2  # smartphones on the three-pane page


class Serve(Protocol):
    def __call__(self, settings: Settings, host: str, port: int, trying: object, around: object) -> int: ...


def stay(flows: Path, flow: str, port: int, speed: float, serve: Serve) -> int:
    """Until Ctrl-C. Raises DemoTrouble if the port is taken."""
    housekeeping.require_free(port)
    with housekeeping.premises(flows, port, IVR_TRY="1") as place:
        database, agent, ops = people.open_house(place.settings, flows)
        close(database)  # the server opens its own
        with housekeeping.emulator(place, flow, speed) as carrier:
            carrier.phone(people.AGENT_PHONE, presses="1")
            page = f"{place.settings.public_url}/try"
            print(f"\n  The three-pane page: {page}", flush=True)
            print(f"  The emulator: {carrier.url}/emulator", flush=True)
            for staff, where in ((agent, "/desk"), (ops, "/ops")):
                print(f"  {where}: name {staff.name}, password {staff.password}", flush=True)
            print("  Everything is on this machine only and goes with Ctrl-C.\n", flush=True)
            threading.Thread(target=_open, args=(place.settings.public_url, page), daemon=True).start()
            with networks((housekeeping.HOST, port), CALLERS) as phones:
                return serve(
                    place.settings, housekeeping.HOST, port,
                    trying=lambda house: TryOut(house, flows, phones),
                    around=lambda app: Jars(app, [phone.port for phone in phones]),
                )  # fmt: skip


def _open(public_url: str, page: str) -> None:
    """Once the server answers; where there is no browser, the address printed has to do."""
    ends = time.monotonic() + OPEN_SECONDS
    while time.monotonic() < ends:
        try:
            httpx.get(f"{public_url}/healthz", trust_env=False)
            break
        except httpx.TransportError:
            time.sleep(0.2)
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(page)
