"""The lock of the voice: three tries an hour for a print, a calling number and a browser, over all calls."""

from __future__ import annotations

from datetime import datetime

from ivr.authentication.messages import Verdict, Verify
from ivr.calls import Services
from ivr.flow.events import VerificationRequested
from ivr.store import sessions, voice_tries


def begin(services: Services, call: str, asked: VerificationRequested) -> datetime | None:
    """Counts the try, before anything is compared. None: go on; else the time until which the voice is locked."""
    session = sessions.load(services.database, call)
    caller = "" if session is None else session.caller
    subjects = voice_tries.subjects(services.database, call, caller, asked.contact)
    return voice_tries.begin(services.database, asked.request, subjects, services.clock())


def settle(services: Services, about: Verify | Verdict, counts: bool) -> None:
    """``counts``: voices were compared and not ACCEPTED. Otherwise it was no try, or none that an attacker needs."""
    if not counts:
        voice_tries.take_back(services.database, about.request)
        return
    bound_since = voice_tries.devices(services.database, about.call)
    voice_tries.add_subjects(services.database, about.request, bound_since, services.clock())
