"""Who may come in, and what is remembered of a request: signatures checked, replies sealed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.carriers.twilio.signature import is_signed, is_signed_socket

LONGEST_BODY = 64 * 1024  # bytes
NONCE = 12  # bytes, as AES-GCM recommends (NIST SP 800-38D)


@dataclass(frozen=True, eq=False)
class Doorkeeper:
    """The carrier's signature and the sealing of replies."""

    public_url: str
    auth_token: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reply_key", hmac.digest(self.secret, b"duet reply keys", hashlib.sha256))
        object.__setattr__(self, "_seal", AESGCM(hmac.digest(self.secret, b"duet replies", hashlib.sha256)))

    def admits(self, path_and_query: str, fields: Iterable[tuple[str, str]], signature: str, settings: str) -> bool:
        """Whether the carrier signed this request for our public URL.

        ``settings``: X-Twilio-Webhooks-Signature-Settings; another key than the auth token is not configured, so such
        a request fails closed.
        """
        if settings or not signature:
            return False
        return is_signed(self.auth_token, self.public_url + path_and_query, fields, signature)

    def admits_socket(self, path: str, signature: str) -> bool:
        return bool(signature) and is_signed_socket(
            self.auth_token, "ws" + self.public_url.removeprefix("http") + path, signature
        )

    def reply_key(self, call: str, path_and_query: str, fields: Iterable[tuple[str, str]], token: str) -> bytes:
        """Under which the reply to this very request is remembered."""
        request = msgspec.json.encode((call, path_and_query, token, sorted(fields)))  # no two requests look alike in it
        return hmac.digest(self._reply_key, request, hashlib.sha256)

    def seal(self, key: bytes, reply: str) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._seal.encrypt(nonce, reply.encode(), key)

    def unseal(self, key: bytes, sealed: bytes) -> str | None:
        """None if it was tampered with or sealed under another key: then the present is drawn."""
        try:
            return self._seal.decrypt(sealed[:NONCE], sealed[NONCE:], key).decode()
        except (InvalidTag, ValueError):
            return None
