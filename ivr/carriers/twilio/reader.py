"""Twilio's webhook parameters in our words."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.carriers.base import Ringing

LONGEST = 200  # characters of a number or id; anything longer is not one


def read(form: Mapping[str, str]) -> Ringing:
    """Missing parameters become empty strings: only the signature decides who may ask."""
    return Ringing(
        carrier_call=form.get("CallSid", "")[:LONGEST],
        account=form.get("AccountSid", "")[:LONGEST],
        caller=form.get("From", "")[:LONGEST],
        line=form.get("To", "")[:LONGEST],
        status=form.get("CallStatus", ""),
        digits=form.get("Digits") or None,
        speech=form.get("SpeechResult") or None,
        confidence=_share(form.get("Confidence")),
        error=form.get("ErrorCode"),
    )


def _share(text: str | None) -> float | None:
    """``Confidence`` is documented as 0–1 and as possibly missing."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
