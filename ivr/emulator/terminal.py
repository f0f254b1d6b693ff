"""A telephone in the terminal: what is heard is printed, what is typed is pressed or said.

``1`` or ``12#`` presses keys, ``"my balance"`` says words, ``hangup`` (or the end of the input) hangs up.
"""

import re
import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO

from ivr.emulator.phone import Call, Carrier

_KEYS = re.compile(r"[0-9*#A-D]+")
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_POLL_SECONDS = 20.0  # of the long poll; a change comes at once
HELP = 'type keys (1, 12#), "words in quotes", or hangup'


def play(
    carrier_url: str, from_: str, to: str, typed: Iterable[str] | None = None, printed: TextIO | None = None
) -> str:
    """Places a call and lets a person play it until it is over; gives the call's last status.

    ``typed`` are the lines a person enters (default: the standard input), ``printed`` is where the call is shown.
    """
    out = printed or sys.stdout
    carrier = Carrier(carrier_url)
    known = len(carrier.messages(from_))
    call = carrier.dials(from_, to)
    print(f"{from_} calls {to}; {HELP}", file=out, flush=True)
    threading.Thread(target=_type, args=(call, typed or sys.stdin, out), daemon=True).start()
    shown = 0
    state = call.state
    while True:
        shown = _show(state, shown, out)
        known = _show_messages(carrier.messages(from_), known, out)
        if state["status"] in _OVER:
            print(f"-- the call is {state['status']} after {state['duration_seconds']} s", file=out, flush=True)
            return state["status"]
        query = {"revision": state["revision"], "wait_seconds": _POLL_SECONDS}
        state = carrier.request("GET", f"calls/{call.sid}", params=query)


def _type(call: Call, typed: Iterable[str], out: TextIO) -> None:
    for line in typed:
        text = line.strip()
        try:
            if text == "hangup":
                break
            if _KEYS.fullmatch(text):
                _tell(call.presses(text), out)
            elif len(text) > 1 and text[0] == text[-1] == '"':
                _tell(call.says(text[1:-1]), out)
            elif text:
                print(f"-- {text!r}? {HELP}", file=out, flush=True)
        except RuntimeError as problem:
            print(f"-- {problem}", file=out, flush=True)
            return
    if call.status not in _OVER:
        call.hangs_up()


def _tell(listened: bool, out: TextIO) -> None:
    if not listened:
        print("-- nobody was listening", file=out, flush=True)


def _show(state: dict[str, Any], shown: int, out: TextIO) -> int:
    for entry in state["heard"][shown:]:
        sound = f"[{entry['verb'].lower()}] " if entry["verb"] not in ("Say", "Voice") else ""
        print(f"{entry['at_seconds']:7.1f} s  {sound}{entry['text'] or entry['url']}", file=out, flush=True)
    return len(state["heard"])


def _show_messages(messages: list[dict[str, Any]], known: int, out: TextIO) -> int:
    for message in messages[known:]:
        print(f"   text message from {message['from']}: {message['body']}", file=out, flush=True)
    return len(messages)
