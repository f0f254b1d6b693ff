"""Calls unlike those the thresholds were learnt from: two people, music, a narrower band."""

from __future__ import annotations

import numpy as np

from biometrics import Outcome, Utterance, encode_ulaw, enrol, verify


def heard(samples: np.ndarray) -> Utterance:
    utterance = Utterance()
    utterance.feed(encode_ulaw(samples))
    return utterance


def as_loud(sound: np.ndarray, speech: np.ndarray, decibels: float = 0.0) -> np.ndarray:
    sound = np.resize(sound, len(speech))
    return sound * np.sqrt(np.mean(speech**2) / np.mean(sound**2)) * 10 ** (decibels / 20)


def music() -> np.ndarray:
    roots = np.repeat(220 * 2 ** (np.random.default_rng(0).choice([0, 5, 7, 9], 20) / 12), 4000)
    phase = 2 * np.pi * np.cumsum(roots) / 8000
    return 0.05 * sum(np.sin(step * part * phase) / part for step in (1, 1.26, 1.5) for part in range(1, 7))


def only_from(low_hz: float, high_hz: float, samples: np.ndarray) -> np.ndarray:
    spectrum, frequencies = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / 8000)
    return np.fft.irfft(spectrum * ((frequencies >= low_hz) & (frequencies <= high_hz)), len(samples))


def in_turns(one: np.ndarray, other: np.ndarray, seconds: float = 1.5) -> np.ndarray:
    step, length = int(seconds * 8000), min(len(one), len(other))
    return np.concatenate(
        [part for at in range(0, length, step) for part in (one[at : at + step], other[at : at + step])]
    )


def test_no_owner_is_rejected_for_what_else_is_on_the_line(encoder, callers, point, capsys) -> None:
    told: dict[str, list[str]] = {}
    for index, caller in enumerate(callers[::3]):
        voiceprint = enrol(encoder, caller.enrolment).voiceprint
        if voiceprint is None:
            continue
        speech = caller.tests[0].speech()
        other = callers[3 * index - 1].tests[0].speech()
        calls = {
            "another voice, 5 dB below": speech + as_loud(other, speech, -5.0),
            "another voice, as loud": speech + as_loud(other, speech),
            "two people in turns": in_turns(speech, as_loud(other, speech)),
            "music, 5 dB below": speech + as_loud(music(), speech, -5.0),
            "500 to 2500 Hz": only_from(500, 2500, speech),
        }
        for name, samples in calls.items():
            told.setdefault(name, []).append(verify(encoder, voiceprint, heard(samples), point).outcome)
    with capsys.disabled():
        for name, outcomes in told.items():
            print(f"\n{encoder.name}, owners, {name}:", ", ".join(outcomes), end="")
    assert told
    assert all(Outcome.REJECTED not in outcomes for outcomes in told.values())
