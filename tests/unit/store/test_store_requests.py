"""The work queue keeps in step with the turns."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from ivr.flow.events import (
    AgentRequested,
    AnyEvent,
    IdentifyRequested,
    MessageRequested,
    RedirectRequested,
    Requested,
    VerificationRequested,
)
from ivr.flow.inputs import Delivery, MessageSettled
from ivr.flow.session import Session, Turn
from ivr.store import requests, sessions
from ivr.store.database import Database, Reader
from ivr.store.requests import RequestState
from tests.unit.store.databases import NOW, a_session, a_turn

ALL = ("message_requested", "verification_requested", "agent_requested", "identify_requested", "redirect_requested")
MESSAGE = MessageRequested(request="m1", due_seconds=30, to=None, text="Your page", to_number_on_file=False)
VERIFY = VerificationRequested(request="v1", due_seconds=10, contact="c1")
REDIRECT = RedirectRequested(request="r1", due_seconds=20, turn=2)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def asking(*events: AnyEvent, ended: str | None = None):
    """A decision that opens these requests as the engine does."""

    def decide(session: Session, reader: Reader) -> Turn:
        opened = tuple(e.request for e in events if isinstance(e, Requested) and not isinstance(e, RedirectRequested))
        after = replace(session, open_requests=(*session.open_requests, *opened), ended=ended)
        return a_turn(after, *events)

    return decide


def begin(db: Database, *events: AnyEvent) -> None:
    session = a_session()
    sessions.create_call(db, session, a_turn(session), "twilio", "CA1", NOW)
    sessions.change(db, "call-1", asking(*events), NOW)


def names(found: list[requests.Request]) -> list[str]:
    return [one.request for one in found]


def test_what_is_requested_becomes_work_until_it_is_due(db: Database) -> None:
    begin(db, MESSAGE, VERIFY)
    first, second = requests.open_requests(db, ALL, NOW, 10)
    assert (first.body, first.kind, first.call, first.attempts) == (VERIFY, "verification_requested", "call-1", 0)
    assert first.due_at == NOW + seconds(10)
    assert second.body == MESSAGE
    assert names(requests.open_requests(db, ["message_requested"], NOW, 10)) == ["m1"]
    assert names(requests.open_requests(db, ALL, NOW, 1)) == ["v1"]
    assert requests.open_requests(db, [], NOW, 10) == []
    assert names(requests.open_about(db, ALL, ["nobody's", first.call], NOW)) == names([first, second])
    assert requests.open_about(db, ALL, ["nobody's"], NOW) == []
    assert names(requests.overdue(db, NOW + seconds(9.999))) == []
    assert names(requests.overdue(db, NOW + seconds(10))) == ["v1"]
    assert names(requests.open_requests(db, ALL, NOW + seconds(10), 10)) == ["m1"]


def test_the_fact_that_answers_a_request_takes_it_off_the_queue(db: Database) -> None:
    begin(db, MESSAGE, VERIFY)
    answer = MessageSettled(id="m1", outcome=Delivery.SENT)
    sessions.change(db, "call-1", lambda s, _: a_turn(s), NOW, input_record=answer)
    assert names(requests.requests_of(db, "call-1")) == ["v1"]


def test_a_request_the_session_has_given_up_is_no_work_any_more(db: Database) -> None:
    begin(db, MESSAGE, VERIFY)
    sessions.change(db, "call-1", lambda s, _: a_turn(replace(s, open_requests=("m1",))), NOW)
    assert names(requests.requests_of(db, "call-1")) == ["m1"]


def test_a_request_answered_in_its_own_turn_never_becomes_work(db: Database) -> None:
    begin(db)
    asked = IdentifyRequested(request="i1", due_seconds=5, by="caller_id", value="+15550123")
    sessions.change(db, "call-1", lambda s, _: a_turn(s, asked, REDIRECT), NOW)
    assert names(requests.requests_of(db, "call-1")) == ["r1"]


def test_when_the_call_ends_only_what_was_promised_still_runs(db: Database) -> None:
    begin(db, MESSAGE, VERIFY, AgentRequested(request="a1", due_seconds=600, queue="service"))
    sessions.change(
        db, "call-1", asking(replace(MESSAGE, request="m2"), replace(VERIFY, request="v2"), REDIRECT, ended="bye"), NOW
    )
    assert sorted(names(requests.requests_of(db, "call-1"))) == ["m1", "m2", "r1"]
    assert requests.drop(db, "m1")
    assert not requests.drop(db, "m1")
    assert sorted(names(requests.requests_of(db, "call-1"))) == ["m2", "r1"]


def test_one_claim_wins_until_its_lease_ends(db: Database) -> None:
    begin(db, VERIFY)
    assert requests.claim(db, "v1", NOW, 3)
    assert not requests.claim(db, "v1", NOW + seconds(2.9), 3)
    assert requests.open_requests(db, ALL, NOW + seconds(2.9), 10) == []
    again = requests.open_requests(db, ALL, NOW + seconds(3), 10)
    assert [(one.request, one.attempts, one.state) for one in again] == [("v1", 1, RequestState.CLAIMED)]
    assert requests.claim(db, "v1", NOW + seconds(3), 3)
    assert not requests.claim(db, "unknown", NOW, 3)


def test_a_message_is_claimed_once_and_then_in_doubt(db: Database) -> None:
    begin(db, MESSAGE)
    assert requests.claim(db, "m1", NOW, 3)
    assert requests.in_doubt(db, NOW + seconds(2)) == []
    later = NOW + seconds(3)
    assert not requests.claim(db, "m1", later, 3)
    assert requests.open_requests(db, ALL, later, 10) == []
    assert [(one.request, one.external_id) for one in requests.in_doubt(db, later)] == [("m1", None)]
    assert requests.mark_sent(db, "m1", "SM123")
    assert [(one.state, one.external_id) for one in requests.in_doubt(db, later)] == [(RequestState.SENT, "SM123")]
    assert not requests.claim(db, "m1", later, 3)


def test_a_message_that_was_certainly_not_sent_may_be_tried_again(db: Database) -> None:
    begin(db, MESSAGE)
    assert not requests.release(db, "m1")
    assert requests.claim(db, "m1", NOW, 3)
    assert requests.release(db, "m1")
    assert [one.attempts for one in requests.open_requests(db, ALL, NOW, 10)] == [1]
    assert requests.claim(db, "m1", NOW, 3)
    assert requests.mark_sent(db, "m1", "SM1")
    assert not requests.release(db, "m1")


def test_what_was_never_claimed_cannot_be_marked_as_sent(db: Database) -> None:
    begin(db, MESSAGE)
    assert not requests.mark_sent(db, "m1", "SM1")
