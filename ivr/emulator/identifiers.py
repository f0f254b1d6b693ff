"""Twilio's identifiers: two letters that name the kind, then 32 hexadecimal digits."""

import re
import uuid

CALL, CONFERENCE, QUEUE, STREAM, NUMBER, MESSAGE, RECORDING = "CA", "CF", "QU", "MZ", "PN", "SM", "RE"
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


def new_sid(kind: str) -> str:
    # Random rather than drawn from the seed: a restarted carrier must never hand out a sid that a server remembers.
    return kind + uuid.uuid4().hex


def is_sid(text: str, kind: str) -> bool:
    return bool(_SID.fullmatch(text)) and text.startswith(kind)
