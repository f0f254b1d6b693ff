"""The caller's page: links sent out, and browsers bound to a call. Only hashes of tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select, update

from ivr.store.database import Database, Reader, Transaction, write
from ivr.store.instants import from_microseconds, maybe_from_microseconds, to_microseconds
from ivr.store.statements import Statement, constant, insert_into
from ivr.store.tables import link_tokens, page_bindings


@dataclass(frozen=True)
class LinkToken:
    token_hash: bytes = field(repr=False)
    call: str
    to_number_on_file: bool
    expires_at: datetime
    wrong_attempts: int = 0  # at the two spoken digits
    used_at: datetime | None = None


_ADD_LINK = insert_into(link_tokens)
_LINK = Statement(select(link_tokens).where(link_tokens.c.token_hash == bindparam("token_hash")))
_WRONG = Statement(
    update(link_tokens)
    .where(
        link_tokens.c.token_hash == bindparam("of_token"),
        link_tokens.c.used_at.is_(None),
        link_tokens.c.wrong_attempts < bindparam("at_most"),
    )
    .values(wrong_attempts=link_tokens.c.wrong_attempts + constant(1))
)
_USE = Statement(
    update(link_tokens).where(
        link_tokens.c.token_hash == bindparam("of_token"),
        link_tokens.c.used_at.is_(None),
        link_tokens.c.expires_at > bindparam("now"),
    ),
    "used_at",
)
_BIND = insert_into(page_bindings)
_BINDING = Statement(
    select(page_bindings.c.call, page_bindings.c.veiled).where(
        page_bindings.c.token_hash == bindparam("token_hash"), page_bindings.c.expires_at > bindparam("now")
    )
)

_DEVICE = Statement(select(page_bindings.c.device).where(page_bindings.c.token_hash == bindparam("token_hash")))


def add_link(db: Database, link: LinkToken) -> None:
    row = {
        "token_hash": link.token_hash, "call": link.call, "to_number_on_file": link.to_number_on_file,
        "expires_at": to_microseconds(link.expires_at), "wrong_attempts": 0, "used_at": None,
    }  # fmt: skip
    write(db, lambda transaction: transaction.write(_ADD_LINK, row))


def link(reader: Reader, token_hash: bytes) -> LinkToken | None:
    """Used and expired ones too: the page tells them apart."""
    rows = reader.rows(_LINK, {"token_hash": token_hash})
    if not rows:
        return None
    token, call, on_file, expires_at, wrong_attempts, used_at = rows[0]
    return LinkToken(
        token, call, bool(on_file), from_microseconds(expires_at), wrong_attempts, maybe_from_microseconds(used_at)
    )


def take_attempt(db: Database, token_hash: bytes, at_most: int) -> bool:
    """Counts a try at the two digits *before* they are compared, so that parallel guesses cannot share one.

    False: ``at_most`` tries are spent, or the link has been used.
    """
    parameters = {"of_token": token_hash, "at_most": at_most}
    return write(db, lambda transaction: transaction.write(_WRONG, parameters)) == 1


def bind(
    transaction: Transaction, token_hash: bytes, binding_hash: bytes, at: datetime, expires_at: datetime,
    veiled: bool = False, earlier_hash: bytes | None = None,
) -> str | None:  # fmt: skip
    """Uses the link, once, and binds the browser that holds ``binding_hash``'s token to the link's call.

    Returns the call; None: the link is unknown, used or expired.
    """
    now = to_microseconds(at)
    if transaction.write(_USE, {"of_token": token_hash, "now": now, "used_at": now}) == 0:
        return None
    call = transaction.rows(_LINK, {"token_hash": token_hash})[0][1]
    bind_browser(transaction, call, binding_hash, at, expires_at, veiled, earlier_hash)
    return call


def bind_browser(
    transaction: Transaction, call: str, binding_hash: bytes, at: datetime, expires_at: datetime, veiled: bool,
    earlier_hash: bytes | None = None,
) -> None:  # fmt: skip
    """Binds a browser that came without a link. ``earlier_hash``: of the token that it held until now, if any."""
    now, until = to_microseconds(at), to_microseconds(expires_at)
    earlier = transaction.rows(_DEVICE, {"token_hash": earlier_hash}) if earlier_hash else []
    device = next((device for (device,) in earlier if device), binding_hash)
    transaction.write(
        _BIND,
        {"token_hash": binding_hash, "call": call, "created_at": now, "expires_at": until, "veiled": veiled,
         "device": device},
    )  # fmt: skip


@dataclass(frozen=True)
class Binding:
    call: str
    veiled: bool  # joined by a code: draws nothing above level 0


def binding(reader: Reader, binding_hash: bytes, now: datetime) -> Binding | None:
    rows = reader.rows(_BINDING, {"token_hash": binding_hash, "now": to_microseconds(now)})
    return Binding(rows[0][0], bool(rows[0][1])) if rows else None


def bound_call(reader: Reader, binding_hash: bytes, now: datetime) -> str | None:
    found = binding(reader, binding_hash, now)
    return found.call if found else None
