"""What the voice of an answer to a challenge is worth by itself: the tables in biometrics/README.md.

    PYTHONPATH=. python tests/model/answers.py --model campplus [--split train] [--speakers 20] [--speech DIR]

Answers are stretches of speech of the length that so many words take; of people, nobody here says drawn words. Every speaker
is enrolled with 8 s; impostors are of the same corpus. A mixed answer is a recording of the owner and words said by
somebody else. Synthetic voices (espeak-ng, flite) do say six digits. Intervals are Clopper-Pearson's at 95 %, as if trials
were independent, which they are not.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from biometrics import Utterance, Voiceprint, encode_ulaw, load_encoder, operating_point
from biometrics.attacks import ESPEAK_VOICES, FLITE_VOICES, Spoken, _spoken, towards
from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.corpus import SpeakerCalls, calls, speakers
from biometrics.enrolment import enrol
from biometrics.sequential import clopper_pearson
from biometrics.throughout import llr, parts

SECONDS = (2.0, 2.5, 3.0, 4.0)  # of net speech in an answer
RECORDED_SECONDS = (2.0, 4.0)  # of the owner, before the words
BOUNDS = (-np.inf, -1.0, 0.0, 1.0, 2.0, 3.0)  # LLR that every part must reach
LOWERED = (0.0, 1.0, 2.0, 3.0, 4.0)
IMPOSTORS = 4  # of each speaker
SHIFTED = 3  # synthetic voices towards each speaker
DIGITS = "four, seven, one, nine, three, five."


def speech(call: SpeakerCalls) -> np.ndarray:
    return np.concatenate([test.speech() for test in call.tests])


def synthetic() -> list[Spoken]:
    said = [("espeak-ng", voice, ["espeak-ng", "-v", voice, "--stdout", DIGITS]) for voice in ESPEAK_VOICES]
    said += [("flite", voice, ["flite", "-voice", voice, "-t", DIGITS, "-o", "/dev/stdout"]) for voice in FLITE_VOICES]
    return [_spoken(*each) for each in said]


def net(samples: np.ndarray) -> np.ndarray:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return utterance.speech()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="campplus")
    parser.add_argument("--split", default="train")
    parser.add_argument("--speakers", type=int, default=20, help="of each corpus, at most (%(default)s)")
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
    found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)

    def judged(kind: str, voiceprint: Voiceprint, said: np.ndarray) -> None:
        """(LLR of the whole, its threshold, LLR of the part that is least like the print)"""
        if len(said) < looks[0] * TELEPHONE_RATE_HZ:
            found[kind].append((-np.inf, 0.0, -np.inf))  # too short
            return
        reached = [look for look in looks if len(said) / TELEPHONE_RATE_HZ >= look]
        whole = llr(encoder, voiceprint, said[: int(reached[-1] * TELEPHONE_RATE_HZ)], point)
        lowest = min(llr(encoder, voiceprint, part, point) for part in parts(said))
        found[kind].append((whole, point.accept_llrs[len(reached) - 1], lowest))

    rng, voices, everybody = np.random.default_rng(0), synthetic(), 0
    for of_corpus in people.values():
        for number, (call, voiceprint) in enumerate(of_corpus):
            own = speech(call)
            others = [speech(other) for index, (other, _) in enumerate(of_corpus) if index != number]
            rng.shuffle(others)
            for seconds in SECONDS:
                size = int(seconds * TELEPHONE_RATE_HZ)
                if len(own) >= size:
                    judged(f"owner, {seconds:g} s", voiceprint, own[:size])
                for other in others[:IMPOSTORS]:
                    if len(other) >= size:
                        judged(f"another person, {seconds:g} s", voiceprint, other[:size])
            size = int(2.5 * TELEPHONE_RATE_HZ)
            for recorded in RECORDED_SECONDS:
                played = own[: int(recorded * TELEPHONE_RATE_HZ)]
                for other in others[:IMPOSTORS]:
                    if len(other) >= size and len(played) >= int(recorded * TELEPHONE_RATE_HZ):
                        mixed = np.concatenate([played, other[:size]])
                        judged(f"{recorded:g} s recorded, then another person, 2.5 s", voiceprint, mixed)
            for voice in voices:
                judged(f"synthetic: {voice.engine}, six digits", voiceprint, net(voice.samples))
            for turn in range(SHIFTED):
                voice = voices[(everybody + turn * 3) % len(voices)]
                judged(f"synthetic, shifted: {voice.engine}, six digits", voiceprint, net(towards(voice.samples, own)))
            everybody += 1
    print("net speech of six digits: " + ", ".join(f"{len(net(voice.samples)) / 8000:.1f} s" for voice in voices))
    print(f"{sum(map(len, people.values()))} speakers: { {name: len(of) for name, of in people.items()} }")
    print("The answer alone, ACCEPTED at FAR 0.5 %, if every 2 s of it reach an LLR of " + _cells(map(str, BOUNDS)))
    for kind, scores in found.items():
        hits = [[llr >= threshold and part >= bound for llr, threshold, part in scores] for bound in BOUNDS]
        print(f"  {kind:44}{len(scores):5}  " + _cells(_share(each) for each in hits))
    print("If a voice that matched before lowered the threshold for the answer, parts included, to an LLR of", end=" ")
    print(_cells(map(str, LOWERED)))
    for kind, scores in found.items():
        hits = [[llr >= lowered and part >= min(lowered, 0.0) for llr, _, part in scores] for lowered in LOWERED]
        print(f"  {kind:44}{len(scores):5}  " + _cells(_share(each) for each in hits))


def _share(hits: Sequence[bool]) -> str:
    low, high = clopper_pearson(sum(hits), len(hits))
    return f"{np.mean(hits):.1%} [{low:.1%}, {high:.1%}]"


def _cells(texts: Iterable[str]) -> str:
    return " | ".join(f"{text:>20}" for text in texts)


if __name__ == "__main__":
    main()
