"""Real speakers attacked: their recordings again, and the voices of a speech synthesiser. Needs labelled speech."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from biometrics import Utterance, encode_ulaw, enrol
from biometrics.attack_rates import Person, heard, is_accepted, person
from biometrics.attacks import replay_species, synthetic_voices, towards
from biometrics.corpus import speakers
from biometrics.replay import SAME_RECORDING, agreement, fingerprints, is_replay
from tests.model.conftest import SPEECH, missing

CORPORA = ("speechocean762_train", "arabic_commands")  # sentences; the same keywords again and again
CAUGHT = ("A-law", "GSM full rate", "time-shifted", "white noise 10 dB", "350-2800 Hz", "3 % faster", "5 % slower")


@pytest.fixture(scope="module")
def people() -> list[Person]:
    if not (SPEECH / "manifest.csv").is_file():
        missing(f"real speakers are not attacked: no labelled speech in {SPEECH} (set DUET_SPEECH)")
    first = [next(each for each in speakers(SPEECH, "dev") if each.corpus == corpus) for corpus in CORPORA]
    return [person(replace(each, clips=each.clips[:40])) for each in first]


def test_who_says_the_same_words_again_is_no_recording(people: list[Person]) -> None:
    pairs = [agreement(a.print, b.print) for each in people for a, b in combinations(each.sayings, 2)]
    assert len(pairs) > 30 and max(pairs) < SAME_RECORDING


@pytest.mark.parametrize("how", CAUGHT)
def test_a_recording_is_known_over_another_line(how: str, people: list[Person]) -> None:
    original = people[0].sayings[0]
    again = heard(replay_species()[how](original.samples, np.random.default_rng(0)))
    assert is_replay(fingerprints(again.utterance), [original.print])


def test_recordings_and_synthetic_voices_are_not_accepted(people: list[Person], encoder, point) -> None:
    target = people[0]
    utterance = Utterance()
    for saying in target.sayings[:3]:
        utterance.feed(encode_ulaw(saying.samples))
    voiceprint = enrol(encoder, utterance).voiceprint
    assert voiceprint is not None
    stolen = target.sayings[0]
    _, with_memory = is_accepted(encoder, voiceprint, stolen.samples, point, [stolen.print])
    assert not with_memory
    if not shutil.which("espeak-ng"):
        missing("no espeak-ng: synthetic voices are not tried (apt-get install espeak-ng)")
    for voice in [each for each in synthetic_voices() if each.engine == "espeak-ng"][:2]:
        for samples in (voice.samples, towards(voice.samples, stolen.samples)):
            assert is_accepted(encoder, voiceprint, samples, point, []) == (False, False)
