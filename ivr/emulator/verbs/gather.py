"""Gather: keys, speech, or whichever comes first, with Twilio's timers.

No timer runs while prompts play. When they are over ``timeout`` counts; the first key stops the prompts, and each
key starts the timer again. Speech ends ``speechTimeout`` after the last word.
"""

import asyncio
from dataclasses import dataclass

from ivr.emulator.call import KeyPressed, SpeechBegan, SpeechEnded, TakeOver
from ivr.emulator.execution import PROCEED, DocumentError, Execution, Outcome
from ivr.emulator.twiml import Verb
from ivr.emulator.webhook import Parameters

_AUTO_PAUSE_SECONDS = 1.0  # what speechTimeout="auto" takes for the end of an utterance
MAX_SPEECH_SECONDS = 60
_INPUTS = {"dtmf": {"dtmf"}, "speech": {"speech"}, "dtmf speech": {"dtmf", "speech"}, "speech dtmf": {"dtmf", "speech"}}


@dataclass(frozen=True)
class GatherRules:
    inputs: frozenset[str]
    timeout_seconds: int
    speech_timeout_seconds: float
    finish_on: str
    most_digits: int
    barge_in: bool


class PromptsOver:
    """Put in the queue of inputs when all nested verbs have finished."""


async def gather(execution: Execution, verb: Verb) -> Outcome:
    call = execution.call
    rules = _rules(execution, verb)
    # An action that cannot be resolved is an error of the document, found before the caller is asked anything.
    execution.goto(verb.get("action"), verb.get("method"))
    progress: dict[str, str] = {"digits": ""}
    call.expecting = {"inputs": sorted(rules.inputs), "num_digits": rules.most_digits, "finish_on_key": rules.finish_on}
    call.whereabouts = call.whereabouts or "gather"  # in a waiting room the caller stays in the queue
    call.publish("gather", **call.expecting)
    try:
        extra = await _collect(execution, verb, rules, progress)
    except asyncio.CancelledError:
        if isinstance(call.interruption, TakeOver) and execution.carrier.settings.interrupted_gather == "posts":
            _post_interrupted(execution, verb, progress["digits"])
        raise
    finally:
        call.expecting = None
        if call.whereabouts == "gather":
            call.whereabouts = ""
    if extra or verb.flag("actionOnEmptyResult", False):
        return execution.goto(verb.get("action"), verb.get("method"), extra or ())
    return PROCEED


def _post_interrupted(execution: Execution, verb: Verb, digits: str) -> None:
    """Whether Twilio does this is not documented, so servers must bear both; the answer is ignored."""
    source = execution.goto(verb.get("action"), verb.get("method"), (("Digits", digits),) if digits else ()).source
    execution.carrier.callbacks.run(execution.request(source))


async def _collect(execution: Execution, verb: Verb, rules: GatherRules, progress: dict[str, str]) -> Parameters | None:
    """The parameters for the action, or None when nothing was received. ``progress`` shows the digits so far."""
    clock = execution.carrier.clock
    with execution.call.listening() as inputs:
        prompts = asyncio.create_task(execution.perform(verb.children))
        prompts.add_done_callback(lambda _: inputs.put_nowait(PromptsOver()))
        timeout: float | None = None
        speaking, spoken, confidence = False, "", None
        try:
            while True:
                wait = MAX_SPEECH_SECONDS if speaking else timeout
                try:
                    async with asyncio.timeout(None if wait is None else clock.real(wait)):
                        happened = await inputs.get()
                except TimeoutError:
                    break
                match happened:
                    case PromptsOver():
                        if not prompts.cancelled():
                            prompts.result()  # an error inside a prompt is an error of the document
                        if timeout is None:
                            timeout = rules.timeout_seconds
                    case KeyPressed(digit) if "dtmf" in rules.inputs and not spoken and not speaking:
                        _stop(prompts, rules)
                        if digit and digit in rules.finish_on:
                            return _digits(progress["digits"], digit)
                        progress["digits"] += digit
                        if len(progress["digits"]) == rules.most_digits:
                            return _digits(progress["digits"], "")
                        timeout = rules.timeout_seconds
                    case SpeechBegan() if "speech" in rules.inputs and not progress["digits"]:
                        _stop(prompts, rules)
                        speaking = True
                    case SpeechEnded(text, sure) if "speech" in rules.inputs and not progress["digits"]:
                        _stop(prompts, rules)
                        speaking, spoken, confidence = False, f"{spoken} {text}".strip(), sure
                        timeout = rules.speech_timeout_seconds
                        _post_partial(execution, verb, spoken)
                    case _:
                        pass
        finally:
            prompts.cancel()
            await asyncio.gather(prompts, return_exceptions=True)
    if spoken:
        known = (("Confidence", str(confidence)),) if confidence is not None else ()
        return (("SpeechResult", spoken), *known)
    return _digits(progress["digits"], "")


def _stop(prompts: asyncio.Task, rules: GatherRules) -> None:
    if rules.barge_in:
        prompts.cancel()


def _digits(digits: str, finished_on: str) -> Parameters | None:
    """Nothing was entered when the finishing key came first."""
    return (("Digits", digits), ("FinishedOnKey", finished_on)) if digits else None


def _post_partial(execution: Execution, verb: Verb, text: str) -> None:
    url = execution.resolve_optional(verb.get("partialResultCallback"))
    parameters = (*execution.call.standard_parameters(), ("UnstableSpeechResult", text))
    execution.carrier.callbacks.post(
        url, verb.get("partialResultCallbackMethod", "POST"), parameters, execution.call.sid
    )


def _rules(execution: Execution, verb: Verb) -> GatherRules:
    asked = " ".join(verb.get("input", "dtmf").split())
    if asked not in _INPUTS:
        raise DocumentError(12200, f"<Gather input={asked!r}>: write dtmf, speech or dtmf speech.")
    finish_on = verb.get("finishOnKey", "#")
    if len(finish_on) > 1 or finish_on not in "0123456789*#":
        execution.warn(13310, f"<Gather finishOnKey={finish_on!r}> is not one key; # is used.")
        finish_on = "#"
    timeout = execution.number(verb, "timeout", 5, 13313)
    match verb.get("speechTimeout"):
        case "":
            speech_timeout: float = timeout
        case "auto":
            speech_timeout = _AUTO_PAUSE_SECONDS
        case _:
            speech_timeout = execution.number(verb, "speechTimeout", timeout, 13327, least=1)
    return GatherRules(
        frozenset(_INPUTS[asked]),
        timeout,
        speech_timeout,
        finish_on,
        execution.number(verb, "numDigits", 0, 13314, least=1),
        verb.flag("bargeIn", True),
    )
