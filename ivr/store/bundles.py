"""Flow bundles, kept for ever under their hash so that a call ends on the flow it began with; and what is published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, select

from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.errors import StoreError
from ivr.store.instants import from_microseconds, to_microseconds
from ivr.store.statements import Statement, insert_into, limited
from ivr.store.tables import bundle_files as files_table
from ivr.store.tables import bundles, publications

_STORE = Statement(lambda insert: insert(bundles).on_conflict_do_nothing().inline(), "hash")
_STORE_FILE = insert_into(files_table)
_KNOWN = Statement(select(bundles.c.hash).where(bundles.c.hash == bindparam("hash")))
_FILES = Statement(
    select(files_table.c.name, files_table.c.content)
    .where(files_table.c.hash == bindparam("hash"))
    .order_by(files_table.c.name)
)
_FILE = Statement(
    select(files_table.c.content).where(
        files_table.c.hash == bindparam("hash"), files_table.c.name == bindparam("name")
    )
)
_PUBLISH = insert_into(publications, "flow", "hash", "at")
_HISTORY = Statement(
    limited(
        select(publications.c.hash, publications.c.at)
        .where(publications.c.flow == bindparam("flow"))
        .order_by(publications.c.id.desc())
    )
)
HISTORY = 1000  # publications looked at
_newest = select(func.max(publications.c.id)).group_by(publications.c.flow)
_PUBLISHED = Statement(select(publications.c.flow, publications.c.hash).where(publications.c.id.in_(_newest)))


def store_bundle(db: Database, hash: str, files: Mapping[str, bytes]) -> bool:
    """False: it is there already, unchanged, since the hash is of the contents."""

    def job(transaction: Transaction) -> bool:
        if transaction.write(_STORE, {"hash": hash}) == 0:
            return False
        for name, content in files.items():
            transaction.write(_STORE_FILE, {"hash": hash, "name": name, "content": content})
        return True

    return write(db, job)


def bundle_files(reader: Reader, hash: str) -> dict[str, bytes] | None:
    """None: no such bundle."""
    files = dict(reader.rows(_FILES, {"hash": hash}))
    return files or ({} if reader.rows(_KNOWN, {"hash": hash}) else None)


def bundle_file(reader: Reader, hash: str, name: str) -> bytes | None:
    rows = reader.rows(_FILE, {"hash": hash, "name": name})
    return bytes(rows[0][0]) if rows else None


def publish(db: Database, flow: str, hash: str, at: datetime) -> None:
    """New calls of this flow play this bundle from now on. Raises StoreError if the bundle was never stored."""
    parameters = {"flow": flow, "hash": hash, "at": to_microseconds(at)}

    def job(transaction: Transaction) -> None:
        if not transaction.rows(_KNOWN, {"hash": hash}):
            raise StoreError(f"bundle {hash} is not in the database, so flow {flow!r} cannot be published from it")
        transaction.write(_PUBLISH, parameters)

    write(db, job)


def published(reader: Reader, flow: str) -> str | None:
    """Hash of the bundle that new calls of this flow play."""
    rows = reader.rows(_HISTORY, {"flow": flow, "limit": 1})
    return rows[0][0] if rows else None


def publications_of(reader: Reader, flow: str, limit: int) -> list[tuple[str, datetime]]:
    """Hash and time, newest first: what can be rolled back to."""
    return [(hash, from_microseconds(at)) for hash, at in reader.rows(_HISTORY, {"flow": flow, "limit": limit})]


def before_present(reader: Reader, flow: str) -> str | None:
    """What a rollback makes live. Each one goes one further back: what was rolled back does not return by itself."""
    line: list[str] = []
    for hash, _at in reversed(publications_of(reader, flow, HISTORY)):
        if hash in line:
            del line[line.index(hash) + 1 :]
        else:
            line.append(hash)
    return line[-2] if len(line) > 1 else None


def rolled_back_from(reader: Reader, flow: str) -> str | None:
    """The bundle that the newest publication took back by an older one; None if that one was new."""
    hashes = [hash for hash, _at in publications_of(reader, flow, HISTORY)]
    return hashes[1] if hashes and hashes[0] in hashes[2:] else None


def published_flows(reader: Reader) -> dict[str, str]:
    """Hash by flow."""
    return dict(reader.rows(_PUBLISHED, {}))
