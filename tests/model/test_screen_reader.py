"""A screen reader talks in the room while a caller's voice is compared: the check passes or says INCONCLUSIVE."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from biometrics import Outcome, Utterance, encode_ulaw, enrol, verify

SAMPLES = Path(__file__).parents[2] / "samples" / "espeak-ng-en-us"
AT_ARMS_LENGTH_DB = -20.0  # below the voice of somebody who speaks into a handset; it never pauses: the worst case
LOUD_DB = -10.0
AS_NEAR_AS_THE_MOUTH_DB = -5.0
PAUSE = np.zeros(4000)


@pytest.fixture(scope="module")
def reader() -> np.ndarray:
    """espeak-ng, the voice of many screen readers, 8 kHz."""
    sounds = [soundfile.read(path) for path in sorted(SAMPLES.glob("*.wav"))]
    assert sounds and all(rate == 8000 for _, rate in sounds)
    return np.concatenate([samples for samples, _ in sounds])


@pytest.fixture
def prints(encoder, callers):
    made = ((caller.speaker, enrol(encoder, caller.enrolment).voiceprint) for caller in callers)
    return {speaker: voiceprint for speaker, voiceprint in made if voiceprint}


def heard(*sounds: np.ndarray) -> Utterance:
    utterance = Utterance()
    utterance.feed(encode_ulaw(np.sum(sounds, axis=0)))
    return utterance


def in_the_room(reader: np.ndarray, speech: np.ndarray, decibels: float) -> np.ndarray:
    talking = np.resize(reader, len(speech))
    return talking * np.sqrt(np.mean(speech**2) / np.mean(talking**2)) * 10 ** (decibels / 20)


def test_owners_are_not_rejected_and_impostors_are_not_let_in(encoder, callers, prints, point, reader, capsys) -> None:
    counts = {name: Counter() for name in ("owner", "impostor", "impostor, loud reader")}
    for index, caller in enumerate(callers):
        speech = caller.tests[0].speech()
        quiet = heard(speech, in_the_room(reader, speech, AT_ARMS_LENGTH_DB))
        if caller.speaker in prints:
            counts["owner"][verify(encoder, prints[caller.speaker], quiet, point).outcome] += 1
        others = [other for other in prints if other != caller.speaker and other.corpus == caller.speaker.corpus]
        claimed = prints[others[index % len(others)]]
        if verify(encoder, claimed, caller.tests[0], point).outcome is Outcome.ACCEPTED:
            continue  # let in without a reader too: that is what the operating point allows
        loud = heard(speech, in_the_room(reader, speech, LOUD_DB))
        counts["impostor"][verify(encoder, claimed, quiet, point).outcome] += 1
        counts["impostor, loud reader"][verify(encoder, claimed, loud, point).outcome] += 1
    with capsys.disabled():
        told = "; ".join(f"{who}: " + ", ".join(f"{k} {v}" for k, v in of.items()) for who, of in counts.items())
        print(f"\n{encoder.name} with a screen reader in the room, {told}")
    assert counts["owner"][Outcome.REJECTED] == 0
    assert counts["owner"][Outcome.ACCEPTED] > 0
    assert counts["impostor"][Outcome.ACCEPTED] == counts["impostor, loud reader"][Outcome.ACCEPTED] == 0


def test_a_reader_that_fills_the_callers_pauses_rejects_no_owner(encoder, callers, prints, point, reader) -> None:
    """It talks on when the caller pauses, so that half of what is compared is the reader alone."""
    for caller in callers[::3]:
        if caller.speaker in prints:
            speech = caller.tests[0].speech()
            paused = np.concatenate(
                [part for at in range(0, len(speech), 8000) for part in (speech[at : at + 8000], PAUSE)]
            )
            busy = paused + np.resize(in_the_room(reader, speech, AS_NEAR_AS_THE_MOUTH_DB), len(paused))
            verdict = verify(encoder, prints[caller.speaker], heard(busy), point)
            assert verdict.outcome is not Outcome.REJECTED, caller.speaker.name


def test_the_reader_alone_is_nobody(encoder, prints, point, reader) -> None:
    alone = heard(reader[: 20 * 8000] * 0.3)
    assert all(verify(encoder, each, alone, point).outcome is not Outcome.ACCEPTED for each in prints.values())
