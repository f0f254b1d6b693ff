"""``python -m biometrics attack --memory``: how often replay memory takes a person for a recording, and what it knows again.

A genuine attempt is a stretch of somebody's speech that overlaps no other, over a telephone line of its own, held against what
the product would hold of that person: up to 28 of the other stretches. It is looked at twice, as a call is, and at every
speed; one agreement at one of them is a false alarm.
"""

import argparse
import csv
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, fields

import numpy as np

from biometrics.attack_rates import Rate, line
from biometrics.attacks import Change, halves, replay_species, spliced
from biometrics.audio import TELEPHONE_RATE_HZ, decode_ulaw, encode_ulaw, read_audio, resample, telephone
from biometrics.corpus import Speaker, held_out, speakers
from biometrics.errors import BiometricsError
from biometrics.replay import SAME_RECORDING, SPEEDS, Fingerprint, agreements, fingerprints
from biometrics.sequential import clopper_pearson, rate_interval
from biometrics.speech import WINDOW_SAMPLES, Utterance
from biometrics.training.channel import ChannelConfig
from biometrics.training.channel import telephone as drawn_line
from biometrics.training.codecs import CodecMissing, check

SPLITS, PLAYED_AGAIN = ("train", "dev"), "dev"  # whose recordings are played again: people no threshold was learnt on
LOOKS_SECONDS = (2.0, 2.5)  # of net speech; four of five owners are decided at one of these
CHUNK, LONGEST_CHUNK = (
    4,
    16,
)  # times the net speech of a stretch, from which it is cut; doubled where there is too little
PAUSE = np.zeros(int(0.3 * TELEPHONE_RATE_HZ), dtype=np.float32)  # between two clips
ENROLLED = 3  # what a guided enrolment leaves, the least a memory holds
MEMORY = 28  # 12 of the enrolment, 12 of ACCEPTED calls, 4 of others: ivr/authentication/README.md
# Handsets, rooms, noise and codecs of lines on which people are decided at all.
LINES = {
    "second_codec": 0.3, "room": 0.3, "noise": 0.5, "babble": 0.0, "line_noise": 0.3, "overdrive": 0.0, "packet_loss": 0.1,
    "snr_decibels": (12, 30), "level_decibels": (-36, -14),
}  # fmt: skip
CODECS = {"mulaw": 4, "alaw": 3, "gsm": 1.5, "amr": 2.5}  # how often each

TAIL = 0.05  # of the attempts, the highest, tell how fast agreement of chance becomes rare
WANTED_FALSE_ALARMS = 1e-4  # of attempts, a tenth of the goal


Line = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Stretch:
    """``samples``: as the line left them, 8 kHz; ``looks``: its fingerprints at every look and speed."""

    samples: np.ndarray
    looks: tuple[tuple[Fingerprint, ...], ...]
    remembered: Fingerprint


@dataclass(frozen=True)
class Attempt:
    """``same_speed``, ``other_speeds``: the highest agreement with anything of the memory, at any look."""

    corpus: str
    speaker: str
    split: str
    memory: int
    same_speed: float
    other_speeds: float

    @property
    def agreement(self) -> float:
        return max(self.same_speed, self.other_speeds)


@dataclass(frozen=True)
class FalseAlarms:
    """``alarms`` of ``attempts`` at ``threshold``: exact 95 % interval as if attempts were independent (Clopper & Pearson 1934),
    and one of people: a bootstrap, or without an alarm one chance for each of ``effective_speakers`` (Kish 1965)."""

    group: str
    threshold: float
    attempts: int
    speakers: int
    alarms: int
    interval: tuple[float, float]
    effective_speakers: float
    speaker_interval: tuple[float, float]
    highest: float


def run_memory(options: argparse.Namespace, track) -> int:
    by_corpus: dict[tuple[str, str], list[Speaker]] = defaultdict(list)
    for split in SPLITS:
        for speaker in speakers(options.speech, split):
            if not options.people or len(by_corpus[split, speaker.corpus]) < options.people:
                by_corpus[split, speaker.corpus].append(speaker)
    over, found, originals = (one_line if options.one_line else drawn_lines()), [], []
    everybody = [(split, speaker) for (split, _), group in by_corpus.items() for speaker in group]
    for split, speaker in track(everybody, "genuine attempts"):
        said = list(stretches(speaker, over, options.looks))
        found += attempts(speaker, split, said)
        if split == PLAYED_AGAIN and len(said) > 1:
            originals += said[:2]
    if not found or not originals:
        raise BiometricsError(f"too few people in {options.speech} have speech for {ENROLLED + 1} stretches")
    if options.scores:
        with options.scores.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([each.name for each in fields(Attempt)])
            writer.writerows(astuple(each) for each in found)
    alarms, again = evidence(found), known_again(originals[: 2 * options.recordings], track)
    milliseconds = cost_ms(originals)
    if options.json:
        told = {"false_alarms": alarms, "known": again, "look_milliseconds": milliseconds}
        print(json.dumps(told, default=asdict))
        return 0
    sizes = np.quantile([each.memory for each in found], (0.25, 0.5, 0.75)).astype(int)
    looks = ", ".join(f"{look:g}" for look in options.looks)
    print(f"genuine attempts, looked at after {looks} s at {len(SPEEDS)} speeds; memory (quartiles) {sizes}")
    for each in alarms:
        low, high = each.interval
        print(
            f"  {each.group:30} at {each.threshold:.3f}: {each.alarms} of {each.attempts} [{low:.2%}, {high:.2%}], "
            f"{each.speakers} people [{each.speaker_interval[0]:.2%}, {each.speaker_interval[1]:.2%}], highest {each.highest:.3f}"
        )
    print("recordings that came again, known")
    for each in again:
        print(line(each))
    print(f"a look against {MEMORY}: {milliseconds[0]:.1f} ms of CPU, without other speeds {milliseconds[1]:.1f} ms")
    return 0


def drawn_lines() -> Line:
    """Each time another one, of the codecs that this machine has."""
    codecs = dict(CODECS)
    try:
        check(("amr",))
    except CodecMissing:
        del codecs["amr"]
    config = ChannelConfig(tuple(codecs), tuple(codecs.values()), **LINES)
    return lambda samples, generator: drawn_line(samples, generator, config, _nobody)


def _nobody(length: int) -> np.ndarray:
    return np.zeros(length, dtype=np.float32)


def one_line(samples: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Always the same: 300-3400 Hz, G.711 µ-law."""
    return telephone(samples, TELEPHONE_RATE_HZ)


def stretches(speaker: Speaker, over: Line, looks_seconds: tuple[float, ...] = LOOKS_SECONDS) -> Iterator[Stretch]:
    """The clips in a random order, end to end, cut where the last look has its speech; each over a line of its own."""
    draw = random.Random(speaker.name)
    clips = iter(draw.sample(speaker.clips, len(speaker.clips)))
    generator = np.random.default_rng(list(f"{speaker.corpus}/{speaker.name}".encode()))
    listening = Utterance()  # one for all: opening a detector of speech costs as much as a stretch
    said, net = np.empty(0, dtype=np.float32), int(looks_seconds[-1] * TELEPHONE_RATE_HZ)
    chunk = CHUNK * net
    while True:
        while len(said) < chunk and (clip := next(clips, None)) is not None:
            samples, rate_hz = read_audio(clip)
            said = np.concatenate([said, resample(samples, rate_hz, TELEPHONE_RATE_HZ), PAUSE])
        if len(said) < net:
            return
        ulaw = encode_ulaw(over(said[:chunk], generator))
        looks, end = [], 0
        while end < len(ulaw) and len(looks) < len(looks_seconds):
            listening.feed(ulaw[end : end + WINDOW_SAMPLES])
            end += WINDOW_SAMPLES
            if listening.net_speech_seconds >= looks_seconds[len(looks)]:
                looks.append(fingerprints(listening.snapshot()))
        said = said[end:]
        listening.cut()
        if len(looks) == len(looks_seconds):
            yield Stretch(decode_ulaw(ulaw[:end]), tuple(looks), looks[-1][0])
        else:
            chunk = min(2 * chunk, LONGEST_CHUNK * net)


def attempts(speaker: Speaker, split: str, said: list[Stretch]) -> Iterator[Attempt]:
    """Each stretch against others of the same person, the most there are up to ``MEMORY``; none below ``ENROLLED``."""
    if len(said) <= ENROLLED:
        return
    draw = random.Random(speaker.name)
    for place, each in enumerate(said):
        others = [other.remembered for at, other in enumerate(said) if at != place]
        memory = draw.sample(others, min(MEMORY, len(others)))
        found = np.max([agreements(look, memory).max(axis=1) for look in each.looks], axis=0)
        yield Attempt(speaker.corpus, speaker.name, split, len(memory), float(found[0]), float(found[1:].max()))


def threshold(some: list[Attempt]) -> float:
    """The agreement that ``WANTED_FALSE_ALARMS`` of attempts would reach if their tail goes on as an exponential does, which is
    what the highest of many chances tends to (Gumbel 1958); never below the highest that was seen."""
    found = np.sort([each.agreement for each in some])
    start = float(np.quantile(found, 1 - TAIL))
    excess = float(np.mean(found[found >= start] - start))
    return max(start + excess * float(np.log(TAIL / WANTED_FALSE_ALARMS)), float(found[-1]))


def false_alarms(group: str, some: list[Attempt], at: float | np.ndarray) -> FalseAlarms:
    """``at``: the threshold, or one for each attempt."""
    alarmed = np.array([each.agreement for each in some]) >= at
    _, person = np.unique([f"{each.corpus}/{each.speaker}" for each in some], return_inverse=True)
    weights = np.bincount(person).astype(float)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    by_person = rate_interval(alarmed, person, person) if alarmed.any() else (0.0, 1 - 0.025 ** (1 / effective))
    return FalseAlarms(
        group, float(np.max(at)), len(some), len(weights), int(alarmed.sum()), clopper_pearson(int(alarmed.sum()), len(some)),
        effective, by_person, max(each.agreement for each in some),
    )  # fmt: skip


def evidence(found: list[Attempt]) -> list[FalseAlarms]:
    """At the shipped threshold by split and corpus; then with thresholds of people who are not counted."""
    made = [false_alarms("all", found, SAME_RECORDING)]
    for name in sorted({each.split for each in found}):
        made.append(false_alarms(f"split {name}", [each for each in found if each.split == name], SAME_RECORDING))
    for name in sorted({each.corpus for each in found}):
        made.append(false_alarms(name, [each for each in found if each.corpus == name], SAME_RECORDING))
    groups = [[each for each in found if held_out(each.corpus, each.speaker) is half] for half in (False, True)]
    if all(groups):
        learnt = [threshold(group) for group in groups]
        made.append(false_alarms("half A at the threshold of B", groups[0], learnt[1]))
        made.append(false_alarms("half B at the threshold of A", groups[1], learnt[0]))
        others = np.repeat(learnt[::-1], [len(group) for group in groups])
        made.append(false_alarms("both halves, cross-fitted", [*groups[0], *groups[1]], others))
    train, dev = ([each for each in found if each.split == split] for split in ("train", "dev"))
    if train and dev:
        made.append(false_alarms("dev at the threshold of train", dev, threshold(train)))
    return made


def known_again(originals: list[Stretch], track) -> list[Rate]:
    """Of recordings of what was heard that come again, those taken for replays; only what has speech enough for a look.

    ``originals``: two of one person after each other, so that they can be joined.
    """
    joined: dict[str, Callable] = {
        "halves of two recordings": lambda one, other, rng: halves(one, other),
        **{
            f"pieces of {seconds:g} s of two, mixed": lambda one, other, rng, seconds=seconds: spliced(
                one, other, seconds, rng
            )
            for seconds in (1.0, 0.5, 0.25)
        },
    }
    manners: dict[str, Change | Callable] = replay_species() | joined
    counted: dict[str, list[bool]] = defaultdict(list)
    generator, listening = np.random.default_rng(0), Utterance()
    for place, original in enumerate(track(originals, "playing again")):
        other = originals[place ^ 1]
        for name, change in manners.items():
            if name in joined:
                again, memory = change(original.samples, other.samples, generator), (original, other)
            else:
                again, memory = change(original.samples, generator), (original,)
            listening.feed(encode_ulaw(again))
            heard = listening.cut()
            if heard.net_speech_seconds >= LOOKS_SECONDS[0]:
                found = agreements(fingerprints(heard), [each.remembered for each in memory])
                counted[name].append(bool((found >= SAME_RECORDING).any()))
    return [_exact(name, hits) for name, hits in counted.items()]


def cost_ms(originals: list[Stretch], rounds: int = 21) -> tuple[float, float]:
    """CPU of one look of one of these against a full memory of them, the median: at all speeds, and at its own only."""
    utterance, memory = Utterance(), [originals[place % len(originals)].remembered for place in range(MEMORY)]
    utterance.feed(encode_ulaw(originals[0].samples))

    def once(speeds: tuple[float, ...]) -> float:
        began = time.process_time()
        agreements(fingerprints(utterance, speeds), memory)
        return 1000 * (time.process_time() - began)

    return tuple(float(np.median([once(speeds) for _ in range(rounds)])) for speeds in (SPEEDS, SPEEDS[:1]))


def _exact(name: str, hits: list[bool]) -> Rate:
    return Rate(name, len(hits), sum(hits), sum(hits) / len(hits), *clopper_pearson(sum(hits), len(hits)))
