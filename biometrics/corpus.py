"""Real speakers as telephone callers: a directory of labelled speech turned into enrolments and test calls.

The directory holds ``manifest.csv`` (path, corpus, speaker, split, seconds) and the clips. Every clip passes through
``audio.telephone``; the clips of one call follow each other with a short pause, as µ-law frames of 20 ms.
"""

import csv
import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from biometrics.audio import TELEPHONE_BAND_HZ, TELEPHONE_RATE_HZ, decode_ulaw, encode_ulaw, read_audio, telephone
from biometrics.errors import AudioError
from biometrics.speech import Utterance

FRAME_BYTES = 160  # 20 ms of µ-law
PAUSE = bytes([0xFF]) * int(0.3 * TELEPHONE_RATE_HZ)  # µ-law silence
ENROLMENT_CLIPS = 3


@dataclass(frozen=True)
class Speaker:
    corpus: str
    name: str
    clips: tuple[Path, ...]


@dataclass(frozen=True)
class SpeakerCalls:
    """One speaker's enrolment call and test calls, which share no audio. ``audio``: the µ-law of each test call."""

    speaker: Speaker
    enrolment: Utterance
    tests: tuple[Utterance, ...]
    audio: tuple[bytes, ...] = ()


def speakers(directory: Path, split: str) -> list[Speaker]:
    """The speakers of one split, by corpus and name; ``AudioError`` where there is no manifest."""
    manifest = directory / "manifest.csv"
    if not manifest.is_file():
        raise AudioError("empty", f"{manifest} is missing: give the directory of labelled speech, --speech DIR")
    clips: dict[tuple[str, str], list[Path]] = defaultdict(list)
    with manifest.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                clips[row["corpus"], row["speaker"]].append(directory / row["path"])
    return [Speaker(corpus, name, tuple(sorted(paths))) for (corpus, name), paths in sorted(clips.items())]


def calls(
    speaker: Speaker, enrolment_seconds: float = 8.0, test_seconds: tuple[float, float] = (3.0, 10.0), tests: int = 2
) -> SpeakerCalls | None:
    """Calls of one speaker: at least ``enrolment_seconds`` of net speech, then up to ``tests`` calls of net speech
    between the two ``test_seconds``. None where the speaker has too little for both.

    Clips come in an order drawn from the speaker's name. Where there are more than three, enrolment takes at least
    three whole ones; otherwise it may end inside a clip and the test goes on from there (one recording: flattering).
    """
    clips = list(speaker.clips)
    random.Random(speaker.name).shuffle(clips)
    audio = _frames(clips)
    whole_clips = len(clips) > ENROLMENT_CLIPS
    enrolment, finished = Utterance(), 0
    for frame, clip_ends in audio:
        enrolment.feed(frame)
        finished += clip_ends
        enough = enrolment.net_speech_seconds >= enrolment_seconds
        if enough and (not whole_clips or (clip_ends and finished >= ENROLMENT_CLIPS)):
            break
    heard, sounds = [], []
    while len(heard) < tests:
        test, sound = Utterance(), bytearray()
        for frame, _ in audio:
            test.feed(frame)
            sound += frame
            if test.net_speech_seconds >= test_seconds[1]:
                break
        if test.net_speech_seconds < test_seconds[0]:
            break
        heard.append(test)
        sounds.append(bytes(sound))
    if enrolment.net_speech_seconds < enrolment_seconds or not heard:
        return None
    return SpeakerCalls(speaker, enrolment, tuple(heard), tuple(sounds))


def in_noise(ulaw: bytes, snr_db: float, seed: str) -> Utterance:
    """A call with steady noise of the telephone band (pink: the same power in each octave) added at ``snr_db`` below the
    mean power of all that is not silence. The noise is the same for the same ``seed``."""
    samples = decode_ulaw(ulaw)
    sounding = samples[np.abs(samples) > 0]
    spectrum = np.fft.rfft(np.random.default_rng(list(seed.encode())).normal(size=len(samples)))
    frequencies = np.fft.rfftfreq(len(samples), 1 / TELEPHONE_RATE_HZ)
    low, high = TELEPHONE_BAND_HZ
    spectrum *= ((frequencies >= low) & (frequencies <= high)) / np.sqrt(np.maximum(frequencies, low))
    noise = np.fft.irfft(spectrum, len(samples))
    level = np.sqrt(np.mean(sounding**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples + level * noise))
    return utterance


def _frames(clips: list[Path]) -> Iterator[tuple[bytes, bool]]:
    """(20 ms of µ-law, whether the clip ends with it), read as it is needed."""
    for clip in clips:
        data = encode_ulaw(telephone(*read_audio(clip))) + PAUSE
        for start in range(0, len(data), FRAME_BYTES):
            yield data[start : start + FRAME_BYTES], start + FRAME_BYTES >= len(data)


def outside_training(corpus: str, speaker: str, share: float) -> bool:
    """Whether a speaker of the train split belongs to the ``share`` (0-1, by a hash of the name) that a model with this
    ``held_out`` in its recipe has never heard, so that it can be calibrated on them."""
    digest = hashlib.sha256(f"outside training/{corpus}/{speaker}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def held_out(corpus: str, speaker: str) -> bool:
    """Whether a speaker belongs to the half (by a hash of the name) that is looked at last: whoever chooses a checkpoint or
    a setting by error rates looks at the other half, and reports this one too."""
    return hashlib.sha256(f"{corpus}/{speaker}".encode()).digest()[0] % 2 == 1
