"""The lock of the voice: three tries an hour for a print, a calling number and a browser, over all calls."""

from __future__ import annotations

from datetime import datetime

from ivr.authentication.messages import Verdict, Verify
from ivr.calls import Services
from ivr.flow.events import VerificationRequested
from ivr.store import sessions, voice_tries
from ivr.store.database import Transaction


def begin(services: Services, call: str, asked: VerificationRequested) -> datetime | None:
    """Counts the try, before anything is compared. None: go on; else the time until which the voice is locked."""
    session = sessions.load(services.database, call)
    caller = "" if session is None else session.caller
    subjects = voice_tries.subjects(services.database, call, caller, asked.contact)
    return voice_tries.begin(services.database, asked.request, subjects, services.clock())


def settle(transaction: Transaction, about: Verify | Verdict, counts: bool, at: datetime) -> None:
    """``counts``: voices were compared and not ACCEPTED. Otherwise it was no try, or none that an attacker needs."""
    if not counts:
        voice_tries.take_back(transaction, about.request)
        return
    bound_since = voice_tries.devices(transaction, about.call)
    voice_tries.add_subjects(transaction, about.request, bound_since, at)
