"""The keys that open sealed voiceprints: the one that seals, and older ones that still open while prints are resealed.

A key's id is the beginning of a hash of the key, so that a sealed print says which key opens it and nothing else.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from biometrics.errors import BiometricsError, SealError

KEY_VARIABLE, OLD_KEY_VARIABLE = "IVR_VOICEPRINT_KEY", "IVR_VOICEPRINT_KEY_OLD"
KEY_ID_BYTES = 8
SHORTEST_KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """``sealing`` seals and opens; ``opening`` are earlier keys, which only open. ``SealError`` for one too short."""

    sealing: bytes = field(repr=False)
    opening: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        for key in self.all:
            if len(key) < SHORTEST_KEY_BYTES:
                raise SealError(f"the voiceprint key has {len(key)} bytes; it needs at least 32 random ones")

    @property
    def all(self) -> tuple[bytes, ...]:
        return self.sealing, *self.opening

    def with_id(self, id: bytes) -> bytes | None:
        """The key with this id (8 bytes); None: it is not among these."""
        return next((key for key in self.all if key_id(key) == id), None)


def as_keys(key: bytes | Keys) -> Keys:
    return key if isinstance(key, Keys) else Keys(key)


def key_id(key: bytes) -> bytes:
    """8 bytes that name a key without giving it away: the beginning of a hash that nothing else is derived from."""
    return hashlib.sha256(b"duet voiceprint key id\0" + key).digest()[:KEY_ID_BYTES]


def keys_from(environment: Mapping[str, str] = os.environ) -> Keys:
    """From ``IVR_VOICEPRINT_KEY`` and, while keys are changed, ``IVR_VOICEPRINT_KEY_OLD``; texts of 32 or more characters.

    ``BiometricsError`` names the variable and what it should hold.
    """
    return Keys(_text(environment, KEY_VARIABLE), _older(environment))


def _older(environment: Mapping[str, str]) -> tuple[bytes, ...]:
    return (_text(environment, OLD_KEY_VARIABLE),) if environment.get(OLD_KEY_VARIABLE) else ()


def _text(environment: Mapping[str, str], name: str) -> bytes:
    value = environment.get(name, "").encode()
    if len(value) < SHORTEST_KEY_BYTES:
        raise BiometricsError(f"set {name} to a secret of 32 or more random characters")
    return value
