import dataclasses
from collections import Counter

import numpy as np
import pytest

from biometrics import (
    Outcome,
    SealError,
    Utterance,
    decode_ulaw,
    encode_ulaw,
    enrol,
    seal,
    unseal,
    verify,
)
from biometrics.speech import DTMF_HIGH_HZ, DTMF_LOW_HZ

KEY = b"a key of thirty-two random bytes"


def ulaw(utterance: Utterance) -> bytes:
    return encode_ulaw(utterance.speech())


def utterance(samples: np.ndarray) -> Utterance:
    heard = Utterance()
    heard.feed(encode_ulaw(samples))
    return heard


@pytest.fixture
def prints(encoder, callers):
    made = {}
    for caller in callers:
        result = enrol(encoder, caller.enrolment)
        if result.voiceprint:
            made[caller.speaker] = result.voiceprint
    return made


def test_owners_are_let_in_and_impostors_are_not(encoder, callers, prints, point, capsys):
    counts = {"owner": Counter(), "impostor": Counter()}
    for claimed, voiceprint in prints.items():
        for caller in callers:
            if caller.speaker.corpus != claimed.corpus:
                continue
            verdict = verify(encoder, voiceprint, caller.tests[0], point)
            counts["owner" if caller.speaker == claimed else "impostor"][verdict.outcome] += 1
            assert verdict.score is None or np.isfinite(verdict.score)
    owners, impostors = counts["owner"], counts["impostor"]
    with capsys.disabled():
        for who, of in counts.items():
            print(
                f"\n{encoder.name}, FAR {point.target_far:.1%}, {who}:",
                ", ".join(f"{k} {v}" for k, v in of.items()),
                end="",
            )
        print(f"; {len(prints)} of {len(callers)} enrolled")
    assert len(prints) >= 0.8 * len(callers)
    assert owners[Outcome.ACCEPTED] > 0.5 * owners.total()
    assert owners[Outcome.REJECTED] == 0
    assert impostors[Outcome.ACCEPTED] <= 0.05 * impostors.total()


def sounds(speech: np.ndarray) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    time = np.arange(80000) / 8000
    keys = [(low, high) for low in DTMF_LOW_HZ for high in DTMF_HIGH_HZ]
    notes = [220 * 2 ** (semitone / 12) for semitone in generator.integers(0, 24, 25)]
    return {
        "silence": np.zeros(80000),
        "white noise": generator.normal(0, 0.2, 80000),
        "key tones": np.concatenate([0.2 * sum(np.sin(2 * np.pi * f * time[:4000]) for f in key) for key in keys]),
        "music": np.concatenate(
            [0.1 * sum(np.sin(2 * np.pi * n * k * time[:3200]) for k in (1, 1.26, 1.5)) for n in notes]
        ),
        "100 ms": speech[:800],
        "clipped": np.clip(speech * 200, -1, 1),
        "buried in noise": speech + generator.normal(0, 0.3, len(speech)),
        "not a number": np.full(80000, np.nan),
        "reversed bits": decode_ulaw(bytes(255 - code for code in encode_ulaw(speech * 0.01))),
    }


@pytest.fixture
def accepted(encoder, callers, prints, point):
    """(an owner who is let in, their print)."""
    owners = {caller.speaker: caller for caller in callers}
    return next(
        (owners[speaker], voiceprint)
        for speaker, voiceprint in prints.items()
        if verify(encoder, voiceprint, owners[speaker].tests[0], point).outcome is Outcome.ACCEPTED
    )


def test_nothing_but_good_speech_is_ever_accepted(encoder, accepted, point):
    owner, voiceprint = accepted
    speech = owner.tests[0].speech()
    for name, samples in sounds(speech).items():
        with np.errstate(invalid="ignore"):
            verdict = verify(encoder, voiceprint, utterance(samples), point)
        assert verdict.outcome is not Outcome.ACCEPTED, name
    for name in ("silence", "white noise", "key tones", "music", "100 ms", "clipped", "not a number"):
        with np.errstate(invalid="ignore"):
            verdict = verify(encoder, voiceprint, utterance(sounds(speech)[name]), point)
        assert (verdict.outcome, verdict.score) == (Outcome.INCONCLUSIVE, None), name


def test_the_print_of_another_model_or_another_key_accepts_nobody(encoder, accepted, point):
    owner, voiceprint = accepted
    foreign = dataclasses.replace(voiceprint, model_sha256="0" * 64)
    verdict = verify(encoder, foreign, owner.tests[0], point)
    assert (verdict.outcome, verdict.reason, verdict.score) == (Outcome.INCONCLUSIVE, "other_model", None)
    sealed = seal(voiceprint, KEY, "contact")
    assert verify(encoder, unseal(sealed, KEY, "contact"), owner.tests[0], point).outcome is Outcome.ACCEPTED
    for blob, key, contact in (
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), KEY, "contact"),
        (sealed, KEY[::-1], "contact"),
        (sealed, KEY, "somebody else"),
    ):
        with pytest.raises(SealError):
            unseal(blob, key, contact)


@pytest.mark.parametrize("encoder", ["campplus"], indirect=True)  # the small model does not promise it: see its card
def test_two_voices_in_one_enrolment_make_no_print(encoder, callers):
    first, second = callers[0], callers[-1]
    mixed = Utterance()
    mixed.feed(ulaw(first.enrolment)[:40000] + ulaw(second.enrolment)[:40000])
    assert mixed.net_speech_seconds > 8
    result = enrol(encoder, mixed)
    assert (result.voiceprint, result.refusal) == (None, "inconsistent")


def test_ten_minutes_of_speech_are_taken_in_bounded_memory(encoder, callers, prints, point):
    speaker, voiceprint = next(iter(prints.items()))
    owner = next(caller for caller in callers if caller.speaker == speaker)
    long = Utterance()
    long.feed((ulaw(owner.tests[0]) * 100)[: 600 * 8000])
    assert long.net_speech_seconds <= 60
    assert verify(encoder, voiceprint, long, point).outcome is not Outcome.REJECTED
