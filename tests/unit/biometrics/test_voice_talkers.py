"""What a second voice, and a narrower band, do to a verdict."""

import numpy as np
import pytest

from biometrics import Outcome, Utterance, Voiceprint, encode_ulaw, verify
from biometrics.enrolment import utc_now

OWNER, STRANGER = 0.9, 0.1  # cosines that the operating point accepts and rejects


@pytest.fixture
def voiceprint(scripted) -> Voiceprint:
    return Voiceprint(np.array([[1, 0]], dtype=np.float32), scripted([1, 0]).sha256, utc_now(), 9.0)


@pytest.fixture
def verdict(scripted, voiceprint, point, at_cosine):
    """Of speech that sounds like the given cosines: as a whole, in its first and in its second half."""
    return lambda utterance, *cosines: verify(scripted(*map(at_cosine, cosines)), voiceprint, utterance, point)


def test_who_never_pauses_is_not_rejected_but_asked_again(verdict, heard):
    loud = encode_ulaw(np.random.default_rng(0).normal(0, 0.05, 4000))  # what a room sounds like while others talk
    for busy in (heard(3.2, pause=b""), heard(3.2, pause=loud)):
        answer = verdict(busy, STRANGER)
        assert (answer.outcome, answer.reason, answer.next_look_seconds) == (Outcome.INCONCLUSIVE, "no_pause", 4.5)
        assert verdict(busy, OWNER).outcome is Outcome.ACCEPTED
    assert verdict(heard(3.2), STRANGER).outcome is Outcome.REJECTED


def test_quiet_before_the_first_word_is_no_pause(verdict, heard, long_speech):
    waited = Utterance()
    waited.feed(b"\xff" * 80000)
    start = 0
    while waited.net_speech_seconds < 3.2:
        waited.feed(long_speech[start : start + 160])
        start += 160
    assert verdict(waited, STRANGER).reason == "no_pause"


def test_nobody_is_rejected_by_one_half_of_what_was_said(verdict, heard):
    for first, second in ((OWNER, STRANGER), (STRANGER, 0.5)):
        answer = verdict(heard(3.2), STRANGER, first, second)
        assert (answer.outcome, answer.reason, answer.next_look_seconds) == (Outcome.INCONCLUSIVE, "two_voices", 4.5)


def test_a_second_voice_until_the_budget_is_spent_leaves_nothing_to_wait_for(verdict, heard):
    answer = verdict(heard(10.2), STRANGER, OWNER, STRANGER)
    assert (answer.outcome, answer.reason, answer.next_look_seconds) == (Outcome.INCONCLUSIVE, "two_voices", None)


def test_what_is_judged_while_the_call_goes_on_has_its_own_pauses(verdict, heard, long_speech):
    taken = heard(3.2)
    snapshot = taken.snapshot()
    taken.feed(long_speech)
    assert np.array_equal(snapshot.pauses(3.0), taken.pauses(3.0))
    assert verdict(snapshot, STRANGER).outcome is Outcome.REJECTED


@pytest.mark.parametrize("band_hz", [(500, 2500), (300, 2000)])
def test_nobody_is_rejected_over_a_narrower_line(verdict, long_speech, band_hz):
    from biometrics import decode_ulaw

    voice = decode_ulaw(long_speech)
    frequencies = np.fft.rfftfreq(len(voice), 1 / 8000)
    kept = np.fft.irfft(np.fft.rfft(voice) * ((frequencies >= band_hz[0]) & (frequencies <= band_hz[1])), len(voice))
    narrow = Utterance()
    narrow.feed(encode_ulaw(kept))
    assert narrow.net_speech_seconds > 3
    answer = verdict(narrow, STRANGER)
    assert (answer.outcome, answer.reason) == (Outcome.INCONCLUSIVE, "wrong_band")
