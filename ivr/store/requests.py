"""The work queue: a row for each …Requested event that no fact has answered yet.

Rows come and go inside ``sessions.change``. A worker claims a row under a lease before it acts. What may happen twice
is handed out again once the lease has ended; what must not (``NEVER_TWICE``) is in doubt until somebody finds out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, null, or_, select, update

from ivr.flow.events import AnyEvent, Requested
from ivr.flow.inputs import Fact, Input
from ivr.flow.session import Session, Turn
from ivr.store.codecs import event_from_json, kind_of, to_json
from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, among, as_list, constant, insert_into, limited
from ivr.store.tables import requests

NEVER_TWICE = "message_requested"
# A promised message is sent although the caller has hung up; a live call is moved to the document that ends it.
OUTLIVES_CALL = ("message_requested", "redirect_requested")
# No fact answers these, so no session lists them: they are done once they have been delivered, and dropped.
_WITHOUT_ANSWER = ("redirect_requested", "watch_requested", "challenge_mark_requested")
_MICROSECONDS = 1_000_000


class RequestState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"  # somebody is at it until the lease ends
    SENT = "sent"  # the outside world took it; its fact has not been saved yet


@dataclass(frozen=True)
class Request:
    request: str
    call: str
    kind: str  # tag of the event: message_requested …
    body: AnyEvent
    due_at: datetime
    attempts: int  # claims so far
    state: RequestState
    external_id: str | None  # what the carrier calls it


_free = requests.c.state == constant(RequestState.OPEN)
_lease_ended = requests.c.lease_until <= bindparam("now")
_free_again = _lease_ended & (requests.c.kind != constant(NEVER_TWICE))

_COLUMNS = (
    requests.c.request, requests.c.call, requests.c.kind, requests.c.body, requests.c.due_at, requests.c.attempts,
    requests.c.state, requests.c.external_id,
)  # fmt: skip
_INSERT = insert_into(requests)
_DELETE = Statement(delete(requests).where(requests.c.request == bindparam("request")))
_CLOSE = Statement(
    delete(requests).where(
        requests.c.call == bindparam("call"), *(requests.c.kind != constant(kind) for kind in OUTLIVES_CALL)
    )
)
_OPEN = Statement(
    limited(
        select(*_COLUMNS)
        .where(among(requests.c.kind, "kinds"), requests.c.due_at > bindparam("now"), or_(_free, _free_again))
        .order_by(requests.c.due_at)
    )
)
_OPEN_ABOUT = Statement(
    select(*_COLUMNS)
    .where(
        among(requests.c.kind, "kinds"), among(requests.c.call, "calls"), requests.c.due_at > bindparam("now"),
        or_(_free, _free_again),
    )
    .order_by(requests.c.due_at)
)  # fmt: skip
_CLAIM = Statement(
    update(requests)
    .where(requests.c.request == bindparam("of_request"), or_(_free, _free_again))
    .values(attempts=requests.c.attempts + constant(1), state=constant(RequestState.CLAIMED)),
    "lease_until",
)
_SENT = Statement(
    update(requests)
    .where(requests.c.request == bindparam("of_request"), requests.c.state == constant(RequestState.CLAIMED))
    .values(state=constant(RequestState.SENT)),
    "external_id",
)
_RELEASE = Statement(
    update(requests)
    .where(requests.c.request == bindparam("of_request"), requests.c.state == constant(RequestState.CLAIMED))
    .values(state=constant(RequestState.OPEN), lease_until=null())
)
_OVERDUE = Statement(select(*_COLUMNS).where(requests.c.due_at <= bindparam("now")).order_by(requests.c.due_at))
_IN_DOUBT = Statement(
    select(*_COLUMNS).where(_lease_ended, requests.c.kind == constant(NEVER_TWICE)).order_by(requests.c.due_at)
)
_STILL_OPEN = Statement(select(requests.c.request).where(among(requests.c.request, "requests")))
_OF_CALL = Statement(
    select(*_COLUMNS).where(requests.c.call == bindparam("call")).order_by(requests.c.due_at, requests.c.request)
)


def follow(transaction: Transaction, before: Session, turn: Turn, now: int, input_record: Input | None) -> None:
    """Keeps the queue in step with a turn: what it answered or gave up goes, what it asks for comes."""
    after = turn.session
    ended = after.ended is not None
    gone = set(before.open_requests).difference(after.open_requests)
    if isinstance(input_record, Fact):
        gone.add(input_record.id)
    for request in gone:
        transaction.write(_DELETE, {"request": request})
    for event in turn.events:
        if isinstance(event, Requested):
            kind = kind_of(event)
            answered_already = event.request not in after.open_requests and kind not in _WITHOUT_ANSWER
            if not answered_already and (not ended or kind in OUTLIVES_CALL):
                transaction.write(
                    _INSERT,
                    {"request": event.request, "call": after.call, "kind": kind, "body": to_json(event),
                     "due_at": now + event.due_seconds * _MICROSECONDS, "state": RequestState.OPEN.value,
                     "attempts": 0, "lease_until": None, "external_id": None},
                )  # fmt: skip
    if ended:
        transaction.write(_CLOSE, {"call": after.call})


def open_requests(reader: Reader, kinds: Sequence[str], now: datetime, limit: int) -> list[Request]:
    """What can be claimed and is not overdue, soonest due first."""
    parameters = {"kinds": as_list(kinds), "now": to_microseconds(now), "limit": limit}
    return [_request(row) for row in reader.rows(_OPEN, parameters)]


def open_about(reader: Reader, kinds: Sequence[str], calls: Sequence[str], now: datetime) -> list[Request]:
    """All that can be claimed about these calls and is not overdue, soonest due first."""
    parameters = {"kinds": as_list(kinds), "calls": as_list(calls), "now": to_microseconds(now)}
    return [_request(row) for row in reader.rows(_OPEN_ABOUT, parameters)]


def claim(db: Database, request: str, now: datetime, lease_seconds: float) -> bool:
    """True for one caller only, until the lease ends (for what must not happen twice: for ever)."""
    start = to_microseconds(now)
    parameters = {"of_request": request, "now": start, "lease_until": start + round(lease_seconds * _MICROSECONDS)}
    return write(db, lambda transaction: transaction.write(_CLAIM, parameters)) == 1


def release(db: Database, request: str) -> bool:
    """Opens a claimed request again: the carrier has refused it before doing anything."""
    return write(db, lambda transaction: transaction.write(_RELEASE, {"of_request": request})) == 1


def mark_sent(db: Database, request: str, external_id: str) -> bool:
    """Notes what the carrier calls it, before its fact is saved. False: it is not claimed (any more)."""
    parameters = {"of_request": request, "external_id": external_id}
    return write(db, lambda transaction: transaction.write(_SENT, parameters)) == 1


def overdue(reader: Reader, now: datetime) -> list[Request]:
    """Those the clock answers with TimedOut, claimed or not."""
    return [_request(row) for row in reader.rows(_OVERDUE, {"now": to_microseconds(now)})]


def in_doubt(reader: Reader, now: datetime) -> list[Request]:
    """Claimed or sent ones that must not happen twice and whose lease has ended: find out, do not repeat."""
    return [_request(row) for row in reader.rows(_IN_DOUBT, {"now": to_microseconds(now)})]


def still_open(reader: Reader, requests: Sequence[str]) -> set[str]:
    """Those of them that nobody has answered or given up; one query however many there are."""
    return {request for (request,) in reader.rows(_STILL_OPEN, {"requests": as_list(requests)})}


def requests_of(reader: Reader, call: str) -> list[Request]:
    return [_request(row) for row in reader.rows(_OF_CALL, {"call": call})]


def drop(db: Database, request: str) -> bool:
    """Closes a request whose call no longer listens: a message sent after the call, a session nobody can read."""
    return write(db, lambda transaction: transaction.write(_DELETE, {"request": request})) == 1


def _request(row: tuple) -> Request:
    request, call, kind, body, due_at, attempts, state, external_id = row
    due = from_microseconds(due_at)
    return Request(request, call, kind, event_from_json(body), due, attempts, RequestState(state), external_id)
