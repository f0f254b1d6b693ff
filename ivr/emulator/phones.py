"""How the phones that are called behave: one answers, one is busy, most do not pick up."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from ivr.emulator.call import Call
from ivr.emulator.clock import Clock

KEY_SECONDS = 0.2  # between two keys of one burst
_PROGRESS_SECONDS = 0.5  # before a busy signal comes back


@dataclass(frozen=True)
class PhoneBehaviour:
    """``presses`` are entered at the first Gather after answering; ``then`` says what follows them."""

    answer_after_seconds: float = 1.0
    presses: str = ""
    then: Literal["stay", "hangup"] = "stay"
    busy: bool = False
    no_answer: bool = False


class Phones:
    """Behaviours by address (a number or ``client:name``). A phone without one rings until somebody answers it."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self.behaviours: dict[str, PhoneBehaviour] = {}

    async def ring(self, call: Call, timeout_seconds: float) -> Literal["answered", "busy", "no-answer"]:
        behaviour = self.behaviours.get(call.to)
        if behaviour and behaviour.busy:
            await self._clock.sleep(_PROGRESS_SECONDS)
            return "busy"
        if behaviour and not behaviour.no_answer and behaviour.answer_after_seconds < timeout_seconds:
            await self._clock.sleep(behaviour.answer_after_seconds)
            return "answered"
        try:
            async with asyncio.timeout(self._clock.real(timeout_seconds)):
                await call.answer_requested.wait()
        except TimeoutError:
            return "no-answer"
        return "answered"

    async def use(self, call: Call) -> None:
        """What the holder of an answered phone does next, by its behaviour."""
        behaviour = self.behaviours.get(call.to)
        if behaviour is None:
            return
        if behaviour.presses:
            await call.wait_until(lambda: call.expecting is not None, seconds=3600)
            await press_keys(self._clock, call, behaviour.presses)
        if behaviour.then == "hangup":
            await self._clock.sleep(1.0)
            call.hang_up()


async def press_keys(clock: Clock, call: Call, digits: str) -> None:
    for number, digit in enumerate(digits):
        if number:
            await clock.sleep(KEY_SECONDS)
        call.press(digit)
