"""One leg of a call: its state, what its holder has heard, and what they do."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import httpx

from ivr.emulator.clock import Clock, rfc2822
from ivr.emulator.events import Events
from ivr.emulator.identifiers import CALL, new_sid
from ivr.emulator.line import Line
from ivr.emulator.sounds import Prompts
from ivr.emulator.webhook import Parameters

Direction = Literal["inbound", "outbound-api", "outbound-dial"]
FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
API_VERSION = "2010-04-01"
_COUNTRIES = (("+1", "US"), ("+44", "GB"), ("+49", "DE"), ("+33", "FR"), ("+31", "NL"), ("+43", "AT"), ("+41", "CH"))


@dataclass(frozen=True)
class KeyPressed:
    digit: str


@dataclass(frozen=True)
class SpeechBegan:
    pass


@dataclass(frozen=True)
class SpeechEnded:
    text: str
    confidence: float | None


HolderInput = KeyPressed | SpeechBegan | SpeechEnded


@dataclass(frozen=True)
class HangUp:
    """The leg ends now with this status."""

    status: str = "completed"


@dataclass(frozen=True)
class TakeOver:
    """Another document takes over: either a URL to fetch or TwiML given inline."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""


@dataclass
class Heard:
    index: int
    at_seconds: float
    verb: str
    text: str = ""
    url: str = ""
    interrupted: bool = False


@dataclass
class Callback:
    """Where progress of a call is reported; an empty URL reports nowhere."""

    url: str = ""
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})
    sequence: int = 0


@dataclass(eq=False)
class Call:
    """``whereabouts`` is for people: "gather", "queue NAME", "conference NAME", "bridged" or ""."""

    clock: Clock
    events: Events
    account_sid: str
    from_: str
    to: str
    direction: Direction
    parent_sid: str | None = None
    voice_url: str = ""
    voice_method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_callback: Callback = field(default_factory=Callback)
    time_limit_seconds: float = 14_400
    sid: str = field(default_factory=lambda: new_sid(CALL))
    status: str = "queued"
    heard: list[Heard] = field(default_factory=list)
    whereabouts: str = ""
    expecting: dict[str, Any] | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        self.created_at = self.updated_at = self.clock.now()
        self.began_seconds = self.clock.seconds()
        self.answered_seconds: float | None = None
        self.line = Line(self.clock)
        self.sounds_unfinished = 0
        self.cookies = httpx.Cookies()
        self.revision = 0
        self.interruptions: asyncio.Queue[HangUp | TakeOver] = asyncio.Queue()
        self.interruption: HangUp | TakeOver | None = None
        # Of a dialled leg: it may be connected; and it is over, or was redirected away from whoever dialled it.
        self.ready, self.settled, self.left_bridge = asyncio.Event(), asyncio.Event(), False
        self.answer_requested = asyncio.Event()
        self.mates: set[Call] = set()
        self.sounds = Prompts()
        self.prompt: dict[str, Any] | None = None  # what is being said now, for a phone that joins late
        self._changed = asyncio.Event()
        self._verbs: list[asyncio.Queue[HolderInput]] = []

    # What the holder hears

    def hears(self, verb: str, text: str = "", url: str = "") -> Heard:
        entry = Heard(len(self.heard), round(self.clock.seconds() - self.began_seconds, 3), verb, text, url)
        self.heard.append(entry)
        self.publish("heard", index=entry.index, verb=verb, text=text, url=url, at_seconds=entry.at_seconds)
        return entry

    def interrupts(self, entry: Heard) -> None:
        entry.interrupted = True
        self.publish("interrupted", index=entry.index)

    # What the holder does

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[HolderInput]]:
        """While a verb listens, keys and speech reach it; otherwise they are lost, as on a real line."""
        queue: asyncio.Queue[HolderInput] = asyncio.Queue()
        self._verbs.append(queue)
        try:
            yield queue
        finally:
            self._verbs.remove(queue)

    def press(self, digit: str) -> None:
        self._put(KeyPressed(digit))
        self.publish("key", digit=digit, lost=not self._verbs)

    def speak(self, text: str, confidence: float | None, audio: bytes) -> None:
        """Plays µ-law ``audio`` on the line; the transcript is available when the audio is over."""
        self.sounds_unfinished += 1
        if text:
            self.begin_speaking()

        def over() -> None:
            self.sounds_unfinished -= 1
            if text:
                self.finish_speaking(text, confidence)
            self.publish("sound-ended")

        self.line.play(audio, over)

    def begin_speaking(self) -> None:
        self._put(SpeechBegan())

    def finish_speaking(self, text: str, confidence: float | None) -> None:
        self._put(SpeechEnded(text, confidence))
        self.publish("speech", text=text, lost=not self._verbs)
        for mate in self.mates:
            mate.hears("Voice", text)

    def hang_up(self) -> None:
        """The holder puts the phone down."""
        self.interrupt(HangUp("completed" if self.answered_seconds is not None else "no-answer"))

    def interrupt(self, interruption: HangUp | TakeOver) -> None:
        if self.status not in FINAL:
            self.interruptions.put_nowait(interruption)

    def _put(self, holder_input: HolderInput) -> None:
        for queue in self._verbs:
            queue.put_nowait(holder_input)

    # What the outside sees

    def publish(self, event: str, **details: Any) -> None:
        """Tells listeners, and wakes those that wait for a change of this call."""
        self.revision += 1
        self.events.publish(event, call_sid=self.sid, **details)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_until(self, condition, seconds: float) -> bool:
        """Waits up to ``seconds`` of real time until ``condition()`` holds or the call is over."""
        try:
            async with asyncio.timeout(seconds):
                while not condition() and self.live:
                    await self._changed.wait()
        except TimeoutError:
            pass
        return condition()

    @property
    def live(self) -> bool:
        return self.status not in FINAL

    @property
    def duration_seconds(self) -> int:
        if self.answered_seconds is None:
            return 0
        end = self.ended_seconds if self.ended_at else self.clock.seconds()
        return max(0, round(end - self.answered_seconds))

    def set_status(self, status: str) -> None:
        self.status = status
        self.updated_at = self.clock.now()
        if status == "in-progress" and self.answered_seconds is None:
            self.answered_seconds = self.clock.seconds()
            self.started_at = self.updated_at
        if status in FINAL:
            self.ended_at, self.ended_seconds = self.updated_at, self.clock.seconds()
        self.publish("state", status=status)

    def standard_parameters(self) -> Parameters:
        """The parameters of every voice webhook (docs: voice/twiml, "Request parameters")."""
        parameters = {
            "CallSid": self.sid,
            "AccountSid": self.account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status,
            "ApiVersion": API_VERSION,
            "Direction": self.direction,
        }
        if self.parent_sid:
            parameters["ParentCallSid"] = self.parent_sid
        for names, number in ((("From", "Caller"), self.from_), (("To", "Called"), self.to)):
            country = next((country for prefix, country in _COUNTRIES if number.startswith(prefix)), None)
            if country:
                for name in names:
                    parameters |= {f"{name}Country": country, f"{name}State": "", f"{name}City": "", f"{name}Zip": ""}
        return tuple(parameters.items())

    def progress_parameters(self, callback: Callback, event: str) -> Parameters:
        """The parameters of one status callback; counts it."""
        status = "in-progress" if event == "answered" else event
        extra = {
            "CallStatus": self.status if self.status in FINAL else status,
            "Timestamp": rfc2822(self.clock.now()),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(callback.sequence),
        }
        callback.sequence += 1
        if self.status in FINAL:
            seconds = self.duration_seconds
            extra |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        return tuple((dict(self.standard_parameters()) | extra).items())
