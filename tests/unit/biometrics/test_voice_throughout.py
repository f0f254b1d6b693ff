"""An answer to a challenge is ACCEPTED only where every part of it is the owner's."""

from __future__ import annotations

import numpy as np
import pytest

from biometrics import Outcome, Utterance, Voiceprint, leaves_open, verify_throughout
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


# -- two answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cosine", "seconds", "open_"),
    [(0.6, 3.2, True), (0.51, 3.2, True), (0.49, 3.2, False), (0.1, 3.2, False), (0.9, 3.2, False), (0.6, 10.2, False)],
    ids=["undecided", "hardly", "rather a stranger's", "a stranger's", "the owner's", "all of it looked at"],
)
def test_more_is_worth_asking_for_only_where_speech_is_all_that_lacks(
    scripted, at_cosine, voiceprint, heard, point, cosine, seconds, open_
) -> None:
    verdict = verify_throughout(scripted(at_cosine(cosine)), voiceprint, heard(seconds), point)
    assert leaves_open(verdict) == open_


def test_too_little_speech_is_worth_asking_but_silence_two_voices_and_faults_are_not(
    scripted, voiceprint, heard, point
) -> None:
    def verdict(encoder, utterance, at=point):
        return verify_throughout(encoder, voiceprint, utterance, at)

    silence, whole = Utterance(), heard(4.0)
    silence.feed(b"\xff" * 32000)
    assert leaves_open(verdict(scripted([1, 0]), heard(1.0)))
    assert verdict(scripted([1, 0]), silence).reason == "silent"
    for encoder, utterance, at in (
        (scripted([1, 0]), silence, point),
        (scripted([1, 0]), Utterance(), point),
        (scripted([1, 0], [0, 1]), whole, point),
        (scripted(RuntimeError("no memory")), whole, point),
        (scripted([float("nan"), float("nan")]), whole, point),
        (scripted([1, 0]), whole, None),
    ):
        assert not leaves_open(verdict(encoder, utterance, at))


def test_two_answers_are_one_utterance_at_the_threshold_of_its_length(scripted, at_cosine, voiceprint, heard, point):
    one, two = heard(2.6), heard(2.6)
    encoder = scripted([1, 0])
    verdict = verify_throughout(encoder, voiceprint, two.after(one), point)
    assert verdict.outcome is Outcome.ACCEPTED and 5.2 <= verdict.net_speech_seconds < 5.4
    assert encoder.seconds == [4.5, 2.0, 2.0, 2.0]
    for stranger in range(1, 4):
        answers = [[1, 0]] * 4
        answers[stranger] = at_cosine(0.49)
        assert ends(scripted(*answers), voiceprint, two.after(one), point)[1] == "two_voices"
