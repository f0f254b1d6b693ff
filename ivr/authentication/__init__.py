"""Audio → biometrics → verdict → take_turn; secrets compared at the doorway."""

from ivr.authentication.secret import Secrets

__all__ = ["Secrets"]
