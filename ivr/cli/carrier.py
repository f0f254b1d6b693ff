"""``ivr carrier setup | check``: where the number at Twilio points to."""

from __future__ import annotations

import argparse
import sys

from ivr.custody import Add


def add_commands(add: Add, carrier: object) -> None:
    setup = add("setup", _carrier_setup, "Point IVR_TWILIO_NUMBER at this server's flow.", carrier)
    setup.add_argument("flow")
    look = add("check", _carrier_check, "Show whether IVR_TWILIO_NUMBER points to this server.", carrier)
    look.add_argument("flow")


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
