"""A finished recording: µ-law sound of one leg, served as a wav file."""

import struct
from dataclasses import dataclass, field
from datetime import datetime

from ivr.emulator.identifiers import RECORDING, new_sid
from ivr.emulator.line import BYTES_PER_SECOND

_WAVE_FORMAT_MULAW = 7


@dataclass(frozen=True)
class Recording:
    account_sid: str
    call_sid: str
    sound: bytes
    created_at: datetime
    sid: str = field(default_factory=lambda: new_sid(RECORDING))

    @property
    def seconds(self) -> int:
        return -(-len(self.sound) // BYTES_PER_SECOND)

    @property
    def uri(self) -> str:
        return f"/2010-04-01/Accounts/{self.account_sid}/Recordings/{self.sid}"

    def wav(self) -> bytes:
        """The sound with a RIFF header; wave of the standard library cannot write µ-law."""
        header = struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF",
            36 + len(self.sound),
            b"WAVE",
            b"fmt ",
            16,
            _WAVE_FORMAT_MULAW,
            1,
            BYTES_PER_SECOND,
            BYTES_PER_SECOND,
            1,
            8,
            b"data",
            len(self.sound),
        )
        return header + self.sound
