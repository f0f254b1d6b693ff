"""A text message: kept, and reported as queued, sent and delivered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ivr.emulator.call import API_VERSION, Call
from ivr.emulator.callbacks import Callbacks
from ivr.emulator.clock import Clock
from ivr.emulator.events import Events
from ivr.emulator.identifiers import MESSAGE, new_sid

_STEP_SECONDS = 0.5  # between two states
_SEGMENT_CHARACTERS = 160


@dataclass(eq=False)
class Message:
    clock: Clock
    events: Events
    account_sid: str
    from_: str
    to: str
    body: str
    status_callback: str = ""
    sid: str = field(default_factory=lambda: new_sid(MESSAGE))
    status: str = "queued"

    def __post_init__(self) -> None:
        self.created_at = self.updated_at = self.clock.now()
        self.sent_at = None

    @property
    def segments(self) -> int:
        return max(1, -(-len(self.body) // _SEGMENT_CHARACTERS))

    async def deliver(self, callbacks: Callbacks, calls: Iterable[Call]) -> None:
        """Passes through the states; each is reported to the status callback.

        A live call of the receiver among ``calls`` is told, so that whoever plays that call sees the message at once.
        """
        for status in ("queued", "sent", "delivered"):
            self.status, self.updated_at = status, self.clock.now()
            if status == "sent":
                self.sent_at = self.updated_at
            self.events.publish(
                "message", sid=self.sid, status=status, to=self.to, body=self.body, **{"from": self.from_}
            )
            parameters = {
                "MessageSid": self.sid,
                "SmsSid": self.sid,
                "MessageStatus": status,
                "SmsStatus": status,
                "AccountSid": self.account_sid,
                "From": self.from_,
                "To": self.to,
                "ApiVersion": API_VERSION,
            }
            callbacks.post(self.status_callback, "POST", parameters.items())
            await self.clock.sleep(_STEP_SECONDS)
        for call in calls:
            if call.live and call.from_ == self.to:
                call.publish("text-message", body=self.body, **{"from": self.from_})
