from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics import ModelMismatchError, SealError, Voiceprint, seal, unseal

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture
def voiceprint() -> Voiceprint:
    rows = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Voiceprint(rows, "a" * 64, datetime(2026, 11, 21, tzinfo=UTC), 9.5)


def test_a_sealed_print_opens_for_its_contact_as_it_was(voiceprint):
    opened = unseal(seal(voiceprint, KEY, "contact-1"), KEY, "contact-1")
    assert np.array_equal(opened.embeddings, voiceprint.embeddings)
    assert (opened.model_sha256, opened.created, opened.net_speech_seconds) == (
        voiceprint.model_sha256,
        voiceprint.created,
        voiceprint.net_speech_seconds,
    )


def test_a_secret_longer_than_32_bytes_works_and_a_shorter_one_is_refused(voiceprint):
    assert unseal(seal(voiceprint, b"x" * 50, "c"), b"x" * 50, "c").model_sha256 == "a" * 64
    with pytest.raises(SealError, match="32"):
        seal(voiceprint, b"short", "c")


def test_a_wrong_key_or_another_contact_does_not_open(voiceprint):
    sealed = seal(voiceprint, KEY, "contact-1")
    for key, contact in ((OTHER_KEY, "contact-1"), (KEY, "contact-2")):
        with pytest.raises(SealError):
            unseal(sealed, key, contact)


def test_one_flipped_bit_anywhere_does_not_open(voiceprint):
    sealed = seal(voiceprint, KEY, "c")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealError):
            unseal(bytes(changed), KEY, "c")


def test_things_that_are_no_print_do_not_open():
    for thing in (b"", b"DVP1", b"hello" * 20):
        with pytest.raises(SealError):
            unseal(thing, KEY, "c")


def test_nothing_of_the_voice_shows_in_the_seal_or_in_a_log(voiceprint):
    sealed = seal(voiceprint, KEY, "c")
    assert voiceprint.embeddings.tobytes()[:16] not in sealed
    assert seal(voiceprint, KEY, "c") != sealed
    assert "embeddings" not in repr(voiceprint)


def test_a_print_of_another_model_is_never_compared(voiceprint):
    with pytest.raises(ModelMismatchError, match="enrol"):
        voiceprint.cosine(voiceprint.embeddings[0], "b" * 64)
