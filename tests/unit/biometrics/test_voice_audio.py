import numpy as np
import pytest
import soundfile

from biometrics.audio import decode_ulaw, encode_ulaw, read_audio, telephone
from biometrics.errors import AudioError


def sine(frequency_hz: float, seconds: float, rate_hz: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples[400:-400] ** 2))


def test_ulaw_has_the_code_words_of_g711():
    assert encode_ulaw(np.array([0.0, 1.0, -1.0])) == bytes([0xFF, 0x80, 0x00])
    assert decode_ulaw(bytes([0xFF, 0x7F])).tolist() == [0.0, 0.0]
    assert decode_ulaw(bytes([0x80]))[0] == pytest.approx(32124 / 32768)


def test_every_ulaw_byte_survives_a_round_trip():
    codes = bytes(code for code in range(256) if code != 0x7F)  # 0x7F is a second zero
    assert encode_ulaw(decode_ulaw(codes)) == codes


def test_ulaw_clips_what_is_too_loud():
    assert encode_ulaw(np.array([7.0, -7.0])) == bytes([0x80, 0x00])


def test_a_telephone_passes_voice_and_stops_bass_and_hiss():
    assert power(telephone(sine(1000, 1, 16000), 16000)) == pytest.approx(0.125, rel=0.02)
    assert power(telephone(sine(100, 1, 16000), 16000)) < 1e-4
    assert power(telephone(sine(3900, 1, 44100), 44100)) < 1e-4


@pytest.mark.parametrize(("name", "rate"), [("a.wav", 44100), ("a.flac", 22050), ("a.ogg", 16000), ("a.opus", 48000)])
def test_files_of_every_kind_and_rate_are_read(tmp_path, name, rate):
    form = {"opus": {"format": "OGG", "subtype": "OPUS"}}.get(name.rpartition(".")[2], {})
    soundfile.write(tmp_path / name, sine(440, 0.5, rate), rate, **form)
    samples, read_rate = read_audio(tmp_path / name)
    assert read_rate == rate
    assert len(samples) / rate == pytest.approx(0.5, abs=0.02)
    assert samples.dtype == np.float32


def test_one_voice_on_two_channels_is_mixed_and_two_voices_are_refused(tmp_path):
    voice, other = sine(300, 1, 8000), sine(410, 1, 8000)
    soundfile.write(tmp_path / "same.wav", np.stack([voice, voice * 0.8], axis=1), 8000)
    soundfile.write(tmp_path / "one-empty.wav", np.stack([voice, voice * 0], axis=1), 8000)
    soundfile.write(tmp_path / "two.wav", np.stack([voice, other], axis=1), 8000)
    assert power(read_audio(tmp_path / "same.wav")[0]) > 0.09
    assert power(read_audio(tmp_path / "one-empty.wav")[0]) == pytest.approx(0.125, rel=0.02)
    with pytest.raises(AudioError) as error:
        read_audio(tmp_path / "two.wav")
    assert error.value.reason == "two_channels"


def bad_files(directory):
    (directory / "text.wav").write_text("this is not audio")
    soundfile.write(directory / "empty.wav", np.zeros(0), 8000)
    soundfile.write(directory / "nan.wav", np.array([0.1, np.nan]), 8000, subtype="FLOAT")
    return [("text.wav", "not_audio"), ("empty.wav", "empty"), ("nan.wav", "not_finite"), ("absent.wav", "not_audio")]


def test_bad_files_are_refused_by_name(tmp_path):
    for name, reason in bad_files(tmp_path):
        with pytest.raises(AudioError, match=name) as error:
            read_audio(tmp_path / name)
        assert error.value.reason == reason


def test_a_truncated_ogg_gives_what_it_holds_or_is_refused(tmp_path):
    soundfile.write(tmp_path / "whole.ogg", sine(440, 3, 16000), 16000)
    data = (tmp_path / "whole.ogg").read_bytes()
    for size in (len(data) // 2, 100, 10):
        (tmp_path / "cut.ogg").write_bytes(data[:size])
        try:
            samples, _ = read_audio(tmp_path / "cut.ogg")
        except AudioError:
            continue
        assert 0 < len(samples) < 3 * 16000
