"""The doorway of secrets: digits are compared here, and only whether they match goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ivr.authentication.passwords import password_matches
from ivr.calls import Services, take_turn
from ivr.errors import UnknownCall
from ivr.flow.inputs import By, SecretAnswer
from ivr.flow.session import Turn
from ivr.flow.waits import AwaitSecret
from ivr.store import attempts, contacts, sessions, voice_tries

WINDOW = timedelta(hours=1)
WRONG_PER_CONTACT = 5  # in the window, over all calls: then nothing is compared any more
WRONG_PER_CALLER = 10


class _Locked(Exception):
    """Found inside the transaction, so that parallel guesses cannot all pass the count."""


class Secrets:
    """Compares PINs and counts the wrong ones, per contact and per calling number, across calls."""

    def answer(
        self, services: Services, call: str, turn: int, digits: str, by: By,
        reply: Callable[[Turn], tuple[bytes, bytes]] | None = None,
    ) -> Turn:  # fmt: skip
        """A stale turn is neither compared nor counted. Raises UnknownCall."""
        session = sessions.load(services.database, call)
        if session is None:
            raise UnknownCall(f"no call {call}")
        if session.turn != turn or not isinstance(session.waiting_for, AwaitSecret) or session.claim is None:
            return Turn(session=session, events=(), accepted=False)
        contact = contacts.get(services.database, session.claim.contact)
        right = password_matches(contact.pin_hash if contact else None, digits)
        now = services.clock()
        limits = {f"contact:{session.claim.contact}": WRONG_PER_CONTACT}
        if session.caller.startswith("+"):  # those who withhold their number are not one caller
            limits[f"caller:{session.caller}"] = WRONG_PER_CALLER

        def count(transaction) -> None:
            for subject, most in limits.items():
                if attempts.count_wrong(transaction, subject, now - WINDOW) >= most:
                    raise _Locked
            for subject in limits:
                attempts.record(transaction, subject, right, now)
            if right:
                voice_tries.clear(transaction, session.claim.contact, session.caller)

        try:
            answer = SecretAnswer(turn=turn, matches=right, by=by)
            return take_turn(services, call, answer, reply=reply, also=count)
        except _Locked:
            return take_turn(services, call, SecretAnswer(turn=turn, matches=False, locked=True, by=by), reply=reply)
