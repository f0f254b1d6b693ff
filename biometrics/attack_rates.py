"""``python -m biometrics attack``: what gets through, by kind of attack, with the voice alone and with replay memory.

APCER: the share of attacks that are ACCEPTED. BPCER: the share of genuine attempts that are not (ISO/IEC 30107-3, for the whole
verdict). Intervals are Wilson's at 95 %; attempts of one speaker are not independent, so the truth may lie further out.
"""

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from biometrics.attacks import replay_species, synthetic_voices, towards
from biometrics.audio import TELEPHONE_RATE_HZ, decode_ulaw, encode_ulaw, read_audio, telephone
from biometrics.calibration import DEFAULT_TARGET_FAR, operating_point
from biometrics.commands import rising_seconds
from biometrics.corpus import FRAME_BYTES, PAUSE, Speaker, speakers
from biometrics.encoder import Encoder
from biometrics.enrolment import enrol
from biometrics.errors import BiometricsError
from biometrics.replay import Fingerprint, fingerprint, fingerprints, is_replay
from biometrics.speech import Utterance
from biometrics.verification import Outcome, verify
from biometrics.voiceprint import Voiceprint

SAYING_SECONDS = (3.3, 7.0)  # net speech of one saying
LONGEST_SAYING_SECONDS = 20.0
ENROLMENT_SAYINGS = 3


@dataclass(frozen=True, eq=False)
class Saying:
    """One attempt: audio at 8 kHz, pauses included, and what it leaves behind."""

    samples: np.ndarray
    utterance: Utterance
    print: Fingerprint


@dataclass(frozen=True, eq=False)
class Person:
    corpus: str
    name: str
    sayings: tuple[Saying, ...]


@dataclass(frozen=True)
class Rate:
    """``hits`` of ``n``, with the 95 % interval of Wilson (1927)."""

    species: str
    n: int
    hits: int
    rate: float
    low: float
    high: float


def rate(species: str, hits: int, n: int) -> Rate:
    if n == 0:
        return Rate(species, 0, 0, float("nan"), 0.0, 1.0)
    z, share = 1.96, hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return Rate(species, n, hits, share, max(0.0, middle - half), min(1.0, middle + half))


def heard(samples: np.ndarray) -> Saying:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return Saying(samples, utterance, fingerprint(utterance))


def person(speaker: Speaker) -> Person:
    """The clips of a speaker in a random order, as sayings of several clips with short pauses; no clip in two of them."""
    clips, draw = list(speaker.clips), random.Random(speaker.name)
    draw.shuffle(clips)
    sayings, parts, wanted = [], [], draw.uniform(*SAYING_SECONDS)
    for clip in clips:
        parts.append(decode_ulaw(encode_ulaw(telephone(*read_audio(clip))) + PAUSE))
        seconds = sum(len(part) for part in parts) / TELEPHONE_RATE_HZ
        if seconds < wanted:  # no use listening yet: opening a speech detector costs more than the rest
            continue
        saying = heard(np.concatenate(parts)[: int(LONGEST_SAYING_SECONDS * TELEPHONE_RATE_HZ)])
        if saying.utterance.net_speech_seconds >= SAYING_SECONDS[0]:
            sayings.append(saying)
            parts, wanted = [], draw.uniform(*SAYING_SECONDS)
    return Person(speaker.corpus, speaker.name, tuple(sayings))


class _Remembering:
    """The encoder itself, but the same audio is embedded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
        key = hashlib.sha256(samples.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self._encoder.embed(samples, sample_rate_hz)
        return self._known[key]


def is_accepted(encoder: Encoder, voiceprint: Voiceprint, samples: np.ndarray, point, memory) -> tuple[bool, bool]:
    """(by the voice alone, with replay memory), as on a live call: looked at until the answer is final."""
    utterance, ulaw, next_look = Utterance(), encode_ulaw(samples), 0.0
    for start in range(0, len(ulaw), FRAME_BYTES):
        utterance.feed(ulaw[start : start + FRAME_BYTES])
        last = start + FRAME_BYTES >= len(ulaw)
        if utterance.net_speech_seconds < next_look and not last:
            continue
        if utterance.net_speech_seconds == 0 and not last:
            continue
        verdict = verify(encoder, voiceprint, utterance, point)
        if verdict.outcome is Outcome.ACCEPTED:
            return True, not is_replay(fingerprints(utterance), memory)
        if verdict.next_look_seconds is None:
            return False, False
        next_look = verdict.next_look_seconds
    return False, False


def _presentations(people: list[Person]) -> Iterator[tuple[str, Person, np.ndarray]]:
    """(species, whose print it is held against, audio)."""
    rng, voices = np.random.default_rng(1), synthetic_voices()
    for index, target in enumerate(people):
        stolen = target.sayings[ENROLMENT_SAYINGS]
        for name, change in replay_species().items():
            yield f"replay: {name}", target, change(stolen.samples, rng)
        for voice in voices:
            yield f"synthetic: {voice.engine}", target, voice.samples
            yield f"synthetic, shifted: {voice.engine}", target, towards(voice.samples, stolen.samples)
        others = [each for each in people if each.corpus == target.corpus and each is not target]
        for other in others[index % max(1, len(others)) :][:2]:
            said = np.concatenate([saying.samples for saying in other.sayings[:3]])
            yield "another person", target, said
            yield "another person, shifted", target, towards(said, stolen.samples)


def measure(encoder: Encoder, people: list[Person], point, track) -> list[tuple[Rate, Rate]]:
    """APCER of every species and, first, BPCER: (voice alone, with replay memory)."""
    encoder = _Remembering(encoder)
    prints: dict[str, Voiceprint] = {}
    for each in track(people, "enrolling"):
        utterance = Utterance()
        for saying in each.sayings[:ENROLMENT_SAYINGS]:
            utterance.feed(encode_ulaw(saying.samples))
        result = enrol(encoder, utterance)
        if result.voiceprint is not None:
            prints[each.name] = result.voiceprint
    people = [each for each in people if each.name in prints]
    outcomes: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for each in track(people, "genuine attempts"):
        memory = [saying.print for saying in each.sayings[: ENROLMENT_SAYINGS + 1]]
        for saying in each.sayings[ENROLMENT_SAYINGS + 1 :][:4]:
            alone, layered = is_accepted(encoder, prints[each.name], saying.samples, point, memory)
            outcomes["genuine: not ACCEPTED (BPCER)"].append((not alone, not layered))
    for species, target, samples in track(list(_presentations(people)), "attacks"):
        memory = [saying.print for saying in target.sayings[: ENROLMENT_SAYINGS + 1]]
        outcomes[species].append(is_accepted(encoder, prints[target.name], samples, point, memory))
    return [
        (rate(name, sum(a for a, _ in hits), len(hits)), rate(name, sum(b for _, b in hits), len(hits)))
        for name, hits in outcomes.items()
    ]


def add_attack(added: argparse.ArgumentParser) -> None:
    added.add_argument("--speech", type=Path, required=True, metavar="DIR", help="labelled speakers (manifest.csv)")
    added.add_argument("--split", default="dev", help="of the labelled speakers (%(default)s)")
    added.add_argument("--target-far", type=float, default=DEFAULT_TARGET_FAR, help="0-1 (%(default)s)")
    added.add_argument("--targets", type=int, default=16, metavar="N", help="people attacked (%(default)s)")
    added.add_argument("--people", type=int, default=0, metavar="N", help="at most, of each corpus (all)")
    added.add_argument("--memory", action="store_true", help="instead: replay memory alone, on people of both splits")
    added.add_argument(
        "--recordings", type=int, default=60, metavar="N", help="pairs played again (--memory, %(default)s)"
    )
    added.add_argument(
        "--looks",
        type=rising_seconds,
        default=(2.0, 2.5),
        metavar="S,S",
        help="net speech of an attempt (--memory, 2,2.5)",
    )
    added.add_argument("--one-line", action="store_true", help="every attempt over the same line (--memory)")
    added.add_argument("--scores", type=Path, metavar="CSV", help="every genuine attempt (--memory)")


def run_attack(options: argparse.Namespace, load, track) -> int:
    """``load``: the encoder."""
    by_corpus: dict[str, list[Speaker]] = defaultdict(list)
    for speaker in speakers(options.speech, options.split):
        if not options.people or len(by_corpus[speaker.corpus]) < options.people:
            by_corpus[speaker.corpus].append(speaker)
    people = [person(each) for each in track([s for group in by_corpus.values() for s in group], "listening")]
    people = [each for each in people if each.sayings]
    encoder = load()
    point = operating_point(encoder, options.target_far)
    if point is None:
        raise BiometricsError(f"{encoder.name} has no threshold for FAR {options.target_far}")
    targets = [each for each in people if len(each.sayings) > ENROLMENT_SAYINGS + 1]
    random.Random(0).shuffle(targets)
    verdicts = measure(encoder, targets[: options.targets], point, track)
    if options.json:
        plain = [
            {"species": alone.species, "alone": asdict(alone), "layered": asdict(both)} for alone, both in verdicts
        ]
        model = {"model": encoder.name, "model_sha256": encoder.sha256, "target_far": options.target_far}
        print(json.dumps(model | {"verdicts": plain}))
        return 0
    print(f"ACCEPTED by {encoder.name} at FAR {options.target_far:.1%}: the voice alone | with replay memory")
    for alone, both in verdicts:
        print(line(alone) + " |" + _share(both))
    return 0


def line(each: Rate) -> str:
    return f"  {each.species:42}{each.n:6}{_share(each)}"


def _share(each: Rate) -> str:
    return f"{each.rate:8.2%} [{each.low:.2%}, {each.high:.2%}]" if each.n else "       -"
