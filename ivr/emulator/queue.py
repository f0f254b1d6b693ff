"""A queue of waiting calls."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ivr.emulator.call import Call
from ivr.emulator.clock import Clock
from ivr.emulator.identifiers import QUEUE, new_sid
from ivr.emulator.webhook import Parameters

DEFAULT_MAX_SIZE = 1000
MAX_NAME_CHARACTERS = 64


@dataclass(eq=False)
class Member:
    """``bridged_to`` is set when a Dial takes this call out of the queue."""

    call: Call
    entered_seconds: float
    entered_at: datetime
    bridged_to: asyncio.Future[Any]


@dataclass(eq=False)
class Queue:
    name: str
    account_sid: str
    clock: Clock
    max_size: int = DEFAULT_MAX_SIZE
    sid: str = field(default_factory=lambda: new_sid(QUEUE))
    members: list[Member] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.created_at = self.updated_at = self.clock.now()
        self.arrived = asyncio.Condition()
        self._waits: list[float] = []

    def enter(self, call: Call) -> Member:
        member = Member(call, self.clock.seconds(), self.clock.now(), asyncio.get_running_loop().create_future())
        self.members.append(member)
        call.whereabouts = f"queue {self.name}"
        call.publish("queue", queue=self.name, position=len(self.members))
        return member

    def exit(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
            self._waits.append(self.clock.seconds() - member.entered_seconds)
            member.call.whereabouts = ""

    def waited_seconds(self, member: Member) -> int:
        return int(self.clock.seconds() - member.entered_seconds)

    @property
    def average_wait_seconds(self) -> int:
        return int(sum(self._waits) / len(self._waits)) if self._waits else 0

    def parameters(self, member: Member) -> Parameters:
        """What a wait document is told (docs: voice/twiml/enqueue)."""
        return (
            ("QueueSid", self.sid),
            ("QueuePosition", str(self.members.index(member) + 1 if member in self.members else 0)),
            ("QueueTime", str(self.waited_seconds(member))),
            ("AvgQueueTime", str(self.average_wait_seconds)),
            ("CurrentQueueSize", str(len(self.members))),
            ("MaxQueueSize", str(self.max_size)),
        )
