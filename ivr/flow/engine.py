"""``advance``: what a session becomes when something happens to it. Pure and total."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from msgspec.structs import replace

from ivr.flow import phrases
from ivr.flow.definition import Flow
from ivr.flow.enrolling import consent_answered, enrolment_finished
from ivr.flow.events import (
    AgentGone,
    AgentJoined,
    AnswerTaken,
    CallEnded,
    ContactIdentified,
    FaultMet,
    MessageRecorded,
    NoInputHeard,
    NoMatchHeard,
    PageOpened,
    RedirectRequested,
    Requested,
    Said,
    VerdictRecorded,
    WatchRequested,
)  # fmt: skip
from ivr.flow.inputs import (
    AgentConnected,
    AgentFailed,
    AgentLeft,
    AgentReserved,
    Answer,
    By,
    CallerHungUp,
    CallStarted,
    ContactClaimed,
    Digits,
    DocumentFailed,
    EnrolmentFinished,
    Fact,
    FactsFound,
    Input,
    LinkOpened,
    MessageSettled,
    NobodyAvailable,
    NoInput,
    Outcome,
    SecretAnswer,
    Speech,
    StreamStarted,
    StreamStopped,
    TimedOut,
    VerdictReached,
)  # fmt: skip
from ivr.flow.matching import spoken_choice
from ivr.flow.playing import Play
from ivr.flow.proving import SKIP_PAGE, add_factor, give_up, pin_answered, prove, verdict_reached
from ivr.flow.session import Claim, Session, Turn
from ivr.flow.steps import Ask, AskSecret, Enrol, Factor, Identify, Lookup, Menu, Queue
from ivr.flow.waits import (
    AwaitAgent,
    AwaitChoice,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    Offered,
    TalkingToAgent,
)  # fmt: skip

REDIRECT_SECONDS = 30
SEEN_LIMIT = 64  # source ids remembered; far more than one call's streams, links and agents


def advance(flow: Flow, session: Session, input: Input, answer: Callable[[Requested], Fact | None] | None = None) -> Turn:
    """Play one input.

    ``answer`` may settle a request on the spot (a contact in our own database): it is asked about every request opened
    here, and its fact is played in the same turn. A turn that the call itself did not cause and that changes the wait
    ends with RedirectRequested. Stale answers and repeated facts come back unchanged with ``accepted=False``.
    """
    first = _one(flow, session, input)
    if not first.accepted:
        return Turn(session=session, events=(), accepted=False)
    events, now = list(first.events), first.session
    unanswered = [event for event in events if isinstance(event, Requested)]
    while answer and unanswered:
        fact = answer(unanswered.pop(0))
        if fact is None:
            continue
        turn = _one(flow, now, fact)
        now = turn.session
        events.extend(turn.events)
        unanswered.extend(event for event in turn.events if isinstance(event, Requested))
    if now.turn != session.turn:
        # Several waits may have come and gone in this one turn; whoever skips it must hear what any of them had to say.
        now = replace(now, must_hear=tuple(e.text for e in events if isinstance(e, Said) and e.must_hear))
    if now.turn != session.turn and _needs_redirect(session, input):
        request = f"{session.call}.{session.revision + 1}.redirect"
        events.append(RedirectRequested(request=request, due_seconds=REDIRECT_SECONDS, turn=now.turn))
    return Turn(session=replace(now, revision=session.revision + 1), events=tuple(events))


def _needs_redirect(before: Session, input: Input) -> bool:
    """Whether the call must be told. It need not where its own request is answered, nor while it is bridged."""
    if isinstance(input, CallStarted | CallerHungUp | DocumentFailed | NoInput) or isinstance(before.waiting_for, TalkingToAgent):
        return False
    return not (isinstance(input, Digits | Speech | SecretAnswer) and input.by is not By.TAP)


def _one(flow: Flow, session: Session, input: Input) -> Turn:
    by_tap = isinstance(input, Fact) or (isinstance(input, Digits | Speech | SecretAnswer) and input.by is By.TAP)
    play = Play(flow, session, again=session.must_hear if by_tap else ())
    accepted = _answer(play, input) if isinstance(input, Answer) else _fact(play, input)
    return Turn(session=play.session, events=tuple(play.events), accepted=accepted)


# -- answers ----------------------------------------------------------------------------------------------------------


def _answer(play: Play, input: Digits | Speech | NoInput | SecretAnswer) -> bool:
    """False: stale, or nothing that this wait can be answered with."""
    session = play.session
    wait = session.waiting_for
    if session.ended is not None or wait is None or input.turn != session.turn:
        return False
    if isinstance(input, NoInput):
        if isinstance(wait, AwaitFact | AwaitAgent | TalkingToAgent):
            return False  # a hold that polls: silence is what it is for
        _again(play, silence=True)
        return True
    if isinstance(input, SecretAnswer):
        if not isinstance(wait, AwaitSecret):
            return False
        play.record(AnswerTaken(step=session.step, by=input.by, value=None))
        _secret(play, input)
        return True
    match wait:
        case AwaitChoice() | AwaitFact():
            return _choose(play, input, wait.choices, misfits=isinstance(wait, AwaitChoice))
        case AwaitDigits():
            _digits(play, input, wait)
            return True
        case AwaitSpeech():
            if isinstance(input, Digits):
                return _choose(play, input, wait.choices, misfits=True)
            _speech(play, input, wait)
            return True
        case AwaitSecret():
            return _choose(play, input, wait.choices, misfits=True)
        case AwaitAgent() | TalkingToAgent():
            return False
        case _:
            assert_never(wait)


def _choose(play: Play, input: Digits | Speech, choices: tuple[Offered, ...], misfits: bool) -> bool:
    if isinstance(input, Digits):
        chosen = next((choice for choice in choices if choice.key == input.keys), None)
    else:
        chosen = spoken_choice(input.text, choices)
    if chosen is None:
        if misfits:
            _again(play, silence=False)
        return misfits
    session = play.session
    step = play.flow.steps[session.step]
    play.record(AnswerTaken(step=session.step, by=input.by, value=chosen.key, label=chosen.label))
    if isinstance(step, Menu):
        play.change(choices_made=(*session.choices_made, chosen.label))
        play.go(next(choice.goto for choice in step.choices if choice.key == chosen.key))
    elif chosen.key == "0":
        play.change(proving=None)
        play.go(play.flow.person)
    elif isinstance(step, Enrol):
        play.guarded(lambda: consent_answered(play, step, agreed=chosen.key == "1", by=input.by))
    elif session.proving is not None and session.proving.current is Factor.PAGE and chosen.key == SKIP_PAGE.key:
        play.guarded(lambda: give_up(play, Factor.PAGE, "skipped"))
    return True


def _digits(play: Play, input: Digits | Speech, wait: AwaitDigits) -> None:
    session = play.session
    keys = input.keys if isinstance(input, Digits) else "".join(filter(str.isdigit, input.text))
    if keys == "0" and wait.min_length > 1:
        play.record(AnswerTaken(step=session.step, by=input.by, value="0", label=phrases.PERSON))
        return play.go(play.flow.person)
    if not (keys.isascii() and keys.isdigit() and wait.min_length <= len(keys) <= wait.max_length):
        return _again(play, silence=False)
    play.record(AnswerTaken(step=session.step, by=input.by, value=keys))
    step = play.flow.steps[session.step]
    if isinstance(step, Identify):
        play.identify("customer_number", keys)
    else:
        _keep(play, step, keys)
    return None


def _speech(play: Play, input: Speech, wait: AwaitSpeech) -> None:
    text = " ".join(input.text.split())
    if not text or len(text) > wait.max_length:
        return _again(play, silence=False)
    play.record(AnswerTaken(step=play.session.step, by=input.by, value=text))
    return _keep(play, play.flow.steps[play.session.step], text)


def _keep(play: Play, step: Ask, value: str) -> None:
    play.change(answers={**play.session.answers, step.name: value})
    play.go(step.next)


def _secret(play: Play, input: SecretAnswer) -> None:
    step = play.flow.steps[play.session.step]
    if play.session.proving is not None:
        play.guarded(lambda: pin_answered(play, input.matches, input.locked))
    elif not isinstance(step, AskSecret):
        play.go(play.flow.person)
    elif input.matches:
        add_factor(play, Factor.PIN)
        play.go(step.next)
    elif input.locked or play.session.attempts + 1 >= step.tries:
        play.go(step.wrong)
    else:
        attempts = play.session.attempts + 1

        def once_more() -> None:
            play.say(phrases.WRONG_PIN)
            play.ask(step)
            play.change(attempts=attempts)

        play.guarded(once_more)


def _again(play: Play, silence: bool) -> None:
    """Silence or a misfit: say what the flow has for this attempt and ask once more, or go on to a person."""
    session = play.session
    step = play.flow.steps[session.step]
    attempt = session.attempts + 1
    play.record(NoInputHeard(step.name, attempt) if silence else NoMatchHeard(step.name, attempt))
    if session.proving is not None:  # silence at the PIN counts as a try, without a guess being spent
        factor = session.proving.current
        if attempt >= play.flow.steps[session.proving.step].tries:
            return play.guarded(lambda: give_up(play, factor, "no_answer"))

        def ask_again() -> None:
            prove(play)
            play.change(attempts=attempt)

        return play.guarded(ask_again)
    retry = getattr(step, "retry", None)
    tries = retry.tries if retry else getattr(step, "tries", 3)
    if attempt >= tries:
        return play.go((retry and retry.then) or play.flow.person)
    texts = (retry.noinput if silence else retry.nomatch) if retry else ()

    def once_more() -> None:
        if texts:
            play.say(texts[min(attempt, len(texts)) - 1])
        play.ask(step)
        play.change(attempts=attempt)

    return play.guarded(once_more)


# -- facts ------------------------------------------------------------------------------------------------------------


def _fact(play: Play, fact: Fact) -> bool:
    """False: the request it answers is not open, or its source event was seen before."""
    session = play.session
    if isinstance(fact, CallStarted):
        if session.turn:
            return False
        play.record(WatchRequested(request=f"{session.call}.watch", due_seconds=REDIRECT_SECONDS))
        play.go(play.flow.start)
        return True
    asked = isinstance(
        fact,
        ContactClaimed | FactsFound | VerdictReached | EnrolmentFinished | MessageSettled | NobodyAvailable | TimedOut,
    )
    if asked:
        if fact.id not in session.open_requests:
            return False
        play.close(fact.id)
    else:
        if fact.id in session.seen or session.ended is not None:
            return False
        play.change(seen=(*session.seen, fact.id)[-SEEN_LIMIT:])
    return _take(play, fact)


def _take(play: Play, fact: Fact) -> bool:
    session = play.session
    wait = session.waiting_for
    waited_for = isinstance(wait, AwaitFact) and wait.request == fact.id
    match fact:
        case ContactClaimed():
            _claimed(play, fact, waited_for)
        case FactsFound():
            _found(play, fact, waited_for)
        case VerdictReached():
            _verdict(play, fact, waited_for)
        case EnrolmentFinished():
            enrolment_finished(play, fact, waited_for)
        case MessageSettled():
            play.record(MessageRecorded(request=fact.id, outcome=fact.outcome))
        case TimedOut():
            _timed_out(play, fact, waited_for)
        case NobodyAvailable():
            if isinstance(wait, AwaitAgent) and wait.request == fact.id and wait.agent is None:
                play.go(_queue_step(play).unavailable)
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
            play.go(_queue_step(play).finished)
        case DocumentFailed():
            play.record(FaultMet(step=session.step, reason=f"carrier error {fact.code}"))
            if isinstance(wait, AwaitAgent | TalkingToAgent):
                return True  # already with, or on the way to, a person
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
        voice = replace(play.session.voice, verification=None, verdict=None, reason="")
        page = replace(play.session.page, links=())
        play.change(factors=(), facts={}, variables={}, answers={}, voice=voice, page=page)
    play.change(claim=claim)
    return play.go(step.found)


def _found(play: Play, fact: FactsFound, waited_for: bool) -> None:
    step = play.flow.steps[play.session.step]
    if not waited_for or not isinstance(step, Lookup):
        return
    if fact.values is None:
        return play.go(step.failed or play.flow.person)
    play.change(facts={**play.session.facts, **fact.values})
    return play.go(step.next)


def _verdict(play: Play, fact: VerdictReached, waited_for: bool) -> None:
    play.record(
        VerdictRecorded(
            request=fact.id, outcome=fact.outcome, reason=fact.reason, score=fact.score, threshold=fact.threshold,
            net_speech_seconds=fact.net_speech_seconds, model_name=fact.model_name, model_class=fact.model_class,
            model_sha256=fact.model_sha256,
        )
    )  # fmt: skip
    if play.session.voice.verification != fact.id:
        return  # of a person no longer claimed
    play.change(
        voice=replace(
            play.session.voice, verification=None, verdict=fact.outcome, reason=fact.reason,
            net_speech_seconds=fact.net_speech_seconds,
            model=f"{fact.model_class} {fact.model_name} {fact.model_sha256[:12]}".strip(),
        )
    )  # fmt: skip
    if fact.outcome is Outcome.ACCEPTED:
        add_factor(play, Factor.VOICE)
    proving = play.session.proving
    if waited_for:
        play.guarded(lambda: verdict_reached(play, fact.outcome, fact.reason))
    elif proving is not None and play.session.level >= proving.level:
        play.guarded(lambda: prove(play))  # the question under way has become needless


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
        return _verdict(play, VerdictReached(id=fact.id, outcome=Outcome.INCONCLUSIVE, reason="timed_out"), waited_for)
    if isinstance(wait, AwaitFact) and wait.patience == fact.id and wait.about == "verdict":
        return play.guarded(lambda: give_up(play, Factor.VOICE, "too_little_speech"))
    if not waited_for:
        return None
    match wait.about:
        case "page":
            play.guarded(lambda: give_up(play, Factor.PAGE, "not_opened"))
        case "enrolment":
            enrolment_finished(play, EnrolmentFinished(id=fact.id, refusal="timed_out"), waited_for)
        case "lookup":
            _found(play, FactsFound(id=fact.id, values=None), waited_for)
        case "identify":
            _claimed(play, ContactClaimed(id=fact.id, contact=None), waited_for)
    return None


def _queue_step(play: Play) -> Queue:
    step = play.flow.steps[play.session.step]
    return step if isinstance(step, Queue) else play.flow.steps[play.flow.person]
