"""``python -m ivr.emulator``: the carrier as a process."""

import argparse
import asyncio
import contextlib
import sys

from ivr.emulator.app import serve
from ivr.emulator.settings import Settings, SettingsError, read_faults, read_number


def main(arguments: list[str] | None = None) -> int:
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m ivr.emulator", description="A Twilio for one machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--account-sid", default=defaults.account_sid)
    parser.add_argument("--auth-token", default=defaults.auth_token)
    parser.add_argument("--number", action="append", default=[], metavar="+NUMBER=URL[,status=URL][,fallback=URL]")
    parser.add_argument("--speed", type=float, default=1.0, help="1 is Twilio's pace; 20 is twenty times faster")
    parser.add_argument("--seed", type=int, default=0, help="draws the faults")
    parser.add_argument("--faults", default="", metavar="drop=P,delay=P,duplicate=P,reorder=P,http429=P,http5xx=P")
    parser.add_argument("--interrupted-gather", choices=("posts", "silent"), default="silent")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when whoever started it has gone")
    asked = parser.parse_args(arguments)
    try:
        if asked.speed <= 0:
            raise SettingsError(f"--speed {asked.speed}: must be above 0; 1 is Twilio's own pace")
        settings = Settings(
            asked.account_sid,
            asked.auth_token,
            tuple(map(read_number, asked.number)),
            asked.speed,
            asked.seed,
            read_faults(asked.faults),
            asked.interrupted_gather,
        )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(settings, asked.port, asked.until_stdin_closes))
    except (SettingsError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
