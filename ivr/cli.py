"""The ``ivr`` command."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import logging
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ivr.custody import add_commands as add_custody_commands
from ivr.custody import operator, tell_receipt
from ivr.errors import DuetError, FlowMistakes


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _log(getattr(options, "log", "text"))
    try:
        return options.run(options)
    except FlowMistakes as mistakes:
        for mistake in mistakes.mistakes:
            print(mistake, file=sys.stderr)
        return 1
    except DuetError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ivr", description="Duet: a visual IVR with voice biometrics.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run, help: str, under=commands) -> argparse.ArgumentParser:
        command = under.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

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

    flow = commands.add_parser("flow", help="Check and publish flows.").add_subparsers(required=True, metavar="COMMAND")
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

    contact = commands.add_parser("contact", help="People on file.").add_subparsers(required=True, metavar="COMMAND")
    add_contact = add("add", _contact_add, "Add a contact; the PIN is asked for.", contact)
    for name in ("customer_number", "name", "number"):
        add_contact.add_argument(name)
    add_contact.add_argument("--fact", action="append", default=[], metavar="NAME=VALUE")
    import_ = add("import", _contact_import, "Add or replace contacts from a CSV file.", contact)
    import_.add_argument("path", type=Path)
    delete = add("delete", _contact_delete, "Delete a contact and their voiceprint.", contact)
    delete.add_argument("customer_number")

    pace = add("pace", _contact_pace, "Set how much time a contact gets, in every later call.", contact)
    pace.add_argument("customer_number")
    pace.add_argument(
        "pace", choices=("normal", "slow", "relay"),
        help="slow: three times as long; relay: slow, and an operator speaks for them, so the voice is never compared",
    )  # fmt: skip

    prints = commands.add_parser("voiceprint", help="Voiceprints on file.")
    add_custody_commands(add, contact, prints.add_subparsers(required=True, metavar="COMMAND"))

    agent = commands.add_parser("agent", help="People who answer.").add_subparsers(required=True, metavar="COMMAND")
    add_agent = add("add", _agent_add, "Add an agent; the password is asked for.", agent)
    add_agent.add_argument("name")
    add_agent.add_argument("address", help="the agent's phone, E.164 or client:NAME")
    add_agent.add_argument("--display", help="name shown to callers")
    add_agent.add_argument("--ops", action="store_true", help="may also see /ops and /metrics")

    carrier = commands.add_parser("carrier", help="The number at Twilio.")
    carrier = carrier.add_subparsers(required=True, metavar="COMMAND")
    setup = add("setup", _carrier_setup, "Point IVR_TWILIO_NUMBER at this server's flow.", carrier)
    setup.add_argument("flow")
    look = add("check", _carrier_check, "Show whether IVR_TWILIO_NUMBER points to this server.", carrier)
    look.add_argument("flow")

    db = commands.add_parser("db", help="The database.").add_subparsers(required=True, metavar="COMMAND")
    add("upgrade", _db_upgrade, "Bring the database to this release's schema.", db)
    return parser


class JsonLines(logging.Formatter):
    """One JSON object a line, whatever a message holds."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname, "where": record.name, "message": record.getMessage(),
        }  # fmt: skip
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _log(format: str) -> None:
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if format == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "alembic", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("twilio").setLevel(logging.WARNING)


def _serve(options: argparse.Namespace) -> int:
    from ivr.settings import read

    settings = read()
    _log(settings.log)
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

    db = _database()
    before = bundles.before_present(db, options.flow)
    if before is None:
        print(f"flow '{options.flow}' has no bundle before the present one; publish the files it should play",
              file=sys.stderr)  # fmt: skip
        return 1
    parse_bundle(bundles.bundle_files(db, before), shown_in=f"bundle {before[:12]}: ")  # an older release took it
    bundles.publish(db, options.flow, before, utc_now())
    print(f"flow '{options.flow}' is back at bundle {before[:12]} for new calls")
    return 0


def _database():
    from ivr.app import open_store
    from ivr.settings import read

    return open_store(read())


def _contact_add(options: argparse.Namespace) -> int:
    from ivr.people import add_contact

    facts = dict(fact.partition("=")[::2] for fact in options.fact)
    pin = getpass.getpass("PIN (digits; empty for none): ")
    add_contact(_database(), options.customer_number, options.name, options.number, pin, facts)
    print(f"{options.name} is on file")
    return 0


def _contact_import(options: argparse.Namespace) -> int:
    from ivr.people import import_contacts

    print(f"{import_contacts(_database(), options.path)} contacts are on file")
    return 0


def _contact_delete(options: argparse.Namespace) -> int:
    from ivr.app import utc_now
    from ivr.store import contacts, erasures

    db = _database()
    found = contacts.by_customer_number(db, options.customer_number)
    if found is None or not contacts.delete_contact(db, found.id, utc_now(), operator()):
        print(f"no contact has customer number {options.customer_number}", file=sys.stderr)
        return 1
    print(f"{found.name} and their voiceprint are deleted")
    for receipt in erasures.erasures_of(db, found.id)[-1:]:
        tell_receipt(receipt, as_json=False)
    return 0


def _contact_pace(options: argparse.Namespace) -> int:
    from ivr.people import set_pace

    print(f"{set_pace(_database(), options.customer_number, options.pace)}: {options.pace} in every later call")
    return 0


def _agent_add(options: argparse.Namespace) -> int:
    from ivr.people import add_agent

    password = getpass.getpass("Password: ")
    add_agent(_database(), options.name, options.display or options.name, password, options.address, options.ops)
    print(f"agent {options.name} can sign in at /desk")
    return 0


def _carrier_setup(options: argparse.Namespace) -> int:
    from ivr.app import twilio_control
    from ivr.settings import read

    settings = read()
    urls = _carrier_urls(settings, options.flow)
    twilio_control(settings).set_number(settings.number, urls["voice"], urls["status"], urls["fallback"])
    print(f"{settings.number} now calls {urls['voice']}")
    return 0


def _carrier_check(options: argparse.Namespace) -> int:
    from ivr.app import twilio_control
    from ivr.settings import read

    settings = read()
    wanted = _carrier_urls(settings, options.flow)
    found = twilio_control(settings).number_urls(settings.number)
    if found is None:
        print(f"this account has no number {settings.number}; check IVR_TWILIO_NUMBER", file=sys.stderr)
        return 1
    for name, url in wanted.items():
        right = found[name] == url
        remedy = "" if right else f"  — should be {url}; run 'ivr carrier setup {options.flow}'"
        print(f"{name}: {found[name] or '(none)'}{remedy}")
    return 0 if found == wanted else 1


def _carrier_urls(settings, flow: str) -> dict[str, str]:
    base = f"{settings.public_url}/voice/{flow}"
    return {"voice": base, "status": f"{base}/status", "fallback": f"{base}/fallback"}


def _db_upgrade(_options: argparse.Namespace) -> int:
    _database()
    print("the database is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
