"""Voiceprints: what is kept of a voice, and how it is sealed for storage.

Sealed form: ``b"DVP1"`` + 12 bytes nonce + AES-GCM ciphertext and tag. The contact is associated data, so a print
moved to another contact's row does not open. Nothing of the voice can be read, compared or changed without the key.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from biometrics.errors import ModelMismatchError, SealError

FORMAT = b"DVP1"
NONCE_BYTES = 12


@dataclass(frozen=True, eq=False)
class Voiceprint:
    """One person's voice according to one model.

    ``embeddings``: float32 (segments, dimension), each row of unit length; never shown in logs. ``created`` is
    aware UTC.
    """

    embeddings: np.ndarray = field(repr=False)
    model_sha256: str
    created: datetime
    net_speech_seconds: float

    def centre(self) -> np.ndarray:
        """The mean direction of the segments: (dimension,), unit length."""
        mean = self.embeddings.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def cosine(self, embedding: np.ndarray, model_sha256: str) -> float:
        """Cosine similarity with a unit embedding of the same model; ``ModelMismatchError`` for another."""
        if model_sha256 != self.model_sha256:
            message = (
                f"this voiceprint was made with model {self.model_sha256[:12]} and cannot be compared with model "
                f"{model_sha256[:12]}: enrol the contact again, or serve with the model of the print"
            )
            raise ModelMismatchError(message)
        return float(np.clip(np.dot(self.centre(), embedding), -1.0, 1.0))


def _cipher(key: bytes) -> AESGCM:
    if len(key) < 32:
        raise SealError(f"the voiceprint key has {len(key)} bytes; it needs at least 32 random ones")
    # The key of exactly 32 bytes is used as it is; a longer secret is hashed to that length.
    return AESGCM(key if len(key) == 32 else hashlib.sha256(key).digest())


def seal(voiceprint: Voiceprint, key: bytes, contact: str) -> bytes:
    """Encrypt and bind to ``contact``; ``key`` is 32 or more random bytes (fewer: ``SealError``)."""
    header = {
        "model_sha256": voiceprint.model_sha256,
        "created": voiceprint.created.isoformat(),
        "net_speech_seconds": voiceprint.net_speech_seconds,
        "shape": voiceprint.embeddings.shape,
    }
    plain = json.dumps(header).encode() + b"\n" + voiceprint.embeddings.astype("<f4").tobytes()
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + _cipher(key).encrypt(nonce, plain, FORMAT + contact.encode())


def unseal(sealed: bytes, key: bytes, contact: str) -> Voiceprint:
    """The voiceprint sealed for ``contact``; ``SealError`` for a wrong key or contact, a changed or foreign blob."""
    if not sealed.startswith(FORMAT) or len(sealed) < len(FORMAT) + NONCE_BYTES + 16:
        raise SealError("this is not a sealed voiceprint of this format: enrol the contact again")
    nonce, body = sealed[len(FORMAT) : len(FORMAT) + NONCE_BYTES], sealed[len(FORMAT) + NONCE_BYTES :]
    try:
        plain = _cipher(key).decrypt(nonce, body, FORMAT + contact.encode())
    except InvalidTag:
        message = "the voiceprint does not open: wrong key, another contact's print, or it was changed; enrol again"
        raise SealError(message) from None
    header, _, numbers = plain.partition(b"\n")
    facts = json.loads(header)
    embeddings = np.frombuffer(numbers, dtype="<f4").reshape(facts["shape"]).astype(np.float32)
    return Voiceprint(
        embeddings, facts["model_sha256"], datetime.fromisoformat(facts["created"]), facts["net_speech_seconds"]
    )
