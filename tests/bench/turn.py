"""One menu turn through Duet's real webhook, beside the same turn as one would write it by hand.

    python -m tests.bench.turn [--parallel 1 8 32] [--rounds 7] [--json]

Both get the same signed requests and save session and events durably in one commit; Duet also remembers its reply.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import re
import secrets
import sys
import tempfile
from collections.abc import Generator
from html import unescape
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from ivr.app import House, create_flask, publish
from ivr.settings import Settings
from tests.bench import handwritten, shares
from tests.bench.harness import Comparison, Requests, WebRequest, as_json, asking, compare, profile_of
from tests.bench.report import table

PUBLIC_URL = "https://bench.example"
TOKEN = secrets.token_hex(16)
ACCOUNT = "AC" + "5" * 32
TURNS_PER_CALL = 12  # a long call: sessions grow with what was chosen
ACTION = re.compile(r"<Gather[^>]* action=\"([^\"]+)\"")


def duet(directory: Path):
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    settings = Settings(
        public_url=PUBLIC_URL, database_url=f"sqlite:///{directory}/duet.db", flows=Path(__file__).with_name("menu"),
        account_sid=ACCOUNT, auth_token=TOKEN, secret_key=secrets.token_bytes(32), voiceprint_key=key,
    )  # fmt: skip
    house = House(settings, control=object())  # nothing is delivered: the work thread is not started
    publish(house.database, settings)
    return create_flask(house).wsgi_app


def callers() -> Requests:
    """Callers who press 1 and 2 in turn and call again after ``TURNS_PER_CALL``."""

    def caller(number: int) -> Generator[WebRequest, str, None]:
        for call in count():
            fields = {
                "CallSid": "CA" + hashlib.md5(f"{number} {call} {secrets.token_hex(4)}".encode()).hexdigest(),
                "AccountSid": ACCOUNT, "From": f"+1555{number:07}", "To": "+15550100", "CallStatus": "in-progress",
                "ApiVersion": "2010-04-01", "Direction": "inbound", "CallerCity": "", "CallerCountry": "GB",
                "CallerState": "", "CallerZip": "", "FromCity": "", "FromCountry": "GB", "FromState": "", "FromZip": "",
                "Called": "+15550100", "Caller": f"+1555{number:07}",
            }  # fmt: skip
            body = yield signed("/voice/menu", fields, timed=False)
            for turn in range(TURNS_PER_CALL):
                found = ACTION.search(body)
                assert found, f"no Gather to answer in {body!r}"
                address = urlsplit(unescape(found[1]))
                target = address.path + (f"?{address.query}" if address.query else "")
                body = yield signed(target, fields | {"Digits": "12"[turn % 2], "msg": "Gather End"})

    return caller


def signed(target: str, fields: dict[str, str], timed: bool = True) -> WebRequest:
    text = PUBLIC_URL + target + "".join(name + value for name, value in sorted(fields.items()))
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), hashlib.sha1)).decode()
    return WebRequest(target, fields, {"X-Twilio-Signature": signature}, timed)


def shown(comparison: Comparison) -> str:
    lines = [
        f"{comparison.parallel} parallel calls, median of {comparison.rounds} rounds of {comparison.requests_per_round}"
        " turns each",
        f"{'':16}{'duet':>10}{'by hand':>10}{'ratio':>8}",
    ]
    for name, unit in (
        ("requests_per_second", "turns/s"),
        ("p50_ms", "p50 ms"),
        ("p99_ms", "p99 ms"),
        ("cpu_ms", "CPU ms"),
    ):
        a, b, ratio = (getattr(side, name) for side in (comparison.a, comparison.b, comparison.ratios))
        lines.append(f"{unit:16}{a:10.2f}{b:10.2f}{ratio:8.2f}")
    ours, theirs = comparison.own_cpu_ms
    lines.append(f"{'own CPU ms':16}{ours:10.2f}{theirs:10.2f}{theirs / ours:8.2f}")
    for title, split in (("duet", comparison.cpu_split_a), ("by hand", comparison.cpu_split_b)):
        lines.append(
            f"CPU of a turn, {title}: " + ", ".join(f"{whose} {ms:.3f} ms" for whose, ms in list(split.items())[:9])
        )
    return "\n".join(lines)


def run(quick: bool = False) -> dict:
    """Everything of this bench for ``python -m tests.bench``."""
    with tempfile.TemporaryDirectory(prefix="duet-bench-") as directory:
        sides = {
            "duet": duet(Path(directory)),
            "by hand": handwritten.create_app(f"sqlite:///{directory}/handwritten.db", TOKEN, PUBLIC_URL).wsgi_app,
        }
        arguments = [argument for name, wsgi in sides.items() for argument in (name, wsgi, callers())]
        rounds, requests = (3, 96) if quick else (9, 384)
        compared = [compare(*arguments, rounds, parallel, requests) for parallel in (1, 8, 16)]
        sampled = {name: shares.sample(asking(wsgi, callers(), 2 * requests)) for name, wsgi in sides.items()}
    return {
        "compared": [as_json(one) for one in compared],
        "text": "\n\n".join(map(shown, compared)),
        "sampled": {name: one.as_dict() for name, one in sampled.items()},
    }


def text(result: dict) -> str:
    parts = ["", result["text"]]
    for name, one in result["sampled"].items():
        rows = [(whose, us, 100 * us / one["cpu_us"]) for whose, us in one["us_by_place"].items()]
        title = f"CPU of a turn by sampling, {name}: {one['cpu_us']:.0f} µs, {one['samples']} samples"
        parts.append(table(title, ("", "µs", "%"), rows))
        parts.append(table(f"busiest functions, {name}", ("", "µs"), list(one["hot_us"].items())))
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=384, help="turns in a round")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        ours = duet(Path(directory))
        theirs = handwritten.create_app(f"sqlite:///{directory}/handwritten.db", TOKEN, PUBLIC_URL).wsgi_app
        results = []
        for parallel in arguments.parallel:
            print(f"{parallel} parallel calls …", file=sys.stderr)
            results.append(
                compare(
                    "duet",
                    ours,
                    callers(),
                    "by hand",
                    theirs,
                    callers(),
                    arguments.rounds,
                    parallel,
                    arguments.requests,
                )
            )
        if arguments.json:
            print(json.dumps([as_json(result) for result in results], indent=2))
            return
        print("\n\n".join(map(shown, results)))
        for name, wsgi in (("duet", ours), ("by hand", theirs)):
            print(f"\n--- profile: {name} ---\n{profile_of(wsgi, callers())}")


if __name__ == "__main__":
    main()
