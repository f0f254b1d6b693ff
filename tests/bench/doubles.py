"""How many doubles the duplicate search finds, and how many honest utterances a guided enrolment refuses.

``python -m tests.bench.doubles [PEOPLE]``: speakers of the train split (sentences, one session each) enrol twice, from different
speech; each pair of prints is scored against the thresholds for searches of several sizes. No goal, so no budget.
"""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from biometrics import Enrolment, Utterance, Voiceprint, load_encoder
from biometrics.calibration import load_calibration
from biometrics.corpus import Speaker, _frames, speakers
from biometrics.duplicates import flag_threshold
from biometrics.likelihood import BETWEEN_PRINTS

CORPORA = ("speechocean762_train", "dspspeech20")
UTTERANCE_SECONDS = 4.0
COMPARISONS = (100, 1000, 10_000)


def two_prints(encoder, speaker: Speaker, refusals: Counter) -> list[Voiceprint]:
    clips = list(speaker.clips)
    random.Random(speaker.name).shuffle(clips)
    prints: list[Voiceprint] = []
    enrolment, utterance = Enrolment(encoder), Utterance()
    for frame, _ in _frames(clips):
        utterance.feed(frame)
        if utterance.net_speech_seconds >= UTTERANCE_SECONDS:
            taken = enrolment.take(utterance.cut())
            refusals[taken.refusal or "accepted"] += 1
            if taken.voiceprint:
                prints.append(taken.voiceprint)
                enrolment = Enrolment(encoder)
        if len(prints) == 2:
            break
    return prints


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 27
    speech = Path(os.environ.get("DUET_SPEECH", "../shared/speech"))
    encoder, refusals = load_encoder(), Counter()
    people = [each for each in speakers(speech, "train") if each.corpus in CORPORA]
    random.Random(4).shuffle(people)
    pairs: list[list[Voiceprint]] = []
    for speaker in people:
        prints = two_prints(encoder, speaker, refusals)
        if len(prints) == 2:
            pairs.append(prints)
        if len(pairs) == wanted:
            break
    calibration = load_calibration(encoder.sha256)
    centres = np.array([[each.centre() for each in pair] for pair in pairs])
    same = calibration.llr((centres[:, 0] * centres[:, 1]).sum(axis=1), BETWEEN_PRINTS)
    strangers = calibration.llr(np.einsum("iad,jbd->ijab", centres, centres), BETWEEN_PRINTS)[
        np.triu_indices(len(pairs), 1)
    ].ravel()
    print(f"{encoder.name}: {len(pairs)} people, utterances {dict(refusals)}, {len(strangers)} pairs of strangers")
    for comparisons in COMPARISONS:
        threshold = flag_threshold(calibration, comparisons)
        found, flagged = int((same >= threshold).sum()), int((strangers >= threshold).sum())
        print(
            f"  {comparisons:6} comparisons, LLR {threshold:.1f}: {found} of {len(same)} found, {flagged} strangers flagged"
        )


if __name__ == "__main__":
    main()
