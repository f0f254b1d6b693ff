"""What Alembic runs: the migrations, on the connection and in the transaction that ``upgrade`` opened."""

from __future__ import annotations

from alembic import context

from ivr.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
