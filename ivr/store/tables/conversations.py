"""What was said and done: calls, the log of their turns, and the requests that came out of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from ivr.store.tables.schema import Serial, metadata, needed, optional

calls = Table(
    "calls",
    metadata,
    Column("call", Text, primary_key=True),
    needed("carrier", Text),
    needed("carrier_call", Text),
    needed("format", Integer),
    needed("revision", Integer),
    needed("turn", Integer),
    needed("started_at", BigInteger),
    optional("ended_at", BigInteger),
    needed("session", Text),  # JSON of ivr.flow.session.Session; late, so that a revision is read without it
    # The newest reply to an accepted request. Older ones would not be given again: the call has left their turn.
    optional("reply_key", LargeBinary),
    optional("reply_turn", Integer),
    optional("reply", LargeBinary),
    UniqueConstraint("carrier_call"),
)
# On PostgreSQL too the migration makes the indexes with a condition partial; naming it here would import that dialect,
# which is a tenth of the server's start.
Index("ix_calls_open", calls.c.started_at, sqlite_where=text("ended_at IS NULL"))

log = Table(
    "log",
    metadata,
    Column("id", Serial, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),
    needed("revision", Integer),
    needed("turn", Integer),
    needed("at", BigInteger),
    optional("input", Text),  # JSON of ivr.flow.inputs.Input
    needed("events", Text),  # JSON array of ivr.flow.events.AnyEvent
    # PostgreSQL fills in the writing transaction: ids are given before the commit, so a reader that follows the log
    # must stop before rows of transactions that may still be open (`sessions.recent_log`). NULL on SQLite.
    optional("transaction_id", BigInteger),
    UniqueConstraint("call", "revision"),
    sqlite_autoincrement=True,
)

requests = Table(
    "requests",
    metadata,
    Column("request", Text, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),
    needed("kind", Text),
    needed("body", Text),  # JSON of the event that asks
    needed("due_at", BigInteger),
    needed("state", Text),
    needed("attempts", Integer),
    optional("lease_until", BigInteger),
    optional("external_id", Text),
)
Index("ix_requests_due_at", requests.c.due_at)
Index("ix_requests_call", requests.c.call)
