"""The carrier's one clock. At speed 20 every prompt, timer and frame takes a twentieth of its time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime


class Clock:
    """Carrier time in seconds since the start, and sleeping in it. Real time only enters through ``speed``."""

    def __init__(self, speed: float = 1.0):
        if speed <= 0:
            raise ValueError(f"speed {speed}: must be above 0; 1 is Twilio's own pace")
        self.speed = speed
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)

    def seconds(self) -> float:
        return (time.monotonic() - self._began) * self.speed

    def now(self) -> datetime:
        """The carrier's time of day: aware UTC, running at ``speed``."""
        return self._began_at + timedelta(seconds=self.seconds())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def real(self, seconds: float) -> float:
        """How long ``seconds`` of carrier time last on the wall."""
        return seconds / self.speed


def rfc2822(moment: datetime) -> str:
    """The form of dates in REST answers and call callbacks: ``Fri, 20 Aug 2010 01:13:42 +0000``."""
    return format_datetime(moment)


def iso8601(moment: datetime) -> str:
    """The form of dates in stream callbacks."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
