"""Every test against every print of the same corpus: across corpora room, microphone and language give impostors away."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.calibration import Calibration
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.report.embeddings import RememberingEncoder
from biometrics.report.heard import TEST_SECONDS, UTTERANCES, Caller

Track = Callable[[list, str], Iterable]


@dataclass(frozen=True, eq=False)
class Scores:
    """The trials of one model on one corpus with tests of ``seconds`` of net speech; arrays of one shape (trials,).

    ``claimed`` and ``speaking`` are numbers of ``people``. ``llr``: None where the model has no calibration.
    """

    model: str
    corpus: str
    seconds: float
    people: tuple[Caller, ...]
    claimed: np.ndarray
    speaking: np.ndarray
    cosine: np.ndarray
    llr: np.ndarray | None

    @property
    def is_target(self) -> np.ndarray:
        return self.claimed == self.speaking

    def among(self, chosen: np.ndarray) -> "Scores":
        """The trials between the people of a mask (people,)."""
        rows = chosen[self.claimed] & chosen[self.speaking]
        llr = None if self.llr is None else self.llr[rows]
        return Scores(
            self.model, self.corpus, self.seconds, self.people, self.claimed[rows], self.speaking[rows],
            self.cosine[rows], llr,
        )  # fmt: skip


def score(
    encoder: RememberingEncoder, calibration: Calibration | None, heard: list[Caller], track: Track
) -> list[Scores]:
    """The scores of a model: a set a corpus and length; one with no owner or no impostor trial is left out."""
    by_corpus: dict[str, list[Caller]] = {}
    for caller in heard:
        by_corpus.setdefault(caller.corpus, []).append(caller)
    embedded = {}
    for caller in track(heard, f"{encoder.name}: speakers"):
        embedded[caller.corpus, caller.name] = _embedded(encoder, caller)
        encoder.save()
    found = []
    for corpus, people in by_corpus.items():
        prints = np.stack([embedded[corpus, each.name][0] for each in people])
        for seconds in TEST_SECONDS:
            tests = [embedded[corpus, each.name][1][seconds] for each in people]
            speaking = np.repeat(np.arange(len(people)), [len(each) for each in tests])
            if len(people) < 2 or not len(speaking):
                continue
            cosine = prints @ np.concatenate([each for each in tests if len(each)]).T
            claimed, speaker = np.indices(cosine.shape)
            llr = None
            if calibration is not None:
                snr = np.array([speech_snr_db(test) for each in people for test in each.tests(seconds)])
                llr = calibration.llr(cosine, Conditions(seconds, np.tile(snr, (len(people), 1)), float(UTTERANCES)))
            found.append(
                Scores(
                    encoder.name, corpus, seconds, tuple(people), claimed.ravel(), speaking[speaker].ravel(),
                    cosine.ravel(), None if llr is None else np.asarray(llr).ravel(),
                )
            )  # fmt: skip
    return found


def _embedded(encoder: RememberingEncoder, caller: Caller) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    """(print, tests by length)."""
    centre = np.mean([encoder.embed(each, TELEPHONE_RATE_HZ) for each in caller.enrolment], axis=0)
    tests = {
        seconds: np.array([encoder.embed(each, TELEPHONE_RATE_HZ) for each in caller.tests(seconds)])
        for seconds in TEST_SECONDS
    }
    return centre / np.linalg.norm(centre), tests
