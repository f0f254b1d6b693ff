from datetime import UTC, datetime

import numpy as np
import pytest

from biometrics import Keys, ModelMismatchError, SealError, Voiceprint, is_sealed_with, reseal, seal, unseal
from biometrics.__main__ import main
from biometrics.keys import key_id

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
    for thing in (b"", b"DVP1", b"DVP2", b"DVP1" + b"x" * 60, b"DVP2" + b"x" * 60, b"hello" * 20):
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


# -- while keys are changed -------------------------------------------------------------------------------------------

# Sealed by the release before this one, with the key of 32 times "k" for contact-1: one row (1, 0).
OF_THE_RELEASE_BEFORE = bytes.fromhex(
    "44565031000102030405060708090a0b11ff994160b5ea2a30f332b851f32a62d8ccdb05fd07fde4ce1d88c4914bf549cc595287"
    "f744787195b2101bdf2e1eae76acdaf2e039414b9e0e3ee6feb200e293df6cda154aaaf145d690a3462175774bb4c41ee57ec198"
    "7dec6d07e61e350b87960d491f3b29a2d1abaadf41635fc4e9ea25a51d33e04e3dc9634fc6e1eec5c4e0fa9e25c314a89e5306f6"
    "78361459d62f838cc14730a59812a497bda3bdfb22c4b42a9f0d462062f394c0fd66b97a941c32ee25a1fc50420d001ab9f47dfe"
    "b9"
)


def test_a_print_of_the_release_before_opens_with_whichever_key_it_was_sealed():
    for keys in (KEY, Keys(KEY), Keys(OTHER_KEY, (KEY,))):
        opened = unseal(OF_THE_RELEASE_BEFORE, keys, "contact-1")
        assert opened.embeddings.tolist() == [[1.0, 0.0]]
    with pytest.raises(SealError):
        unseal(OF_THE_RELEASE_BEFORE, OTHER_KEY, "contact-1")


def test_both_keys_open_during_the_change_and_only_the_new_one_seals(voiceprint):
    keys = Keys(OTHER_KEY, (KEY,))
    before, after = seal(voiceprint, KEY, "c"), seal(voiceprint, keys, "c")
    assert unseal(before, keys, "c").model_sha256 == unseal(after, keys, "c").model_sha256
    assert (is_sealed_with(before, KEY), is_sealed_with(after, OTHER_KEY)) == (True, True)
    with pytest.raises(SealError, match="IVR_VOICEPRINT_KEY_OLD"):
        unseal(before, OTHER_KEY, "c")
    with pytest.raises(SealError, match=key_id(OTHER_KEY).hex()):
        unseal(after, KEY, "c")


def test_resealing_changes_the_key_and_nothing_else_and_may_be_done_twice(voiceprint):
    keys = Keys(OTHER_KEY, (KEY,))
    for before in (seal(voiceprint, KEY, "contact-1"), OF_THE_RELEASE_BEFORE):
        after = reseal(before, keys, "contact-1")
        opened = unseal(after, OTHER_KEY, "contact-1")
        assert np.array_equal(opened.embeddings, unseal(before, KEY, "contact-1").embeddings)
        assert opened.created == unseal(before, KEY, "contact-1").created
        assert reseal(after, keys, "contact-1") == after
    with pytest.raises(SealError):
        reseal(seal(voiceprint, KEY, "contact-1"), keys, "contact-2")


def test_a_short_old_key_is_refused_and_no_key_shows_in_a_log():
    with pytest.raises(SealError, match="32"):
        Keys(KEY, (b"short",))
    assert "kkkk" not in repr(Keys(KEY, (KEY,)))


def test_files_are_resealed_from_the_command_line(voiceprint, tmp_path, monkeypatch, capsys):
    path, foreign = tmp_path / "anna%20m.print", tmp_path / "ben.print"
    path.write_bytes(seal(voiceprint, KEY, "anna m"))
    foreign.write_bytes(seal(voiceprint, b"z" * 32, "ben"))
    monkeypatch.setenv("IVR_VOICEPRINT_KEY", OTHER_KEY.decode())
    monkeypatch.setenv("IVR_VOICEPRINT_KEY_OLD", KEY.decode())
    assert main(["reseal", "--json", str(path), str(foreign)]) == 1
    said = capsys.readouterr()
    assert '"resealed": 1, "already": 0, "not_opened": 1' in said.out
    assert f"ben.print: the voiceprint does not open: it was sealed with key {key_id(b'z' * 32).hex()}" in said.err
    assert unseal(path.read_bytes(), OTHER_KEY, "anna m").model_sha256 == voiceprint.model_sha256
    assert main(["reseal", "--json", str(path)]) == 0
    assert '"resealed": 0, "already": 1' in capsys.readouterr().out
