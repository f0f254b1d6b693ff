"""What callers would be told: the whole decision, looking as speech arrives, at the thresholds learnt on other speakers."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.calibrating import verdict_rates
from biometrics.calibration import OperatingPoint
from biometrics.corpus import Speaker
from biometrics.likelihood import speech_snr_db
from biometrics.report.embeddings import RememberingEncoder
from biometrics.report.heard import Caller
from biometrics.trials import HeardCall, HeardSpeaker, score

CALLS_EACH = 2
SHORTEST_CALL_SECONDS = 3.0  # of a caller who has no more; whole calls last as long as the budget

Track = Callable[[list, str], Iterable]
Figures = dict[str, Any]


def decisions(encoder: RememberingEncoder, point: OperatingPoint, heard: list[Caller], track: Track) -> list[Figures]:
    """For each corpus the rates of verdicts with their intervals, and the share of owners ACCEPTED by seconds of speech."""
    looks = point.calibration.looks_seconds
    found = []
    for caller in track(heard, f"{encoder.name}: calls"):
        enrolled = np.stack([encoder.embed(each, TELEPHONE_RATE_HZ) for each in caller.enrolment])
        calls = tuple(_looked_at(encoder, call, looks) for call in _calls(caller.test, looks[-1]))
        found.append(HeardSpeaker(Speaker(caller.corpus, caller.name, ()), enrolled, calls))
        encoder.save()
    trials = score(found)
    told = []
    for corpus in sorted(set(trials.group)):
        rows, curve = verdict_rates(trials.where(trials.group == corpus), point.calibration, point.accept_llrs)
        told.append(
            {
                "model": encoder.name,
                "corpus": corpus,
                "target_far": point.target_far,
                "budget_seconds": looks[-1],
                "rates": asdict(next(row for row in rows if row.group == corpus)),
                "speech_used": [asdict(each) for each in curve],
            }
        )
    return told


def _calls(speech: np.ndarray, budget_seconds: float) -> list[np.ndarray]:
    """Calls that share no audio: as long as the budget while there is speech for it, or one shorter one."""
    length = int(budget_seconds * TELEPHONE_RATE_HZ)
    whole = min(len(speech) // length, CALLS_EACH)
    if whole:
        return [speech[at * length : (at + 1) * length] for at in range(whole)]
    return [speech] if len(speech) >= SHORTEST_CALL_SECONDS * TELEPHONE_RATE_HZ else []


def _looked_at(encoder: RememberingEncoder, speech: np.ndarray, looks_seconds: tuple[float, ...]) -> HeardCall:
    reached = [look for look in looks_seconds if len(speech) >= int(look * TELEPHONE_RATE_HZ)]
    parts = [speech[: int(look * TELEPHONE_RATE_HZ)] for look in reached]
    embeddings = np.array([encoder.embed(part, TELEPHONE_RATE_HZ) for part in parts], dtype=np.float32)
    return HeardCall(False, np.array(reached), np.array([speech_snr_db(part) for part in parts]), embeddings)
