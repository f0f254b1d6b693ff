"""The voice process's memory of recordings: whether what is heard has been heard before, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from biometrics import Outcome, Utterance, Verdict, Voiceprint
from biometrics.replay import fingerprint, fingerprints, is_replay, seal_fingerprint, unseal_fingerprint
from ivr.authentication.messages import Verify


def guarded(
    verdict: Verdict, asked: Verify, utterance: Utterance, voiceprint: Voiceprint, new: Utterance | None = None
) -> tuple[Verdict, bytes]:
    """The verdict, INCONCLUSIVE ``replay`` where this recording was heard before; and what to remember, sealed.

    ``new``: a part of the utterance that must not be a recording either; in the whole it would stand out less.
    Raises SealError where the memory of this print cannot be read.
    """
    if verdict.score is None:
        return verdict, b""
    heard = fingerprints(utterance)
    memory = [unseal_fingerprint(sealed, voiceprint, asked.contact) for sealed in asked.heard]
    if is_replay(heard, memory) or (new is not None and is_replay(fingerprints(new), memory)):
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason="replay", next_look_seconds=None), b""
    return verdict, seal_fingerprint(heard[0], voiceprint, asked.contact)


def remembered(utterances: Sequence[Utterance], voiceprint: Voiceprint, contact: str) -> tuple[bytes, ...]:
    """What those that a print was made of leave behind."""
    return tuple(seal_fingerprint(fingerprint(each), voiceprint, contact) for each in utterances)
