"""How much better than its due does a model score the speakers it learned from, as owners and as impostors?

    PYTHONPATH=. python tests/model/heard_speakers.py --cache var/training-cache [--model NAME] [--speech DIR]

Up to 30 speakers of each split and corpus, 3 × 3 s of enrolment and tests of 3 s over the standard telephone; the model has
learned from the train split and not from dev. Impostor trials where both, one or none of the two is of train. A minute.
"""

import argparse
from pathlib import Path

import numpy as np

from biometrics.encoder import load_encoder
from biometrics.training import config, corpus
from biometrics.training.channel import standard_telephone
from biometrics.training.codecs import RATE
from biometrics.training.teacher import at_speed

RECIPE = Path(config.__file__).with_name("telephone.yaml")
UTTERANCE, ENROLMENT, UTTERANCES, PEOPLE = 3 * corpus.SAMPLE_RATE, 3, 7, 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    recipe = config.read(RECIPE)
    parser.add_argument("--cache", type=Path, default=recipe.cache)
    parser.add_argument("--speech", type=Path, default=recipe.speech)
    parser.add_argument("--model", default="ecapa-telephone")
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    splits = [corpus.prepare(options.speech, options.cache, split) for split in ("train", "dev")]
    print("| corpus | learned from | trials | impostors: 1 % above | 0.5 % above | owners: mean | 10 % below |")
    print("|---|---|---|---|---|---|---|")
    for name in sorted({each.corpus for each in splits[1].speakers}):
        chosen = [(speech, number) for speech in splits for number in some(speech, name)]
        learned = np.array([speech is splits[0] for speech, _ in chosen])
        spoken = np.array([utterances(encoder, speech, number) for speech, number in chosen])
        prints = spoken[:, :ENROLMENT].mean(axis=1)
        prints /= np.linalg.norm(prints, axis=1, keepdims=True)
        cosines = np.einsum("id,jkd->ijk", prints, spoken[:, ENROLMENT:])
        same = np.eye(len(chosen), dtype=bool)
        known = learned[:, None].astype(int) + learned
        for told, count in (("both", 2), ("one", 1), ("none", 0)):
            impostors, owners = cosines[(known == count) & ~same].ravel(), cosines[(known == count) & same].ravel()
            of_owners = f"{owners.mean():.2f} | {np.quantile(owners, 0.1):.2f}" if len(owners) else "- | -"
            above = [np.quantile(impostors, share) for share in (0.99, 0.995)]
            print(f"| {name} | {told} | {len(impostors)} | {above[0]:.3f} | {above[1]:.3f} | {of_owners} |", flush=True)


def some(speech: corpus.Speech, name: str) -> np.ndarray:
    long = [
        n for n, each in enumerate(speech.speakers) if each.corpus == name and each.length >= UTTERANCES * UTTERANCE
    ]
    return np.random.default_rng(1).permutation(long)[:PEOPLE]


def utterances(encoder, speech: corpus.Speech, number: int) -> np.ndarray:
    starts = [part * speech.speakers[number].length // UTTERANCES for part in range(UTTERANCES)]
    clean = [at_speed(speech.read(number, start, UTTERANCE), 1.0, RATE) for start in starts]
    heard = np.array([encoder.embed(standard_telephone(each), RATE) for each in clean])
    return heard / np.linalg.norm(heard, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
