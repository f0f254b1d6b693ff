"""One caller's guided enrolment, as their audio arrives: where an utterance ends, and what came of each.

An utterance ends with a pause, or when it is long enough although the caller talks on: nobody is interrupted, and who
stops is asked for more. Time is that of the audio. Nothing here loads or runs a model but ``judge``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from biometrics import Enrolment, EnrolmentPolicy, Taken, Utterance, Voiceprint
from ivr.authentication.messages import Enrol, UtteranceHeard

POLICY = EnrolmentPolicy()
UTTERANCE_SECONDS = 4.0  # of net speech; three of them are the 12 s that a print was made of before there was guidance
PAUSE_SECONDS = 1.2  # after which what was said is taken for an utterance
LITTLE_SECONDS = 4.0  # of silence after too little speech for one
SILENCE_SECONDS = 15.0  # without a word: the prompt takes up to ten of them
REFUSALS = 6  # after which the enrolment is given up
STEP_BYTES = 256  # one window of the speech detector


@dataclass(frozen=True)
class Ended:
    """An utterance to be judged, or ``unheard``: why there is none. ``silent``: the caller is not talking any more.

    ``slow``: too little so far, but more than when it was last said to be too little.
    """

    utterance: Utterance
    silent: bool
    unheard: str = ""
    slow: bool = False


class Guiding:
    """All but ``judge`` runs on the event loop; ``judge`` on the model's thread, one utterance at a time."""

    def __init__(self, asked: Enrol) -> None:
        self.asked = asked
        self.ended: deque[Ended] = deque()
        self.busy = False
        self.accepted, self.needed = 0, POLICY.utterances
        self.net_speech_seconds = 0.0  # of what has been judged good
        self.good: list[Utterance] = []  # what a print is made of
        self.leaves: tuple[bytes, ...] = ()  # sealed fingerprints of these, once there is a print
        self._number = self._refusals = 0
        self._enrolment: Enrolment | None = None
        self._utterance = Utterance()
        self._net = self._spoke_at = self._reminded_at = 0.0

    def hear(self, ulaw: bytes) -> None:
        """Audio said after consent, in chunks of any size."""
        for start in range(0, len(ulaw), STEP_BYTES):
            self._utterance.feed(ulaw[start : start + STEP_BYTES])
            heard, net = self._utterance.heard_seconds, self._utterance.net_speech_seconds
            if net > self._net:
                self._net, self._spoke_at = net, heard
            pause = heard - self._spoke_at
            if net >= UTTERANCE_SECONDS:
                self._end(silent=False)
            elif net >= POLICY.minimum_utterance_seconds:
                if pause >= PAUSE_SECONDS:
                    self._end(silent=True)
            elif pause >= (LITTLE_SECONDS if net else SILENCE_SECONDS):
                self._spoke_at = heard
                slow, self._reminded_at = net > self._reminded_at, net
                self.ended.append(Ended(self._utterance, True, "too_short" if net else "silent", slow))

    def close(self) -> None:
        """No more audio will come: what there is of an utterance is the last one."""
        if self._net >= POLICY.minimum_utterance_seconds:
            self._end(silent=True)

    def _end(self, silent: bool) -> None:
        self.ended.append(Ended(self._utterance.cut(), silent))
        self._net = self._spoke_at = self._reminded_at = 0.0

    @property
    def progress(self) -> tuple[float, float]:
        """Seconds of net speech that are done, and that are needed, as far as can be said now."""
        waiting = sum(not each.unheard for each in self.ended)
        done = (self.accepted + waiting) * UTTERANCE_SECONDS + self._net
        return done, max(self.needed * UTTERANCE_SECONDS, done)

    def judge(self, ended: Ended, encoder: object) -> Taken:
        """Never raises. ``encoder`` None: it could not be loaded."""
        if ended.unheard:
            return Taken(ended.unheard, self.accepted, self.needed)
        if encoder is None:
            return Taken("failure", self.accepted, self.needed)
        if self._enrolment is None:
            self._enrolment = Enrolment(encoder, POLICY)
        taken = self._enrolment.take(ended.utterance)
        if taken.refusal is None:
            self.good.append(ended.utterance)
        return taken

    def judged(self, ended: Ended, taken: Taken) -> UtteranceHeard:
        """What the call is told. A caller who talks on is only interrupted to be told what is wrong."""
        self._number += 1
        self._refusals += taken.refusal is not None and not ended.slow  # who talks with long pauses gets there too
        self.accepted, self.needed = taken.accepted, taken.needed
        if taken.refusal == "too_noisy":
            self._utterance.forget_noise()
        if taken.refusal is None:
            self.net_speech_seconds += ended.utterance.net_speech_seconds
        speak = taken.refusal is not None or (ended.silent and not self.ended)
        return UtteranceHeard(
            self.asked.request, self.asked.call, self._number, taken.refusal, taken.accepted, taken.needed, speak
        )

    def given_up(self, taken: Taken) -> bool:
        """Whether nothing will come of it: too much was refused."""
        return taken.refusal is not None and self._refusals >= REFUSALS


def print_seconds(voiceprint: Voiceprint | None, guiding: Guiding) -> float:
    return voiceprint.net_speech_seconds if voiceprint is not None else round(guiding.net_speech_seconds, 3)
