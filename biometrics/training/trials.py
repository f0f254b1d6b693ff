"""Verification trials on the dev speakers: does what the student learned hold for voices it never heard?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from biometrics.training.channel import ChannelConfig, standard_telephone, telephone
from biometrics.training.codecs import RATE
from biometrics.training.corpus import SAMPLE_RATE, Speech
from biometrics.training.teacher import Lessons, at_speed

SECONDS = 3.0
ENROLMENT = 3  # utterances of three seconds each
TESTS = 6  # at most, a speaker
BATCH = 12
COSINE_CHUNKS = 240  # at most, so that an evaluation stays under a minute of one core

Embed = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Scores:
    """Cosines of the target and impostor trials of one corpus on one kind of line."""

    corpus: str
    target: np.ndarray
    impostor: np.ndarray

    @property
    def eer(self) -> float:
        return equal_error_rate(self.target, self.impostor)


def error_rates(target: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False acceptance and false rejection rate (0-1) at every threshold, as the threshold rises over all scores.

    A trial is accepted when its score is above the threshold.
    """
    scores = np.concatenate([target, impostor])
    thresholds = np.concatenate([[-np.inf], np.unique(scores)])
    accepted = len(impostor) - np.searchsorted(np.sort(impostor), thresholds, side="right")
    rejected = np.searchsorted(np.sort(target), thresholds, side="right")
    return accepted / len(impostor), rejected / len(target)


def equal_error_rate(target: np.ndarray, impostor: np.ndarray) -> float:
    """Where false acceptance and false rejection are equal (0-1); between two thresholds the mean at the closer one."""
    accepted, rejected = error_rates(target, impostor)
    at = int(np.argmin(np.abs(accepted - rejected)))
    return float(accepted[at] + rejected[at]) / 2


class DevTrials:
    """Utterances of the dev speakers, degraded once with a fixed seed, so that figures of different steps compare."""

    def __init__(self, speech: Speech, lessons: Lessons, channel: ChannelConfig, seed: int) -> None:
        self.owners, clean = _utterances(speech)
        self.speakers = speech.speakers
        murmur = np.concatenate(clean)

        def line(samples: np.ndarray, number: int) -> np.ndarray:
            rng = np.random.default_rng([seed, number])
            return telephone(samples, rng, channel, lambda length: _murmur(murmur, rng, length))

        self.lines = {
            "telephone": np.stack([standard_telephone(each) for each in clean]),
            "random line": np.stack([line(each, number) for number, each in enumerate(clean)]),
        }
        every = max(1, -(-len(lessons.chunks) // COSINE_CHUNKS))
        self.targets = torch.from_numpy(lessons.targets[::every])
        length = round(SECONDS * SAMPLE_RATE)
        heard = [at_speed(speech.read(c.speaker, c.start, length), 1.0, RATE) for c in lessons.chunks[::every]]
        self.taught = np.stack([line(each, 10**6 + number) for number, each in enumerate(heard)])

    def cosine(self, embed: Embed) -> float:
        """Mean cosine between the student on 3 s of a random line and the teacher on the clean 6 s."""
        return float(torch.cosine_similarity(_embed_all(embed, self.taught), self.targets).mean())

    def scores(self, embed: Embed, line: str) -> list[Scores]:
        """All trials within each corpus: enrolment is the mean of three utterances, a test is one more."""
        vectors = torch.nn.functional.normalize(_embed_all(embed, self.lines[line])).numpy()
        return [
            self._of_corpus(corpus, vectors)
            for corpus in sorted({self.speakers[owner].corpus for owner in self.owners})
        ]

    def _of_corpus(self, corpus: str, vectors: np.ndarray) -> Scores:
        target, impostor = [], []
        own = [int(number) for number in np.unique(self.owners) if self.speakers[number].corpus == corpus]
        prints = {number: vectors[self.owners == number][:ENROLMENT].mean(axis=0) for number in own}
        for number in own:
            for test in vectors[self.owners == number][ENROLMENT:]:
                for claimed, print_ in prints.items():
                    score = float(print_ @ test / np.linalg.norm(print_))
                    (target if claimed == number else impostor).append(score)
        return Scores(corpus, np.array(target), np.array(impostor))


def _utterances(speech: Speech) -> tuple[np.ndarray, list[np.ndarray]]:
    """Up to nine utterances of 3 s a speaker, evenly over the stream; speakers with less than four are left out."""
    owners, clean = [], []
    length = round(SECONDS * SAMPLE_RATE)
    for number, speaker in enumerate(speech.speakers):
        count = min(speaker.length // length, ENROLMENT + TESTS)
        if count <= ENROLMENT:
            continue
        for at in range(count):
            owners.append(number)
            clean.append(at_speed(speech.read(number, at * speaker.length // count, length), 1.0, RATE))
    return np.array(owners), clean


def _murmur(samples: np.ndarray, rng: np.random.Generator, length: int) -> np.ndarray:
    starts = rng.integers(len(samples) - length, size=5)
    return np.sum([samples[start : start + length] for start in starts], axis=0)


def _embed_all(embed: Embed, waveforms: np.ndarray) -> torch.Tensor:
    parts = [embed(torch.from_numpy(waveforms[at : at + BATCH])) for at in range(0, len(waveforms), BATCH)]
    return torch.cat(parts)
