"""Dial: rings other phones, joins a conference, or takes the first caller out of a queue."""

import asyncio
from dataclasses import dataclass

from ivr.emulator.call import Call, Callback, HangUp, KeyPressed
from ivr.emulator.execution import PROCEED, DocumentError, Execution, Fetch, Outcome
from ivr.emulator.twiml import Verb
from ivr.emulator.verbs.conferences import join_conference
from ivr.emulator.webhook import Parameters

_DIALLED = frozenset({"Number", "Client"})
_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


@dataclass(frozen=True)
class DialResult:
    status: str
    leg_sid: str | None = None
    seconds: int | None = None
    bridged: bool = False

    def parameters(self) -> Parameters:
        """A conference has no dialled call, so it gives neither its sid nor its duration."""
        found = [("DialCallStatus", self.status)]
        if self.leg_sid:
            found.append(("DialCallSid", self.leg_sid))
        if self.seconds is not None:
            found.append(("DialCallDuration", str(self.seconds)))
        if self.leg_sid:
            found.append(("DialBridged", str(self.bridged).lower()))
        return tuple(found)


async def dial(execution: Execution, verb: Verb) -> Outcome:
    """With an action the verbs after Dial are unreachable; without one the call goes on with them."""
    nouns = verb.children or ((Verb("Number", text=verb.text),) if verb.text else ())
    unknown = [noun.name for noun in nouns if noun.name not in _DIALLED | {"Conference", "Queue"}]
    if unknown or not nouns:
        raise DocumentError(13215, f"<Dial> with {', '.join(unknown) or 'nothing to dial'} is not offered here.")
    conference = nouns[0].name == "Conference"
    try:
        match nouns[0].name:
            case "Conference":
                await _limited(execution, verb, join_conference(execution, nouns[0]))
                result = DialResult("answered")
            case "Queue":
                result = await _dial_queue(execution, verb, nouns[0])
            case _:
                result = await _dial_legs(execution, verb, nouns)
    except asyncio.CancelledError:
        # The caller hung up: the action is still told, though its answer is not heard. A redirect tells it nothing.
        if isinstance(execution.call.interruption, HangUp) and verb.get("action"):
            told = DialResult("answered") if conference else DialResult("completed")
            source = execution.goto(verb.get("action"), verb.get("method"), told.parameters()).source
            if isinstance(source, Fetch):
                execution.carrier.after_end(execution.call, lambda: execution.request(source))
        raise
    if verb.get("action"):
        return execution.goto(verb.get("action"), verb.get("method"), result.parameters())
    return PROCEED


async def _limited(execution: Execution, verb: Verb, work) -> None:
    """``work`` until it ends, the time limit is reached, or the caller presses * with hangupOnStar."""
    limit = execution.number(verb, "timeLimit", 14_400, 13216, least=1)
    tasks = {asyncio.ensure_future(work), asyncio.ensure_future(execution.carrier.clock.sleep(limit))}
    if verb.flag("hangupOnStar", False):
        tasks.add(asyncio.ensure_future(_star(execution.call)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _star(call: Call) -> None:
    with call.listening() as inputs:
        while await inputs.get() != KeyPressed("*"):
            pass


async def _dial_legs(execution: Execution, verb: Verb, nouns: tuple[Verb, ...]) -> DialResult:
    """Rings all at once, or one after the other with ``sequential``; the first to be ready is connected."""
    timeout = execution.number(verb, "timeout", 30, 13212, least=1)
    groups = [(noun,) for noun in nouns] if verb.flag("sequential", False) else [nouns]
    legs: list[Call] = []
    for group in groups:
        legs = [_leg(execution, verb, noun) for noun in group]
        for leg, noun in zip(legs, group, strict=True):
            execution.carrier.start_leg(leg, timeout, _whisper(execution, noun))
        execution.call.hears("Ringing", "ringing tone")
        try:
            leg = await _first_ready(legs)
            if leg is None:
                continue
            for other in legs:
                if other is not leg:
                    other.interrupt(HangUp("canceled"))
            execution.carrier.answer(execution.call)
            await _limited(execution, verb, _talk(execution.call, leg))
        finally:
            # Also when the caller hangs up or is redirected: a dialled leg does not outlive the Dial, unless it was
            # itself redirected and has left the bridge.
            for leg in legs:
                if not leg.left_bridge:
                    leg.interrupt(HangUp("completed" if leg.answered_seconds is not None else "canceled"))
            await asyncio.gather(*(leg.settled.wait() for leg in legs), return_exceptions=True)
        return DialResult("completed", leg.sid, leg.duration_seconds, True)
    statuses = {leg.status: leg for leg in legs}
    worst = next((status for status in ("no-answer", "busy", "failed", "canceled") if status in statuses), "no-answer")
    # A leg that answered and hung up in its whisper was never connected: to the caller that is no answer.
    return DialResult(worst, statuses.get(worst, legs[-1]).sid)


def _leg(execution: Execution, verb: Verb, noun: Verb) -> Call:
    parent = execution.call
    address = f"client:{noun.text or _identity(noun)}" if noun.name == "Client" else noun.text
    events = frozenset(noun.get("statusCallbackEvent", "completed").split())
    if events - _EVENTS:
        execution.warn(12200, f"<{noun.name} statusCallbackEvent>: {', '.join(sorted(events - _EVENTS))} is unknown.")
    callback = Callback(
        execution.resolve_optional(noun.get("statusCallback")),
        noun.get("statusCallbackMethod", "POST"),
        events & _EVENTS,
    )
    return execution.carrier.new_call(
        from_=verb.get("callerId") or parent.from_,
        to=address,
        direction="outbound-dial",
        parent_sid=parent.sid,
        status_callback=callback,
    )


def _identity(noun: Verb) -> str:
    return next((child.text for child in noun.children if child.name == "Identity"), "")


def _whisper(execution: Execution, noun: Verb) -> Fetch | None:
    return Fetch(execution.resolve(noun.get("url")), noun.get("method", "POST")) if noun.get("url") else None


async def _first_ready(legs: list[Call]) -> Call | None:
    """The first leg that is answered and past its whisper; None when all have ended without."""
    waits = {asyncio.ensure_future(leg.settled.wait()): leg for leg in legs}
    ready = {asyncio.ensure_future(leg.ready.wait()): leg for leg in legs}
    try:
        pending = set(waits) | set(ready)
        while True:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task in ready and ready[task].live:
                    return ready[task]
            if all(leg.settled.is_set() for leg in legs):
                return None
    finally:
        for task in (*waits, *ready):
            task.cancel()


async def _talk(caller: Call, leg: Call) -> None:
    caller.mates.add(leg)
    leg.mates.add(caller)
    caller.whereabouts = leg.whereabouts = "bridged"
    caller.publish("bridged", with_sid=leg.sid)
    leg.publish("bridged", with_sid=caller.sid)
    try:
        await leg.settled.wait()
    finally:
        caller.mates.discard(leg)
        leg.mates.discard(caller)
        caller.whereabouts = leg.whereabouts = ""


async def _dial_queue(execution: Execution, verb: Verb, noun: Verb) -> DialResult:
    """Connects the caller who waits longest; waits for one to come until the Dial times out."""
    carrier, call = execution.carrier, execution.call
    queue = carrier.find_queue(noun.text)
    if queue is None:
        execution.warn(14210, f"<Queue>: there is no queue named {noun.text!r}.")
        return DialResult("failed")
    timeout = execution.number(verb, "timeout", 30, 13212, least=1)
    try:
        async with asyncio.timeout(carrier.clock.real(timeout)), queue.arrived:
            await queue.arrived.wait_for(lambda: any(not member.bridged_to.done() for member in queue.members))
            member = next(member for member in queue.members if not member.bridged_to.done())
    except TimeoutError:
        return DialResult("no-answer")
    whisper = None
    if noun.get("url"):
        told = (
            ("QueueSid", queue.sid),
            ("QueueTime", str(queue.waited_seconds(member))),
            ("DequeingCallSid", call.sid),
        )
        whisper = Fetch(execution.resolve(noun.get("url")), noun.get("method", "POST"), told)
    over = asyncio.Event()
    began = carrier.clock.seconds()
    member.bridged_to.set_result((call, whisper, over))
    call.whereabouts = "bridged"
    try:
        await _limited(execution, verb, over.wait())
    finally:
        over.set()
        call.whereabouts = ""
    return DialResult("completed", member.call.sid, round(carrier.clock.seconds() - began), True)
