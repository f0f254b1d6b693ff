"""The schema, as the newest migration leaves it. Times are microseconds since 1970 UTC (see ``instants``).

One module for each area; all of them are imported here, so that whoever has ``metadata`` has every table.
"""

from __future__ import annotations

from ivr.store.tables.conversations import calls, log, requests
from ivr.store.tables.desk import agents, call_backs, reservations, sign_ins
from ivr.store.tables.pages import beginnings, link_tokens, page_bindings, page_codes
from ivr.store.tables.people import contact_paces, contacts, secret_attempts
from ivr.store.tables.publishing import bundle_files, bundles, publications
from ivr.store.tables.schema import metadata
from ivr.store.tables.voices import consents, erasures, heard_utterances, voice_refusals, voice_tries, voiceprints

__all__ = [
    "agents", "beginnings", "bundle_files", "bundles", "call_backs", "calls", "consents", "contact_paces", "contacts",
    "erasures", "heard_utterances", "link_tokens", "log", "metadata", "page_bindings", "page_codes", "publications",
    "requests", "reservations", "secret_attempts", "sign_ins", "voice_refusals", "voice_tries", "voiceprints",
]  # fmt: skip
