"""The schema, as the newest migration leaves it. Times are microseconds since 1970 UTC (see ``instants``)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows by itself only where the type is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")


def _optional(name: str, type_: type | BigInteger, *rest: ForeignKey) -> Column:
    return Column(name, type_, *rest, nullable=True)


def _needed(name: str, type_: type | BigInteger, *rest: ForeignKey) -> Column:
    return Column(name, type_, *rest, nullable=False)


calls = Table(
    "calls",
    metadata,
    Column("call", Text, primary_key=True),
    _needed("carrier", Text),
    _needed("carrier_call", Text),
    _needed("format", Integer),
    _needed("revision", Integer),
    _needed("turn", Integer),
    _needed("started_at", BigInteger),
    _optional("ended_at", BigInteger),
    _needed("session", Text),  # JSON of ivr.flow.session.Session; late, so that a revision is read without it
    # The newest reply to an accepted request. Older ones would not be given again: the call has left their turn.
    _optional("reply_key", LargeBinary),
    _optional("reply_turn", Integer),
    _optional("reply", LargeBinary),
    UniqueConstraint("carrier_call"),
)
# On PostgreSQL too the migration makes the indexes with a condition partial; naming it here would import that dialect,
# which is a tenth of the server's start.
Index("ix_calls_open", calls.c.started_at, sqlite_where=text("ended_at IS NULL"))

log = Table(
    "log",
    metadata,
    Column("id", _Serial, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),
    _needed("revision", Integer),
    _needed("turn", Integer),
    _needed("at", BigInteger),
    _optional("input", Text),  # JSON of ivr.flow.inputs.Input
    _needed("events", Text),  # JSON array of ivr.flow.events.AnyEvent
    # PostgreSQL fills in the writing transaction: ids are given before the commit, so a reader that follows the log
    # must stop before rows of transactions that may still be open (`sessions.recent_log`). NULL on SQLite.
    _optional("transaction_id", BigInteger),
    UniqueConstraint("call", "revision"),
    sqlite_autoincrement=True,
)

requests = Table(
    "requests",
    metadata,
    Column("request", Text, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),
    _needed("kind", Text),
    _needed("body", Text),  # JSON of the event that asks
    _needed("due_at", BigInteger),
    _needed("state", Text),
    _needed("attempts", Integer),
    _optional("lease_until", BigInteger),
    _optional("external_id", Text),
)
Index("ix_requests_due_at", requests.c.due_at)
Index("ix_requests_call", requests.c.call)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("customer_number", Text),
    _needed("name", Text),
    _optional("number", Text),
    _optional("pin_hash", Text),
    _needed("language", Text),
    _needed("facts", Text),  # JSON object
    _optional("opted_out_at", BigInteger),
    UniqueConstraint("customer_number"),
)
Index("ix_contacts_number", contacts.c.number)

contact_paces = Table(
    "contact_paces",
    metadata,
    Column("contact", Text, ForeignKey("contacts.id"), primary_key=True),
    _needed("pace", Integer),  # 1, or 3 for a contact who needs more time
    _needed("relay", Boolean),
)

# Kept when the contact is deleted: it is the evidence that a print was made lawfully. It holds no name and no number.
consents = Table(
    "consents",
    metadata,
    Column("id", _Serial, primary_key=True),
    _needed("contact", Text),
    _needed("call", Text),
    _needed("version", Text),
    _needed("wording_sha256", Text),
    _needed("wording", Text),
    _needed("language", Text),
    _needed("given_by", Text),
    _needed("given_at", BigInteger),
    _optional("withdrawn_at", BigInteger),
    UniqueConstraint("id", "contact"),  # what a voiceprint points at
    sqlite_autoincrement=True,
)
Index("ix_consents_contact", consents.c.contact)

voiceprints = Table(
    "voiceprints",
    metadata,
    Column("contact", Text, ForeignKey("contacts.id"), primary_key=True),
    _needed("consent", _Serial),
    _needed("sealed", LargeBinary),
    _needed("model_sha256", Text),
    _needed("created_at", BigInteger),
    _optional("last_used_at", BigInteger),  # of the last ACCEPTED; NULL: never
    # Without a consent of this very contact no print can exist.
    ForeignKeyConstraint(["consent", "contact"], ["consents.id", "consents.contact"]),
)

# The proof that a print was deleted: what, when, why and by whom, without the print. Kept when the contact is deleted.
erasures = Table(
    "erasures",
    metadata,
    Column("id", _Serial, primary_key=True),
    _needed("contact", Text),
    _needed("sealed_sha256", Text),
    _needed("model_sha256", Text),
    _needed("made_at", BigInteger),
    _needed("erased_at", BigInteger),
    _needed("reason", Text),
    _needed("erased_by", Text),  # call:<id>, operator:<name> or clock
    sqlite_autoincrement=True,
)
Index("ix_erasures_contact", erasures.c.contact)

# Who said "never", on file or not: a hash of the customer number or the phone number. Outlives the contact, so that
# neither an import nor a batch enrols them.
voice_refusals = Table(
    "voice_refusals",
    metadata,
    Column("subject", Text, primary_key=True),
    _needed("refused_at", BigInteger),
    _needed("refused_by", Text),
)

secret_attempts = Table(
    "secret_attempts",
    metadata,
    Column("id", _Serial, primary_key=True),
    _needed("subject", Text),  # contact:<id> or caller:<number>
    _needed("matched", Boolean),
    _needed("at", BigInteger),
)
Index("ix_secret_attempts_subject_at", secret_attempts.c.subject, secret_attempts.c.at)

# Of comparisons of voices that were not ACCEPTED, or are under way (`voice_tries.py`).
voice_tries = Table(
    "voice_tries",
    metadata,
    Column("request", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # contact:<id>, caller:<number> or device:<hash>
    _needed("at", BigInteger),
)
Index("ix_voice_tries_subject_at", voice_tries.c.subject, voice_tries.c.at)

# What was heard of a contact, as sealed fingerprints, so that the same recording is known again (`heard.py`).
heard_utterances = Table(
    "heard_utterances",
    metadata,
    Column("id", _Serial, primary_key=True),
    # None outlives its print, however that is deleted.
    _needed("contact", Text, ForeignKey("voiceprints.contact", ondelete="CASCADE")),
    _needed("occasion", Text),
    _needed("sealed", LargeBinary),
    _needed("at", BigInteger),
    sqlite_autoincrement=True,
)
Index("ix_heard_utterances_contact_id", heard_utterances.c.contact, heard_utterances.c.id)

agents = Table(
    "agents",
    metadata,
    Column("name", Text, primary_key=True),
    _needed("display", Text),
    _needed("password_hash", Text),
    _needed("address", Text),
    _needed("skills", Text),  # JSON array
    _needed("state", Text),
    _needed("since", BigInteger),
)

_LIVE = text("state IN ('offered', 'accepted', 'ringing', 'joined')")
reservations = Table(
    "reservations",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),
    _needed("request", Text),
    _needed("agent", Text, ForeignKey("agents.name")),
    _needed("room", Text),
    _needed("state", Text),
    _needed("offered_at", BigInteger),
    _optional("seen_at", BigInteger),
    _optional("accepted_at", BigInteger),
    _optional("leg", Text),  # the carrier's id of the agent's leg
    _optional("disposition", Text),
    _optional("note", Text),
    _optional("finished_at", BigInteger),  # wrapped up
)
# One caller is offered to one agent at a time, one agent is offered one caller at a time.
Index("uq_reservations_live_call", reservations.c.call, unique=True, sqlite_where=_LIVE)
Index("uq_reservations_live_agent", reservations.c.agent, unique=True, sqlite_where=_LIVE)

call_backs = Table(
    "call_backs",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),  # in which it was promised
    _needed("queue", Text),
    _needed("number", Text),
    _optional("contact", Text),
    _needed("level", Integer),
    _needed("reason", Text),
    _needed("waiting_since", BigInteger),  # the place in line
    _needed("promised_at", BigInteger),
    _needed("due_at", BigInteger),
    _needed("tries", Integer),  # that did not reach the caller
    _optional("agent", Text, ForeignKey("agents.name")),  # who has claimed it, or kept it
    _optional("claimed_until", BigInteger),
    _optional("outcome", Text),
    _optional("closed_at", BigInteger),
)
# Who asks again is still promised once, in the earlier place.
Index(
    "uq_call_backs_open", call_backs.c.queue, call_backs.c.number, unique=True, sqlite_where=text("closed_at IS NULL")
)
Index("ix_call_backs_contact", call_backs.c.contact)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _needed("agent", Text, ForeignKey("agents.name")),
    _needed("role", Text),
    _needed("csrf", Text),
    _needed("expires_at", BigInteger),
)

link_tokens = Table(
    "link_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),
    _needed("to_number_on_file", Boolean),
    _needed("expires_at", BigInteger),
    _needed("wrong_attempts", Integer),
    _optional("used_at", BigInteger),
)
Index("ix_link_tokens_call", link_tokens.c.call)

page_bindings = Table(
    "page_bindings",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _needed("call", Text, ForeignKey("calls.call")),
    _needed("created_at", BigInteger),
    _needed("expires_at", BigInteger),
    Column("veiled", Boolean, nullable=False, server_default=false()),  # joined by a code: draws nothing above level 0
    _optional("device", LargeBinary),  # the first binding of this browser, as far as its cookies tell
)
Index("ix_page_bindings_call", page_bindings.c.call)

# Six digits spoken in a call, at most one a call; gone once typed.
page_codes = Table(
    "page_codes",
    metadata,
    Column("call", Text, ForeignKey("calls.call"), primary_key=True),
    _needed("code_hash", LargeBinary),
    _needed("expires_at", BigInteger),
)
Index("ix_page_codes_code_hash", page_codes.c.code_hash)

# What was begun on the page before any call; `call` is the one that keyed the code.
beginnings = Table(
    "beginnings",
    metadata,
    Column("id", Text, primary_key=True),
    _needed("cookie_hash", LargeBinary),
    _needed("code_hash", LargeBinary),
    _needed("flow", Text),
    _needed("chosen", Text),  # JSON array of ivr.flow.inputs.ChosenBefore
    _needed("expires_at", BigInteger),
    _optional("call", Text, ForeignKey("calls.call")),
    UniqueConstraint("cookie_hash"),
)
Index("ix_beginnings_code_hash", beginnings.c.code_hash)
Index("ix_beginnings_flow_expires_at", beginnings.c.flow, beginnings.c.expires_at)

bundles = Table("bundles", metadata, Column("hash", Text, primary_key=True))

bundle_files = Table(
    "bundle_files",
    metadata,
    Column("hash", Text, ForeignKey("bundles.hash"), primary_key=True),
    Column("name", Text, primary_key=True),
    _needed("content", LargeBinary),
)

publications = Table(
    "publications",
    metadata,
    Column("id", _Serial, primary_key=True),
    _needed("flow", Text),
    _needed("hash", Text, ForeignKey("bundles.hash")),
    _needed("at", BigInteger),
    sqlite_autoincrement=True,
)
Index("ix_publications_flow_id", publications.c.flow, publications.c.id)
