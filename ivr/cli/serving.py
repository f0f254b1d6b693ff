"""``ivr serve | demo | call | key`` and ``ivr db upgrade``: the server, alone or with calls placed through it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import sys
from pathlib import Path

from ivr.cli.logs import log_as
from ivr.cli.opening import database
from ivr.custody import Add


def add_commands(add: Add) -> None:
    serve = add("serve", _serve, "Serve webhooks, pages and desk; settings are read from IVR_*.")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8000)

    demo = add("demo", _demo, "Place four calls through the whole system and show what is heard and seen.")
    demo.add_argument("--stay", action="store_true", help="leave it running and open the three-pane page")
    demo.add_argument("--port", type=_port, default=0, help="of the server (default: a free one; 8000 with --stay)")
    demo.add_argument("--speed", type=float, help="of the emulator's clock, 1 = a real call (4; with --stay 1)")

    call = add("call", _call, "Play a call in the terminal against a running emulator or one of its own.")
    call.add_argument("flow", type=Path, help="the flow to call, e.g. flows/bank.yaml")
    call.add_argument("--from", dest="caller", default="+447700900101", help="the number you call from")
    call.add_argument("--speed", type=float, default=1.0, help="of the emulator's clock; 1 = a real call")
    call.add_argument("--emulator", metavar="URL", help="of one that runs already, with its server")

    add("key", _key, "Print a fresh key for IVR_SECRET_KEY or IVR_VOICEPRINT_KEY.")


def add_database_commands(add: Add, db: object) -> None:
    add("upgrade", _db_upgrade, "Bring the database to this release's schema.", db)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    from ivr.settings import read

    settings = read()
    log_as(settings.log)
    return run_server(settings, options.host, options.port)


SWITCH_SECONDS = 0.001  # a page's wake-up waits for the event loop's turn among the threads: that long for each


def run_server(settings, host: str, port: int, trying=None, around=None) -> int:
    """``trying``, ``around``: what the three-pane page needs, and what stands before the server for it."""
    import uvicorn

    from ivr.app import create_app
    from ivr.web.heads import BoundedHeads

    _allow_open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app(settings, trying=trying)
    if around:
        app = around(app)
    config = uvicorn.Config(
        app, host=host, port=port, http=BoundedHeads, loop="uvloop", ws="websockets-sansio", ws_max_size=64 * 1024,
        access_log=False, log_config=None, timeout_graceful_shutdown=5, server_header=False,
    )  # fmt: skip
    asyncio.run(uvicorn.Server(config).serve())
    return 0


def _allow_open_files() -> None:
    """As many as the system lets us have: each open page and stream is one, and the usual 1024 are soon used up."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # some systems say "unlimited" and mean less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _demo(options: argparse.Namespace) -> int:
    from ivr.demo import run

    return run(options, run_server)


def _call(options: argparse.Namespace) -> int:
    from ivr.demo import play_in_terminal

    return play_in_terminal(options.flow, options.caller, options.speed, options.emulator)


def _key(_options: argparse.Namespace) -> int:
    from ivr.settings import new_key

    print(new_key())
    return 0


def _db_upgrade(_options: argparse.Namespace) -> int:
    database()
    print("the database is up to date")
    return 0
