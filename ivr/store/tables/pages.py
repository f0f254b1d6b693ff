"""Pages in the hands of callers: the links and codes that open them, and what was begun on one before any call."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from ivr.store.tables.schema import metadata, needed, optional

link_tokens = Table(
    "link_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),
    needed("to_number_on_file", Boolean),
    needed("expires_at", BigInteger),
    needed("wrong_attempts", Integer),
    optional("used_at", BigInteger),
)
Index("ix_link_tokens_call", link_tokens.c.call)

page_bindings = Table(
    "page_bindings",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    needed("call", Text, ForeignKey("calls.call")),
    needed("created_at", BigInteger),
    needed("expires_at", BigInteger),
    Column("veiled", Boolean, nullable=False, server_default=false()),  # joined by a code: draws nothing above level 0
    optional("device", LargeBinary),  # the first binding of this browser, as far as its cookies tell
)
Index("ix_page_bindings_call", page_bindings.c.call)

# Six digits spoken in a call, at most one a call; gone once typed.
page_codes = Table(
    "page_codes",
    metadata,
    Column("call", Text, ForeignKey("calls.call"), primary_key=True),
    needed("code_hash", LargeBinary),
    needed("expires_at", BigInteger),
)
Index("ix_page_codes_code_hash", page_codes.c.code_hash)

# What was begun on the page before any call; `call` is the one that keyed the code.
beginnings = Table(
    "beginnings",
    metadata,
    Column("id", Text, primary_key=True),
    needed("cookie_hash", LargeBinary),
    needed("code_hash", LargeBinary),
    needed("flow", Text),
    needed("chosen", Text),  # JSON array of ivr.flow.inputs.ChosenBefore
    needed("expires_at", BigInteger),
    optional("call", Text, ForeignKey("calls.call")),
    UniqueConstraint("cookie_hash"),
)
Index("ix_beginnings_code_hash", beginnings.c.code_hash)
Index("ix_beginnings_flow_expires_at", beginnings.c.flow, beginnings.c.expires_at)
