"""Speech of one split as one continuous stream of samples per speaker.

Clips in the corpora last from one second to a minute. Laid end to end, with the pauses shortened, every speaker becomes one
stream from which chunks of any length can be cut. The streams lie in one file of 16-bit samples, so that training reads a
crop without decoding anything.
"""

import csv
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 16_000  # Hz, of every clip in the corpora and of the teacher
FRAME = SAMPLE_RATE // 50  # 20 ms
PAUSE_FRAMES = 8  # at most 2 x 160 ms of a pause is kept
PREPARATION = 1  # raise it whenever the prepared samples change, so that old caches are not read


class CorpusError(Exception):
    """The speech directory cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Speaker:
    """Where one speaker's stream lies in the file of samples (both in samples)."""

    corpus: str
    name: str
    start: int
    length: int

    @property
    def identity(self) -> str:
        return f"{self.corpus}/{self.name}"


@dataclass(frozen=True)
class Speech:
    """The prepared speech of one split: samples (int16, 16 kHz mono) and the speakers in manifest order."""

    samples: np.ndarray
    speakers: tuple[Speaker, ...]

    def read(self, speaker: int, start: int, length: int) -> np.ndarray:
        """`length` samples of a speaker's stream from `start`, as float32 in [-1, 1); the stream goes round in a circle."""
        place = self.speakers[speaker]
        start %= place.length
        if start + length <= place.length:
            taken = self.samples[place.start + start : place.start + start + length]
        else:
            taken = self.samples[place.start + (start + np.arange(length)) % place.length]
        return taken.astype(np.float32) / 32768


def prepare(speech: Path, cache: Path, split: str) -> Speech:
    """Decode one split of the corpora into `cache` (once), and open it.

    Raises CorpusError when the manifest is missing or names no clip of that split.
    """
    rows = _manifest(speech, split)
    fingerprint = hashlib.sha256(json.dumps([PREPARATION, rows]).encode()).hexdigest()
    pcm, index = cache / f"{split}.pcm", cache / f"{split}.json"
    if not (index.exists() and json.loads(index.read_text())["fingerprint"] == fingerprint):
        cache.mkdir(parents=True, exist_ok=True)
        speakers = _decode(speech, rows, pcm)
        content = {"fingerprint": fingerprint, "speakers": [asdict(speaker) for speaker in speakers]}
        _write_text(index, json.dumps(content, indent=1))
    speakers = tuple(Speaker(**each) for each in json.loads(index.read_text())["speakers"])
    return Speech(np.memmap(pcm, dtype=np.int16, mode="r"), speakers)


def without(speech: Speech, names: frozenset[str]) -> Speech:
    """The speech of all but the speakers `names` ("corpus/name"); samples stay where they are."""
    return Speech(speech.samples, tuple(each for each in speech.speakers if each.identity not in names))


def fingerprint(cache: Path, split: str) -> str:
    """The sha256 that stands for exactly these prepared samples."""
    return json.loads((cache / f"{split}.json").read_text())["fingerprint"]


def without_long_pauses(samples: np.ndarray) -> np.ndarray:
    """Drop the frames of 20 ms that are far from any speech; `samples` is float, 16 kHz mono.

    A frame is speech when it lies less than 40 dB under the loud frames (95th percentile) of its own clip.
    """
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if len(frames) == 0:
        return samples[:0]
    decibels = 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + 1e-10)
    speech = decibels > max(np.percentile(decibels, 95) - 40, -70)
    near = np.convolve(speech, np.ones(2 * PAUSE_FRAMES + 1), mode="full")[PAUSE_FRAMES:-PAUSE_FRAMES] > 0
    return frames[near].reshape(-1)


def _manifest(speech: Path, split: str) -> list[tuple[str, str, str]]:
    manifest = speech / "manifest.csv"
    if not manifest.exists():
        raise CorpusError(f"{manifest} does not exist: give the directory that holds manifest.csv with --speech")
    with manifest.open(newline="") as lines:
        rows = [(r["corpus"], r["speaker"], r["path"]) for r in csv.DictReader(lines) if r["split"] == split]
    if not rows:
        raise CorpusError(f"{manifest} names no clip with split={split}: this recipe needs both train and dev")
    return sorted(rows)


def _decode(speech: Path, rows: list[tuple[str, str, str]], pcm: Path) -> list[Speaker]:
    partial = pcm.with_suffix(".partial")
    speakers: list[Speaker] = []
    written = 0
    with partial.open("wb") as out:
        for corpus, name, path in rows:
            samples, rate = soundfile.read(speech / path, dtype="float32")
            if rate != SAMPLE_RATE or samples.ndim != 1:
                raise CorpusError(
                    f"{speech / path} is {rate} Hz, {samples.ndim}-d: convert it to {SAMPLE_RATE} Hz mono"
                )
            kept = without_long_pauses(samples)
            if len(kept) == 0:
                continue
            if speakers and (speakers[-1].corpus, speakers[-1].name) == (corpus, name):
                last = speakers.pop()
                speakers.append(Speaker(corpus, name, last.start, last.length + len(kept)))
            else:
                speakers.append(Speaker(corpus, name, written, len(kept)))
            out.write((np.clip(kept, -1, 32767 / 32768) * 32768).astype(np.int16).tobytes())
            written += len(kept)
        out.flush()
        os.fsync(out.fileno())
    os.replace(partial, pcm)
    return speakers


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)
