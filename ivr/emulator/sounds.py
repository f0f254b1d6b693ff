"""What prompts sound like, for a telephone that can be listened to: <Play> as fetched, <Say> by espeak-ng.

espeak-ng is a program of the system (Debian: ``apt-get install espeak-ng``), looked for once at the start. Without it
<Say> has no sound and telephones use a voice of their own. How long a prompt takes does not depend on it.
"""

import asyncio
import contextlib
import shutil
from collections import OrderedDict
from dataclasses import dataclass

PROGRAM = "espeak-ng"
SYNTHESIS_SECONDS = 5.0
AT_ONCE = 2  # programs
LONGEST_TEXT = 4096  # characters; Twilio's own limit of <Say>
KEPT_PROMPTS = 8  # of a call; a telephone asks at once or never
_HEADER_BYTES = 44


@dataclass(frozen=True)
class Sound:
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Words:
    """What <Say> says. ``language`` as in the document, e.g. "en-GB"; empty: English."""

    text: str
    language: str


class Prompts:
    """The sounds of the newest prompts of one call, by the index of what was heard."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Sound | Words] = OrderedDict()

    def keep(self, index: int, sound: Sound | Words) -> None:
        self._kept[index] = sound
        while len(self._kept) > KEPT_PROMPTS:
            self._kept.popitem(last=False)

    def get(self, index: int) -> Sound | Words | None:
        return self._kept.get(index)


class Voice:
    """The carrier's voice. ``name`` is empty where there is none."""

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = shutil.which(program)
        self.name = program if self._program else ""
        self._places = asyncio.Semaphore(AT_ONCE)

    async def speaks(self, words: Words) -> Sound | None:
        """16-bit WAV; None: no program, no such language, or it took longer than SYNTHESIS_SECONDS."""
        if not self._program:
            return None
        language = (words.language or "en").lower()
        async with self._places:
            for voice in dict.fromkeys((language, language.partition("-")[0])):
                if audio := await self._run(voice, words.text[:LONGEST_TEXT]):
                    return Sound("audio/wav", audio)
        return None

    async def _run(self, voice: str, text: str) -> bytes | None:
        process = await asyncio.create_subprocess_exec(
            self._program, "-v", voice, "--stdin", "--stdout",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            audio, _ = await asyncio.wait_for(process.communicate(text.encode()), SYNTHESIS_SECONDS)
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return _whole(audio) if process.returncode == 0 and len(audio) > _HEADER_BYTES else None


def _whole(audio: bytes) -> bytes:
    """The program writes to a pipe and cannot go back, so the lengths in the header (RIFF and data) are set here."""
    size = len(audio)
    riff, data = (length.to_bytes(4, "little") for length in (size - 8, size - _HEADER_BYTES))
    return audio[:4] + riff + audio[8:40] + data + audio[_HEADER_BYTES:]
