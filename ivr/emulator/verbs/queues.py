"""Enqueue: wait in a queue with documents that are asked for again when they run out."""

import asyncio

from ivr.emulator.call import Call, HangUp
from ivr.emulator.execution import PROCEED, DocumentError, Ended, Execution, Fetch, LeaveQueue, Outcome
from ivr.emulator.queue import DEFAULT_MAX_SIZE, MAX_NAME_CHARACTERS, Member, Queue
from ivr.emulator.twiml import Verb
from ivr.emulator.webhook import Parameters

WAIT_VERBS = frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"})
WHISPER_VERBS = frozenset({"Play", "Say", "Pause", "Redirect"})
_EMPTY_WAIT_SECONDS = 1.0  # a wait document that takes no time must not be asked for in a tight loop


async def enqueue(execution: Execution, verb: Verb) -> Outcome:
    name = verb.text or verb.get("workflowSid")
    if not name or len(name) > MAX_NAME_CHARACTERS:
        raise DocumentError(14204, f"<Enqueue>: a queue needs a name of 1 to {MAX_NAME_CHARACTERS} characters.")
    queue = execution.carrier.queue_named(
        name, execution.number(verb, "maxQueueSize", DEFAULT_MAX_SIZE, 14204, least=1)
    )
    if len(queue.members) >= queue.max_size:
        return _action(execution, verb, "queue-full", (("QueueSid", queue.sid), ("QueueTime", "0")))
    member = queue.enter(execution.call)
    async with queue.arrived:
        queue.arrived.notify_all()
    result = "system-error"
    try:
        result = await _wait(execution, verb, queue, member)
    except asyncio.CancelledError:
        result = "hangup" if isinstance(execution.call.interruption, HangUp) else "redirected"
        if member.bridged_to.done() and result == "redirected":
            result = "redirected-from-bridged"
        _post_unanswered(execution, verb, result, _times(queue, member))
        raise
    finally:
        times = _times(queue, member)
        queue.exit(member)
    if result == "ended":
        return Ended(hang_up=True)
    return _action(execution, verb, result, times)


def _times(queue: Queue, member: Member) -> Parameters:
    return (("QueueSid", queue.sid), ("QueueTime", str(queue.waited_seconds(member))))


async def _wait(execution: Execution, verb: Verb, queue: Queue, member: Member) -> str:
    """How the wait ended: leave, bridged, error, or "ended" when a wait document hung up."""
    waiting = asyncio.create_task(_wait_documents(execution, verb, queue, member))
    try:
        await asyncio.wait({waiting, member.bridged_to}, return_when=asyncio.FIRST_COMPLETED)
        if not member.bridged_to.done():
            return waiting.result()
    finally:
        waiting.cancel()
    queue.exit(member)
    dialer, whisper, over = member.bridged_to.result()
    await _talk(execution, dialer, whisper, over)
    return "bridged"


async def _talk(execution: Execution, dialer: Call, whisper: Fetch | None, over: asyncio.Event) -> None:
    """After a Dial took this call: the whisper, then the conversation until ``over``."""
    call = execution.call
    try:
        if whisper:
            await _whisper(execution, whisper)
        call.mates.add(dialer)
        dialer.mates.add(call)
        call.whereabouts = "bridged"
        call.publish("bridged", with_sid=dialer.sid)
        dialer.publish("bridged", with_sid=call.sid)
        await over.wait()
    finally:
        call.mates.discard(dialer)
        dialer.mates.discard(call)
        call.whereabouts = ""
        over.set()


async def _whisper(execution: Execution, whisper: Fetch) -> None:
    try:
        await execution.aside(WHISPER_VERBS).run(whisper)
    except DocumentError:
        pass  # already in the debugger log; the callers are connected without it


async def _wait_documents(execution: Execution, verb: Verb, queue: Queue, member: Member) -> str:
    url = verb.attributes.get("waitUrl")
    if not url:
        if url is None:
            execution.call.hears("Music", "the carrier's wait music")
        return await asyncio.Future()
    source = Fetch(execution.resolve(url), verb.get("waitUrlMethod", "POST"))
    aside = execution.aside(WAIT_VERBS, lambda: queue.parameters(member))
    while True:
        began = execution.carrier.clock.seconds()
        try:
            outcome = await aside.run(source)
        except DocumentError:
            return "error"
        match outcome:
            case LeaveQueue():
                return "leave"
            case Ended(hang_up=True):
                return "ended"
            case _:
                if execution.carrier.clock.seconds() - began < _EMPTY_WAIT_SECONDS:
                    await execution.carrier.clock.sleep(_EMPTY_WAIT_SECONDS)


def _action(execution: Execution, verb: Verb, result: str, times: Parameters) -> Outcome:
    """Without an action the call falls through to the next verb."""
    if not verb.get("action"):
        return PROCEED
    return execution.goto(verb.get("action"), verb.get("method"), (("QueueResult", result), *times))


def _post_unanswered(execution: Execution, verb: Verb, result: str, times: Parameters) -> None:
    """Tells the action how the wait was cut short; its answer cannot matter any more."""
    if not verb.get("action"):
        return
    source = execution.goto(verb.get("action"), verb.get("method"), (("QueueResult", result), *times)).source
    if isinstance(source, Fetch):
        if result == "hangup":
            execution.carrier.after_end(execution.call, lambda: execution.request(source))
        else:
            execution.carrier.callbacks.run(execution.request(source))
