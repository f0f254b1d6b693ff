"""Replay memory: is this recording one that we have heard before?

Two people, or one person twice, never say something with the same timing to the hundredth of a second; a recording does.
Each utterance leaves one bit a band and frame: whether the step in energy from this band to the next has grown or shrunk
since a moment ago (the sub-fingerprints of Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002, for the
telephone's band). Two utterances are laid over each other at every shift in time, by FFT; where bits agree over seconds it is
the same recording, whatever gain, codec, band or noise came between. What is heard is compared at a few speeds, as it may
have been before a tape ran too fast or too slow. Sound cannot be made of the bits again.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.errors import SealError
from biometrics.speech import WINDOW_SAMPLES, WINDOW_SECONDS, Utterance
from biometrics.voiceprint import Voiceprint

HOP_SAMPLES = WINDOW_SAMPLES // 2  # 16 ms
FRAME_SAMPLES = 2 * WINDOW_SAMPLES  # 64 ms
FRAMES_A_SECOND = TELEPHONE_RATE_HZ / HOP_SAMPLES
MOMENT_FRAMES = 2  # 32 ms
BANDS = 16  # bits of a frame
BAND_HZ = (350.0, 3300.0)  # what a band-limited line still carries, 18 centres on a logarithmic scale
SOFTEST = 1e-4  # of a frame against the utterance's mean: what is softer is one silence
LONGEST_NET_SPEECH_SECONDS = 30.0  # that is remembered of one utterance
LONGEST_SECONDS = 60.0  # from its first word

LEAST_OVERLAP_SECONDS = 1.0
# What one genuine attempt in 10,000 of the train split would reach at any look and speed, rounded up; recordings that come again
# lie above 0.4, most of them above 1 (README.md, "Attacks").
SAME_RECORDING = 0.31
# At which what is heard may have been played, as it is first. A recording is still known three quarters of a percent beside its
# speed (README.md, "Attacks"), so these find it from 6.7 % slower to 6.7 % faster.
SPEEDS = (1.0, 0.94, 0.955, 0.97, 0.985, 1.015, 1.03, 1.045, 1.06)

FORMAT = b"DRF1"
NONCE_BYTES = 12


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """``at``: uint16 (frames,), the 16 ms step of each frame of speech; ``bits``: uint16 (frames,), one bit a band."""

    at: np.ndarray = field(repr=False)
    bits: np.ndarray = field(repr=False)

    @property
    def seconds(self) -> float:
        """Of speech."""
        return len(self.at) / FRAMES_A_SECOND


def _bank(speed: float) -> np.ndarray:
    """Triangles on a logarithmic scale, for speech that is ``speed`` times as fast and high: (frequencies, BANDS + 1)."""
    centres = np.geomspace(*BAND_HZ, BANDS + 1) * speed
    frequencies = np.maximum(np.fft.rfftfreq(FRAME_SAMPLES, 1 / TELEPHONE_RATE_HZ), 1.0)
    distance = np.abs(np.log(frequencies)[:, None] - np.log(centres)[None, :]) / np.log(centres[1] / centres[0])
    return np.maximum(0.0, 1.0 - distance)


_BANKS, _TAPER = {speed: _bank(speed) for speed in SPEEDS}, np.hanning(FRAME_SAMPLES)


def fingerprint(utterance: Utterance) -> Fingerprint:
    """Of the first 30 s of speech within a minute of the first word; without frames where there was too little."""
    return fingerprints(utterance, (1.0,))[0]


def fingerprints(utterance: Utterance, speeds: tuple[float, ...] = SPEEDS) -> tuple[Fingerprint, ...]:
    """The fingerprints that the utterance had before it was played so many times too fast, pitch and all; 1.0: as it is.

    The spectra are taken once; for each speed the bands are moved and the frames are read at the speed's steps (between two
    frames, which overlap by three quarters, by interpolation).
    """
    heard = utterance.around_speech()
    if not heard:
        return tuple(_of([], []) for _ in speeds)
    step = np.array([each.at for each in heard]) - heard[0].at
    is_speech = np.array([each.is_speech for each in heard])
    kept = (step < LONGEST_SECONDS / WINDOW_SECONDS) & (
        np.cumsum(is_speech) <= LONGEST_NET_SPEECH_SECONDS / WINDOW_SECONDS
    )
    # The time line again, silence where nothing was kept, with a window at both ends so that every frame fits.
    line = np.zeros((int(step[kept][-1]) + 3, WINDOW_SAMPLES), dtype=np.float32)
    line[step[kept] + 1] = np.stack([each.samples for each, keep in zip(heard, kept, strict=True) if keep])
    speaking = np.zeros(len(line), dtype=bool)
    speaking[step[kept] + 1] = is_speech[kept]
    level = float(np.sqrt(np.mean(line[speaking] ** 2)))
    samples = line.ravel() / max(level, 1e-6)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _TAPER, axis=1)) ** 2
    return tuple(_before(power, speaking, speed) for speed in speeds)


def _before(power: np.ndarray, speaking: np.ndarray, speed: float) -> Fingerprint:
    """``power``: spectra (frames, frequencies); ``speaking``: (windows,)."""
    energy = np.log(power @ _BANKS[speed] + SOFTEST * FRAME_SAMPLES)
    at = np.arange(int((len(energy) - 1) * speed) + 1) / speed
    if speed != 1.0:
        below = np.minimum(at.astype(int), len(energy) - 2)
        share = (at - below)[:, None]
        energy = energy[below] * (1 - share) + energy[below + 1] * share
    slope = energy[:, :-1] - energy[:, 1:]
    grown = np.zeros(slope.shape, dtype=bool)
    grown[MOMENT_FRAMES:] = slope[MOMENT_FRAMES:] > slope[:-MOMENT_FRAMES]
    centre = at * HOP_SAMPLES + FRAME_SAMPLES // 2
    spoken = speaking[(centre // WINDOW_SAMPLES).astype(int)]
    return _of(np.flatnonzero(spoken), (grown[spoken] * (1 << np.arange(BANDS))).sum(axis=1))


def _of(at: Iterable[int], bits: Iterable[int]) -> Fingerprint:
    return Fingerprint(np.asarray(at, dtype=np.uint16), np.asarray(bits, dtype=np.uint16))


def agreement(one: Fingerprint, other: Fingerprint) -> float:
    """How much the two are one recording: at the best shift, (1 - 2 × bit error rate) × √(seconds of common speech).

    The root weighs length: bits of chance agree by about its inverse. Shifts with less than a second of speech in common do not
    count; without any the answer is 0.
    """
    return float(agreements((one,), (other,))[0, 0])


def agreements(heard: Sequence[Fingerprint], memory: Iterable[Fingerprint]) -> np.ndarray:
    """``agreement`` of each with each: (heard, memory)."""
    ours = [place for place, each in enumerate(heard) if each.seconds >= LEAST_OVERLAP_SECONDS]
    longest = max((int(heard[place].at[-1]) for place in ours), default=0)
    by_size: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    found = []
    for earlier in memory:
        agreed = np.zeros(len(heard))
        if ours and earlier.seconds >= LEAST_OVERLAP_SECONDS:
            size = 1 << (longest + int(earlier.at[-1]) + 1).bit_length()
            if size not in by_size:
                by_size[size] = [_spectra(heard[place], size) for place in ours]
            agreed[ours] = _best(by_size[size], _spectra(earlier, size), size)
        found.append(agreed)
    return np.array(found).reshape(-1, len(heard)).T


def _best(ours: list[tuple[np.ndarray, np.ndarray]], theirs: tuple[np.ndarray, np.ndarray], size: int) -> np.ndarray:
    bits, speech = theirs[0].conj(), theirs[1].conj()
    alike = np.fft.irfft(np.stack([(each * bits).sum(axis=0) for each, _ in ours]), size) / BANDS
    together = np.fft.irfft(np.stack([each * speech for _, each in ours]), size)
    long_enough = together >= LEAST_OVERLAP_SECONDS * FRAMES_A_SECOND - 0.5
    alike /= np.sqrt(np.maximum(together, 1.0) * FRAMES_A_SECOND)
    return np.where(long_enough.any(axis=1), np.where(long_enough, alike, -np.inf).max(axis=1), 0.0)


def _spectra(print_: Fingerprint, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the bits as ±1, 0 without speech: (BANDS, size / 2 + 1); and of where there is speech."""
    line = np.zeros((BANDS + 1, size), dtype=np.float32)
    line[:BANDS, print_.at] = ((print_.bits[None, :] >> np.arange(BANDS)[:, None]) & 1) * 2.0 - 1.0
    line[BANDS, print_.at] = 1.0
    spectra = np.fft.rfft(line, axis=1)
    return spectra[:BANDS], spectra[BANDS]


def is_replay(heard: Sequence[Fingerprint], memory: Iterable[Fingerprint]) -> bool:
    """Whether it is a recording of something remembered; ``heard``: what ``fingerprints`` gave."""
    return bool((agreements(heard, tuple(memory)) >= SAME_RECORDING).any())


def _cipher(voiceprint: Voiceprint) -> AESGCM:
    material = np.ascontiguousarray(voiceprint.embeddings, dtype="<f4").tobytes()
    return AESGCM(hashlib.sha256(b"duet replay memory\0" + material).digest())


def seal_fingerprint(print_: Fingerprint, voiceprint: Voiceprint, contact: str) -> bytes:
    """Encrypted with a key that is derived from the voiceprint, and bound to ``contact``.

    So it opens only where the print does, a change of the key of the prints does not touch it, and without the print it
    is noise.
    """
    nonce = os.urandom(NONCE_BYTES)
    plain = print_.at.astype("<u2").tobytes() + print_.bits.astype("<u2").tobytes()
    return FORMAT + nonce + _cipher(voiceprint).encrypt(nonce, plain, FORMAT + contact.encode())


def unseal_fingerprint(sealed: bytes, voiceprint: Voiceprint, contact: str) -> Fingerprint:
    """``SealError`` for one of another print or contact, and for a changed or foreign blob."""
    body = sealed[len(FORMAT) :]
    try:
        if not sealed.startswith(FORMAT):
            raise InvalidTag
        plain = _cipher(voiceprint).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], FORMAT + contact.encode())
    except (InvalidTag, ValueError):
        raise SealError(
            "what was heard of this contact does not open: it belongs to another print or contact, or was changed; "
            "enrol the contact again"
        ) from None
    numbers = np.frombuffer(plain, dtype="<u2")
    return Fingerprint(numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :])
