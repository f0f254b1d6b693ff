"""One frozen settings object, read from IVR_* once."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ivr.errors import SettingsError

VAR = Path("var")
KEY_BYTES = 32


@dataclass(frozen=True)
class Settings:
    """Secrets are kept out of ``repr``, so that no log line can show them by accident."""

    public_url: str
    database_url: str
    flows: Path
    account_sid: str
    auth_token: str = field(repr=False)
    secret_key: bytes = field(repr=False)
    voiceprint_key: str = field(repr=False)  # base64, handed to the voice process only
    voiceprint_key_old: str = field(default="", repr=False)  # still opens prints, while they are resealed
    number: str = ""
    api_base: str | None = None
    speaker_model: str = ""
    speaker_accelerator: bool = True
    person_number: str | None = None
    metrics_token: str | None = field(default=None, repr=False)
    receipts: Path = VAR / "receipts.jsonl"  # what the voice process decided
    receipt_key: str = field(default="", repr=False)  # base64; empty: a chain without a key
    log: str = "text"
    try_mode: bool = False
    emulator_url: str | None = None


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingsError, which names the variable and what it should hold."""

    def text(name: str, default: str | None = None) -> str:
        value = environment.get(name, default)
        if not value:
            raise SettingsError(f"{name} is not set; README.md, 'Settings', says what it should hold")
        return value

    public_url = text("IVR_PUBLIC_URL").rstrip("/")
    if urlsplit(public_url).scheme not in ("http", "https") or not urlsplit(public_url).netloc:
        raise SettingsError(f"IVR_PUBLIC_URL is {public_url!r}; it should be https://your.host, as Twilio reaches it")
    log = environment.get("IVR_LOG", "text")
    if log not in ("json", "text"):
        raise SettingsError(f"IVR_LOG is {log!r}; it should be 'json' or 'text'")
    old = environment.get("IVR_VOICEPRINT_KEY_OLD", "")
    return Settings(
        public_url=public_url,
        database_url=environment.get("IVR_DATABASE_URL") or f"sqlite:///{VAR / 'duet.db'}",
        flows=Path(environment.get("IVR_FLOWS") or "flows"),
        account_sid=text("IVR_TWILIO_ACCOUNT_SID"),
        auth_token=text("IVR_TWILIO_AUTH_TOKEN"),
        secret_key=_key("IVR_SECRET_KEY", text("IVR_SECRET_KEY")),
        voiceprint_key=_checked_key("IVR_VOICEPRINT_KEY", text("IVR_VOICEPRINT_KEY")),
        voiceprint_key_old=_checked_key("IVR_VOICEPRINT_KEY_OLD", old) if old else "",
        number=environment.get("IVR_TWILIO_NUMBER", ""),
        api_base=environment.get("IVR_TWILIO_API_BASE") or None,
        speaker_model=environment.get("IVR_SPEAKER_MODEL", ""),
        speaker_accelerator=environment.get("IVR_SPEAKER_ACCELERATOR") != "0",
        person_number=environment.get("IVR_PERSON_NUMBER") or None,
        metrics_token=environment.get("IVR_METRICS_TOKEN") or None,
        receipts=Path(environment.get("IVR_RECEIPTS") or VAR / "receipts.jsonl"),
        receipt_key=_checked_key("IVR_RECEIPT_KEY", key) if (key := environment.get("IVR_RECEIPT_KEY")) else "",
        log=log,
        try_mode=environment.get("IVR_TRY") == "1",
        emulator_url=environment.get("IVR_EMULATOR_URL") or None,
    )


def new_key() -> str:
    """A fresh random key in the form IVR_SECRET_KEY and IVR_VOICEPRINT_KEY take."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key(name: str, value: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(value)
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise SettingsError(f"{name} should be {KEY_BYTES} random bytes in base64; 'ivr key' makes one")
    return key


def _checked_key(name: str, value: str) -> str:
    _key(name, value)
    return value
