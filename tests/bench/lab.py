"""What every bench is given: keys, a directory of its own, forms as Twilio posts them, and their signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import socket
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).parent
FLOWS = HERE / "flows"
ROOT = HERE.parents[1]
FLOW = "bench"
ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "a-token-of-the-bench"
LINE = "+15005550006"
KEY = base64.urlsafe_b64encode(bytes(32)).decode()
_ACTION = re.compile(rb'<Gather [^>]*action="([^"]+)"')


def environment(directory: Path, port: int, api_base: str, model: str = "ecapa-telephone") -> dict[str, str]:
    """IVR_* of a server on ``port`` with its database in ``directory``."""
    return {
        **os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(ROOT),
        "IVR_PUBLIC_URL": f"http://127.0.0.1:{port}", "IVR_DATABASE_URL": f"sqlite:///{directory / 'duet.db'}",
        "BENCH_DATABASE_URL": f"sqlite:///{directory / 'handwritten.db'}", "IVR_FLOWS": str(FLOWS),
        "IVR_TWILIO_ACCOUNT_SID": ACCOUNT, "IVR_TWILIO_AUTH_TOKEN": TOKEN, "IVR_TWILIO_API_BASE": api_base,
        "IVR_TWILIO_NUMBER": LINE, "IVR_SECRET_KEY": KEY, "IVR_VOICEPRINT_KEY": KEY, "IVR_SPEAKER_MODEL": model,
        "IVR_RECEIPTS": str(directory / "receipts.jsonl"),
    }  # fmt: skip


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def new_call_sid() -> str:
    return "CA" + secrets.token_hex(16)


def form(call_sid: str, caller: str = "+447700900123", **more: str) -> dict[str, str]:
    """The parameters Twilio sends with every voice request."""
    return {
        "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallSid": call_sid, "CallStatus": "in-progress",
        "CallToken": "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9%22%7D", "Called": LINE,
        "CalledCity": "", "CalledCountry": "US", "CalledState": "", "CalledZip": "", "Caller": caller,
        "CallerCity": "", "CallerCountry": "GB", "CallerState": "", "CallerZip": "", "Direction": "inbound",
        "From": caller, "FromCity": "", "FromCountry": "GB", "FromState": "", "FromZip": "", "To": LINE, "ToCity": "",
        "ToCountry": "US", "ToState": "", "ToZip": "", **more,
    }  # fmt: skip


def keys(call_sid: str, digits: str, caller: str = "+447700900123") -> dict[str, str]:
    return form(call_sid, caller, Digits=digits, FinishedOnKey="", msg="Gather")


def sign(url: str, fields: Mapping[str, str]) -> str:
    """X-Twilio-Signature, written here again so that no side's own code is in the measuring."""
    text = url + "".join(name + value for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), hashlib.sha1)).decode()


def encoded(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields).encode()


def action_of(document: bytes, base: str = "") -> str:
    """Where a document's Gather posts its answer, ``base`` before a relative one. Raises ValueError if it has none."""
    found = _ACTION.search(document)
    if found is None:
        raise ValueError(f"no <Gather> in {document[:500]!r}")
    address = unescape(found.group(1).decode())
    return address if address.startswith("http") else base + address
