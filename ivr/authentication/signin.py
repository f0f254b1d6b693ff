"""Agents signing in to the desk: argon2id, one message for every refusal, a lock after ten wrong tries."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from ivr.authentication.passwords import password_matches
from ivr.calls import Services
from ivr.store import agents, attempts, signins
from ivr.store.agents import Agent

LIFETIME = timedelta(hours=10)
WINDOW = timedelta(minutes=10)
WRONG_AT_MOST = 10
TICKET_LIFETIME = timedelta(minutes=1)
OPS_SKILL = "ops"  # an agent with this skill also sees the ops pages


class SignIns:
    """Cookies are random; the database keeps their hashes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tickets: dict[str, tuple[str, datetime]] = {}

    def sign_in(self, name: str, password: str, now: datetime) -> str | None:
        db = self._services.database
        subject = f"agent:{name[:100]}"
        locked = attempts.count_wrong(db, subject, now - WINDOW) >= WRONG_AT_MOST
        agent = agents.by_name(db, name)
        right = password_matches(agent.password_hash if agent and not locked else None, password)
        if not locked:
            attempts.record_attempt(db, subject, right, now)
        return self._cookie(agent, now) if right else None

    def ticket(self, name: str, now: datetime) -> str:
        """A single-use sign-in for the three-pane page; only ever made in try mode."""
        ticket = secrets.token_urlsafe(32)
        self._tickets = {t: (n, until) for t, (n, until) in self._tickets.items() if until > now}
        self._tickets[ticket] = (name, now + TICKET_LIFETIME)
        return ticket

    def sign_in_by_ticket(self, ticket: str, now: datetime) -> str | None:
        name, until = self._tickets.pop(ticket, ("", now))
        agent = agents.by_name(self._services.database, name) if until > now else None
        return self._cookie(agent, now) if agent else None

    def sign_out(self, cookie: str) -> None:
        signins.sign_out(self._services.database, _hash(cookie))

    def agent_of(self, cookie: str) -> Agent | None:
        found = signins.sign_in(self._services.database, _hash(cookie), self._services.clock())
        return agents.by_name(self._services.database, found.agent) if found else None

    def by_name(self, name: str) -> Agent | None:
        return agents.by_name(self._services.database, name)

    def _cookie(self, agent: Agent, now: datetime) -> str | None:
        cookie = secrets.token_urlsafe(32)
        signed_in = signins.SignIn(_hash(cookie), agent.name, "agent", secrets.token_urlsafe(16), now + LIFETIME)
        return cookie if agents.sign_in(self._services.database, agent, signed_in, now) else None


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
