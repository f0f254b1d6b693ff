"""The ``ivr`` command."""

from __future__ import annotations

import argparse
import sys

from ivr import custody
from ivr.cli import carrier, flows, people, serving
from ivr.cli.logs import log_as
from ivr.errors import DuetError, FlowMistakes


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    log_as("text")
    try:
        return options.run(options)
    except FlowMistakes as mistakes:
        for mistake in mistakes.mistakes:
            print(mistake, file=sys.stderr)
        return 1
    except DuetError as error:
        print(error, file=sys.stderr)
        return 1
    except EOFError:  # nobody types, and nothing is piped in
        print("a PIN or password was asked for and the input ended; type it, or pipe in one line", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ivr", description="Duet: a visual IVR with voice biometrics.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run, help: str, under=commands) -> argparse.ArgumentParser:
        command = under.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    def group(name: str, help: str):
        return commands.add_parser(name, help=help).add_subparsers(required=True, metavar="COMMAND")

    serving.add_commands(add)
    flows.add_commands(add, group("flow", "Check and publish flows."))
    contact = group("contact", "People on file.")
    people.add_contact_commands(add, contact)
    custody.add_commands(add, contact, group("voiceprint", "Voiceprints on file."))
    people.add_agent_commands(add, group("agent", "People who answer."))
    carrier.add_commands(add, group("carrier", "The number at Twilio."))
    serving.add_database_commands(add, group("db", "The database."))
    return parser
