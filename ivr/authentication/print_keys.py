"""The keys of voiceprints as the settings write them: 32 random bytes in base64."""

from __future__ import annotations

import base64

from biometrics import Keys


def print_keys(key: str, old: str = "") -> Keys:
    """``key`` seals and opens; ``old``, where there is one, only opens. Raises SealError where one is too short."""
    return Keys(base64.urlsafe_b64decode(key), (base64.urlsafe_b64decode(old),) if old else ())
