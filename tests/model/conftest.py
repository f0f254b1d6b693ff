"""Real speakers of the dev split as callers, and the real models. Needs labelled speech; see README of biometrics."""

import hashlib
import os
from pathlib import Path

import pytest

from biometrics import ModelError, load_encoder, operating_point
from biometrics.corpus import SpeakerCalls, calls, speakers

ROOT = Path(__file__).parents[2]
SPEECH = Path(os.environ.get("DUET_SPEECH", ROOT.parent / "shared" / "speech"))
MODELS = ROOT / "var" / "models"
SPEAKERS_PER_CORPUS = {"speechocean762_train": 8, "alphanumeric_duke": 4}  # few, so that it takes a minute


def missing(what: str) -> None:
    """Skip, with a loud reason; in CI a missing thing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


class RememberingEncoder:
    """The encoder itself, but the same audio is embedded once."""

    def __init__(self, encoder) -> None:
        self._encoder, self._known = encoder, {}

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def embed(self, samples, sample_rate_hz):
        key = (hashlib.sha256(samples.tobytes()).digest(), sample_rate_hz)
        if key not in self._known:
            self._known[key] = self._encoder.embed(samples, sample_rate_hz)
        return self._known[key]


@pytest.fixture(scope="session", params=["campplus", "ecapa-telephone"])
def encoder(request):
    try:
        return RememberingEncoder(load_encoder(request.param, MODELS))
    except ModelError as error:
        return missing(f"no model {request.param}: {error}")


@pytest.fixture
def point(encoder):
    return operating_point(encoder)


@pytest.fixture(scope="session")
def callers() -> list[SpeakerCalls]:
    if not (SPEECH / "manifest.csv").is_file():
        missing(f"real speakers are not tested: no labelled speech in {SPEECH} (set DUET_SPEECH)")
    found: list[SpeakerCalls] = []
    for corpus, count in SPEAKERS_PER_CORPUS.items():
        of_corpus = (calls(speaker, tests=1) for speaker in speakers(SPEECH, "dev") if speaker.corpus == corpus)
        found += [each for each, _ in zip((each for each in of_corpus if each), range(count), strict=False)]
    return found
