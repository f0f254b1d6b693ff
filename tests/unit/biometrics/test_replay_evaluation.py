"""How genuine attempts are laid out and counted."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from biometrics import replay_evaluation
from biometrics.audio import decode_ulaw
from biometrics.corpus import Speaker, held_out
from biometrics.replay import SAME_RECORDING, Fingerprint
from biometrics.replay_evaluation import (
    MEMORY,
    Attempt,
    Stretch,
    attempts,
    drawn_lines,
    evidence,
    false_alarms,
    known_again,
    one_line,
    stretches,
    threshold,
)

NOBODY = Speaker("corpus", "anna", ())


def stretch(seed: int) -> Stretch:
    """Of chance bits, two seconds."""
    generator = np.random.default_rng(seed)
    print_ = Fingerprint(np.arange(125, dtype=np.uint16), generator.integers(0, 1 << 16, 125, dtype=np.uint16))
    return Stretch(np.zeros(16000, dtype=np.float32), ((print_,) * 2,), print_)


def attempt(agreed: float, speaker: str = "anna") -> Attempt:
    return Attempt("corpus", speaker, "train", 3, agreed, 0.0)


@pytest.fixture(scope="module")
def speaker(long_speech: bytes, tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    path: Path = tmp_path_factory.mktemp("clips") / "clip.wav"
    soundfile.write(path, decode_ulaw(long_speech), 8000)
    return Speaker("corpus", "anna", (path,))


def test_every_stretch_is_held_against_the_others_and_never_against_itself() -> None:
    said = [stretch(seed) for seed in range(31)]
    found = list(attempts(NOBODY, "dev", said))
    assert len(found) == 31 and {each.memory for each in found} == {MEMORY}
    assert max(each.agreement for each in found) < SAME_RECORDING
    assert not list(attempts(NOBODY, "dev", said[:3]))


def test_a_stretch_that_was_said_before_is_an_alarm() -> None:
    said = [*(stretch(seed) for seed in range(3)), stretch(0)]
    found = list(attempts(NOBODY, "dev", said))
    assert [each.agreement >= SAME_RECORDING for each in found] == [True, False, False, True]


def test_stretches_do_not_overlap_and_are_the_same_every_time(speaker: Speaker) -> None:
    said = list(stretches(speaker, drawn_lines()))
    assert len(said) >= 4 and sum(len(each.samples) for each in said) <= 26 * 8000
    assert all(each.agreement < SAME_RECORDING for each in attempts(speaker, "dev", said))
    again = next(stretches(speaker, drawn_lines()))
    assert np.array_equal(again.samples, said[0].samples)


def test_what_is_played_again_is_counted_by_its_manner(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list(stretches(speaker, one_line))[:2]
    monkeypatch.setattr(replay_evaluation, "replay_species", lambda: {"unchanged": lambda samples, rng: samples})
    found = {each.species: each for each in known_again(said, lambda items, _: items)}
    assert (found["unchanged"].hits, found["unchanged"].n) == (2, 2)
    assert found["halves of two recordings"].n == 2


def test_the_threshold_goes_on_where_the_tail_points_and_not_below_what_was_seen() -> None:
    # Of 1,000, the highest 50 lie 0.01 above the 95 % quantile on average: + 0.01 × ln(0.05 / 0.0001).
    tail = 0.2 + np.linspace(0, 0.02, 51)[1:]
    found = [attempt(0.1)] * 949 + [attempt(0.2)] + [attempt(float(each)) for each in tail]
    assert threshold(found) == pytest.approx(0.2 + 0.0102 * np.log(500), abs=0.002)
    assert threshold([*found[:-1], attempt(0.9)]) == 0.9


def test_bounds_of_no_alarm_by_hand() -> None:
    # 1 - 0.025^(1/n): 3,688 attempts exclude 0.1 %; ten people of the same number each count as ten.
    found = [attempt(0.1, f"speaker {place % 10}") for place in range(3690)]
    counted = false_alarms("all", found, 0.3)
    assert (counted.alarms, counted.attempts, counted.speakers) == (0, 3690, 10)
    assert counted.interval[1] == pytest.approx(0.001, rel=0.01)
    assert counted.effective_speakers == pytest.approx(10) and counted.speaker_interval[1] == pytest.approx(
        0.3085, abs=1e-3
    )
    assert false_alarms("all", [*found, attempt(0.3)], 0.3).alarms == 1


def test_nobody_is_counted_at_a_threshold_that_was_learnt_on_them() -> None:
    of_a = [each for each in map(str, range(100)) if not held_out("corpus", each)][:4]
    of_b = [each for each in map(str, range(100)) if held_out("corpus", each)][:4]
    found = [attempt(0.1 + 0.001 * place, name) for name in of_a for place in range(10)]
    found += [attempt(0.5 + 0.001 * place, name) for name in of_b for place in range(10)]
    counted = {each.group: each for each in evidence(found)}
    assert (counted["half A at the threshold of B"].alarms, counted["half B at the threshold of A"].alarms) == (0, 40)
    assert counted["both halves, cross-fitted"].alarms == 40 and counted["both halves, cross-fitted"].attempts == 80
    assert counted["all"].alarms == 40 and counted["all"].threshold == SAME_RECORDING
