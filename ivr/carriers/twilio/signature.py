"""``X-Twilio-Signature``: who may speak as the carrier.

Source of the formula: Twilio, "Security: validating requests": HMAC-SHA1 under the auth token over the full URL
followed by every form name and value sorted by name, in base64. Our own code because the SDK computes two HMACs for
every request; a test compares every answer with the SDK's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit


def sign(token: bytes, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """Signature over ``url`` and form ``fields``; a repeated value of one name counts once, values sorted."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token, text.encode(), hashlib.sha1)).decode()


def is_signed(token: bytes, url: str, fields: Iterable[tuple[str, str]], signature: str) -> bool:
    """Whether the carrier signed this. The port is tried as given first, then the way the other stack writes it."""
    fields = tuple(fields)
    given = signature.encode()
    return any(hmac.compare_digest(sign(token, form, fields).encode(), given) for form in _spellings(url))


def is_signed_socket(token: bytes, url: str, signature: str) -> bool:
    """As ``is_signed`` for the wss handshake, which may be signed with or without a trailing slash."""
    bare = url.rstrip("/")
    return is_signed(token, bare, (), signature) or is_signed(token, bare + "/", (), signature)


def _spellings(url: str) -> Iterable[str]:
    yield url
    parts = urlsplit(url)
    if parts.port:
        host = parts.netloc.rsplit(":", 1)[0]
    else:
        host = f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"
    yield parts._replace(netloc=host).geturl()
