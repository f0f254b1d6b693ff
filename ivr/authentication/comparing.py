"""One question about a caller's voice, as their audio arrives: what is looked at next, and what the answer is.

Without a challenge the first look that decides is the answer. With one (``Verify.challenged``) it takes more than a voice that
matches: the words that were drawn for this call, and the voice that says them. So the looks at what is said by the way may end
the question (another voice, a recording heard before, a failure) but never in ACCEPTED; that takes an answer whose words were
right and which, compared all by itself, is ACCEPTED throughout. Marks that come twice, too late, out of order or for nothing
leave it at that. Pure: no model, no clock, no socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from biometrics import Outcome, Utterance, Verdict, Voiceprint
from biometrics.receipts import ChallengePut
from ivr.authentication.messages import Challenge, Verify

# Passive looks that end so leave it to the answer to a challenge, which may be said when the room is quiet again.
# Whatever else ends them ends the question: it would end that of the answer, too, or is a reason not to ask.
LEFT_TO_ANSWER = frozenset(
    ("match", "budget_spent", "wrong_band", "no_pause", "two_voices", "too_quiet", "too_noisy", "clipped")
)


@dataclass(frozen=True, eq=False)
class Look:
    """``heard``: not to be fed any more. ``last``: no more will be."""

    heard: Utterance
    last: bool
    of_answer: bool = False


@dataclass(eq=False)
class Comparing:
    """``speech``: what the caller has said in this call, whatever was asked when."""

    asked: Verify
    speech: Utterance
    compared: bool = False  # the voice asked about and the print, at any look
    voiceprint: Voiceprint | None = None  # that of the question, once a look has opened it
    next_look_seconds: float = 0.0
    put: ChallengePut | None = None  # None: no challenge belongs to this question
    answer: Utterance | None = None
    _passive: Verdict | None = None  # how the passive looks ended, where an answer is to decide
    _left: dict[bool, bytes] = field(default_factory=dict)  # to be remembered, sealed: of the speech, of the answer

    def __post_init__(self) -> None:
        if self.asked.challenged:
            self.put = ChallengePut()

    def hear(self, ulaw: bytes) -> None:
        """What ``speech`` is fed with, too."""
        if self.answer is not None and self.put.said is None:
            self.answer.feed(ulaw)

    def mark(self, mark: Challenge) -> None:
        """Where an answer begins or ends. Of a later attempt than the present one, or ending the present one; once."""
        put = self.put
        if put is None or put.said is not None or mark.attempt < max(put.attempt, 1):
            return
        if mark.said is None:
            if mark.attempt > put.attempt:
                self.put, self.answer = ChallengePut(mark.attempt), Utterance()
            return
        if mark.attempt > put.attempt:  # nobody said where it begins, so nothing of what was said is in it
            self.answer = Utterance()
        self.put = ChallengePut(mark.attempt, mark.said)

    @property
    def _is_over(self) -> bool:
        """The answer, that is: nothing but it is to be looked at now."""
        return self.put is not None and self.put.said is not None

    @property
    def progress(self) -> tuple[float, float]:
        """Seconds of net speech of what is listened to, and those that the next look takes, 0: not known, or no other."""
        if self.answer is not None:
            return self.answer.net_speech_seconds, 0.0
        return self.speech.net_speech_seconds, self.next_look_seconds

    @property
    def matched(self) -> bool:
        """Only the challenge is missing."""
        return self._passive is not None and self._passive.outcome is Outcome.ACCEPTED

    @property
    def left(self) -> tuple[bytes, ...]:
        """What to remember of it, whatever the answer is."""
        return tuple(sealed for sealed in self._left.values() if sealed)

    def due(self, closed: bool) -> Look | Verdict | None:
        """What to do now: compare, answer, or wait for more. ``closed``: nothing more will be heard."""
        if self._is_over:
            if self.put.said:
                return Look(self.answer.snapshot(), last=True, of_answer=True)
            return self._without_answer("challenge_failed")
        if self._passive is None:
            due = closed or self.speech.net_speech_seconds >= self.next_look_seconds
            return Look(self.speech.snapshot(), closed) if due else None
        if not closed:
            return None
        if self.put.attempt:
            return self._without_answer("challenge_failed")
        return self._without_answer("challenge_not_asked" if self.matched else self._passive.reason)

    def looked(self, look: Look, verdict: Verdict, voiceprint: Voiceprint | None, left: bytes) -> Verdict | None:
        """What a look means: the answer to the question, or None where it goes on. ``left``: to be remembered, sealed."""
        self.compared |= verdict.score is not None
        self.voiceprint = voiceprint or self.voiceprint
        self._left[look.of_answer] = left
        if look.of_answer:
            return verdict
        self.next_look_seconds = verdict.next_look_seconds or 0.0
        undecided = verdict.outcome is Outcome.INCONCLUSIVE and verdict.next_look_seconds is not None
        if undecided and (not look.last or self._is_over):
            return None
        if self.put is None or verdict.reason not in LEFT_TO_ANSWER:
            return verdict
        self._passive = verdict
        return None

    def _without_answer(self, reason: str) -> Verdict:
        """What the passive looks have found, which is never enough."""
        passive = self._passive or nothing(reason)
        return replace(passive, outcome=Outcome.INCONCLUSIVE, reason=reason, next_look_seconds=None)


def nothing(reason: str) -> Verdict:
    """Nothing was compared."""
    return Verdict(Outcome.INCONCLUSIVE, reason or "failure", None, None, None, 0.0, "", "", "")
