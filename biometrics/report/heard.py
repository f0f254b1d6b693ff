"""Labelled speakers as callers whose test speech can be cut to any length, prepared once and kept.

Each speaker enrols with at least 8 s of net speech, as three equal utterances; what they say after that, up to 30 s, is cut
into tests of 1.5, 3, 5 and 10 s. Everything has passed through a telephone line (``audio.telephone``).
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.corpus import calls, held_out, speakers
from biometrics.report.pitch import median_pitch_hz

PREPARATION = 1  # raise it when the prepared samples change
ENROLMENT_SECONDS, UTTERANCES = 8.0, 3
TEST_SECONDS = (1.5, 3.0, 5.0, 10.0)
LONGEST_TEST_SECONDS = 30.0
TESTS_OF_A_LENGTH = 8
TRAITS = ("sex", "language", "age")  # columns that a manifest may have
SPEECH_SCALE = 32768

Track = Callable[[list, str], Iterable]


@dataclass(frozen=True, eq=False)
class Caller:
    """``enrolment``: utterances, ``test``: what was said after it; float32 net speech at 8 kHz. ``held_out``: of the half
    that no choice may be made on. ``traits``: what the manifest says of the person."""

    corpus: str
    name: str
    enrolment: tuple[np.ndarray, ...]
    test: np.ndarray
    pitch_hz: float | None
    held_out: bool
    traits: dict[str, str]

    def tests(self, seconds: float) -> list[np.ndarray]:
        """Tests of exactly this much net speech that share no audio, at most eight."""
        length = int(seconds * TELEPHONE_RATE_HZ)
        count = min(len(self.test) // length, TESTS_OF_A_LENGTH)
        return [self.test[at * length : (at + 1) * length] for at in range(count)]


def callers(directory: Path, split: str, cache: Path, track: Track) -> list[Caller]:
    """The speakers of a split who have enough speech; from ``cache`` where they have been prepared before."""
    people = speakers(directory, split)
    told = _traits(directory / "manifest.csv")
    settings = [PREPARATION, split, ENROLMENT_SECONDS, UTTERANCES, LONGEST_TEST_SECONDS, min(TEST_SECONDS)]
    key = hashlib.sha256((directory / "manifest.csv").read_bytes() + json.dumps(settings).encode()).hexdigest()
    kept = cache / f"speech-{key[:16]}.npz"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _prepare(people, kept, track)
    with np.load(kept) as stored:
        names, lengths = stored["names"].tolist(), stored["lengths"]
        samples = stored["samples"].astype(np.float32) / SPEECH_SCALE
    found, at = [], 0
    for (corpus, name), (enrolment, test) in zip(names, lengths, strict=True):
        first, second = samples[at : at + enrolment], samples[at + enrolment : at + enrolment + test]
        at += enrolment + test
        utterances = tuple(np.array_split(first, UTTERANCES))
        found.append(
            Caller(
                corpus,
                name,
                utterances,
                second,
                median_pitch_hz(first),
                held_out(corpus, name),
                told.get((corpus, name), {}),
            )
        )
    return found


def _prepare(people: list, kept: Path, track: Track) -> None:
    names, lengths, samples = [], [], []
    for person in track(people, "listening to the speakers (once)"):
        heard = calls(person, ENROLMENT_SECONDS, (min(TEST_SECONDS), LONGEST_TEST_SECONDS), tests=1)
        if heard is None:
            continue
        enrolment, test = heard.enrolment.speech(), heard.tests[0].speech()
        names.append((person.corpus, person.name))
        lengths.append((len(enrolment), len(test)))
        samples += [enrolment, test]
    whole = np.round(np.concatenate(samples) * SPEECH_SCALE) if samples else np.empty(0)
    partial = kept.with_name(f".{kept.name}")
    np.savez(partial, names=np.array(names), lengths=np.array(lengths), samples=whole.astype(np.int16))
    partial.rename(kept)


def _traits(manifest: Path) -> dict[tuple[str, str], dict[str, str]]:
    with manifest.open(newline="") as file:
        return {
            (row["corpus"], row["speaker"]): {name: row[name] for name in TRAITS if row.get(name)}
            for row in csv.DictReader(file)
        }
