"""The schema of release 0.1."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CURRENT_TRANSACTION = sa.text("CAST(CAST(pg_current_xact_id() AS text) AS bigint)")


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("skills", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_agents"),
    )
    op.create_table(
        "bundles", sa.Column("hash", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("hash", name="pk_bundles")
    )
    op.create_table(
        "calls",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("carrier_call", sa.Text(), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("session", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call", name="pk_calls"),
        sa.UniqueConstraint("carrier_call", name="uq_calls_carrier_call"),
    )
    op.create_index(
        "ix_calls_open",
        "calls",
        ["started_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("wording_sha256", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.UniqueConstraint("id", "contact", name="uq_consents_id_contact"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consents_contact", "consents", ["contact"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("opted_out_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("customer_number", name="uq_contacts_customer_number"),
    )
    op.create_index("ix_contacts_number", "contacts", ["number"], unique=False)
    op.create_table(
        "secret_attempts",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secret_attempts"),
    )
    op.create_index("ix_secret_attempts_subject_at", "secret_attempts", ["subject", "at"], unique=False)
    op.create_table(
        "bundle_files",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["bundles.hash"], name="fk_bundle_files_hash"),
        sa.PrimaryKeyConstraint("hash", "name", name="pk_bundle_files"),
    )
    op.create_table(
        "link_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("to_number_on_file", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("wrong_attempts", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_link_tokens_call"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_link_tokens"),
    )
    op.create_index("ix_link_tokens_call", "link_tokens", ["call"], unique=False)
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "log",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("input", sa.Text(), nullable=True),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column(
            "transaction_id", sa.BigInteger(), nullable=True, server_default=CURRENT_TRANSACTION if postgresql else None
        ),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_log_call"),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
        sa.UniqueConstraint("call", "revision", name="uq_log_call_revision"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "page_bindings",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_page_bindings_call"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_page_bindings"),
    )
    op.create_index("ix_page_bindings_call", "page_bindings", ["call"], unique=False)
    op.create_table(
        "publications",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["bundles.hash"], name="fk_publications_hash"),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_publications_flow_id", "publications", ["flow", "id"], unique=False)
    op.create_table(
        "replies",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_replies_call"),
        sa.PrimaryKeyConstraint("key", name="pk_replies"),
    )
    op.create_index("ix_replies_call", "replies", ["call"], unique=False)
    op.create_table(
        "requests",
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_requests_call"),
        sa.PrimaryKeyConstraint("request", name="pk_requests"),
    )
    op.create_index("ix_requests_call", "requests", ["call"], unique=False)
    op.create_index("ix_requests_due_at", "requests", ["due_at"], unique=False)
    op.create_table(
        "reservations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("leg", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agent"], ["agents.name"], name="fk_reservations_agent"),
        sa.ForeignKeyConstraint(["call"], ["calls.call"], name="fk_reservations_call"),
        sa.PrimaryKeyConstraint("id", name="pk_reservations"),
    )
    op.create_index(
        "uq_reservations_live_agent",
        "reservations",
        ["agent"],
        unique=True,
        sqlite_where=sa.text("state IN ('offered', 'accepted', 'ringing', 'joined')"),
        postgresql_where=sa.text("state IN ('offered', 'accepted', 'ringing', 'joined')"),
    )
    op.create_index(
        "uq_reservations_live_call",
        "reservations",
        ["call"],
        unique=True,
        sqlite_where=sa.text("state IN ('offered', 'accepted', 'ringing', 'joined')"),
        postgresql_where=sa.text("state IN ('offered', 'accepted', 'ringing', 'joined')"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent"], ["agents.name"], name="fk_sign_ins_agent"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_ins"),
    )
    op.create_table(
        "voiceprints",
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("consent", SERIAL, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("model_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent", "contact"], ["consents.id", "consents.contact"], name="fk_voiceprints_consent"
        ),
        sa.ForeignKeyConstraint(["contact"], ["contacts.id"], name="fk_voiceprints_contact"),
        sa.PrimaryKeyConstraint("contact", name="pk_voiceprints"),
    )
