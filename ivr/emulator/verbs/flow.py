"""Redirect, Hangup, Reject and Leave: where the call goes next; and the verbs this carrier does not offer."""

from ivr.emulator.execution import PROCEED, DocumentError, Ended, Execution, LeaveQueue, Outcome
from ivr.emulator.twiml import Verb

# What a rejected call ends as is not documented for reason "rejected"; see README, Decisions.
_REJECTED = {"": "no-answer", "rejected": "no-answer", "busy": "busy"}


async def redirect(execution: Execution, verb: Verb) -> Outcome:
    return execution.goto(verb.text, verb.get("method"))


async def hangup(execution: Execution, verb: Verb) -> Outcome:
    return Ended(hang_up=True)


async def reject(execution: Execution, verb: Verb) -> Outcome:
    if execution.call.answered_seconds is not None:
        execution.warn(12200, "<Reject> works only before the call is answered; it is skipped.")
        return PROCEED
    return Ended(hang_up=True, status=_REJECTED.get(verb.get("reason"), "no-answer"))


async def leave(execution: Execution, verb: Verb) -> Outcome:
    return LeaveQueue()


async def not_offered(execution: Execution, verb: Verb) -> Outcome:
    raise DocumentError(12400, f"This carrier does not offer <{verb.name}>.")
