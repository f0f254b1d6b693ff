from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics import EnrolmentPolicy, Utterance, decode_ulaw, encode_ulaw, enrol

AGREE = EnrolmentPolicy(agreement_cosine=0.5)


def test_enough_speech_of_one_voice_makes_a_print(heard, scripted, at_cosine):
    encoder = scripted([1, 0], at_cosine(0.9), at_cosine(0.8))
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    result = enrol(encoder, heard(8.5), AGREE, now=lambda: moment)
    assert result.refusal is None
    assert result.voiceprint.embeddings.shape == (3, 2)
    assert (result.voiceprint.model_sha256, result.voiceprint.created) == (encoder.sha256, moment)
    assert sum(encoder.seconds) == pytest.approx(result.net_speech_seconds, abs=0.01)


def test_segments_that_disagree_are_more_than_one_voice(heard, scripted, at_cosine):
    result = enrol(scripted([1, 0], at_cosine(0.9), at_cosine(0.1)), heard(8.5), AGREE)
    assert (result.voiceprint, result.refusal) == (None, "inconsistent")


def test_each_refusal_has_its_reason(long_speech, scripted):
    clean = decode_ulaw(long_speech[:110000])
    noise = np.random.default_rng(0).normal(0, 0.03, len(clean))
    cases = {
        "too_short": clean[:40000],
        "too_quiet": clean / 60,
        "too_noisy": clean + noise,
        "clipped": clean * 60,
    }
    for refusal, samples in cases.items():
        utterance = Utterance()
        utterance.feed(encode_ulaw(samples))
        result = enrol(scripted([1, 0]), utterance, AGREE)
        assert (result.voiceprint, result.refusal) == (None, refusal)


def test_nothing_said_at_all_is_too_short(scripted):
    assert enrol(scripted([1, 0]), Utterance(), AGREE).refusal == "too_short"


def test_a_failing_model_and_a_model_without_calibration_make_no_print(heard, scripted):
    assert enrol(scripted(RuntimeError("broken")), heard(8.5), AGREE).refusal == "failure"
    assert enrol(scripted([1, 0]), heard(8.5)).refusal == "failure"
