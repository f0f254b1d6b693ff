"""The caller's side of a telephone line: sound goes out in 20 ms µ-law frames at the clock's pace."""

import asyncio
from collections import deque
from collections.abc import Callable

from ivr.emulator.clock import Clock

FRAME_BYTES = 160  # 20 ms of 8 kHz µ-law
FRAME_SECONDS = 0.02
SILENCE = b"\xff" * FRAME_BYTES
BYTES_PER_SECOND = 8000
Listener = Callable[[bytes], None]


class Line:
    """Frames flow while somebody listens or sound is waiting; a silent caller sends 0xFF frames."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._sounds: deque[tuple[bytes, Callable[[], None] | None]] = deque()
        self._listeners: list[Listener] = []
        self._pump: asyncio.Task[None] | None = None

    def play(self, audio: bytes, then: Callable[[], None] | None = None) -> None:
        """Queues µ-law audio; ``then`` is called when its last frame has been sent."""
        self._sounds.append((audio, then))
        self._start()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hands every frame to ``listener`` until the returned function is called."""
        self._listeners.append(listener)
        self._start()
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def close(self) -> None:
        self._sounds.clear()
        self._listeners.clear()
        if self._pump:
            self._pump.cancel()

    def _start(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._sounds or self._listeners:
            frame, finished = self._next_frame()
            for listener in list(self._listeners):
                listener(frame)
            for then in finished:
                then()
            due += self._clock.real(FRAME_SECONDS)
            # Never behind by more than a second: a machine that was asleep must not send a burst of minutes.
            due = max(due, loop.time() - 1.0)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _next_frame(self) -> tuple[bytes, list[Callable[[], None]]]:
        frame, finished = b"", []
        while self._sounds and len(frame) < FRAME_BYTES:
            audio, then = self._sounds.popleft()
            room = FRAME_BYTES - len(frame)
            frame += audio[:room]
            if len(audio) > room:
                self._sounds.appendleft((audio[room:], then))
            elif then:
                finished.append(then)
        return frame.ljust(FRAME_BYTES, b"\xff"), finished
