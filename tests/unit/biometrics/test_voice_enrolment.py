from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics import Enrolment, EnrolmentPolicy, Utterance, decode_ulaw, encode_ulaw, enrol

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


# -- guided, utterance by utterance -----------------------------------------------------------------------------------


@pytest.fixture
def says(long_speech):
    """One utterance of about so many seconds, from so far into the speech, at that gain and with so much noise."""

    def build(seconds: float = 4.0, start: float = 0.0, gain: float = 1.0, noise: float = 0.0) -> Utterance:
        samples = decode_ulaw(long_speech[int(start * 8000) : int((start + seconds) * 8000)]) * gain
        utterance = Utterance()
        utterance.feed(encode_ulaw(samples + np.random.default_rng(0).normal(0, noise, len(samples)) * (noise > 0)))
        return utterance

    return build


def test_three_utterances_of_one_voice_complete_an_enrolment(says, scripted, at_cosine):
    encoder = scripted([1, 0], at_cosine(0.9), at_cosine(0.8))
    enrolment = Enrolment(encoder, AGREE, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    told = [enrolment.take(says(4.2, start)) for start in (0, 5, 10)]
    assert [(each.refusal, each.accepted, each.needed) for each in told] == [(None, 1, 3), (None, 2, 3), (None, 3, 3)]
    assert [each.voiceprint is None for each in told] == [True, True, False]
    assert told[-1].voiceprint.embeddings.shape == (3, 2)
    assert told[-1].voiceprint.net_speech_seconds == pytest.approx(sum(encoder.seconds), abs=0.01)


def test_short_utterances_need_one_more(says, scripted):
    policy = EnrolmentPolicy(agreement_cosine=0.5, minimum_net_speech_seconds=12.0)
    enrolment = Enrolment(scripted([1, 0]), policy)
    told = [enrolment.take(says(4, start)) for start in (0, 5, 10, 15)]
    assert [each.voiceprint is None for each in told] == [True, True, True, False]
    assert told[2].needed == 4


def test_each_utterance_that_will_not_do_is_refused_with_its_reason_and_the_others_stay(says, scripted):
    enrolment = Enrolment(scripted([1, 0]), AGREE)
    assert enrolment.take(says()).accepted == 1
    cases = {
        "too_short": says(1.5), "too_quiet": says(gain=1 / 60), "too_noisy": says(noise=0.03), "clipped": says(gain=60),
    }  # fmt: skip
    for refusal, utterance in cases.items():
        taken = enrolment.take(utterance)
        assert (taken.refusal, taken.accepted, taken.voiceprint) == (refusal, 1, None)


def test_two_voices_in_one_utterance_are_refused(says, scripted, at_cosine):
    enrolment = Enrolment(scripted([1, 0], at_cosine(0.1)), AGREE)
    taken = enrolment.take(says(9))
    assert (taken.refusal, taken.accepted) == ("more_than_one_voice", 0)


def test_an_utterance_of_another_voice_disagrees_and_is_not_used(says, scripted, at_cosine):
    enrolment = Enrolment(scripted([1, 0], [1, 0], at_cosine(0.1), [1, 0]), AGREE)
    told = [enrolment.take(says(4.2, start)) for start in (0, 5, 10, 15)]
    assert [each.refusal for each in told] == [None, None, "disagrees", None]
    assert told[-1].voiceprint.embeddings.shape == (3, 2)
    assert (told[-1].voiceprint.embeddings[:, 0] == 1).all()


def test_where_the_first_utterance_was_the_wrong_one_the_more_numerous_voice_wins(says, scripted, at_cosine):
    enrolment = Enrolment(scripted(at_cosine(0.1), [1, 0]), AGREE)
    told = [enrolment.take(says(4.2, start)) for start in (0, 5, 10, 15)]
    assert [(each.refusal, each.accepted) for each in told] == [(None, 1), ("disagrees", 1), (None, 2), (None, 3)]
    assert (told[-1].voiceprint.embeddings[:, 0] == 1).all()


def test_a_failing_model_fails_the_utterance_only(says, scripted):
    enrolment = Enrolment(scripted(RuntimeError("broken"), [1, 0]), AGREE)
    assert enrolment.take(says()).refusal == "failure"
    assert enrolment.take(says()).accepted == 1
