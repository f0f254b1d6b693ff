"""Attacks to measure with: recordings played again over other lines, synthetic voices, voices shifted towards a target."""

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import soundfile

from biometrics.audio import TELEPHONE_RATE_HZ, decode_ulaw, encode_ulaw, telephone
from biometrics.training.codecs import FRAME, Codec, CodecMissing, check, through

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]

# Ours, so that they may be kept in the project; long enough for every look of a verdict.
SENTENCES = (
    "Good morning, I would like to know how much money there is in my account.",
    "My voice tells you who I am, so please let me hear my balance now.",
    "The last time I called you it was raining and the line was very bad.",
    "Could you also tell me whether the payment from Wednesday has arrived?",
)
ESPEAK_VOICES = ("en-us", "en-gb+f3", "de", "cmn", "ar")
SPEEDS = ((1, 1.01), (1, 0.99), (2, 1.02), (2, 0.98), (3, 1.03), (3, 0.97), (5, 1.05), (5, 0.95))  # percent, ratio
FLITE_VOICES = ("rms", "slt", "awb", "kal16")


@dataclass(frozen=True, eq=False)
class Spoken:
    """What a synthetic voice says, as a line leaves it: float32 at 8 kHz."""

    engine: str
    voice: str
    samples: np.ndarray


def coded(codec: Codec, samples: np.ndarray) -> np.ndarray:
    return through(codec, samples.astype(np.float32), np.zeros(-(-len(samples) // FRAME), dtype=bool))


def in_noise(samples: np.ndarray, rng: np.random.Generator, snr_db: float, pink: bool = False) -> np.ndarray:
    """``snr_db`` against the mean power of what is louder than -46 dBFS."""
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    if pink:
        spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(len(samples), 1 / TELEPHONE_RATE_HZ), 100))
    noise = np.fft.irfft(spectrum, len(samples))
    loud = samples[np.abs(samples) > 0.005]
    power = float(np.mean(loud**2)) if len(loud) else 0.0
    return samples + noise * np.sqrt(power / np.mean(noise**2)) * 10 ** (-snr_db / 20)


def in_band(samples: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    spectrum, frequencies = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / TELEPHONE_RATE_HZ)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    return np.fft.irfft(spectrum, len(samples))


def in_room(samples: np.ndarray, rng: np.random.Generator, reverberation_seconds: float = 0.3) -> np.ndarray:
    """A loudspeaker before a microphone: direct sound and decaying noise of half its energy (Polack 1988)."""
    tail = rng.standard_normal(int(reverberation_seconds * TELEPHONE_RATE_HZ))
    tail *= 10 ** (-3 * np.arange(len(tail)) / len(tail))
    tail[:32] = 0
    tail /= np.sqrt(2 * np.sum(tail**2))
    tail[0] = 1.0
    return 0.7 * np.convolve(samples, tail)[: len(samples)]


def later(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.concatenate([np.zeros(int(rng.integers(1000, 9000))), samples])


def cropped(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three quarters of it, from anywhere."""
    start = int(rng.integers(0, len(samples) // 4 + 1))
    return samples[start : start + 3 * len(samples) // 4]


def at_speed(samples: np.ndarray, ratio: float) -> np.ndarray:
    """Faster and higher by ``ratio``: pitch and formants move together, as on a tape."""
    return np.interp(np.arange(0, len(samples) - 1, ratio), np.arange(len(samples)), samples).astype(np.float32)


def stretched(samples: np.ndarray, ratio: float) -> np.ndarray:
    """Faster by ``ratio`` at the same pitch: overlapping pieces of 40 ms, each from where it fits best (WSOLA, Verhelst &
    Roelands 1993)."""
    size, hop, reach = 320, 160, 80
    pieces = int((len(samples) - size - reach) / (hop * ratio))
    made, follows = np.zeros(pieces * hop + size, dtype=np.float32), 0
    for piece in range(pieces):
        at = max(0, int(piece * hop * ratio) - reach)
        if piece:
            near = samples[at : at + 2 * reach + size]
            at += int(np.correlate(near, samples[follows : follows + size], "valid").argmax())
        made[piece * hop : piece * hop + size] += np.hanning(size) * samples[at : at + size]
        follows = at + hop
    return made


def spliced(one: np.ndarray, other: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Pieces of so many seconds of two recordings in a random order, as long as the first, over the line."""
    size = int(seconds * TELEPHONE_RATE_HZ)
    pieces = [each[at : at + size] for each in (one, other) for at in range(0, len(each) - size + 1, size)]
    order = rng.permutation(len(pieces))
    return _line(np.concatenate([pieces[place] for place in order])[: len(one)])


def halves(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The first half of one recording and the second of another, over the line."""
    return _line(np.concatenate([one[: len(one) // 2], other[len(other) // 2 :]]))


def _at_speed(samples: np.ndarray, rng: np.random.Generator, ratio: float) -> np.ndarray:
    return at_speed(samples, ratio)


def _worst(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return coded("gsm", in_noise(in_room(later(samples * 0.5, rng), rng), rng, 15))


def replay_species() -> dict[str, Change]:
    """Ways in which a recording comes again; those of codecs that this machine does not have are left out."""
    species: dict[str, Change] = {
        "unchanged": lambda samples, rng: samples,
        "A-law": lambda samples, rng: coded("alaw", samples),
        "GSM full rate": lambda samples, rng: coded("gsm", samples),
        "gain -12 dB": lambda samples, rng: samples * 0.25,
        "time-shifted": later,
        "cropped to 3/4": cropped,
        "350-2800 Hz": lambda samples, rng: in_band(samples, 350, 2800),
        "white noise 20 dB": partial(in_noise, snr_db=20),
        "white noise 10 dB": partial(in_noise, snr_db=10),
        "pink noise 10 dB": partial(in_noise, snr_db=10, pink=True),
        "loudspeaker in a room": in_room,
        "room, noise 15 dB, GSM": _worst,
        "G.726, 32 kbit/s": lambda samples, rng: coded("g726_32", samples),
        "gain +12 dB, clipped": lambda samples, rng: np.clip(samples * 4, -1, 1),
        **{
            f"{percent} % {'faster' if ratio > 1 else 'slower'}": partial(_at_speed, ratio=ratio)
            for percent, ratio in SPEEDS
        },
        "5 % faster, room, noise 15 dB, GSM": lambda samples, rng: _worst(at_speed(samples, 1.05), rng),
        "10 % faster": partial(_at_speed, ratio=1.10),
        "5 % faster at the same pitch": lambda samples, rng: stretched(samples, 1.05),
    }
    try:
        check(("amr",))
        species["AMR 12.2"] = lambda samples, rng: coded("amr", samples)
    except CodecMissing:
        pass
    return {name: _over_the_line(change) for name, change in species.items()}


def _over_the_line(change: Change) -> Change:
    return lambda samples, rng: _line(change(samples, rng))


def _line(samples: np.ndarray) -> np.ndarray:
    return decode_ulaw(encode_ulaw(samples))


def synthetic_voices() -> list[Spoken]:
    """Of the engines installed here (Debian: espeak-ng, flite)."""
    made = []
    text = " ".join(SENTENCES)
    if shutil.which("espeak-ng"):
        made += [_spoken("espeak-ng", voice, ["espeak-ng", "-v", voice, "--stdout", text]) for voice in ESPEAK_VOICES]
    if shutil.which("flite"):
        made += [
            _spoken("flite", voice, ["flite", "-voice", voice, "-t", text, "-o", "/dev/stdout"])
            for voice in FLITE_VOICES
        ]
    return made


def _spoken(engine: str, voice: str, command: list[str]) -> Spoken:
    wave = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    # Both write a header before they know the length, so the samples are read past it.
    with soundfile.SoundFile(io.BytesIO(wave)) as file:
        rate_hz = file.samplerate
    samples = np.frombuffer(wave[44 : len(wave) - len(wave) % 2], dtype="<i2").astype(np.float32) / 32768
    return Spoken(engine, voice, telephone(samples, rate_hz))


def pitch_hz(samples: np.ndarray) -> float:
    """Median over frames of 64 ms of the best lag of the autocorrelation between 70 and 350 Hz; voiced frames only."""
    size = 512
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    frames = frames[np.mean(frames**2, axis=1) > 0.1 * np.mean(frames**2)] * np.hanning(size)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2, axis=1)[:, :size]
    shortest, longest = TELEPHONE_RATE_HZ // 350, TELEPHONE_RATE_HZ // 70
    share = correlation[:, shortest:longest] / np.maximum(correlation[:, :1], 1e-12)
    voiced = share.max(axis=1) > 0.3
    if not voiced.any():
        return 150.0
    return float(np.median(TELEPHONE_RATE_HZ / (shortest + share[voiced].argmax(axis=1))))


def towards(samples: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pitch, and formants with it, moved to the median pitch of ``target``; over the line again."""
    ratio = float(np.clip(pitch_hz(target) / pitch_hz(samples), 0.6, 1.7))
    return _line(at_speed(samples, ratio))
