"""The carrier: all that exists on it, and the life of every leg from ringing to its end."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ivr.emulator.call import FINAL, Call, Callback, Direction, HangUp, TakeOver
from ivr.emulator.callbacks import Callbacks
from ivr.emulator.clock import Clock
from ivr.emulator.conference import Conference
from ivr.emulator.events import Events
from ivr.emulator.execution import DocumentError, Ended, Execution, Fetch, Inline, Outcome, Source
from ivr.emulator.faults import Faults
from ivr.emulator.identifiers import NUMBER, new_sid
from ivr.emulator.message import Message
from ivr.emulator.phones import Phones
from ivr.emulator.queue import DEFAULT_MAX_SIZE, Queue
from ivr.emulator.recording import Recording
from ivr.emulator.settings import NumberSettings, Settings
from ivr.emulator.sounds import Voice
from ivr.emulator.stream import MediaStream
from ivr.emulator.verbs import LEG_WHISPER_VERBS, VERBS
from ivr.emulator.webhook import WebhookClient

CALLS_PER_SECOND = 1.0  # how fast calls made by REST are dialled; the others wait, queued


@dataclass
class PhoneNumber:
    """A number of the account. ``sid`` is that of the IncomingPhoneNumber resource."""

    phone_number: str
    voice_url: str
    status_callback: str = ""
    voice_fallback_url: str = ""
    voice_method: str = "POST"
    status_callback_method: str = "POST"
    voice_fallback_method: str = "POST"
    friendly_name: str = ""
    sid: str = field(default_factory=lambda: new_sid(NUMBER))

    @classmethod
    def of(cls, settings: NumberSettings) -> "PhoneNumber":
        return cls(settings.phone_number, settings.voice_url, settings.status_callback, settings.voice_fallback_url)


class Carrier:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.url = ""  # set when it is known on which port we listen
        self.clock = Clock(settings.speed)
        self.events = Events(self.clock)
        self.faults = Faults(settings.faults, settings.seed)
        self.client = WebhookClient(self.clock, settings.auth_token)
        self.callbacks = Callbacks(self.client, self.faults, self.events, self.clock)
        self.phones = Phones(self.clock)
        self.voice = Voice()
        self.numbers = {number.phone_number: PhoneNumber.of(number) for number in settings.numbers}
        self.calls: dict[str, Call] = {}
        self.conferences: dict[str, Conference] = {}
        self.queues: dict[str, Queue] = {}
        self.messages: dict[str, Message] = {}
        self.recordings: dict[str, Recording] = {}
        self.streams: dict[str, MediaStream] = {}
        self._after_end: dict[Call, list[Callable[[], Awaitable[object]]]] = {}
        self._next_dial_seconds = 0.0

    async def close(self) -> None:
        for call in self.calls.values():
            call.line.close()
        await self.callbacks.close()
        await self.client.close()

    # Calls come into being

    def new_call(
        self,
        *,
        from_: str,
        to: str,
        direction: Direction,
        parent_sid: str | None = None,
        status_callback: Callback | None = None,
        **options: str,
    ) -> Call:
        call = Call(
            self.clock,
            self.events,
            self.settings.account_sid,
            from_,
            to,
            direction,
            parent_sid=parent_sid,
            status_callback=status_callback or Callback(),
            **options,
        )
        self.calls[call.sid] = call
        call.publish("call", **{"from": from_}, to=to, direction=direction, parent_sid=parent_sid)
        return call

    def ring_in(self, from_: str, to: str) -> Call | None:
        """A caller dials one of our numbers; None if there is no such number."""
        number = self.numbers.get(to)
        if number is None:
            return None
        call = self.new_call(
            from_=from_,
            to=to,
            direction="inbound",
            status_callback=Callback(number.status_callback, number.status_callback_method),
            voice_url=number.voice_url,
            voice_method=number.voice_method,
            fallback_url=number.voice_fallback_url,
            fallback_method=number.voice_fallback_method,
        )
        call.set_status("ringing")
        self.callbacks.run(self._live(call, self.execution(call).run(_source(call))))
        return call

    def dial_out(self, call: Call, timeout_seconds: float) -> None:
        """Starts a call made by REST: queued until its turn comes, then rung, then its document runs."""
        start = max(self._next_dial_seconds, self.clock.seconds())
        self._next_dial_seconds = start + 1.0 / CALLS_PER_SECOND

        async def body() -> Outcome:
            await self.clock.sleep(start - self.clock.seconds())
            if refused := await self._ring(call, timeout_seconds):
                return refused
            self.callbacks.run(self.phones.use(call))
            return await self.execution(call).run(_source(call))

        self.callbacks.run(self._live(call, body()))

    def start_leg(self, leg: Call, timeout_seconds: float, whisper: Fetch | None) -> None:
        """Starts a leg of a Dial: rung, its whisper performed, then ``ready`` until it is hung up or redirected."""

        async def body() -> Outcome:
            try:
                if refused := await self._ring(leg, timeout_seconds):
                    return refused
                self.callbacks.run(self.phones.use(leg))
                if whisper:
                    outcome = await self._whisper(leg, whisper)
                    if isinstance(outcome, Ended) and outcome.hang_up:
                        return outcome
                leg.ready.set()
                return await asyncio.Future()
            finally:
                leg.left_bridge = isinstance(leg.interruption, TakeOver)
                if leg.left_bridge:
                    leg.settled.set()

        self.callbacks.run(self._live(leg, body()))

    async def _whisper(self, leg: Call, whisper: Fetch) -> Outcome:
        try:
            return await self.execution(leg).aside(LEG_WHISPER_VERBS).run(whisper)
        except DocumentError:  # already in the debugger log; nobody is connected to a leg whose whisper failed
            return Ended(hang_up=True, status="failed")

    async def _ring(self, call: Call, timeout_seconds: float) -> Ended | None:
        """Rings; None when answered, else how the call ends."""
        self._progress(call, "initiated")
        call.set_status("ringing")
        self._progress(call, "ringing")
        match await self.phones.ring(call, timeout_seconds):
            case "answered":
                self.answer(call)
                return None
            case status:
                return Ended(hang_up=True, status=status)

    # Calls change and end

    def answer(self, call: Call) -> None:
        if call.status == "ringing":
            call.set_status("in-progress")
            self._progress(call, "answered")
            loop = asyncio.get_running_loop()
            loop.call_later(self.clock.real(call.time_limit_seconds), call.interrupt, HangUp())

    def after_end(self, call: Call, work: Callable[[], Awaitable[object]]) -> None:
        """Requests that are made once the call has its final status, such as the action of a cut-off Dial."""
        self._after_end.setdefault(call, []).append(work)

    async def _live(self, call: Call, body: Awaitable[Outcome]) -> None:
        """Runs a leg: ``body`` first, then whatever it is redirected to, until it ends or is hung up."""
        status = "failed"
        try:
            while True:
                task = asyncio.ensure_future(body)
                interrupted = asyncio.ensure_future(call.interruptions.get())
                await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
                if not interrupted.done():
                    interrupted.cancel()
                    outcome = task.result()
                    status = outcome.status if isinstance(outcome, Ended) else "completed"
                    return
                call.interruption = interrupted.result()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                match call.interruption:
                    case HangUp(status):
                        return
                    case TakeOver(url, method, twiml):
                        source: Source = Fetch(url, method) if url else Inline(twiml)
                        body = self.execution(call).run(source)
        except Exception:  # a fault of this program must end the call, not leave it ringing for ever
            traceback.print_exc()
            self.events.log(12400, "error", "Internal failure of the emulator; see its output.", call_sid=call.sid)
        finally:
            self._end(call, status)

    def _end(self, call: Call, status: str) -> None:
        queued = call.status == "queued"
        for stream in self.running_streams(call):
            stream.stop()
        call.line.close()
        call.set_status(status if status in FINAL else "completed")
        call.settled.set()
        if not (queued and status == "canceled"):
            self._progress(call, status)
        for work in self._after_end.pop(call, []):
            self.callbacks.run(_awaited(work))

    def _progress(self, call: Call, event: str) -> None:
        callback = call.status_callback
        if ("completed" if event in FINAL else event) in callback.events and callback.url:
            self.callbacks.post(callback.url, callback.method, call.progress_parameters(callback, event), call.sid)

    def execution(self, call: Call) -> Execution:
        return Execution(self, call, VERBS)

    # What exists

    def running_streams(self, call: Call) -> list[MediaStream]:
        return [stream for stream in self.streams.values() if stream.call is call and stream.status == "in-progress"]

    def live_conference(self, name: str) -> Conference | None:
        rooms = self.conferences.values()
        return next((room for room in rooms if room.name == name and room.status != "completed"), None)

    def find_queue(self, name: str) -> Queue | None:
        return next((queue for queue in self.queues.values() if queue.name == name), None)

    def queue_named(self, name: str, max_size: int = DEFAULT_MAX_SIZE) -> Queue:
        queue = self.find_queue(name)
        if queue is None:
            queue = Queue(name, self.settings.account_sid, self.clock, max_size)
            self.queues[queue.sid] = queue
        return queue


def _source(call: Call) -> Source:
    return Fetch(call.voice_url, call.voice_method) if call.voice_url else Inline(call.twiml)


async def _awaited(work: Callable[[], Awaitable[object]]) -> None:
    await work()
