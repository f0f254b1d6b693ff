"""A recording that comes again is known again; the same voice saying something else is not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics.attacks import at_speed, halves, stretched
from biometrics.audio import decode_ulaw, encode_ulaw
from biometrics.errors import SealError
from biometrics.replay import (
    Fingerprint,
    agreement,
    agreements,
    fingerprint,
    fingerprints,
    is_replay,
    seal_fingerprint,
    unseal_fingerprint,
)
from biometrics.speech import Utterance
from biometrics.training.codecs import FRAME, through
from biometrics.voiceprint import Voiceprint

SECOND = 8000


def heard(samples: np.ndarray) -> tuple[Fingerprint, ...]:
    """At every speed, as it is first."""
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return fingerprints(utterance)


@pytest.fixture(scope="module")
def speech(long_speech: bytes) -> np.ndarray:
    return decode_ulaw(long_speech)


@pytest.fixture(scope="module")
def said(speech: np.ndarray) -> np.ndarray:
    return speech[: 6 * SECOND]


@pytest.fixture(scope="module")
def remembered(said: np.ndarray) -> Fingerprint:
    return heard(said)[0]


def coded(samples: np.ndarray, codec: str) -> np.ndarray:
    return through(codec, samples.astype(np.float32), np.zeros(-(-len(samples) // FRAME), dtype=bool))


def noisy(samples: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(len(samples))
    return samples + noise * np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20)


def narrow(samples: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    spectrum, frequencies = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / SECOND)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    return np.fft.irfft(spectrum, len(samples))


REPLAYS = {
    "as it was": lambda samples: samples,
    "A-law": lambda samples: coded(samples, "alaw"),
    "GSM": lambda samples: coded(samples, "gsm"),
    "later, at another phase of the frames": lambda samples: np.concatenate([np.zeros(4321), samples]),
    "softer": lambda samples: samples * 0.25,
    "in noise of 20 dB": lambda samples: noisy(samples, 20),
    "in noise of 10 dB": lambda samples: noisy(samples, 10),
    "the middle of it": lambda samples: samples[SECOND : 5 * SECOND],
    "over a narrow line": lambda samples: narrow(samples, 350, 2800),
    "1 % faster": lambda samples: at_speed(samples, 1.01),
    "3 % faster": lambda samples: at_speed(samples, 1.03),
    "5 % slower, in noise of 15 dB": lambda samples: noisy(at_speed(samples, 0.95), 15),
    "5 % faster at the same pitch": lambda samples: stretched(samples, 1.05),
    "all of it": lambda samples: coded(noisy(np.concatenate([np.zeros(999), samples * 0.5]), 15), "gsm"),
}


@pytest.mark.parametrize("how", REPLAYS)
def test_the_same_recording_is_known_again(how: str, said: np.ndarray, remembered: Fingerprint) -> None:
    assert is_replay(heard(REPLAYS[how](said)), [remembered])


def test_the_same_voice_saying_something_else_is_no_replay(speech: np.ndarray, remembered: Fingerprint) -> None:
    for start in (7, 12, 17):
        assert not is_replay(heard(speech[start * SECOND : (start + 5) * SECOND]), [remembered])


def test_it_is_found_among_many_and_in_an_empty_memory_nothing_is(speech: np.ndarray, remembered: Fingerprint) -> None:
    others = [heard(speech[start * SECOND : (start + 4) * SECOND])[0] for start in (8, 13)]
    assert is_replay([remembered], [*others, remembered])
    assert not is_replay([remembered], [])


def test_two_halves_of_two_recordings_are_known(speech: np.ndarray, said: np.ndarray, remembered: Fingerprint) -> None:
    other = speech[8 * SECOND : 14 * SECOND]
    joined = heard(halves(other, said))
    assert is_replay(joined, [remembered]) and is_replay(joined, [heard(other)[0]])


def test_many_are_compared_at_once_as_they_are_one_by_one(speech: np.ndarray, remembered: Fingerprint) -> None:
    some = [heard(speech[start * SECOND : (start + 4) * SECOND])[0] for start in (2, 8)]
    nothing, memory = Fingerprint(some[0].at[:3], some[0].bits[:3]), [remembered, *some]
    together = agreements([*some, nothing], memory)
    assert together.shape == (3, 3) and not together[2].any()
    assert together[:2] == pytest.approx(np.array([[agreement(one, other) for other in memory] for one in some]))
    assert agreements(some, []).shape == (2, 0)


def test_each_utterance_of_a_call_that_goes_on_is_known_again(speech: np.ndarray) -> None:
    call, silence = Utterance(), np.zeros(800)
    for _ in range(3):
        call.feed(encode_ulaw(np.concatenate([speech[: 8000 * 6], silence])))
        part = call.cut()
        assert fingerprint(part).seconds == pytest.approx(part.net_speech_seconds, abs=0.1)
        assert len(part.pauses(60.0)) and not len(call.pauses(60.0))


def test_of_identical_bits_the_agreement_is_the_root_of_the_seconds() -> None:
    bits = np.random.default_rng(0).integers(0, 1 << 16, 250, dtype=np.uint16)  # 4 s
    one = Fingerprint(np.arange(250, dtype=np.uint16), bits)
    later = Fingerprint(np.arange(77, 327, dtype=np.uint16), bits)
    assert agreement(one, later) == pytest.approx(2.0, abs=1e-4)
    assert agreement(one, Fingerprint(one.at, ~bits)) < 0.2


def test_less_than_a_second_and_silence_say_nothing(said: np.ndarray, remembered: Fingerprint) -> None:
    assert agreement(heard(said[: SECOND // 2])[0], remembered) == 0.0
    silence = heard(np.zeros(3 * SECOND))
    assert silence[0].seconds == 0 and not is_replay(silence, [remembered])


def a_print(seed: int) -> Voiceprint:
    rows = np.random.default_rng(seed).standard_normal((3, 8)).astype(np.float32)
    return Voiceprint(
        rows / np.linalg.norm(rows, axis=1, keepdims=True), "ab" * 32, datetime(2026, 1, 1, tzinfo=UTC), 12.0
    )


def test_it_opens_beside_its_print_and_nowhere_else(remembered: Fingerprint) -> None:
    sealed = seal_fingerprint(remembered, a_print(1), "anna")
    opened = unseal_fingerprint(sealed, a_print(1), "anna")
    assert np.array_equal(opened.at, remembered.at) and np.array_equal(opened.bits, remembered.bits)
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for blob, print_, contact in (
        (sealed, a_print(2), "anna"), (sealed, a_print(1), "ben"), (changed, a_print(1), "anna"),
        (b"", a_print(1), "anna"), (b"DRF1short", a_print(1), "anna"),
    ):  # fmt: skip
        with pytest.raises(SealError):
            unseal_fingerprint(blob, print_, contact)


def test_it_is_small(remembered: Fingerprint) -> None:
    assert len(seal_fingerprint(remembered, a_print(1), "anna")) < 2000  # of 48,000 bytes of audio
