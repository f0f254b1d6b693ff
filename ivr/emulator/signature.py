"""How Twilio signs what it requests (docs: usage/security, "Validating requests")."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"


def signed_url(url: str) -> str:
    """The URL as it enters the signature: no fragment, no user info, and over https no port.

    Voice webhooks keep an explicit port over http and drop it over https.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme in ("https", "wss"):
        host = _without_port(host)
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def sign(url: str, parameters: Iterable[tuple[str, str]], auth_token: str) -> str:
    """Base64 of HMAC-SHA1 over the URL followed by every form name and value, sorted by name.

    A name that occurs more than once contributes each distinct value once, sorted. A GET has no parameters here: its
    query is part of ``url``. ``url`` is taken as it is; see ``signed_url``.
    """
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _without_port(host: str) -> str:
    if host.endswith("]"):
        return host
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
