"""``make bench``: ``python -m tests.bench [--only turn|wire|push|serving|start|voice] [--quick] [--json]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

PARTS = ("turn", "wire", "push", "serving", "start", "voice")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given several times (default: all)")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it runs")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    options = parser.parse_args()
    results = {}
    for part in options.only or PARTS:
        print(f"{part} …", file=sys.stderr, flush=True)
        bench = importlib.import_module(f"tests.bench.{part}")
        results[part] = bench.run(options.quick)
        if not options.json:
            print(bench.text(results[part]), flush=True)
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
