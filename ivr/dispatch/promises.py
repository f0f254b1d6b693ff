"""Promised call backs on the desk: who is in line, whose turn it is, who has taken it, what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ivr.calls import Services, take_turn
from ivr.flow.events import AgentRequested
from ivr.flow.inputs import CallBackDeclined
from ivr.store import contacts, promises, requests
from ivr.store.promises import Promise

CLAIM_TIME = timedelta(minutes=30)  # for calling; a claim that nobody ended, after a crash say, is in line again
TRIES = 3  # that reached nobody; then the promise has been kept as well as it can be
LIMIT = 500


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """One promise as an agent sees it. ``contact_name`` is a claim unless ``level`` says otherwise."""

    id: str
    number: str
    contact_name: str | None
    level: int
    reason: str
    waited_seconds: int  # since the caller began to wait
    place: int  # in line, callers on the phone included; 1 = next
    due_at: datetime
    overdue: bool
    tries: int
    agent: str | None  # who has it now


def promised(services: Services) -> list[Promised]:
    """All open promises, those in line first first."""
    now = services.clock()
    live = _waiting_since(services, now)
    drawn = []
    for place, promise in enumerate(promises.open_promises(services.database), start=1):
        contact = contacts.get(services.database, promise.contact) if promise.contact else None
        ahead = sum(queue == promise.queue and since < promise.waiting_since for queue, since in live)
        taken = promise.claimed_until is not None and promise.claimed_until > now
        drawn.append(
            Promised(
                id=promise.id, number=promise.number, contact_name=contact.name if contact else None,
                level=promise.level, reason=promise.reason,
                waited_seconds=max(0, round((now - promise.waiting_since).total_seconds())), place=place + ahead,
                due_at=promise.due_at, overdue=promise.due_at < now, tries=promise.tries,
                agent=promise.agent if taken else None,
            )
        )  # fmt: skip
    return drawn


def _waiting_since(services: Services, now: datetime) -> list[tuple[str, datetime]]:
    """Queue and beginning of all who wait on the phone."""
    found = []
    for request in requests.open_requests(services.database, ("agent_requested",), now, LIMIT):
        asked: AgentRequested = request.body
        found.append((asked.queue, request.due_at - timedelta(seconds=asked.due_seconds)))
    return found


class Promises:
    """What an agent does with a promise. ``changed`` is told that every desk would be drawn differently."""

    def __init__(self, services: Services, changed: Callable[[], None]) -> None:
        self._services = services
        self._changed = changed

    def open(self) -> list[Promised]:
        return promised(self._services)

    def claim(self, id: str, agent: str) -> bool:
        """False: somebody else was faster."""
        now = self._services.clock()
        return self._told(promises.claim(self._services.database, id, agent, now, now + CLAIM_TIME))

    def release(self, id: str, agent: str) -> bool:
        return self._told(promises.release(self._services.database, id, agent, self._services.clock()))

    def keep(self, id: str, agent: str) -> bool:
        return self._told(promises.keep(self._services.database, id, agent, self._services.clock()))

    def not_reached(self, id: str, agent: str) -> bool:
        return self._told(promises.not_reached(self._services.database, id, agent, TRIES, self._services.clock()))

    def cancel(self, id: str, call: str, contact: str | None) -> bool:
        """By the caller: one promised in this ``call``, or to the ``contact`` that has been proven in it."""
        found = promises.promise(self._services.database, id)
        if found is None or not (found.call == call or (contact is not None and found.contact == contact)):
            return False
        now = self._services.clock()
        declined = CallBackDeclined(id=f"declined:{id}", number=found.number)
        turn = take_turn(self._services, call, declined, also=lambda transaction: promises.cancel(transaction, id, now))
        return self._told(turn.accepted)

    def of(self, call: str, contact: str | None) -> list[Promise]:
        """The open ones of this ``call`` and, where a ``contact`` has been proven in it, theirs."""
        db = self._services.database
        found = promises.open_promises_of_call(db, call)
        if contact is not None:
            found += promises.open_promises_of_contact(db, contact)
        return list({one.id: one for one in found}.values())

    def _told(self, moved: bool) -> bool:
        if moved:
            self._changed()
        return moved
