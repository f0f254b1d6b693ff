"""Replay memory: is this recording one that we have heard before?

Two people, or one person twice, never say something with the same timing to the hundredth of a second; a recording does.
Each utterance leaves one bit a band and frame: whether the step in energy from this band to the next has grown or shrunk
since a moment ago (the sub-fingerprints of Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002, for the
telephone's band). Two utterances are laid over each other at every shift in time, by FFT; where bits agree over seconds it is
the same recording, whatever gain, codec, band or noise came between. Sound cannot be made of the bits again.
"""

import hashlib
import os
from collections.abc import Iterable
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
# Genuine attempts of the train split stay below 0.25, recordings that come again lie above 0.4 (README.md, "Attacks").
SAME_RECORDING = 0.30

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


def _bank() -> np.ndarray:
    """Triangles on a logarithmic scale: (frequencies, BANDS + 1)."""
    centres = np.geomspace(*BAND_HZ, BANDS + 1)
    frequencies = np.maximum(np.fft.rfftfreq(FRAME_SAMPLES, 1 / TELEPHONE_RATE_HZ), 1.0)
    distance = np.abs(np.log(frequencies)[:, None] - np.log(centres)[None, :]) / np.log(centres[1] / centres[0])
    return np.maximum(0.0, 1.0 - distance)


_BANK, _TAPER = _bank(), np.hanning(FRAME_SAMPLES)


def fingerprint(utterance: Utterance) -> Fingerprint:
    """Of the first 30 s of speech within a minute of the first word; without frames where there was too little."""
    heard = utterance.around_speech()
    if not heard:
        return _of([], [])
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
    energy = np.log(np.abs(np.fft.rfft(frames * _TAPER, axis=1)) ** 2 @ _BANK + SOFTEST * FRAME_SAMPLES)
    slope = energy[:, :-1] - energy[:, 1:]
    grown = np.zeros(slope.shape, dtype=bool)
    grown[MOMENT_FRAMES:] = slope[MOMENT_FRAMES:] > slope[:-MOMENT_FRAMES]
    centre = np.arange(len(slope)) * HOP_SAMPLES + FRAME_SAMPLES // 2
    spoken = speaking[centre // WINDOW_SAMPLES]
    return _of(np.flatnonzero(spoken), (grown[spoken] * (1 << np.arange(BANDS))).sum(axis=1))


def _of(at: Iterable[int], bits: Iterable[int]) -> Fingerprint:
    return Fingerprint(np.asarray(at, dtype=np.uint16), np.asarray(bits, dtype=np.uint16))


def agreement(one: Fingerprint, other: Fingerprint) -> float:
    """How much the two are one recording: at the best shift, (1 - 2 × bit error rate) × √(seconds of common speech).

    The root weighs length: bits of chance agree by about its inverse. Shifts with less than a second of speech in common do not
    count; without any the answer is 0.
    """
    if min(one.seconds, other.seconds) < LEAST_OVERLAP_SECONDS:
        return 0.0
    size = 1 << int(np.ceil(np.log2(int(one.at[-1]) + int(other.at[-1]) + 2)))
    (ours, we_speak), (theirs, they_speak) = _spectra(one, size), _spectra(other, size)
    alike = np.fft.irfft((ours * theirs.conj()).sum(axis=0), size) / BANDS
    together = np.fft.irfft(we_speak * they_speak.conj(), size)
    long_enough = together >= LEAST_OVERLAP_SECONDS * FRAMES_A_SECOND - 0.5
    if not long_enough.any():
        return 0.0
    share = alike[long_enough] / together[long_enough]
    return float((share * np.sqrt(together[long_enough] / FRAMES_A_SECOND)).max())


def _spectra(print_: Fingerprint, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the bits as ±1, 0 without speech: (BANDS, size / 2 + 1); and of where there is speech."""
    line = np.zeros((BANDS + 1, size), dtype=np.float32)
    line[:BANDS, print_.at] = ((print_.bits[None, :] >> np.arange(BANDS)[:, None]) & 1) * 2.0 - 1.0
    line[BANDS, print_.at] = 1.0
    spectra = np.fft.rfft(line, axis=1)
    return spectra[:BANDS], spectra[BANDS]


def is_replay(heard: Fingerprint, memory: Iterable[Fingerprint]) -> bool:
    """Whether it is a recording of something remembered."""
    return any(agreement(heard, earlier) >= SAME_RECORDING for earlier in memory)


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
