"""Another vocal tract for the same vocal cords: the formants move, pitch and tempo stay.

Playing speech faster moves pitch and formants together. Real people differ in both on their own, so each factor of the
formants turns the speech we have into voices that no speed gives (vocal tract length perturbation as speaker augmentation:
Zhou et al. 2024, arXiv 2406.07421). The spectral envelope of each frame comes from its real cepstrum (homomorphic
deconvolution: Oppenheim and Schafer 1968) and is read at warped frequencies; the harmonics under it stay where they are.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from biometrics.training.corpus import SAMPLE_RATE, Speech

FRAME = 512  # 32 ms
HOP = FRAME // 4
LIFTER = round(0.002 * SAMPLE_RATE)  # quefrencies below 2 ms are vocal tract, up to a pitch of 400 Hz
LINEAR_UP_TO = 5_600  # Hz of the result: formants move by the factor up to here, then the rest is squeezed in
MOST_GAIN = 2.3  # natural logarithm of an amplitude: 20 dB
FLOOR = 1e-5  # of the spectrum's amplitude, so that digital silence has an envelope, too

Counted = Callable[[int, int], None]


def with_formants(samples: np.ndarray, factor: float) -> np.ndarray:
    """The same sentence from a vocal tract whose formants lie at `factor` times their frequency.

    `samples` and the result are float32, 16 kHz mono, of the same length and mean power; `factor` 1 changes nothing.
    """
    if factor == 1:
        return samples
    window = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
    hops = -(-len(samples) // HOP) + 3
    padded = np.zeros((hops + 3) * HOP, dtype=np.float32)
    padded[FRAME - HOP : FRAME - HOP + len(samples)] = samples
    spectra = np.fft.rfft(np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP] * window)
    envelope = _envelope(np.log(np.abs(spectra) + FLOOR))
    bins = np.arange(FRAME // 2 + 1)
    read = _source_frequencies(bins * SAMPLE_RATE / FRAME, factor) * FRAME / SAMPLE_RATE
    below = np.minimum(read.astype(int), FRAME // 2 - 1)
    part = (read - below).astype(np.float32)
    warped = envelope[:, below] * (1 - part) + envelope[:, below + 1] * part
    spectra *= np.exp(np.clip(warped - envelope, -MOST_GAIN, MOST_GAIN))
    frames = np.fft.irfft(spectra, FRAME) * window
    heard = np.zeros_like(padded)
    for quarter in range(4):  # frames that do not overlap are added at once
        own = frames[quarter::4].reshape(-1)
        heard[quarter * HOP : quarter * HOP + len(own)] += own
    heard = heard[FRAME - HOP : FRAME - HOP + len(samples)] / 2  # squared windows add up to 2 at this overlap
    power = np.mean(np.square(heard))
    return heard * np.sqrt(np.mean(np.square(samples)) / power) if power > 0 else heard


def prepare(speech: Speech, factor: float, path: Path, progress: Counted) -> Speech:
    """All speakers of `speech` with other formants, made once at `path`; a killed run goes on at the speaker it was at."""
    if factor == 1:
        return speech
    if not path.exists():
        _make(speech, factor, path, progress)
    return Speech(np.memmap(path, dtype=np.int16, mode="r"), speech.speakers)


def _make(speech: Speech, factor: float, path: Path, progress: Counted) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("ab") as out:
        fcntl.flock(out, fcntl.LOCK_EX)  # a second run that needs the same voices waits for them
        if path.exists():
            return
        done = out.seek(0, os.SEEK_END) // 2
        for number, speaker in enumerate(speech.speakers):
            if speaker.start + speaker.length <= done:
                continue
            out.truncate(2 * speaker.start)  # a kill may leave part of a speaker
            heard = with_formants(speech.read(number, 0, speaker.length), factor)
            heard /= max(1.0, float(np.abs(heard).max()))
            out.write((heard * 32767).astype(np.int16).tobytes())
            progress(number + 1, len(speech.speakers))
        out.flush()
        os.fsync(out.fileno())
        os.replace(partial, path)


def _envelope(logarithms: np.ndarray) -> np.ndarray:
    """Each frame's log amplitudes (frames, 257) without what changes too fast over frequency to be a vocal tract."""
    cepstrum = np.fft.irfft(logarithms, FRAME)
    lifter = np.zeros(FRAME, dtype=np.float32)
    lifter[:LIFTER] = 0.5 + 0.5 * np.cos(np.pi * np.arange(LIFTER) / LIFTER)
    lifter[-LIFTER + 1 :] = lifter[1:LIFTER][::-1]
    return np.fft.rfft(cepstrum * lifter).real.astype(np.float32)


def _source_frequencies(frequencies: np.ndarray, factor: float) -> np.ndarray:
    """From where in the recording's envelope each frequency of the result is read: f / factor, bent so that half the
    sampling rate stays where it is (piecewise linear, as in Jaitly and Hinton 2013). All in Hz."""
    half = SAMPLE_RATE / 2
    bend = LINEAR_UP_TO * min(1.0, factor)
    return np.interp(frequencies, [0, bend, half], [0, bend / factor, half])
