"""Prompts as sound, in languages that the carrier has no voice for: the one door to espeak-ng.

espeak-ng (GPL, a program of its own, found at run time) gets the text on its standard input, never as an argument.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import threading
import wave
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Protocol

import numpy as np

from ivr.carriers.twilio.voices import has_voice
from ivr.errors import DuetError
from ivr.flow.definition import Flow

PROGRAM = "espeak-ng"
INSTALL = "install Debian's espeak-ng (apt-get install espeak-ng)"
RATE = 8000  # Hz: what a telephone line carries
CUT_OFF = 3400  # Hz, the upper end of the telephone band (ITU-T G.712)
WORDS_A_MINUTE = 150
SECONDS = 5.0  # for one prompt; the longest takes a tenth of that
LONGEST = 2000  # characters
CACHE_BYTES = 16 * 1024 * 1024  # four hundred prompts of five seconds
AT_ONCE = 2
_TAPS = 101
# What would be heard as something else: phonemes in brackets, directional marks, the thousands separator (as a comma).
_UNHEARD = re.compile("[\\[\\]\u066c\u200b\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\x00-\x1f]")


class SpeechFault(DuetError):
    """A prompt could not be made into sound."""


class Synthesiser(Protocol):
    @property
    def languages(self) -> frozenset[str]:
        """Primary codes (ISO 639) of the languages it speaks; empty where it is not installed."""

    def wav(self, text: str, language: str) -> bytes:
        """``text`` as a WAV file, 16 bit, 8 kHz, mono. Raises SpeechFault."""


class Espeak:
    """Keeps what it said last, in memory only: a prompt may name a balance."""

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = shutil.which(program)
        self._said: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def languages(self) -> frozenset[str]:
        try:
            table = self._run(["--voices"], "").decode(errors="replace")
        except SpeechFault:
            return frozenset()
        rows = (line.split() for line in table.splitlines()[1:])
        return frozenset(row[1].partition("-")[0] for row in rows if len(row) > 1)

    def wav(self, text: str, language: str) -> bytes:
        voice = language.partition("-")[0].lower()
        if voice not in self.languages:
            raise SpeechFault(f"{PROGRAM} has no voice for {language}; {INSTALL}, or choose another language")
        key = (voice, " ".join(_UNHEARD.sub(" ", text.replace("\u066c", "")).split())[:LONGEST])
        with self._lock:
            if key in self._said:
                self._said.move_to_end(key)
                return self._said[key]
        with self._turns:
            sound = self._run(["-v", voice, "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"], key[1])
        spoken = _for_the_line(sound)
        self._keep(key, spoken)
        return spoken

    def _keep(self, key: tuple[str, str], sound: bytes) -> None:
        with self._lock:
            self._bytes += len(sound) - len(self._said.pop(key, b""))
            self._said[key] = sound
            while self._bytes > CACHE_BYTES:
                _, oldest = self._said.popitem(last=False)
                self._bytes -= len(oldest)

    def _run(self, arguments: list[str], text: str) -> bytes:
        if self._program is None:
            raise SpeechFault(f"{PROGRAM} is not installed; {INSTALL}")
        try:
            done = subprocess.run(
                [self._program, *arguments], input=text.encode(), capture_output=True, timeout=SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SpeechFault(f"{PROGRAM} has not spoken: {type(error).__name__}; try it by hand") from None
        return done.stdout


def speaks(synthesiser: Synthesiser, language: str) -> bool:
    """Whether callers can hear ``language``: by a voice of the carrier, or as sound of ours."""
    return has_voice(language) or language.partition("-")[0] in synthesiser.languages


def unspoken(flows: Iterable[Flow], synthesiser: Synthesiser | None = None) -> Iterator[str]:
    """What is to be told where a flow has a language that this machine cannot make heard."""
    synthesiser = synthesiser or Espeak()
    for flow in flows:
        for language in flow.languages[1:]:
            if not speaks(synthesiser, language):
                yield (
                    f"flow '{flow.name}' speaks {language}, which the carrier has no voice for and this machine has no "
                    f"espeak-ng voice for; calls stay in {flow.language} until you {INSTALL}"
                )


def _for_the_line(sound: bytes) -> bytes:
    """A WAV file as espeak-ng writes it (its length field is a guess) at the rate and band of a telephone line."""
    if not sound:  # nothing in the text can be said
        return _wav(np.zeros(RATE // 10))
    try:
        with wave.open(io.BytesIO(sound)) as read:
            rate, frames = read.getframerate(), read.readframes(len(sound))
    except (wave.Error, EOFError):
        raise SpeechFault(f"{PROGRAM} has written no sound; try it by hand") from None
    samples = np.frombuffer(frames[: len(frames) // 2 * 2], dtype="<i2").astype(np.float64)
    if rate != RATE and len(samples):
        at = np.arange(int(len(samples) * RATE / rate)) * (rate / RATE)
        samples = np.interp(at, np.arange(len(samples)), np.convolve(samples, _low_pass(rate), mode="same"))
    return _wav(samples)


def _wav(samples: np.ndarray) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())
    return written.getvalue()


def _low_pass(rate: int) -> np.ndarray:
    """Windowed sinc (Hamming), so that what lies above the telephone band is not folded into it."""
    at = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * CUT_OFF / rate * at) * np.hamming(_TAPS)
    return taps / taps.sum()
