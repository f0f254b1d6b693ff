import dataclasses

import numpy as np
import pytest

from biometrics import Outcome, Utterance, Voiceprint, encode_ulaw, verify
from biometrics.enrolment import utc_now


@pytest.fixture
def voiceprint(scripted) -> Voiceprint:
    return Voiceprint(np.array([[1, 0]], dtype=np.float32), scripted([1, 0]).sha256, utc_now(), 9.0)


@pytest.mark.parametrize(
    ("cosine", "outcome", "reason"),
    [(0.75, "ACCEPTED", "match"), (0.5, "INCONCLUSIVE", "undecided"), (0.2, "REJECTED", "other_voice")],
)
def test_three_answers(voiceprint, heard, point, cosine, outcome, reason, scripted, at_cosine):
    verdict = verify(scripted(at_cosine(cosine)), voiceprint, heard(3.2), point)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.score == pytest.approx(10 * cosine - 5, abs=1e-4)
    assert (verdict.threshold, verdict.target_far, verdict.far_interval_95) == (2.0, 0.005, (0.003, 0.006))
    assert verdict.calibration_sha256 == "c" * 64 and 5 < verdict.snr_db < 60
    assert verdict.next_look_seconds == (4.5 if reason == "undecided" else None)


def test_too_little_speech_is_never_scored(voiceprint, heard, point, scripted):
    encoder = scripted([1, 0])
    verdict = verify(encoder, voiceprint, heard(2.8), point)
    assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, "too_short", None)
    assert verdict.next_look_seconds == 3.0
    assert encoder.seconds == []


def test_asking_often_is_not_another_chance(voiceprint, heard, point, scripted, at_cosine):
    encoder = scripted(at_cosine(0.5))
    for net_seconds in (3.1, 3.5, 4.0, 4.4):
        verify(encoder, voiceprint, heard(net_seconds), point)
    assert encoder.seconds == [3.0] * 4


def test_the_budget_ends_in_inconclusive_with_nothing_more_to_wait_for(voiceprint, heard, point, scripted, at_cosine):
    encoder = scripted(at_cosine(0.5))
    verdict = verify(encoder, voiceprint, heard(12.0), point)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "budget_spent")
    assert verdict.next_look_seconds is None
    assert encoder.seconds == [10.0]


def test_each_look_has_its_own_threshold(voiceprint, heard, point, scripted, at_cosine):
    encoder = scripted(at_cosine(0.67))
    early, late = (verify(encoder, voiceprint, heard(seconds), point) for seconds in (7.1, 10.1))
    assert (early.outcome, early.threshold) == (Outcome.INCONCLUSIVE, 2.0)
    assert (late.outcome, late.threshold) == (Outcome.ACCEPTED, 1.5)


def test_the_same_speech_has_the_same_score_however_late_the_question(voiceprint, heard, point, scripted, at_cosine):
    conditional = dataclasses.replace(point.calibration.llr, scale=(10.0, 1.0, 1.0, 1.0), offset=(-5.0, -1.0, 1.0, 1.0))
    point = dataclasses.replace(point, calibration=dataclasses.replace(point.calibration, llr=conditional))
    scores = {verify(scripted(at_cosine(0.5)), voiceprint, heard(net), point).score for net in (3.1, 3.6, 4.4)}
    assert len(scores) == 1


def test_without_a_threshold_nobody_is_accepted(voiceprint, heard, scripted):
    verdict = verify(scripted([1, 0]), voiceprint, heard(5), None)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "no_operating_point")


def test_a_print_or_a_threshold_of_another_model_is_never_compared(voiceprint, heard, point, scripted):
    other = scripted([1, 0], sha256="f" * 64)
    assert verify(other, voiceprint, heard(5), point).reason == "other_model"
    foreign = Voiceprint(voiceprint.embeddings, "f" * 64, voiceprint.created, 9.0)
    verdict = verify(scripted([1, 0]), foreign, heard(5), point)
    assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, "other_model", None)


@pytest.mark.parametrize("answer", [RuntimeError("out of memory"), [np.nan, np.nan], [1.0, 0.0, 0.0]])
def test_any_failure_is_inconclusive(voiceprint, heard, point, answer, scripted):
    verdict = verify(scripted(answer), voiceprint, heard(5), point)
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_poor_audio_is_not_judged(voiceprint, long_speech, point, scripted):
    from biometrics import decode_ulaw

    clean = decode_ulaw(long_speech[:60000])
    noise = np.random.default_rng(0).normal(0, 1, len(clean))
    poor = {
        "clipped": clean * 60,
        "too_noisy": clean + 0.06 * noise,
        "silent": np.zeros(len(clean)),
    }
    for reason, samples in poor.items():
        utterance = Utterance()
        utterance.feed(encode_ulaw(samples))
        verdict = verify(scripted([1, 0]), voiceprint, utterance, point)
        assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, reason, None)


def test_the_verdict_names_the_model(voiceprint, heard, point, scripted):
    verdict = verify(scripted([1, 0]), voiceprint, heard(3.1), point)
    assert (verdict.model_name, verdict.model_class) == ("scripted", "tests.ScriptedEncoder")
    assert verdict.model_sha256 == voiceprint.model_sha256
