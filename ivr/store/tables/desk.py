"""Agents, who is signed in, and the callers they are brought together with, now or later."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from ivr.store.tables.schema import metadata, needed, optional

agents = Table(
    "agents",
    metadata,
    Column("name", Text, primary_key=True),
    needed("display", Text),
    needed("password_hash", Text),
    needed("address", Text),
    needed("skills", Text),  # JSON array
    needed("state", Text),
    needed("since", BigInteger),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    needed("agent", Text, ForeignKey("agents.name")),
    needed("role", Text),
    needed("csrf", Text),
    needed("expires_at", BigInteger),
)

_LIVE = text("state IN ('offered', 'accepted', 'ringing', 'joined')")
reservations = Table(
    "reservations",
    metadata,
    Column("id", Text, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),
    needed("request", Text),
    needed("agent", Text, ForeignKey("agents.name")),
    needed("room", Text),
    needed("state", Text),
    needed("offered_at", BigInteger),
    optional("seen_at", BigInteger),
    optional("accepted_at", BigInteger),
    optional("leg", Text),  # the carrier's id of the agent's leg
    optional("disposition", Text),
    optional("note", Text),
    optional("finished_at", BigInteger),  # wrapped up
)
# One caller is offered to one agent at a time, one agent is offered one caller at a time.
Index("uq_reservations_live_call", reservations.c.call, unique=True, sqlite_where=_LIVE)
Index("uq_reservations_live_agent", reservations.c.agent, unique=True, sqlite_where=_LIVE)

call_backs = Table(
    "call_backs",
    metadata,
    Column("id", Text, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),  # in which it was promised
    needed("queue", Text),
    needed("number", Text),
    optional("contact", Text),
    needed("level", Integer),
    needed("reason", Text),
    needed("waiting_since", BigInteger),  # the place in line
    needed("promised_at", BigInteger),
    needed("due_at", BigInteger),
    needed("tries", Integer),  # that did not reach the caller
    optional("agent", Text, ForeignKey("agents.name")),  # who has claimed it, or kept it
    optional("claimed_until", BigInteger),
    optional("outcome", Text),
    optional("closed_at", BigInteger),
)
# Who asks again is still promised once, in the earlier place.
Index(
    "uq_call_backs_open", call_backs.c.queue, call_backs.c.number, unique=True, sqlite_where=text("closed_at IS NULL")
)
Index("ix_call_backs_contact", call_backs.c.contact)
