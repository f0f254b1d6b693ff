"""Twilio's identifiers: two letters that name the kind, then 32 hexadecimal digits."""

import uuid

CALL, CONFERENCE, QUEUE, STREAM, NUMBER, MESSAGE, RECORDING = "CA", "CF", "QU", "MZ", "PN", "SM", "RE"


def new_sid(kind: str) -> str:
    # Random rather than drawn from the seed: a restarted carrier must never hand out a sid that a server remembers.
    return kind + uuid.uuid4().hex
