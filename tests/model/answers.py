"""What the voice of an answer to a challenge is worth by itself: the tables in biometrics/README.md.

    PYTHONPATH=. python tests/model/answers.py --model campplus [--split train] [--speakers 20] [--people] [--speech DIR]

Answers are stretches of speech of the length that so many words take; of people, nobody here says drawn words. Every speaker
is enrolled with 8 s; impostors are of the same corpus. A mixed answer is a recording of the owner and words said by
somebody else. Two answers are those of a caller who is asked once more where the first left the voice undecided: ACCEPTED is
who was by the first alone, or is by both as one utterance. Synthetic voices (espeak-ng, flite) do say six digits. Intervals are
Clopper-Pearson's at 95 %, as if trials were independent, which they are not.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from biometrics import Utterance, Voiceprint, encode_ulaw, load_encoder, operating_point
from biometrics.attacks import ESPEAK_VOICES, FLITE_VOICES, Spoken, _spoken, towards
from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.corpus import SpeakerCalls, calls, speakers
from biometrics.enrolment import enrol
from biometrics.sequential import clopper_pearson
from biometrics.throughout import STRANGER_LLR, llr, parts

SECONDS = (2.0, 2.5, 3.0, 4.0)  # of net speech in an answer
TWICE_SECONDS = (2.0, 2.5, 3.0)  # in each of two
WORDS_SECONDS = 2.5  # in the words beside a recording
RECORDED_SECONDS = (2.0, 4.0)  # of the owner, before the words
BOUNDS = (-np.inf, -1.0, 0.0, 1.0, 2.0, 3.0)  # LLR that every part must reach
LOWERED = (0.0, 1.0, 2.0, 3.0, 4.0)
IMPOSTORS = 4  # of each speaker
SHIFTED = 3  # synthetic voices towards each speaker
DIGITS = "four, seven, one, nine, three, five."
OTHER_DIGITS = "eight, two, six, zero, three, seven."


def speech(call: SpeakerCalls) -> np.ndarray:
    return np.concatenate([test.speech() for test in call.tests])


def synthetic(digits: str) -> list[Spoken]:
    said = [("espeak-ng", voice, ["espeak-ng", "-v", voice, "--stdout", digits]) for voice in ESPEAK_VOICES]
    said += [("flite", voice, ["flite", "-voice", voice, "-t", digits, "-o", "/dev/stdout"]) for voice in FLITE_VOICES]
    return [_spoken(*each) for each in said]


def net(samples: np.ndarray) -> np.ndarray:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return utterance.speech()


@dataclass(frozen=True)
class Judged:
    """Of an answer: its LLR, the threshold of its length, the LLR of the part that is least like the print."""

    llr: float
    threshold: float
    lowest: float

    def accepted(self, bound: float = STRANGER_LLR) -> bool:
        return self.llr >= self.threshold and self.lowest >= bound


@dataclass
class Twice:
    """Callers of one kind who have two answers: accepted by the first, asked once more, accepted in the end. And the last two
    where whoever is neither ACCEPTED nor REJECTED is asked, also where the voice is a stranger's rather."""

    first: list[bool] = field(default_factory=list)
    asked: list[bool] = field(default_factory=list)
    both: list[bool] = field(default_factory=list)
    asked_any: list[bool] = field(default_factory=list)
    both_any: list[bool] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="campplus")
    parser.add_argument("--split", default="train")
    parser.add_argument("--speakers", type=int, default=20, help="of each corpus, at most (%(default)s)")
    parser.add_argument("--people", action="store_true", help="leave the synthetic voices out")
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    point = operating_point(encoder)
    looks = point.calibration.looks_seconds
    people: dict[str, list[tuple[SpeakerCalls, Voiceprint]]] = defaultdict(list)
    for speaker in speakers(options.speech, options.split):
        if len(people[speaker.corpus]) < options.speakers and (call := calls(speaker)) is not None:
            voiceprint = enrol(encoder, call.enrolment).voiceprint
            if voiceprint is not None:
                people[speaker.corpus].append((call, voiceprint))
    found: dict[str, list[Judged]] = defaultdict(list)
    twice: dict[str, Twice] = defaultdict(Twice)

    def judge(voiceprint: Voiceprint, said: np.ndarray) -> Judged:
        if len(said) < looks[0] * TELEPHONE_RATE_HZ:
            return Judged(-np.inf, 0.0, -np.inf)  # too short
        reached = [look for look in looks if len(said) / TELEPHONE_RATE_HZ >= look]
        whole = llr(encoder, voiceprint, said[: int(reached[-1] * TELEPHONE_RATE_HZ)], point)
        lowest = min(llr(encoder, voiceprint, part, point) for part in parts(said))
        return Judged(whole, point.accept_llrs[len(reached) - 1], lowest)

    def judged(kind: str, voiceprint: Voiceprint, said: np.ndarray) -> Judged:
        found[kind].append(judge(voiceprint, said))
        return found[kind][-1]

    def again(kind: str, voiceprint: Voiceprint, one: Judged, said: np.ndarray, then: np.ndarray) -> None:
        row, first = twice[kind], one.accepted()
        undecided = point.reject_llr < one.llr < one.threshold
        together = undecided and judge(voiceprint, np.concatenate([said, then])).accepted()
        row.first.append(first)
        row.asked.append(undecided and one.llr >= STRANGER_LLR)
        row.both.append(first or (together and one.llr >= STRANGER_LLR))
        row.asked_any.append(undecided)
        row.both_any.append(first or together)

    def samples(seconds: float) -> int:
        return int(seconds * TELEPHONE_RATE_HZ)

    voices, next_ = ([], []) if options.people else (synthetic(DIGITS), synthetic(OTHER_DIGITS))
    rng, everybody = np.random.default_rng(0), 0
    words = samples(WORDS_SECONDS)
    for of_corpus in people.values():
        for number, (call, voiceprint) in enumerate(of_corpus):
            own = speech(call)
            others = [speech(other) for index, (other, _) in enumerate(of_corpus) if index != number]
            rng.shuffle(others)
            for seconds in SECONDS:
                size, both = samples(seconds), seconds in TWICE_SECONDS
                if len(own) >= size:
                    one = judged(f"owner, {seconds:g} s", voiceprint, own[:size])
                    if both and len(own) >= 2 * size:
                        again(f"owner, {seconds:g} + {seconds:g} s", voiceprint, one, own[:size], own[size : 2 * size])
                    for other in others[:IMPOSTORS] if seconds == WORDS_SECONDS else ():
                        if len(other) >= size:
                            kind = f"owner, {seconds:g} s, then another person, {seconds:g} s"
                            again(kind, voiceprint, one, own[:size], other[:size])
                for other in others[:IMPOSTORS]:
                    if len(other) >= size:
                        one = judged(f"another person, {seconds:g} s", voiceprint, other[:size])
                        if both and len(other) >= 2 * size:
                            kind = f"another person, {seconds:g} + {seconds:g} s"
                            again(kind, voiceprint, one, other[:size], other[size : 2 * size])
            for recorded in RECORDED_SECONDS:
                played = own[: samples(recorded)]
                for other in others[:IMPOSTORS]:
                    if len(other) >= words and len(played) >= samples(recorded):
                        mixed = np.concatenate([played, other[:words]])
                        one = judged(f"{recorded:g} s recorded, then another person, 2.5 s", voiceprint, mixed)
                        if len(other) >= 2 * words and len(own) >= 2 * len(played):
                            then = np.concatenate([own[len(played) : 2 * len(played)], other[words : 2 * words]])
                            kind = f"{recorded:g} s recorded, then another person, 2.5 s, twice"
                            again(kind, voiceprint, one, mixed, then)
            for voice, then in zip(voices, next_, strict=True):
                kind, said = f"synthetic: {voice.engine}, six digits", net(voice.samples)
                again(f"{kind}, twice", voiceprint, judged(kind, voiceprint, said), said, net(then.samples))
            for turn in range(SHIFTED if voices else 0):
                which = (everybody + turn * 3) % len(voices)
                said, then = (net(towards(each[which].samples, own)) for each in (voices, next_))
                kind = f"synthetic, shifted: {voices[which].engine}, six digits"
                again(f"{kind}, twice", voiceprint, judged(kind, voiceprint, said), said, then)
            everybody += 1
    print("net speech of six digits: " + ", ".join(f"{len(net(voice.samples)) / 8000:.1f} s" for voice in voices))
    print(f"{sum(map(len, people.values()))} speakers: { {name: len(of) for name, of in people.items()} }")
    print("The answer alone, ACCEPTED at FAR 0.5 %, if every 2 s of it reach an LLR of " + _cells(map(str, BOUNDS)))
    for kind, answers in found.items():
        hits = [[answer.accepted(bound) for answer in answers] for bound in BOUNDS]
        print(f"  {kind:50}{len(answers):5}  " + _cells(_share(each) for each in hits))
    print("If a voice that matched before lowered the threshold for the answer, parts included, to an LLR of", end=" ")
    print(_cells(map(str, LOWERED)))
    for kind, answers in found.items():
        hits = [[one.llr >= low and one.lowest >= min(low, 0.0) for one in answers] for low in LOWERED]
        print(f"  {kind:50}{len(answers):5}  " + _cells(_share(each) for each in hits))
    print("Two answers, the second asked for from LLR 0 up, or whatever is undecided", end=" ")
    print(_cells(("by the first alone", "asked once more", "ACCEPTED in the end", "asked: undecided", "ACCEPTED")))
    for kind, row in twice.items():
        cells = _cells(_share(each) for each in (row.first, row.asked, row.both, row.asked_any, row.both_any))
        print(f"  {kind:50}{len(row.first):5}  " + cells)


def _share(hits: Sequence[bool]) -> str:
    low, high = clopper_pearson(sum(hits), len(hits))
    return f"{np.mean(hits):.1%} [{low:.1%}, {high:.1%}]"


def _cells(texts: Iterable[str]) -> str:
    return " | ".join(f"{text:>20}" for text in texts)


if __name__ == "__main__":
    main()
