"""An answer to a challenge is ACCEPTED only where every part of it is the owner's."""

from __future__ import annotations

import numpy as np
import pytest

from biometrics import Outcome, Utterance, Voiceprint, verify_throughout
from biometrics.enrolment import utc_now
from biometrics.throughout import parts


@pytest.fixture
def voiceprint(scripted) -> Voiceprint:
    return Voiceprint(np.array([[1, 0]], dtype=np.float32), scripted([1, 0]).sha256, utc_now(), 9.0)


def ends(encoder, voiceprint, utterance, point) -> tuple[Outcome, str, float | None]:
    verdict = verify_throughout(encoder, voiceprint, utterance, point)
    assert verdict.next_look_seconds is None, "an answer is over"
    return verdict.outcome, verdict.reason, verdict.score


def test_the_owner_throughout_is_accepted(scripted, voiceprint, heard, point) -> None:
    encoder = scripted([1, 0])
    outcome, reason, _ = ends(encoder, voiceprint, heard(5.1), point)
    assert (outcome, reason) == (Outcome.ACCEPTED, "match")
    assert encoder.seconds[1:] == [2.0, 2.0, 2.0], "all of it, two seconds at a time"


def test_one_part_in_another_voice_is_enough_not_to(scripted, voiceprint, heard, point) -> None:
    for stranger in range(3):
        answers = [[1, 0]] * 4
        answers[1 + stranger] = [0, 1]
        outcome, reason, score = ends(scripted(*answers), voiceprint, heard(5.1), point)
        assert (outcome, reason) == (Outcome.INCONCLUSIVE, "two_voices") and score is not None


def test_what_the_whole_does_not_show_no_part_is_asked_for(scripted, voiceprint, heard, point) -> None:
    encoder = scripted([0, 1])
    assert ends(encoder, voiceprint, heard(5.1), point)[0] is not Outcome.ACCEPTED
    assert ends(encoder, voiceprint, Utterance(), point)[:2] == (Outcome.INCONCLUSIVE, "too_short")
    assert ends(encoder, voiceprint, heard(5.1), None)[:2] == (Outcome.INCONCLUSIVE, "no_operating_point")


@pytest.mark.parametrize("fault", [RuntimeError("no memory"), [float("nan"), float("nan")]])
def test_a_part_that_cannot_be_compared_is_never_accepted(scripted, voiceprint, heard, point, fault) -> None:
    assert ends(scripted([1, 0], [1, 0], fault), voiceprint, heard(5.1), point)[0] is Outcome.INCONCLUSIVE


def test_the_parts_hold_everything_that_was_said() -> None:
    for seconds in (2.0, 2.1, 3.9, 4.0, 4.1, 11.7):
        speech = np.arange(int(seconds * 8000))
        cut = list(parts(speech))
        assert {len(part) for part in cut} == {16000}
        assert np.array_equal(np.unique(np.concatenate(cut)), speech)
