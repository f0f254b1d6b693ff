"""Connection overrides: settings for one request, written as the fragment of its URL (``#rc=2&rp=5xx``).

Ranges and defaults: docs usage/webhooks/webhooks-connection-overrides. ``sni`` and ``e`` (egress edge) are accepted
and have no effect on one machine.
"""

from dataclasses import dataclass
from urllib.parse import urldefrag

RETRY_POLICIES = frozenset({"4xx", "5xx", "ct", "rt", "all"})
TOTAL_LIMIT_SECONDS = 15.0


@dataclass(frozen=True)
class ConnectionOverrides:
    connect_seconds: float = 5.0
    read_seconds: float = TOTAL_LIMIT_SECONDS
    total_seconds: float = TOTAL_LIMIT_SECONDS
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    def retries_after(self, failure: str) -> bool:
        """Whether the policy covers ``failure``: "ct", "rt", "4xx" or "5xx"."""
        return "all" in self.retry_on or failure in self.retry_on


def split_overrides(url: str) -> tuple[str, ConnectionOverrides]:
    """The URL without its fragment, and what the fragment asks for. Unreadable or out-of-range keys keep defaults."""
    plain, fragment = urldefrag(url)
    asked = dict(pair.partition("=")[::2] for pair in fragment.split("&") if "=" in pair)
    default = ConnectionOverrides()
    policies = frozenset(asked.get("rp", "ct").split(","))
    return plain, ConnectionOverrides(
        connect_seconds=_within(asked.get("ct"), 100, 10_000, default.connect_seconds * 1000) / 1000,
        read_seconds=_within(asked.get("rt"), 100, 15_000, default.read_seconds * 1000) / 1000,
        total_seconds=_within(asked.get("tt"), 100, 15_000, default.total_seconds * 1000) / 1000,
        retries=int(_within(asked.get("rc"), 0, 5, default.retries)),
        retry_on=policies if policies <= RETRY_POLICIES else default.retry_on,
    )


def _within(text: str | None, least: int, most: int, default: float) -> float:
    if text is None or not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        return default
    return int(text)
