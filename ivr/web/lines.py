"""Log lines in words: what the caller did, what was heard, what was seen, what came of it."""

from __future__ import annotations

import msgspec

from ivr.flow.events import (
    AgentJoined,
    AnyEvent,
    AuthenticationFailed,
    CallBackPromised,
    ChallengeMarkRequested,
    ConsentDeclined,
    ConsentGiven,
    EnrolmentRecorded,
    FactorFailed,
    FactorProven,
    FaultMet,
    LanguageChosen,
    NoInputHeard,
    NoMatchHeard,
    PaceChanged,
    Requested,
    Said,
    StepEntered,
    UtteranceTaken,
    VerdictRecorded,
    VoiceWishGranted,
)
from ivr.flow.inputs import (
    AloudChosen,
    By,
    Digits,
    Filled,
    Input,
    LanguageChoice,
    NoInput,
    PaceChosen,
    SecretAnswer,
    Speech,
)
from ivr.flow.page_events import CardAnswered, CardShown, SharingBegun, SharingEnded
from ivr.web.doors import LogLine


class Row(msgspec.Struct, frozen=True):
    """One line of the live table. ``side``: phone, page or system, whoever caused it."""

    id: int
    time: str
    call: str
    caller: str
    turn: int
    side: str
    did: str
    heard: tuple[str, ...]
    seen: tuple[str, ...]
    notes: tuple[str, ...]


def row_of(line: LogLine, seen: tuple[str, ...] = ()) -> Row:
    """``seen``: the words of the screen drawn then, empty if no longer known."""
    return Row(
        id=line.id,
        time=line.at.strftime("%H:%M:%S"),
        call=line.call,
        caller=line.caller,
        turn=line.turn,
        side=_side(line.input),
        did=_did(line.input),
        heard=tuple(event.text for event in line.events if isinstance(event, Said)),
        seen=seen,
        notes=tuple(note for event in line.events if (note := _note(event))),
    )


def _side(input: Input | None) -> str:
    match input:
        case Digits(by=by) | Speech(by=by) | SecretAnswer(by=by) | Filled(by=by) | LanguageChoice(by=by):
            return "page" if by is By.TAP else "phone"
        case NoInput():
            return "phone"
        case PaceChosen() | AloudChosen():
            return "page"
        case _:
            return "system"


def _did(input: Input | None) -> str:
    match input:
        case None:
            return ""
        case Digits(keys=keys, by=By.TAP):
            return f"taps {keys}"
        case Digits(keys=keys):
            return f"presses {keys}"
        case Filled(values=values):
            return "fills in " + ", ".join(f"“{value}”" for value in values.values() if value)
        case Speech(text=text):
            return f"says “{text}”"
        case SecretAnswer(matches=matches):
            return "gives the right PIN" if matches else "gives a wrong PIN"
        case NoInput():
            return "is silent"
        case LanguageChoice(language=language):
            return f"chooses {language}"
        case fact:
            return str(fact.__struct_config__.tag).replace("_", " ")


def _by(agent: str) -> str:
    return f" by agent {agent}" if agent else ""


def _note(event: AnyEvent) -> str:
    """What an event tells an operator; empty where another column says it already."""
    match event:
        case VerdictRecorded():
            score = "" if event.score is None else f", score {event.score:+.2f} against {event.threshold or 0:+.2f}"
            model = f", {event.model_name} {event.model_sha256[:12]}" if event.model_name else ""
            return f"voice {event.outcome} ({event.reason}){score}, {event.net_speech_seconds:.1f} s of speech{model}"
        case EnrolmentRecorded():
            return f"voice not learnt: {event.refusal}" if event.refusal else "voiceprint stored"
        case UtteranceTaken():
            what = f"refused: {event.refusal}" if event.refusal else "good"
            return f"utterance {what}, {event.accepted} of {event.needed}"
        case FactorProven():
            return f"{event.factor} proven, level {event.level}"
        case FactorFailed():
            return f"{event.factor} failed: {event.reason}"
        case AuthenticationFailed():
            return f"level {event.needed_level} not reached"
        case ConsentGiven():
            return f"consent given, wording {event.version}"
        case ConsentDeclined():
            return "consent declined"
        case NoInputHeard() | NoMatchHeard():
            return f"{'silence' if isinstance(event, NoInputHeard) else 'no match'}, attempt {event.attempt}"
        case CallBackPromised():
            return f"call back promised for {event.queue}, on the number ending in {event.number[-3:]}"
        case VoiceWishGranted():
            return {"delete": "voiceprint deleted", "opt_out": "opted out of voice", "opt_in": "opted in"}[event.wish]
        case AgentJoined():
            return f"agent {event.agent} joined"
        case LanguageChosen():
            return f"goes on in {event.language}"
        case PaceChanged():
            return f"{event.pace} times the usual time{', through a relay' if event.relay else ''}"
        case CardShown(card=None):
            return f"card taken away{_by(event.agent)}"
        case CardShown():  # without its words, which may be the caller's own
            return f"{event.card.__struct_config__.tag} shown{_by(event.agent)}"
        case CardAnswered():
            return f"answered {event.answer} to agent {event.agent}"
        case SharingBegun():
            return f"agent {event.agent} may look at the page"
        case SharingEnded():
            return f"agent {event.agent} no longer looks" + (", stopped by the caller" if event.by_caller else "")
        case FaultMet():
            return f"fault at {event.step}: {event.reason}"
        case StepEntered():
            return f"step {event.step}"
        case ChallengeMarkRequested():
            came = {None: "asked", True: "said", False: "not said"}[event.said]
            return f"challenge {came}, attempt {event.attempt}" + (", another may follow" if event.another else "")
        case Requested():
            return str(event.__struct_config__.tag).removesuffix("_requested").replace("_", " ") + " requested"
        case _:
            return ""
