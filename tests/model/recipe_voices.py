"""Can the teacher tell our speakers apart in each voice of the recipe as it can in their own?

    PYTHONPATH=. python tests/model/recipe_voices.py --cache var/training-cache [--people 6] [--speech DIR] [--teacher FILE]

Two chunks of six seconds of up to ``--people`` speakers a corpus (train split). For each voice: the mean cosine of a speaker's
two chunks, of different speakers of one corpus, the EER of telling one from the other, and the mean cosine of a speaker in that
voice to the same speaker as recorded. 0.2-0.4 s of a core a chunk.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from biometrics.training import config, corpus, formants, teacher
from biometrics.training.trials import equal_error_rate

RECIPE = Path(config.__file__).with_name("telephone.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    recipe = config.read(RECIPE)
    parser.add_argument("--cache", type=Path, default=recipe.cache)
    parser.add_argument("--speech", type=Path, default=recipe.speech)
    parser.add_argument("--teacher", type=Path, default=recipe.teacher)
    parser.add_argument("--people", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    speech = corpus.prepare(options.speech, options.cache, "train")
    ask = teacher.load(options.teacher)
    chosen = some(speech, options.people)
    own = np.array([speech.speakers[number].corpus for number in chosen])
    others = (own[:, None] == own) & ~np.eye(len(own), dtype=bool)
    print(f"{len(chosen)} speakers\n| speed | formants | same | different | EER | to the speaker as recorded |")
    print("|---|---|---|---|---|---|")
    as_recorded = None
    for voice in recipe.voices:
        first, second = (np.array([heard(speech, ask, voice, number, half) for number in chosen]) for half in (0, 1))
        cosines = first @ second.T
        as_recorded = second if as_recorded is None else as_recorded
        told = np.diag(cosines).mean(), cosines[others].mean(), equal_error_rate(np.diag(cosines), cosines[others])
        print(
            f"| {voice.speed:g} | {voice.formants:g} | {told[0]:.2f} | {told[1]:.2f} | {told[2]:.1%} | "
            f"{np.sum(first * as_recorded, axis=1).mean():.2f} |",
            flush=True,
        )


def some(speech: corpus.Speech, people: int) -> list[int]:
    """Up to `people` speakers of each corpus who speak long enough for two chunks at any speed."""
    generator = np.random.default_rng(0)
    long = [number for number, each in enumerate(speech.speakers) if each.length >= 2.4 * teacher.CHUNK]
    of_corpus = {name: [n for n in long if speech.speakers[n].corpus == name] for name in corpora(speech, long)}
    return [
        int(n) for all_ in of_corpus.values() for n in generator.choice(all_, min(people, len(all_)), replace=False)
    ]


def corpora(speech: corpus.Speech, numbers: list[int]) -> list[str]:
    return sorted({speech.speakers[number].corpus for number in numbers})


def heard(speech: corpus.Speech, ask: teacher.Teacher, voice: config.Voice, number: int, half: int) -> np.ndarray:
    start = half * speech.speakers[number].length // 2
    source = speech.read(number, start, teacher.source_samples(teacher.CHUNK_SECONDS, voice.speed))
    samples = teacher.at_speed(formants.with_formants(source, voice.formants), voice.speed, corpus.SAMPLE_RATE)
    return ask(np.ascontiguousarray(np.resize(samples, teacher.CHUNK))).embedding


if __name__ == "__main__":
    main()
