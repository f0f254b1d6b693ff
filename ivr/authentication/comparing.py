"""One question about a caller's voice, as their audio arrives: what is looked at next, and what the answer is.

Without a challenge the first look that decides is the answer. With one (``Verify.challenged``) it takes more than a voice that
matches: the words that were drawn for this call, and the voice that says them. So the looks at what is said by the way may end
the question (another voice, a recording heard before, a failure) but never in ACCEPTED; that takes an answer whose words were
right and which, compared all by itself, is ACCEPTED throughout. Where all that such an answer lacks is speech, and another may
be asked for, it is kept, once, and judged as one utterance with the next whose words are right; of an answer whose words were
wrong nothing is kept. Marks that come twice, too late, out of order or for nothing leave it at that. Pure: no model, no clock,
no socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from biometrics import Outcome, Utterance, Verdict, Voiceprint, leaves_open
from biometrics.receipts import ChallengePut
from ivr.authentication.messages import Challenge, Verify

# Passive looks that end so leave it to the answer to a challenge, which may be said when the room is quiet again.
# Whatever else ends them ends the question: it would end that of the answer, too, or is a reason not to ask.
LEFT_TO_ANSWER = frozenset(
    ("match", "budget_spent", "wrong_band", "no_pause", "two_voices", "too_quiet", "too_noisy", "clipped")
)


@dataclass(frozen=True, eq=False)
class Look:
    """``heard``: not to be fed any more. ``last``: no more will be. ``new``: the part that was not looked at before, where the
    rest was an utterance of its own."""

    heard: Utterance
    last: bool
    of_answer: bool = False
    new: Utterance | None = None


@dataclass(frozen=True, eq=False)
class Kept:
    """An answer whose words were right, and of which more must be heard."""

    attempt: int
    heard: Utterance
    verdict: Verdict  # INCONCLUSIVE; what it comes to if nothing follows


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
    _another: bool = False  # whether another answer may be asked for after the one that is over
    _kept: Kept | None = None
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
        """Where an answer begins or ends. Of a later attempt than the present one, or ending the present one; once. And that
        nothing is asked for after the answer that is kept."""
        put, kept = self.put, self._kept
        if put is None or self._is_over or mark.attempt < max(put.attempt, 1):
            return
        if kept is not None and mark.attempt == kept.attempt:
            self._another = self._another and (mark.said is not True or mark.another)
            return
        if mark.said is None:
            if mark.attempt > put.attempt:
                self.put, self.answer = replace(put, attempt=mark.attempt, said=None), Utterance()
            return
        if mark.attempt > put.attempt:  # nobody said where it begins, so nothing of what was said is in it
            self.answer = Utterance()
        self.put, self._another = replace(put, attempt=mark.attempt, said=mark.said), mark.another

    @property
    def _is_over(self) -> bool:
        """The answer, that is: nothing but it is to be looked at now."""
        return self.put is not None and self.put.said is not None and not self.open_attempt

    @property
    def open_attempt(self) -> int:
        """The attempt whose answer is kept while nothing has been asked for after it; 0: none."""
        return self._kept.attempt if self._kept is not None and self.put.attempt == self._kept.attempt else 0

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
        kept = self._kept
        if self._is_over:
            if self.put.said:
                heard = self.answer.snapshot()
                if kept is None:
                    return Look(heard, last=True, of_answer=True)
                return Look(heard.after(kept.heard), last=True, of_answer=True, new=heard)
            return self._without_answer("challenge_failed")
        if kept is not None and (closed or not self._another):
            return kept.verdict
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
        if left or not look.of_answer or self._kept is None:  # else what the answer that is kept has left stays
            self._left[look.of_answer] = left
        if look.of_answer:
            return self._answered(look, verdict)
        self.next_look_seconds = verdict.next_look_seconds or 0.0
        undecided = verdict.outcome is Outcome.INCONCLUSIVE and verdict.next_look_seconds is not None
        if undecided and (not look.last or self._is_over):
            return None
        if self.put is None or verdict.reason not in LEFT_TO_ANSWER:
            return verdict
        self._passive = verdict
        return None

    def _answered(self, look: Look, verdict: Verdict) -> Verdict | None:
        self.put = replace(self.put, judged=self.put.judged + 1)
        if self._kept is not None or not self._another or not leaves_open(verdict):
            return verdict
        self._kept = Kept(self.put.attempt, look.heard, verdict)
        return None

    def _without_answer(self, reason: str) -> Verdict:
        """What the other looks have found, which is never enough."""
        found = self._kept.verdict if self._kept is not None else self._passive or nothing(reason)
        return replace(found, outcome=Outcome.INCONCLUSIVE, reason=reason, next_look_seconds=None)


def nothing(reason: str) -> Verdict:
    """Nothing was compared."""
    return Verdict(Outcome.INCONCLUSIVE, reason or "failure", None, None, None, 0.0, "", "", "")
