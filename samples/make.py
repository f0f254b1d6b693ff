"""Make the synthetic voices of this directory: python samples/make.py (needs Debian's flite and espeak-ng).

    apt-get install flite espeak-ng

Every clip is spoken by a synthesiser, passed through a telephone line (8 kHz, 300-3400 Hz, G.711 µ-law) and written as
a µ-law wav; manifest.csv says who speaks what. The sentences are this project's own.
"""

import csv
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

from biometrics.audio import TELEPHONE_RATE_HZ, read_audio, telephone

HERE = Path(__file__).parent
PEAK = 0.5  # the loudest sample of every clip, so that no voice gives itself away by its level

ENROLMENT = (
    "Good morning. I am calling about the savings account that I opened with you last spring.",
    "I would like to use my voice from now on, because I keep forgetting the numbers on my card.",
    "My rent leaves the account on the first Friday of every month, and my salary arrives a week earlier.",
    "Please remind me in the evening, not at noon, since I am usually on the road until five o'clock.",
)
VERIFICATION = (
    "Hello, could you tell me how much money is left in my account after the payment of yesterday?",
    "If it is enough, move two hundred to my savings, and then connect me with somebody about a loan for a small house.",
)


@dataclass(frozen=True)
class Voice:
    name: str
    role: str
    engine: str
    sex: str
    accent: str
    command: tuple[str, ...]  # {text} and {out} are filled in


VOICES = (
    Voice("rms", "target", "flite", "male", "American", ("flite", "-voice", "rms", "-t", "{text}", "-o", "{out}")),
    Voice(
        "kal16", "impostor", "flite", "male", "American", ("flite", "-voice", "kal16", "-t", "{text}", "-o", "{out}")
    ),
    Voice("slt", "stranger", "flite", "female", "American", ("flite", "-voice", "slt", "-t", "{text}", "-o", "{out}")),
    Voice(
        "en-us",
        "stranger",
        "espeak-ng",
        "male",
        "American",
        ("espeak-ng", "-v", "en-us", "-s", "160", "-w", "{out}", "{text}"),
    ),
)


def main() -> int:
    rows = []
    for voice in VOICES:
        for purpose, sentences in (("enrolment", ENROLMENT), ("verification", VERIFICATION)):
            for number, text in enumerate(sentences, start=1):
                path = Path(f"{voice.engine}-{voice.name}") / f"{purpose}-{number}.wav"
                seconds = make(voice, text, HERE / path)
                rows.append(
                    [
                        path,
                        voice.name,
                        voice.engine,
                        voice.sex,
                        voice.accent,
                        text,
                        f"{seconds:.2f}",
                        voice.role,
                        purpose,
                    ]
                )
    with (HERE / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "voice", "engine", "sex", "accent", "text", "seconds", "role", "purpose"])
        writer.writerows(rows)
    print(f"{len(rows)} clips, {sum(float(row[6]) for row in rows):.0f} s")
    return 0


def make(voice: Voice, text: str, path: Path) -> float:
    """Speak ``text`` into ``path``; seconds."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        spoken = Path(directory) / "spoken.wav"
        subprocess.run([part.format(text=text, out=spoken) for part in voice.command], check=True)
        samples, rate = read_audio(spoken)
    line = telephone(samples / abs(samples).max() * PEAK, rate)
    soundfile.write(path, line, TELEPHONE_RATE_HZ, format="WAV", subtype="ULAW")
    return len(line) / TELEPHONE_RATE_HZ


if __name__ == "__main__":
    sys.exit(main())
