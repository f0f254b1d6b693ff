"""What a fact does to a session: taken once each, whatever is being waited for."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from ivr.flow import phrases
from ivr.flow.challenging import asks_for_voice, challenge_drawn, challenge_missed, voice_undecided
from ivr.flow.enrolling import enrolment_finished, utterance_judged
from ivr.flow.events import (
    AgentGone,
    AgentJoined,
    CallEnded,
    ContactIdentified,
    FaultMet,
    LanguageChosen,
    MessageRecorded,
    PageOpened,
    WatchRequested,
)  # fmt: skip
from ivr.flow.inputs import (
    AgentConnected,
    AgentFailed,
    AgentLeft,
    AgentReserved,
    AloudChosen,
    BeginningFound,
    CallBackDeclined,
    CallerHungUp,
    CallStarted,
    CardPushed,
    CardReplied,
    ChallengeDrawn,
    ContactClaimed,
    DocumentFailed,
    EnrolmentFinished,
    Fact,
    FactsFound,
    LinkOpened,
    MessageSettled,
    NobodyAvailable,
    Outcome,
    PaceChosen,
    PageCodeDrawn,
    SharingChosen,
    StreamStarted,
    StreamStopped,
    TimedOut,
    UtteranceJudged,
    VerdictReached,
    VoiceUndecided,
    VoiceWish,
)  # fmt: skip
from ivr.flow.joining import beginning_found, code_drawn
from ivr.flow.pace import claimed_preference, pace_chosen
from ivr.flow.playing import Play
from ivr.flow.proving import add_factor, give_up, prove, take_verdict
from ivr.flow.session import Claim
from ivr.flow.showing import pushed, replied, sharing_chosen, withdraw_question
from ivr.flow.steps import Factor, Identify, Lookup, Queue
from ivr.flow.switching import remembering, switch
from ivr.flow.waits import AwaitAgent, AwaitChallenge, AwaitFact, TalkingToAgent
from ivr.flow.withdrawing import grant

WATCH_SECONDS = 30
SEEN_LIMIT = 64  # source ids remembered of each kind; far more than one call's streams, links and agents


def fact_learned(play: Play, fact: Fact) -> bool:
    """False: the request it answers is not open, or its source event was seen before."""
    session = play.session
    if isinstance(fact, CallStarted):
        if session.turn:
            return False
        play.record(WatchRequested(request=f"{session.call}.watch", due_seconds=WATCH_SECONDS))
        play.change(begun_on_page=fact.begun_on_page)
        play.go(play.flow.start)
        return True
    asked = isinstance(
        fact,
        ContactClaimed
        | FactsFound
        | VerdictReached
        | EnrolmentFinished
        | MessageSettled
        | NobodyAvailable
        | TimedOut
        | PageCodeDrawn
        | BeginningFound
        | ChallengeDrawn,
    )
    if asked:
        if fact.id not in session.open_requests:
            return False
        play.close(fact.id)
    else:
        if fact.id in session.seen or session.ended is not None:
            return False
        play.change(seen=_with(fact.id, session.seen))
    return _take(play, fact)


def _with(id: str, seen: tuple[str, ...]) -> tuple[str, ...]:
    """The oldest of the same kind (what stands before the first colon) makes room: a page that taps without end must
    not have the call forget which tickets of its streams are used."""
    kind = id.partition(":")[0]
    same = [one for one in seen if one.partition(":")[0] == kind]
    kept = seen if len(same) < SEEN_LIMIT else tuple(one for one in seen if one != same[0])
    return (*kept, id)


def _take(play: Play, fact: Fact) -> bool:
    session = play.session
    wait = session.waiting_for
    waited_for = isinstance(wait, AwaitFact) and wait.request == fact.id
    match fact:
        case ContactClaimed():
            _claimed(play, fact, waited_for)
        case FactsFound():
            _found(play, fact, waited_for)
        case PageCodeDrawn():
            code_drawn(play, fact, waited_for)
        case BeginningFound():
            beginning_found(play, fact, waited_for)
        case VerdictReached():
            take_verdict(play, fact, asks_for_voice(wait))
        case VoiceUndecided():
            return voice_undecided(play, fact)
        case ChallengeDrawn():
            challenge_drawn(play, fact, waited_for)
        case EnrolmentFinished():
            enrolment_finished(play, fact, waited_for)
        case UtteranceJudged():
            return utterance_judged(play, fact)
        case MessageSettled():
            play.record(MessageRecorded(request=fact.id, outcome=fact.outcome))
        case TimedOut():
            _timed_out(play, fact, waited_for)
        case NobodyAvailable():
            if isinstance(wait, AwaitAgent) and wait.request == fact.id and wait.agent is None:
                play.go(_queue_step(play).unavailable)
        case VoiceWish():
            return grant(play, fact)
        case CallBackDeclined():
            if session.promised == fact.number:
                play.change(promised="")
        case StreamStarted():
            play.change(voice=replace(session.voice, running=True))
        case StreamStopped():
            play.change(voice=replace(session.voice, running=False))
        case LinkOpened():
            _opened(play, fact)
        case AgentReserved():
            if not isinstance(wait, AwaitAgent) or wait.agent is not None:
                return False
            play.change(waiting_for=replace(wait, agent=fact.agent, room=fact.room))
        case AgentFailed():
            if not isinstance(wait, AwaitAgent) or wait.agent != fact.agent:
                return False
            play.change(waiting_for=replace(wait, agent=None, room=None))
            if wait.request not in session.open_requests:  # the caller's patience was spent meanwhile
                play.go(_queue_step(play).unavailable)
        case AgentConnected():
            if not isinstance(wait, AwaitAgent) or wait.room != fact.room:
                return False
            play.close(wait.request)
            play.record(AgentJoined(agent=fact.agent))
            play.wait(TalkingToAgent(agent=fact.agent, room=fact.room))
        case AgentLeft():
            if not isinstance(wait, TalkingToAgent) or wait.room != fact.room:
                return False
            play.record(AgentGone(agent=wait.agent))
            withdraw_question(play)
            play.go(_queue_step(play).finished)
        case PaceChosen():
            return pace_chosen(play, fact)
        case AloudChosen():
            if fact.on == session.aloud:
                return False
            play.change(aloud=fact.on)
        case CardPushed():
            return pushed(play, fact)
        case CardReplied():
            return replied(play, fact)
        case SharingChosen():
            return sharing_chosen(play, fact)
        case DocumentFailed():
            play.record(FaultMet(step=session.step, reason=f"carrier error {fact.code}"))
            if isinstance(wait, AwaitAgent | TalkingToAgent):
                return True  # already with, or on the way to, a person
            if session.language:  # perhaps it was this language that could not be played
                switch(play, play.pinned.language)
            play.say(phrases.FAULT)
            play.change(proving=None)
            play.go(play.flow.person)
        case CallerHungUp():
            voice = replace(session.voice, running=False)
            play.change(waiting_for=None, ended="caller_hung_up", proving=None, must_hear=(), voice=voice)
            play.record(CallEnded(reason="caller_hung_up"))
        case _:
            assert_never(fact)
    return True


def _claimed(play: Play, fact: ContactClaimed, waited_for: bool) -> None:
    step = play.flow.steps[play.session.step]
    if not waited_for or not isinstance(step, Identify):
        return
    play.record(ContactIdentified(contact=fact.contact, by=step.by))
    if fact.contact is None:
        return play.go(step.unknown)
    claim = Claim(
        contact=fact.contact, by=step.by, number=fact.number, enrolled=fact.enrolled, opted_out=fact.opted_out,
        has_pin=fact.has_pin,
    )  # fmt: skip
    if play.session.claim is not None and play.session.claim.contact != claim.contact:
        # Another person is claimed: nothing proven or known of the first one may serve the second.
        voice = replace(play.session.voice, verification=None, challenge=None, verdict=None, reason="")
        page = replace(play.session.page, links=())
        play.change(factors=(), facts={}, variables={}, answers={}, voice=voice, page=page, shown=None)
    play.change(claim=claim)
    if play.session.language and (known := remembering(play.session)):
        play.record(LanguageChosen(language=play.session.language, contact=known))
    claimed_preference(play, fact.pace, fact.relay)
    return play.go(step.found)


def _found(play: Play, fact: FactsFound, waited_for: bool) -> None:
    step = play.flow.steps[play.session.step]
    if not waited_for or not isinstance(step, Lookup):
        return
    if fact.values is None:
        return play.go(step.failed or play.flow.person)
    play.change(facts={**play.session.facts, **fact.values})
    return play.go(step.next)


def _opened(play: Play, fact: LinkOpened) -> None:
    session = play.session
    on_file = session.claim is not None and fact.request in session.page.links
    play.change(page=replace(session.page, opened=True))
    play.record(PageOpened(factor=on_file))
    if not on_file:
        return
    add_factor(play, Factor.PAGE)
    wait, proving = session.waiting_for, session.proving
    if isinstance(wait, AwaitFact) and wait.about == "page":
        play.close(wait.request)
        play.guarded(lambda: prove(play))
    elif proving is not None and play.session.level >= proving.level:
        play.guarded(lambda: prove(play))  # the question under way has become needless


def _timed_out(play: Play, fact: TimedOut, waited_for: bool) -> None:
    """The clock answers in place of whoever did not. In doubt nothing is accepted."""
    session = play.session
    wait = session.waiting_for
    if isinstance(wait, AwaitAgent) and wait.request == fact.id:
        if wait.agent is None:
            play.go(_queue_step(play).unavailable)
        return None  # an agent is on the way: keep the place
    if session.voice.verification == fact.id:
        return take_verdict(
            play, VerdictReached(id=fact.id, outcome=Outcome.INCONCLUSIVE, reason="timed_out"), asks_for_voice(wait)
        )
    if isinstance(wait, AwaitChallenge) and wait.patience == fact.id:
        return challenge_missed(play, phrases.CHALLENGE_LATE)
    if isinstance(wait, AwaitFact) and wait.patience == fact.id and wait.about == "verdict":
        reason = "too_little_speech" if session.voice.challenge is None else "no_verdict"
        return play.guarded(lambda: give_up(play, Factor.VOICE, reason))
    if not waited_for:
        return None
    match wait.about:
        case "page":
            play.guarded(lambda: give_up(play, Factor.PAGE, "not_opened"))
        case "challenge":
            play.guarded(lambda: give_up(play, Factor.VOICE, "nothing_drawn"))
        case "enrolment":
            enrolment_finished(play, EnrolmentFinished(id=fact.id, refusal="timed_out"), waited_for)
        case "code":
            code_drawn(play, PageCodeDrawn(id=fact.id, code=""), waited_for)
        case "join":
            beginning_found(play, BeginningFound(id=fact.id, beginning=None), waited_for)
        case "lookup":
            _found(play, FactsFound(id=fact.id, values=None), waited_for)
        case "identify":
            _claimed(play, ContactClaimed(id=fact.id, contact=None), waited_for)
    return None


def _queue_step(play: Play) -> Queue:
    step = play.flow.steps[play.session.step]
    return step if isinstance(step, Queue) else play.flow.steps[play.flow.person]
