"""What a second voice on the line does to verdicts, on the train split: the table in biometrics/README.md.

    PYTHONPATH=. python tests/model/second_voice.py --model campplus --callers 20 [--speech DIR] [--scene NAME]

Needs espeak-ng. Prints, for every scene, how owners and impostors end if nobody asks for a second voice, and as it is.
"""

import argparse
import io
import random
import subprocess
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from biometrics import Utterance, decode_ulaw, encode_ulaw, load_encoder, operating_point
from biometrics.audio import TELEPHONE_RATE_HZ, telephone
from biometrics.calibration import DEFAULT_LOOKS_SECONDS
from biometrics.corpus import ENROLMENT_CLIPS, Speaker, _frames, speakers
from biometrics.likelihood import Conditions, speech_snr_db
from biometrics.talkers import highest_half, pauses_are_heard

SPEAKERS = {  # of each corpus, the first with enough speech
    "alphanumeric_duke": 18,
    "arabic_commands": 8,
    "dspspeech20": 10,
    "librispeech_tc100": 20,
    "speechocean762_train": 44,
}
LOOKS_SECONDS = DEFAULT_LOOKS_SECONDS
VOICES = [(voice, speed) for voice in ("en-gb", "en-us+f3", "en-us+m2", "en-gb+f4") for speed in (175, 260)]
TEXT = (
    "Your account balance is four hundred and twelve pounds. Press one to hear your last five payments, two to move money, "
    "or three to speak to somebody. Heading level two. Link, show more. Button, continue, dimmed. The delivery arrives on "
    "Thursday between nine and eleven in the morning. Text field, required, date of birth."
)
# Scene: who speaks too (reader or person), whether the caller's pauses are kept, whether the second voice pauses, dB.
SCENES = {
    "clean": None,
    "R-20": ("reader", True, False, -20),
    "R-15": ("reader", True, False, -15),
    "R-10": ("reader", True, False, -10),
    "S-5": ("reader", False, False, -5),
    "H-5": ("person", True, False, -5),
    "P-5": ("person", True, True, -5),
    "A1.5": "turns of 1.5 s",
}


@dataclass(frozen=True)
class Caller:
    speaker: Speaker
    enrolment: np.ndarray
    line: np.ndarray  # the call with its pauses
    speech: np.ndarray  # the same without


def caller(speaker: Speaker) -> Caller | None:
    clips = list(speaker.clips)
    random.Random(speaker.name).shuffle(clips)
    audio, enrolment, finished = _frames(clips), Utterance(), 0
    for frame, clip_ends in audio:
        enrolment.feed(frame)
        finished += clip_ends
        whole_clips = len(clips) <= ENROLMENT_CLIPS or (clip_ends and finished >= ENROLMENT_CLIPS)
        if enrolment.net_speech_seconds >= 8 and whole_clips:
            break
    test, line = Utterance(), b""
    for frame, _ in audio:
        test.feed(frame)
        line += frame
        if test.net_speech_seconds >= LOOKS_SECONDS[-1]:
            break
    least = 3.0 if speaker.corpus == "librispeech_tc100" else 4.6
    if enrolment.net_speech_seconds < 8 or test.net_speech_seconds < least:
        return None
    return Caller(speaker, enrolment.speech(), decode_ulaw(line), test.speech())


def readers() -> list[np.ndarray]:
    said = [["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", TEXT] for voice, speed in VOICES]
    spoken = (subprocess.run(command, capture_output=True, check=True).stdout for command in said)
    return [telephone(*soundfile.read(io.BytesIO(wav), dtype="float32")) for wav in spoken]


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples)))


def heard(name: str, one: Caller, everybody: list[Caller], reading: list[np.ndarray]) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32((one.speaker.name + name).encode()))
    others = [each for each in everybody if each is not one and each.speaker.corpus == one.speaker.corpus]
    other = others[int(generator.integers(len(others)))]
    match SCENES[name]:
        case None:
            return one.line
        case (who, with_pauses, other_pauses, decibels):
            own = one.line if with_pauses else one.speech
            if who == "reader":
                voice = reading[int(generator.integers(len(reading)))]
                loudness = power(voice)
            else:
                voice, loudness = other.line if other_pauses else other.speech, power(other.speech)
            start = int(generator.integers(len(voice)))
            voice = voice[(start + np.arange(len(own))) % len(voice)]
            loudness = power(voice) if not other_pauses else loudness
            return own + voice * np.sqrt(power(one.speech) / loudness) * 10 ** (decibels / 20)
        case _:
            step, second = 12000, other.speech * np.sqrt(power(one.speech) / power(other.speech))
            starts = range(0, min(len(one.speech), len(second)), step)
            return np.concatenate([x[at : at + step] for at in starts for x in (one.speech, second)])


def looks(line: np.ndarray) -> list[tuple[np.ndarray, bool, float]]:
    utterance, seen, data = Utterance(), [], encode_ulaw(np.clip(line, -1, 1))
    for start in range(0, len(data), 800):
        utterance.feed(data[start : start + 800])
        while len(seen) < len(LOOKS_SECONDS) and utterance.net_speech_seconds >= LOOKS_SECONDS[len(seen)]:
            seconds = LOOKS_SECONDS[len(seen)]
            speech = utterance.speech()[: int(seconds * TELEPHONE_RATE_HZ)]
            paused = pauses_are_heard(speech, utterance.pauses(seconds), seconds)
            seen.append((speech, paused, utterance.quality().snr_db))
    return seen


def outcome(seen, llr, point, asks_for_a_second_voice: bool) -> str:
    for index, (speech, paused, snr_db) in enumerate(seen):
        if snr_db < 5:
            continue
        score = llr(speech)
        if score >= point.accept_llrs[index]:
            return "ACCEPTED"
        alone = not asks_for_a_second_voice or (paused and highest_half(speech, llr) <= point.reject_llr)
        if score <= point.reject_llr and alone:
            return "REJECTED"
    return "INCONCLUSIVE"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="campplus")
    parser.add_argument("--callers", type=int, default=20)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--scene", choices=SCENES, action="append")
    options = parser.parse_args()
    encoder = load_encoder(options.model)
    point, reading, left, everybody = operating_point(encoder), readers(), dict(SPEAKERS), []
    for speaker in speakers(options.speech, "train"):
        if left.get(speaker.corpus, 0) and (one := caller(speaker)):
            everybody.append(one)
            left[speaker.corpus] -= 1
    chosen = everybody[:: max(1, len(everybody) // options.callers)][: options.callers]
    known: dict[bytes, np.ndarray] = {}

    def embedding(samples: np.ndarray) -> np.ndarray:
        key = samples.tobytes()
        if key not in known:
            known[key] = encoder.embed(samples, TELEPHONE_RATE_HZ)
        return known[key]

    prints = [np.mean([embedding(part) for part in np.array_split(one.enrolment, 3)], axis=0) for one in chosen]
    for name in options.scene or SCENES:
        counts = Counter()
        for one in chosen:
            seen = looks(heard(name, one, everybody, reading))
            for claimed, voiceprint in zip(chosen, prints, strict=True):
                if not seen or claimed.speaker.corpus != one.speaker.corpus:
                    continue

                def llr(samples: np.ndarray, voiceprint=voiceprint) -> float:
                    cosine = embedding(samples) @ voiceprint / np.linalg.norm(voiceprint)
                    told = Conditions(len(samples) / TELEPHONE_RATE_HZ, speech_snr_db(samples), 3)
                    return float(point.calibration.llr(cosine, told))

                who = "owner" if claimed is one else "impostor"
                for how in (False, True):
                    counts[who, how, outcome(seen, llr, point, how)] += 1
        trials = sum(count for (who, how, _), count in counts.items() if who == "impostor" and how)
        print(f"{encoder.name}, {name}: {trials} impostor trials;", end="")
        for who in ("owner", "impostor"):
            for how in (False, True):
                told = ", ".join(f"{k[2]} {n}" for k, n in sorted(counts.items()) if k[:2] == (who, how))
                print(f" {who} {'as it is' if how else 'without'}: {told};", end="")
        print(flush=True)


if __name__ == "__main__":
    main()
