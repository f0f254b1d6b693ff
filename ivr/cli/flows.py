"""``ivr flow check | catalogue | schema | publish | rollback``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import msgspec

from ivr.cli.opening import database
from ivr.custody import Add
from ivr.errors import FlowMistakes


def add_commands(add: Add, flow: object) -> None:
    check = add("check", _flow_check, "Check flow files; print every mistake with file, line and remedy.", flow)
    check.add_argument("path", type=Path, nargs="?", default=Path("flows"))
    check.add_argument("--json", action="store_true")
    catalogue = add("catalogue", _flow_catalogue, "Write i18n/*.po from the flows, keeping what is translated.", flow)
    catalogue.add_argument("path", type=Path, nargs="?", default=Path("flows"))
    catalogue.add_argument("--language", help="e.g. fa-IR (default: every language that the flows declare)")
    add("schema", _flow_schema, "Print the JSON Schema of flow files.", flow)
    publish = add("publish", _flow_publish, "Check the flows and make them live for new calls.", flow)
    publish.add_argument("path", type=Path, nargs="?", default=Path("flows"))
    rollback = add("rollback", _flow_rollback, "Make the bundle before the present one live again.", flow)
    rollback.add_argument("flow")


def _flow_check(options: argparse.Namespace) -> int:
    from ivr.flow.loader import load_bundle
    from ivr.speech import unspoken

    try:
        bundle = load_bundle(options.path)
    except FlowMistakes as mistakes:
        if not options.json:
            raise
        print(json.dumps(msgspec.to_builtins(mistakes.mistakes)))
        return 1
    if options.json:
        print("[]")
        return 0
    for warning in [*bundle.warnings, *unspoken(bundle.flows.values())]:
        print(f"warning: {warning}")
    for flow in bundle.flows.values():
        print(f"{flow.file}: flow '{flow.name}', {len(flow.steps)} steps, no mistakes (bundle {bundle.hash[:12]})")
    return 0


def _flow_catalogue(options: argparse.Namespace) -> int:
    from ivr.flow.loader import updated_catalogues

    for file, (text, untranslated) in updated_catalogues(options.path, options.language).items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"{file}: {untranslated} texts to translate or look at")
    return 0


def _flow_schema(_options: argparse.Namespace) -> int:
    from ivr.flow.schema import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def _flow_publish(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from ivr.app import open_store, publish
    from ivr.settings import read

    settings = replace(read(), flows=options.path)
    for flow, bundle in publish(open_store(settings), settings).items():
        print(f"flow '{flow}' is live for new calls (bundle {bundle[:12]})")
    return 0


def _flow_rollback(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.flow.loader import parse_bundle
    from ivr.store import bundles

    db = database()
    before = bundles.before_present(db, options.flow)
    if before is None:
        print(f"flow '{options.flow}' has no bundle before the present one; publish the files it should play",
              file=sys.stderr)  # fmt: skip
        return 1
    parse_bundle(bundles.bundle_files(db, before), shown_in=f"bundle {before[:12]}: ")  # an older release took it
    bundles.publish(db, options.flow, before, utc_now())
    print(f"flow '{options.flow}' is back at bundle {before[:12]} for new calls")
    return 0
