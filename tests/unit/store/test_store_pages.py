"""Links, bound browsers, sign-ins: tokens that work once, or for a while."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

from ivr.store import agents, pages, sessions, signins
from ivr.store.agents import Agent, AgentState
from ivr.store.database import Database, write
from ivr.store.pages import LinkToken
from ivr.store.signins import SignIn
from tests.unit.store.databases import NOW, a_session, a_turn

SOON, LATE = NOW + timedelta(minutes=5), NOW + timedelta(hours=1)
LINK = LinkToken(b"link" * 8, "call-1", True, SOON)


def begin(db: Database) -> None:
    session = a_session()
    sessions.create_call(db, session, a_turn(session), "twilio", "CA1", NOW)
    pages.add_link(db, LINK)


def bound(db: Database, *link_and_browser) -> str | None:
    return write(db, lambda transaction: pages.bind(transaction, *link_and_browser))


def test_a_link_binds_one_browser_once(db: Database) -> None:
    begin(db)
    assert pages.link(db, LINK.token_hash) == LINK
    assert pages.link(db, b"other") is None
    assert bound(db, LINK.token_hash, b"browser", NOW, LATE) == "call-1"
    assert pages.bound_call(db, b"browser", NOW) == "call-1"
    assert bound(db, LINK.token_hash, b"another", NOW, LATE) is None
    assert pages.bound_call(db, b"another", NOW) is None
    assert pages.link(db, LINK.token_hash).used_at == NOW
    assert pages.bound_call(db, b"browser", LATE) is None


def test_an_expired_or_forged_link_binds_nothing(db: Database) -> None:
    begin(db)
    assert bound(db, LINK.token_hash, b"browser", SOON, LATE) is None
    assert bound(db, b"forged", b"browser", NOW, LATE) is None
    assert pages.bound_call(db, b"browser", NOW) is None


def test_parallel_guesses_at_the_two_digits_do_not_share_an_attempt(db: Database) -> None:
    begin(db)
    start, allowed = threading.Barrier(8), []

    def guess() -> None:
        start.wait()
        if pages.take_attempt(db, LINK.token_hash, at_most=3):
            allowed.append(1)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 3
    assert pages.link(db, LINK.token_hash).wrong_attempts == 3


def test_a_sign_in_lasts_until_it_expires_or_ends(db: Database) -> None:
    agents.add_agent(db, Agent("kim", "Kim", "x", "client:kim"), NOW)
    first, second = (SignIn(token, "kim", "agent", "csrf", LATE) for token in (b"one", b"two"))
    for one in (first, second):
        write(db, partial(signins.add_sign_in, sign_in=one, at=NOW))
    assert signins.sign_in(db, b"one", NOW) == first
    assert signins.sign_in(db, b"one", LATE) is None
    assert signins.sign_in(db, b"three", NOW) is None
    assert signins.sign_out(db, b"one")
    assert signins.sign_in(db, b"one", NOW) is None
    assert signins.sign_in(db, b"two", NOW) == second


def test_a_new_password_ends_every_sign_in_and_offers_no_further_call(db: Database) -> None:
    for name in ("kim", "lee"):
        agents.add_agent(db, Agent(name, name, "x", f"client:{name}"), NOW)
        agents.move_agent(db, name, {AgentState.OFFLINE}, AgentState.AVAILABLE, NOW)
        write(db, partial(signins.add_sign_in, sign_in=SignIn(name.encode(), name, "agent", "csrf", LATE), at=NOW))
    assert agents.change_password(db, "kim", "y", NOW)
    assert signins.sign_in(db, b"kim", NOW) is None and signins.sign_in(db, b"lee", NOW) is not None
    assert (agents.by_name(db, "kim").password_hash, agents.by_name(db, "lee").password_hash) == ("y", "x")
    assert [one.name for one in agents.agents_in(db, AgentState.AVAILABLE)] == ["lee"]
    assert not agents.change_password(db, "nobody", "y", NOW)


def test_expired_sign_ins_are_forgotten_at_the_next_one(db: Database) -> None:
    agents.add_agent(db, Agent("kim", "Kim", "x", "client:kim"), NOW)
    write(db, partial(signins.add_sign_in, sign_in=SignIn(b"old", "kim", "agent", "csrf", SOON), at=NOW))
    write(
        db,
        partial(
            signins.add_sign_in, sign_in=SignIn(b"new", "kim", "agent", "csrf", LATE + timedelta(hours=1)), at=LATE
        ),
    )
    assert not signins.sign_out(db, b"old")
