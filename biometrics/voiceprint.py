"""Voiceprints: what is kept of a voice, and how it is sealed for storage.

Sealed form: ``b"DVP2"`` + 8 bytes id of the key + 12 bytes nonce + AES-GCM ciphertext and tag. The contact is
associated data, so a print moved to another contact's row does not open. Nothing of the voice can be read, compared or
changed without the key. ``b"DVP1"``, without the id of its key, is opened still and never written.
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
from biometrics.keys import KEY_ID_BYTES, Keys, as_keys, key_id

FORMAT, FORMAT_WITHOUT_KEY_ID = b"DVP2", b"DVP1"
NONCE_BYTES, TAG_BYTES = 12, 16


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
    # The key of exactly 32 bytes is used as it is; a longer secret is hashed to that length.
    return AESGCM(key if len(key) == 32 else hashlib.sha256(key).digest())


def seal(voiceprint: Voiceprint, key: bytes | Keys, contact: str) -> bytes:
    """Encrypt and bind to ``contact``; a key is 32 or more random bytes (fewer: ``SealError``)."""
    sealing = as_keys(key).sealing
    header = {
        "model_sha256": voiceprint.model_sha256,
        "created": voiceprint.created.isoformat(),
        "net_speech_seconds": voiceprint.net_speech_seconds,
        "shape": voiceprint.embeddings.shape,
    }
    plain = json.dumps(header).encode() + b"\n" + voiceprint.embeddings.astype("<f4").tobytes()
    nonce, lead = os.urandom(NONCE_BYTES), FORMAT + key_id(sealing)
    return lead + nonce + _cipher(sealing).encrypt(nonce, plain, lead + contact.encode())


def unseal(sealed: bytes, key: bytes | Keys, contact: str) -> Voiceprint:
    """The voiceprint sealed for ``contact``; ``SealError`` for a wrong key or contact, a changed or foreign blob."""
    lead, candidates = _opening(sealed, as_keys(key))
    nonce, body = sealed[len(lead) : len(lead) + NONCE_BYTES], sealed[len(lead) + NONCE_BYTES :]
    for candidate in candidates:
        try:
            return _read(_cipher(candidate).decrypt(nonce, body, lead + contact.encode()))
        except InvalidTag:
            continue
    raise SealError("the voiceprint does not open: wrong key, another contact's print, or it was changed; enrol again")


def key_id_of(sealed: bytes) -> str:
    """Id, in hex, of the key that a print is sealed with; empty where the print does not say (``DVP1``)."""
    named = sealed.startswith(FORMAT)
    return sealed[len(FORMAT) : len(FORMAT) + KEY_ID_BYTES].hex() if named else ""


def is_sealed_with(sealed: bytes, key: bytes) -> bool:
    """Whether the print says that it is sealed with this key. Nothing is opened."""
    return key_id_of(sealed) == key_id(key).hex()


def reseal(sealed: bytes, keys: Keys, contact: str) -> bytes:
    """The same print sealed with ``keys.sealing``, as it is if it is so already. ``SealError`` where it does not open."""
    return sealed if is_sealed_with(sealed, keys.sealing) else seal(unseal(sealed, keys, contact), keys, contact)


def _opening(sealed: bytes, keys: Keys) -> tuple[bytes, tuple[bytes, ...]]:
    """What stands before the nonce, and the keys that may open the print."""
    for format_, id_bytes in ((FORMAT, KEY_ID_BYTES), (FORMAT_WITHOUT_KEY_ID, 0)):
        lead = sealed[: len(format_) + id_bytes]
        if not sealed.startswith(format_) or len(sealed) < len(lead) + NONCE_BYTES + TAG_BYTES:
            continue
        if not id_bytes:
            return lead, keys.all
        key = keys.with_id(lead[len(format_) :])
        if key is None:
            raise SealError(
                f"the voiceprint does not open: it was sealed with key {lead[len(format_) :].hex()}, which is none of the "
                "keys given; set IVR_VOICEPRINT_KEY_OLD to that key until all prints are resealed"
            )
        return lead, (key,)
    raise SealError("this is not a sealed voiceprint of this format: enrol the contact again")


def _read(plain: bytes) -> Voiceprint:
    header, _, numbers = plain.partition(b"\n")
    facts = json.loads(header)
    embeddings = np.frombuffer(numbers, dtype="<f4").reshape(facts["shape"]).astype(np.float32)
    return Voiceprint(
        embeddings, facts["model_sha256"], datetime.fromisoformat(facts["created"]), facts["net_speech_seconds"]
    )
