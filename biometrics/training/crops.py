"""The lessons in the order they are given: a batch is a function of seed and step, so a killed run goes on exactly."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from biometrics.training.channel import ChannelConfig, telephone
from biometrics.training.codecs import RATE
from biometrics.training.config import Stage
from biometrics.training.teacher import (
    CHUNK_SECONDS,
    FRAME_DIMENSIONS,
    FRAME_SECONDS,
    Lessons,
    at_speed,
    source_samples,
)

GRID_SECONDS = 0.2  # crop lengths are rounded to this, so that few shapes occur and memory is reused


@dataclass(frozen=True)
class Batch:
    """Telephone crops (batch, samples at 8 kHz), the teacher's answers (batch, 192), pseudo-speakers (batch,), and of as many
    frames of 40 ms as the crops hold what the teacher makes of them (batch, frames, 512), where `framed` (batch, frames)."""

    heard: torch.Tensor
    targets: torch.Tensor
    labels: torch.Tensor
    frames: torch.Tensor
    framed: torch.Tensor


class Crops(Dataset[Batch]):
    """Batches of one stage by step. A pseudo-speaker is a speaker in one voice, numbered voice-major.

    All `lessons` are of the same speakers; the first of them says how oft each speaker comes, and murmurs as babble.
    """

    def __init__(self, lessons: tuple[Lessons, ...], stage: Stage, channel: ChannelConfig, seed: int) -> None:
        self.lessons, self.stage, self.channel, self.seed = lessons, stage, channel, seed
        self.speech = lessons[0].speech
        count = len(self.speech.speakers)
        self.chunks = [_chunks_by_speaker(each, count) for each in lessons]
        # Speakers with a lot of speech come oftener, but not in proportion: voices teach more than minutes do.
        weights = np.sqrt([len(own) for own in self.chunks[0]])
        self.weights = weights / weights.sum()

    def centroids(self) -> torch.Tensor:
        """The teacher's mean, unit-length embedding of each pseudo-speaker: (voices x speakers, 192)."""
        means = [
            each.targets[own].mean(axis=0)
            for each, split in zip(self.lessons, self.chunks, strict=True)
            for own in split
        ]
        return torch.nn.functional.normalize(torch.from_numpy(np.stack(means)))

    def __getitem__(self, step: int) -> Batch:
        order = np.random.default_rng([self.seed, step])
        seconds = max(GRID_SECONDS, round(order.uniform(*self.stage.crop_seconds) / GRID_SECONDS) * GRID_SECONDS)
        chosen = order.choice(len(self.weights), size=self.stage.batch, p=self.weights)
        taken = [
            self._example(np.random.default_rng([self.seed, step, number]), int(speaker), seconds)
            for number, speaker in enumerate(chosen)
        ]
        return Batch(*(torch.from_numpy(np.stack(part)) for part in zip(*taken, strict=True)))

    def _example(
        self, rng: np.random.Generator, speaker: int, seconds: float
    ) -> tuple[np.ndarray, np.ndarray, np.int64, np.ndarray, np.ndarray]:
        at = int(rng.integers(len(self.lessons)))
        lessons, own = self.lessons[at], self.chunks[at][speaker]
        speed = lessons.voice.speed
        turn = int(rng.integers(len(own)))
        chunk = lessons.chunks[own[turn]]
        begins = 0  # the frame of the chunk with which the crop begins
        if seconds <= CHUNK_SECONDS:
            begins = round(rng.uniform(0, CHUNK_SECONDS - seconds) / FRAME_SECONDS)
            target = lessons.targets[own[turn]]
        else:  # runs on towards the speaker's next chunk, so both answers count
            target = lessons.targets[own[turn]] + lessons.targets[own[(turn + 1) % len(own)]]
            target = target / np.linalg.norm(target)
        start = chunk.start + source_samples(begins * FRAME_SECONDS, speed)
        source = lessons.speech.read(speaker, start, source_samples(seconds, speed) + 16)
        clean = at_speed(source, speed, RATE)[: round(seconds * RATE)]
        heard = telephone(clean, rng, self.channel, lambda length: self._babble(rng, length))
        known = lessons.frames[chunk.row, begins : begins + round(seconds / FRAME_SECONDS) - 1]
        frames = np.zeros((round(seconds / FRAME_SECONDS) - 1, FRAME_DIMENSIONS), dtype=np.float32)
        frames[: len(known)] = known
        framed = np.arange(len(frames)) < len(known)
        return heard, target, np.int64(at * len(self.speech.speakers) + speaker), frames, framed

    def _babble(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """Three to eight voices at once, 8 kHz; neighbouring samples are averaged, which is filter enough for a murmur."""
        voices = np.zeros(length, dtype=np.float32)
        for _ in range(rng.integers(3, 9)):
            speaker = int(rng.integers(len(self.speech.speakers)))
            start = int(rng.integers(self.speech.speakers[speaker].length))
            voices += self.speech.read(speaker, start, 2 * length).reshape(-1, 2).mean(axis=1)
        return voices


def _chunks_by_speaker(lessons: Lessons, speakers: int) -> list[np.ndarray]:
    owner = np.array([chunk.speaker for chunk in lessons.chunks])
    return [np.flatnonzero(owner == speaker) for speaker in range(speakers)]
