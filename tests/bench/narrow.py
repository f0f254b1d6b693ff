"""What a line narrower than a telephone's does to owners, and whose speech is taken for such a line (``biometrics.band``).

``python -m tests.bench.narrow [--people 20] [--owners 12] [--model NAME]``: first how wide the speech of callers is, of at most
so many people of each corpus and split; then how owners of the train split end, calls of up to 10 s, looked at as on the
telephone. No goal, so no budget.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from biometrics import (
    Outcome,
    Utterance,
    Voiceprint,
    decode_ulaw,
    encode_ulaw,
    enrol,
    load_encoder,
    operating_point,
    verify,
)
from biometrics.attacks import at_speed, in_band
from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.band import ends_db, is_telephone_band
from biometrics.corpus import FRAME_BYTES, SpeakerCalls, calls, speakers

SECONDS = 3.0  # of speech, what the rule was made for
LINES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda samples: samples,
    "350-2800 Hz": partial(in_band, low_hz=350, high_hz=2800),
    "500-2500 Hz": partial(in_band, low_hz=500, high_hz=2500),
    "300-2000 Hz": partial(in_band, low_hz=300, high_hz=2000),
    "12 % faster": partial(at_speed, ratio=1.12),
}


def callers(speech: Path, split: str, people: int) -> list[SpeakerCalls]:
    by_corpus = defaultdict(list)
    for speaker in speakers(speech, split):
        by_corpus[speaker.corpus].append(speaker)
    drawn = [random.Random(corpus).sample(group, len(group)) for corpus, group in by_corpus.items()]
    return [found for group in drawn for speaker in group[:people] if (found := calls(speaker, tests=1))]


def heard(caller: SpeakerCalls, line: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    utterance = Utterance()
    utterance.feed(encode_ulaw(line(decode_ulaw(caller.audio[0]))))
    return utterance.speech()[: int(SECONDS * TELEPHONE_RATE_HZ)]


def width(name: str, line: Callable[[np.ndarray], np.ndarray], some: list[SpeakerCalls]) -> str:
    speech = [each for caller in some if len(each := heard(caller, line)) >= SECONDS * TELEPHONE_RATE_HZ]
    if not speech:
        return f"  {name:12} nobody has {SECONDS:g} s"
    low, high = np.min([ends_db(each) for each in speech], axis=0)
    narrow = sum(not is_telephone_band(each) for each in speech)
    return f"  {name:12} {len(speech):4} callers, {narrow} wrong_band; least shares {low:.1f} and {high:.1f} dB"


def ending(encoder, voiceprint, point, ulaw: bytes) -> tuple[str, bool]:
    """(how a call ends, whether any look was at or below the rejection bound)."""
    utterance, below, verdict = Utterance(), False, None
    for start in range(0, len(ulaw), FRAME_BYTES):
        utterance.feed(ulaw[start : start + FRAME_BYTES])
        if verdict is None or utterance.net_speech_seconds >= (verdict.next_look_seconds or np.inf):
            verdict = verify(encoder, voiceprint, utterance, point)
            below |= verdict.score is not None and verdict.score <= point.reject_llr
        if verdict.outcome is not Outcome.INCONCLUSIVE:
            break
    return str(verdict.outcome), below


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20, help="of each corpus and split (%(default)s)")
    parser.add_argument("--owners", type=int, default=12)
    parser.add_argument("--model", action="append", help="repeatable (campplus and ecapa-telephone)")
    options = parser.parse_args()
    speech = Path(os.environ.get("DUET_SPEECH", "../shared/speech"))
    by_split = {split: callers(speech, split, options.people) for split in ("train", "dev")}
    for split, some in by_split.items():
        print(f"{split}: {SECONDS:g} s of speech")
        for name, line in LINES.items():
            print(width(name, line, some), flush=True)
    for model in options.model or ("campplus", "ecapa-telephone"):
        encoder = load_encoder(model)
        point = operating_point(encoder)
        owners: list[tuple[SpeakerCalls, Voiceprint]] = []
        for caller in random.Random(0).sample(by_split["train"], len(by_split["train"])):
            if len(owners) < options.owners and (voiceprint := enrol(encoder, caller.enrolment).voiceprint):
                owners.append((caller, voiceprint))
        print(f"{encoder.name}: {len(owners)} owners of the train split")
        for name, line in LINES.items():
            counts, rejectable = Counter(), 0
            for caller, voiceprint in owners:
                end, below = ending(encoder, voiceprint, point, encode_ulaw(line(decode_ulaw(caller.audio[0]))))
                counts[end] += 1
                rejectable += below
            print(
                f"  {name:12} {rejectable} sounded like a stranger at a look; {dict(sorted(counts.items()))}",
                flush=True,
            )


if __name__ == "__main__":
    main()
