import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biometrics import speech
from biometrics.audio import encode_ulaw, read_audio
from biometrics.speech import DTMF_HIGH_HZ, DTMF_LOW_HZ, Utterance, speech_only


def heard(samples: np.ndarray) -> Utterance:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return utterance


def tone(*frequencies_hz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    time = np.arange(int(8000 * seconds)) / 8000
    return level * sum(np.sin(2 * np.pi * frequency * time) for frequency in frequencies_hz) / len(frequencies_hz)


def test_a_voice_is_net_speech_and_its_pauses_are_not(long_speech):
    utterance = Utterance()
    utterance.feed(long_speech + encode_ulaw(np.zeros(80000)))
    seconds = len(long_speech) / 8000
    assert 0.6 * seconds < utterance.net_speech_seconds < seconds
    assert utterance.heard_seconds == pytest.approx(seconds + 10, abs=0.05)
    assert len(utterance.speech()) == pytest.approx(utterance.net_speech_seconds * 8000)


@pytest.mark.parametrize("level", [0.5, 0.05, 0.01])
def test_every_key_tone_is_not_speech(level):
    keys = [(low, high) for low in DTMF_LOW_HZ for high in DTMF_HIGH_HZ]
    presses = np.concatenate([np.append(tone(*key, seconds=0.1, level=level), np.zeros(640)) for key in keys])
    assert heard(presses).net_speech_seconds < 0.1


def test_silence_noise_and_line_tones_are_not_speech():
    noise = np.random.default_rng(0).normal(0, 0.2, 40000)
    for sound in (np.zeros(40000), noise, tone(440, 480, seconds=5), tone(425, seconds=5), np.ones(40000)):
        assert heard(sound).net_speech_seconds < 0.2


def test_chunks_of_any_size_hear_the_same(long_speech):
    whole, frames, odd = Utterance(), Utterance(), Utterance()
    data = long_speech[:40000]
    whole.feed(data)
    for start in range(0, len(data), 160):
        frames.feed(data[start : start + 160])
    for start in range(0, len(data), 777):
        odd.feed(data[start : start + 777])
        odd.feed(b"")
    assert np.array_equal(whole.speech(), frames.speech())
    assert np.array_equal(whole.speech(), odd.speech())


@settings(max_examples=10, deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=5))
def test_no_chunk_is_ever_an_error(chunks):
    utterance = Utterance()
    for chunk in chunks:
        utterance.feed(chunk)
    assert utterance.net_speech_seconds <= utterance.heard_seconds
    assert np.isfinite(list(vars(utterance.quality()).values())).all()


def test_old_speech_is_dropped_so_that_memory_is_bounded(long_speech, monkeypatch):
    monkeypatch.setattr(speech, "LONGEST_NET_SPEECH_SECONDS", 5.0)
    utterance = Utterance()
    utterance.feed(long_speech)
    assert 4.9 < utterance.net_speech_seconds <= 5.0
    assert len(utterance.speech()) <= 5 * 8000


def test_quality_tells_clean_noisy_quiet_and_clipped_speech_apart(long_speech):
    from biometrics.audio import decode_ulaw

    clean = decode_ulaw(long_speech[:80000])
    noisy = clean + np.random.default_rng(0).normal(0, 0.05, len(clean))
    quality = {name: heard(x).quality() for name, x in {"clean": clean, "noisy": noisy, "clipped": clean * 30}.items()}
    assert quality["clean"].snr_db > 20
    assert quality["noisy"].snr_db < 10
    assert quality["clean"].clipped_fraction < 0.005
    assert quality["clipped"].clipped_fraction > 0.1
    assert heard(clean / 30).quality().level_dbfs == pytest.approx(quality["clean"].level_dbfs - 29.5, abs=2)


def test_speech_is_cut_out_of_a_wide_recording_at_its_own_rate(samples):
    from biometrics.audio import resample

    clip, rate = read_audio(min((samples / "flite-rms").glob("enrolment-*.wav")))
    wide = resample(np.concatenate([np.zeros(8000, dtype=np.float32), clip]), rate, 44100)
    kept = speech_only(wide, 44100)
    assert 0.5 * len(clip) / rate < len(kept) / 44100 < len(clip) / rate + 0.1


def test_a_talker_without_pauses_is_cut_into_utterances_that_know_the_noise(long_speech):
    """The noise was heard before the caller began: no utterance of a clean line is taken for a noisy one."""
    utterance, cuts = Utterance(), []
    utterance.feed(b"\xff" * 8000)
    for start in range(0, len(long_speech), 160):
        utterance.feed(long_speech[start : start + 160])
        if utterance.net_speech_seconds >= 4:
            cuts.append(utterance.cut())
            assert (utterance.net_speech_seconds, utterance.heard_seconds) == (0, 0)
    assert len(cuts) >= 4
    assert all(4 <= each.net_speech_seconds < 4.1 and each.quality().snr_db > 30 for each in cuts)
    utterance.forget_noise()
    assert cuts[0].quality().snr_db > 30, "what was cut off before stays as it was"


def test_two_utterances_make_one_and_stay_what_they_are(long_speech):
    one, two = Utterance(), Utterance()
    one.feed(long_speech[:32000])
    two.feed(b"\xff" * 16000 + long_speech[32000:64000])
    spoken, pauses = [each.speech() for each in (one, two)], [len(each.pauses(60.0)) for each in (one, two)]
    both = two.after(one)
    assert np.array_equal(both.speech(), np.concatenate(spoken))
    assert both.net_speech_seconds == one.net_speech_seconds + two.net_speech_seconds
    assert both.heard_seconds == pytest.approx(one.heard_seconds + two.heard_seconds)
    assert len(both.pauses(60.0)) == sum(pauses), "what came before the second one was no pause between words"
    at = [each.at for each in both.around_speech()]
    assert at == sorted(at) and at[-1] < both.heard_seconds / speech.WINDOW_SECONDS
    two.feed(long_speech[64000:80000])
    assert np.array_equal(both.speech(), np.concatenate(spoken)) and np.array_equal(one.speech(), spoken[0])
    assert np.isfinite(list(vars(both.quality()).values())).all()


def test_an_utterance_after_nothing_is_itself(long_speech):
    one, nothing = Utterance(), Utterance()
    one.feed(long_speech[:32000])
    for both in (one.after(nothing), nothing.after(one)):
        assert np.array_equal(both.speech(), one.speech())
        assert both.quality() == one.quality()
