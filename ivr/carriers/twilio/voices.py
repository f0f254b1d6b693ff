"""The languages in which Twilio's ``<Say>`` speaks on every account, without a voice being bought or chosen.

Source: Twilio, "TwiML Voice: <Say>", the values of ``language`` for its own voice.
"""

from __future__ import annotations

SPOKEN = frozenset({
    "ca-ES", "da-DK", "de-DE", "en-AU", "en-CA", "en-GB", "en-IN", "en-US", "es-ES", "es-MX", "fi-FI", "fr-CA", "fr-FR",
    "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW",
})  # fmt: skip


def has_voice(language: str) -> bool:
    """``language`` as BCP 47."""
    return language in SPOKEN
