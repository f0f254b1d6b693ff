"""Real speakers as callers: who they are, what they say when enrolling and when verified, and their prints.

The rule looks at no score: of each corpus in ``CORPORA`` the speakers of the dev split, in an order drawn from
``SEED``, the first so many whose clips hold enough speech. Clips come in an order drawn from the speaker's name;
what enrols never verifies. Every clip passes the telephone band and µ-law; a short pause stands between two.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from biometrics import EnrolmentPolicy, Utterance, Voiceprint, encode_ulaw, enrol
from biometrics.audio import TELEPHONE_RATE_HZ, read_audio, telephone
from biometrics.corpus import PAUSE, Speaker, speakers
from biometrics.encoder import Encoder

ROOT = Path(__file__).parents[2]
SPEECH = Path(os.environ.get("DUET_SPEECH") or ROOT.parent / "shared" / "speech")
SEED = 2026
CORPORA = {"arabic_commands": 6, "dspspeech20": 8, "speechocean762_train": 11}  # at most so many of each
ENROLMENT_SECONDS = 14.0  # of net speech: three guided utterances of up to 4 s, and what is left of the last clip
VERIFICATION_SECONDS = 11.0  # of net speech: one more than the voice process ever listens to ...
LONGEST_SECONDS = 48.0  # ... or so much on the line, as a Gather ends after 60 s of speech; the last clip may pass it
LEAST_SECONDS = 5.0  # of net speech, for two looks of the voice process


@dataclass(frozen=True)
class Speech:
    """What one call holds of one speaker: 8 kHz µ-law, and what is heard of it without a wire between."""

    ulaw: bytes = field(repr=False)
    heard: Utterance = field(repr=False)

    @property
    def net_seconds(self) -> float:
        return self.heard.net_speech_seconds


@dataclass(frozen=True)
class RealVoice:
    speaker: Speaker
    enrolment: Speech
    verification: Speech

    @property
    def name(self) -> str:
        return f"{self.speaker.corpus}/{self.speaker.name}"


def missing(what: str) -> None:
    """Skip, with a loud reason; in CI a missing thing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def chosen(corpora: dict[str, int] = CORPORA) -> dict[str, list[RealVoice]]:
    """By corpus, in the order drawn."""
    if not (SPEECH / "manifest.csv").is_file():
        missing(f"real speakers do not call: no labelled speech in {SPEECH} (set DUET_SPEECH)")
    of_split = speakers(SPEECH, "dev")
    found: dict[str, list[RealVoice]] = {}
    for corpus, most in corpora.items():
        candidates = [speaker for speaker in of_split if speaker.corpus == corpus]
        random.Random(SEED).shuffle(candidates)
        voices = (voice for speaker in candidates if (voice := _voice(speaker)) is not None)
        found[corpus] = [voice for voice, _ in zip(voices, range(most), strict=False)]
    return found


def print_of(encoder: Encoder, voice: RealVoice) -> Voiceprint | None:
    """As the voice process makes it, from all of the enrolment speech. None: it refuses."""
    return enrol(encoder, voice.enrolment.heard, EnrolmentPolicy()).voiceprint


def _voice(speaker: Speaker) -> RealVoice | None:
    """None: the clips hold too little."""
    clips = list(speaker.clips)
    random.Random(speaker.name).shuffle(clips)
    left = iter(clips)
    enrolment = _speech(left, ENROLMENT_SECONDS)
    verification = _speech(left, VERIFICATION_SECONDS, LONGEST_SECONDS)
    if enrolment.net_seconds < ENROLMENT_SECONDS or verification.net_seconds < LEAST_SECONDS:
        return None
    return RealVoice(speaker, enrolment, verification)


def _speech(clips: Iterator[Path], net_seconds: float, longest_seconds: float = math.inf) -> Speech:
    """Clips until they hold so much net speech, or last so long, or there are no more."""
    heard, ulaw = Utterance(), b""
    while heard.net_speech_seconds < net_seconds and len(ulaw) < longest_seconds * TELEPHONE_RATE_HZ:
        clip = next(clips, None)
        if clip is None:
            break
        said = encode_ulaw(telephone(*read_audio(clip))) + PAUSE
        heard.feed(said)
        ulaw += said
    return Speech(ulaw, heard)
