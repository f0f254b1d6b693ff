"""Trials: what owners and impostors score at each look of a call, and under which conditions.

They come from labelled speakers over a simulated telephone line (``collect``) or from an operator's own calls (``scorefile``).
Impostors are taken within a corpus only: across corpora the room, microphone and language give them away.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.corpus import Speaker, calls, in_noise
from biometrics.encoder import Encoder
from biometrics.enrolment import DEFAULT_ENROLMENT_POLICY, agreement
from biometrics.errors import CalibrationError
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.speech import Utterance

Track = Callable[[list[Speaker], str], Iterable[Speaker]]
CALIBRATION_TESTS, EVALUATION_TESTS = 1, 2  # calls a speaker
NOISY_EVERY = 3  # so many speakers call a second time, in noise ...
NOISE_SNRS_DB = (5.0, 10.0, 15.0, 20.0)  # ... of these levels in turn
NOISY_GROUP = ", noise"  # ends the name of a group that holds copies of another group's calls, with noise added


@dataclass(frozen=True, eq=False)
class Trials:
    """One row a trial and look; arrays of one shape (rows,). ``group``: the corpus, with ``NOISY_GROUP`` where noise was added.

    ``test`` numbers the calls that were made, ``call`` the pairs of such a call with a print: the rows of a pair are its
    looks. ``agreements``: the lowest cosine between two segments of each enrolment, (prints,).
    """

    group: np.ndarray
    claimed: np.ndarray  # number of the print's speaker
    speaking: np.ndarray  # number of who really speaks, -1 unknown
    test: np.ndarray
    call: np.ndarray
    is_target: np.ndarray
    cosine: np.ndarray
    conditions: Conditions
    agreements: np.ndarray

    def where(self, rows: np.ndarray) -> "Trials":
        """The rows of a mask (rows,)."""
        told = self.conditions
        return Trials(
            self.group[rows], self.claimed[rows], self.speaking[rows], self.test[rows],
            self.call[rows], self.is_target[rows], self.cosine[rows],
            Conditions(told.net_speech_seconds[rows], told.snr_db[rows], told.enrolment_utterances[rows]),
            self.agreements,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class HeardCall:
    """One call at each look it reached: (looks,) seconds and SNR, (looks, dimension) embeddings."""

    noisy: bool
    looks_seconds: np.ndarray
    snr_db: np.ndarray
    embeddings: np.ndarray


@dataclass(frozen=True, eq=False)
class HeardSpeaker:
    """A speaker's enrolment, (segments, dimension), and calls."""

    speaker: Speaker
    segments: np.ndarray
    calls: tuple[HeardCall, ...]


def collect(
    encoder: Encoder, people: list[Speaker], looks_seconds: tuple[float, ...], track: Track, tests_each: int
) -> list[HeardSpeaker]:
    """Embed everyone who has enough speech: an enrolment, up to ``tests_each`` calls, and for every third speaker the
    first call once more in noise."""
    heard: list[HeardSpeaker] = []
    for speaker in track(people, f"{encoder.name}: speakers"):
        if (found := calls(speaker, tests=tests_each)) is None:
            continue
        segments = np.array_split(found.enrolment.speech(), DEFAULT_ENROLMENT_POLICY.segments)
        tests = [_looked_at(encoder, False, utterance, looks_seconds) for utterance in found.tests]
        if len(heard) % NOISY_EVERY == 0:
            snr = NOISE_SNRS_DB[len(heard) // NOISY_EVERY % len(NOISE_SNRS_DB)]
            tests.append(_looked_at(encoder, True, in_noise(found.audio[0], snr, speaker.name), looks_seconds))
        embeddings = np.stack([encoder.embed(segment, TELEPHONE_RATE_HZ) for segment in segments])
        heard.append(HeardSpeaker(speaker, embeddings, tuple(test for test in tests if len(test.looks_seconds))))
    return heard


def _looked_at(encoder: Encoder, noisy: bool, utterance: Utterance, looks_seconds: tuple[float, ...]) -> HeardCall:
    speech = utterance.speech()
    reached = [look for look in looks_seconds if utterance.net_speech_seconds >= look]
    parts = [speech[: int(look * TELEPHONE_RATE_HZ)] for look in reached]
    embeddings = [encoder.embed(part, TELEPHONE_RATE_HZ) for part in parts]
    snrs = np.array([speech_snr_db(part) for part in parts])
    return HeardCall(noisy, np.array(reached), snrs, np.array(embeddings, dtype=np.float32))


def score(heard: list[HeardSpeaker]) -> Trials:
    """Every call against every print of its corpus; prints of fewer segments against every other look only."""
    if not heard:
        raise CalibrationError("no speaker has enough speech for an enrolment and a call")
    rows: list[tuple] = []
    call = 0
    numbers = {id(test): number for number, test in enumerate(test for each in heard for test in each.calls)}
    for utterances in range(1, len(heard[0].segments) + 1):
        centres = [_centre(each.segments[:utterances]) for each in heard]
        step = 1 if utterances == len(heard[0].segments) else 2
        for corpus in sorted({each.speaker.corpus for each in heard}):
            members = [number for number, each in enumerate(heard) if each.speaker.corpus == corpus]
            prints = np.stack([centres[number] for number in members])
            for speaking in members:
                for test in heard[speaking].calls:
                    looks, snrs = test.looks_seconds[::step], test.snr_db[::step]
                    cosines = (prints @ test.embeddings[::step].T).ravel()
                    claimed = np.repeat(members, len(looks))
                    group = corpus + NOISY_GROUP if test.noisy else corpus
                    count = len(cosines)
                    rows.append(
                        (
                            np.full(count, group, dtype=object),
                            claimed,
                            np.full(count, speaking),
                            np.full(count, numbers[id(test)]),
                            call + np.repeat(np.arange(len(members)), len(looks)),
                            claimed == speaking,
                            cosines,
                            np.tile(looks, len(members)),
                            np.tile(snrs, len(members)),
                            np.full(count, float(utterances)),
                        )
                    )
                    call += len(members)
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return Trials(*columns[:7], Conditions(*columns[7:]), np.array([agreement(each.segments) for each in heard]))


def with_somebody_unheard(heard: list[HeardSpeaker], unheard: frozenset[str]) -> tuple[Trials, int]:
    """The trials without those of two voices a model has learned from, and how many speakers of ``unheard``
    ("corpus/name": who they are) were there.

    So every owner is unheard, and of impostor trials the caller or the owner of the print is; enrolments are judged by
    those of the unheard alone. ``CalibrationError`` where none of them has enough speech.
    """
    trials = score(heard)
    new = np.array([f"{each.speaker.corpus}/{each.speaker.name}" in unheard for each in heard])
    if not new.any():
        raise CalibrationError(
            "none of the speakers held out from training has enough speech for an enrolment and a call"
        )
    trials = replace(trials, agreements=trials.agreements[new])
    return trials.where(new[trials.claimed] | new[trials.speaking]), int(new.sum())


def _centre(segments: np.ndarray) -> np.ndarray:
    mean = segments.mean(axis=0)
    return mean / np.linalg.norm(mean)
