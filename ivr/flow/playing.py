"""Plays steps until the next wait: the working copy of one ``advance``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from msgspec.structs import replace

from ivr.errors import FlowFault
from ivr.flow import phrases
from ivr.flow.definition import Flow, in_language
from ivr.flow.events import (
    AgentRequested,
    AnyEvent,
    CallEnded,
    FaultMet,
    IdentifyRequested,
    LookupRequested,
    MessageRequested,
    Said,
    StepEntered,
)  # fmt: skip
from ivr.flow.expressions import Scope, evaluate, holds, render, scope
from ivr.flow.offering import offered_while_waiting
from ivr.flow.pace import PACES, choose_pace, stretched
from ivr.flow.privacy import is_public
from ivr.flow.session import Session
from ivr.flow.steps import (
    Ask,
    AskSecret,
    Authenticate,
    CallBack,
    Enrol,
    ForgetVoice,
    Form,
    Hangup,
    Identify,
    IdentifyBy,
    Join,
    Language,
    Link,
    Lookup,
    Menu,
    Pace,
    Queue,
    Say,
    Set,
    Show,
    Text,
    Verify,
    When,
)  # fmt: skip
from ivr.flow.waits import AnyWait, AwaitAgent, AwaitChallenge, AwaitChoice, AwaitFact, Offered

STEP_BUDGET = 100  # steps between two waits; more is a loop that the check could not see
QUICK_SECONDS = 10  # for what is answered from our own database
MESSAGE_SECONDS = 60
PERSON = Offered(key="0", label=phrases.PERSON)


class Play:
    """One ``advance`` under way: a session that is replaced as it changes, and the events so far."""

    def __init__(
        self, flow: Flow, session: Session, again: tuple[str, ...] = (), before: Sequence[AnyEvent] = ()
    ) -> None:
        """``again``: must-hear texts of the turn that is being skipped; they are said first in the next one.
        ``before``: what has happened already in the turn that is being made."""
        self.before = before
        self.pinned = flow
        self.flow = in_language(flow, session.language)
        self.session = session
        self.events: list[AnyEvent] = []
        self.said: list[Said] = [Said(text=text, must_hear=True) for text in again]
        self._requests = 0
        self._known: tuple[Flow, Session, Scope] | None = None

    # -- small changes ------------------------------------------------------------------------------------------

    def change(self, **fields: object) -> None:
        self.session = replace(self.session, **fields)

    def record(self, event: AnyEvent) -> None:
        self.events.append(event)

    def request_id(self) -> str:
        """Ids follow from the revision this advance will be saved as, so that they need no randomness."""
        self._requests += 1
        return f"{self.session.call}.{self.session.revision + 1}.{self.session.turn}.{self._requests}"

    def open(self, event) -> str:
        """Record a request and keep its id open until a fact answers it."""
        self.record(event)
        self.change(open_requests=(*self.session.open_requests, event.request))
        return event.request

    def close(self, request: str) -> None:
        """No fact may answer this request any more."""
        self.change(open_requests=tuple(one for one in self.session.open_requests if one != request))

    def known(self) -> Scope:
        """What texts and conditions may know now; built once for a session, however many labels a menu has."""
        if self._known is None or self._known[0] is not self.flow or self._known[1] is not self.session:
            self._known = (self.flow, self.session, scope(self.flow, self.session))
        return self._known[2]

    def text(self, text: Text, **more: dict[str, object]) -> str:
        """``more``: roots that only this text knows."""
        return render(text.source, self.known() | more)

    def say(self, text: Text | str | None, must_hear: bool = False, **more: dict[str, object]) -> None:
        if text is None:
            return
        public = isinstance(text, Text) and is_public(text)
        if isinstance(text, Text):
            must_hear, text = must_hear or text.must_hear, self.text(text, **more)
        else:
            text = phrases.phrase(text, self.flow.language)
        if text:
            self.said.append(Said(text=text, must_hear=must_hear, public=public))

    def wait(self, wait: AnyWait | None) -> None:
        """The wait changes: a new turn begins, and what was said on the way to it belongs to it."""
        if wait is not None and wait.choices:
            wait = replace(wait, choices=phrases.in_our_words(wait.choices, self.flow.language))
        self.events.extend(self.said)
        must_hear = tuple(said.text for said in self.said if said.must_hear)
        self.said = []
        before = self.session.waiting_for
        if isinstance(before, AwaitFact | AwaitChallenge) and before.patience:
            self.close(before.patience)
        self.change(turn=self.session.turn + 1, waiting_for=stretched(self.session, wait), must_hear=must_hear)

    def end(self, reason: str) -> None:
        self.wait(None)
        self.change(ended=reason)
        self.record(CallEnded(reason=reason))

    # -- steps --------------------------------------------------------------------------------------------------

    def go(self, name: str) -> None:
        """Play from a step to the next wait."""
        self.guarded(lambda: self._go(name))

    def guarded(self, act: Callable[[], None]) -> None:
        """A fault on the way leads to a person; the caller never meets it."""
        try:
            act()
        except FlowFault as fault:
            self.record(FaultMet(step=self.session.step, reason=str(fault)))
            self.said = [said for said in self.said if said.must_hear]
            self.say(phrases.FAULT)
            self.change(proving=None)
            self.queue(self.flow.steps[self.flow.person])

    def _go(self, name: str) -> None:
        from ivr.flow.asking import start_asking  # these call each other
        from ivr.flow.joining import chosen_before, invite, join
        from ivr.flow.promising import promise
        from ivr.flow.proving import start_proving
        from ivr.flow.showing import show
        from ivr.flow.switching import switch
        from ivr.flow.verifying import start_verification
        from ivr.flow.withdrawing import forget

        next_step: str | None = name
        for _ in range(STEP_BUDGET):
            step = self.flow.steps[next_step]
            if step.needs > self.session.level:
                return start_proving(self, self.flow.prove, resume=step.name, level=step.needs)
            self.record(StepEntered(step=step.name))
            self.change(step=step.name, attempts=0)
            match step:
                case Say():
                    self.say(step.text)
                    next_step = step.next
                case Set():
                    for value in step.values:
                        result = evaluate(value.expression, self.known())
                        self.change(variables={**self.session.variables, value.name: result})
                    next_step = step.next
                case When():
                    next_step = next((c.goto for c in step.cases if holds(c.expression, self.known())), step.otherwise)
                case Verify():
                    start_verification(self, step)
                    next_step = step.next
                case Show():
                    show(self, step)
                    next_step = step.next
                case Pace():
                    choose_pace(self, PACES[step.pace], self.session.relay)
                    next_step = step.next
                case Link():
                    if not invite(self, step):
                        return None
                    next_step = step.next
                case Join():
                    if join(self, step):
                        return None
                    next_step = step.next
                case Menu() if goto := chosen_before(self, step):
                    next_step = goto
                case Language():
                    switch(self, step.language)
                    next_step = step.next
                case CallBack():
                    next_step = promise(self, step)
                case ForgetVoice():
                    next_step = forget(self, step)
                case Identify(by=IdentifyBy.CALLER_ID):
                    return self.identify("caller_id", self.session.caller)
                case Lookup():
                    if self.session.claim is None:
                        next_step = step.failed or self.flow.person
                        continue
                    return self.look_up(step)
                case Authenticate():
                    start_proving(self, step.name, resume="", level=step.level)
                    return None
                case Ask() | Form():
                    return start_asking(self, step)
                case Menu() | AskSecret() | Identify() | Enrol() | Queue():
                    return self.ask(step)
                case Hangup():
                    self.say(step.text)
                    return self.end("flow_finished")
                case _:
                    assert_never(step)
        raise FlowFault(f"step '{name}' leads through more than {STEP_BUDGET} steps without a wait")

    def ask(self, step) -> None:
        """(Re)open the wait of a step that asks the caller something."""
        from ivr.flow import asking  # these call each other
        from ivr.flow.enrolling import ask_consent
        from ivr.flow.joining import ask_for_code

        match step:
            case Menu():
                self.say(step.prompt)
                choices = tuple(Offered(key=c.key, label=self.text(c.label), words=c.words) for c in step.choices)
                self.wait(AwaitChoice(choices=choices, timeout_seconds=step.timeout_seconds))
            case Ask() | Form():
                asking.ask_again(self, step)
            case AskSecret():
                asking.ask_secret(self, step.prompt, step.min_length, step.max_length, step.timeout_seconds)
            case Identify():
                asking.ask_customer_number(self, step)
            case Enrol():
                ask_consent(self, step)
            case Queue():
                self.queue(step)
            case Join():
                ask_for_code(self, step)
            case _:
                raise FlowFault(f"step '{step.name}' asks nothing")

    def identify(self, by: str, value: str) -> None:
        request = self.request_id()
        self.open(IdentifyRequested(request=request, due_seconds=QUICK_SECONDS, by=by, value=value))
        self.wait(AwaitFact(request=request, about="identify", choices=(PERSON,)))

    def look_up(self, step: Lookup) -> None:
        request = self.request_id()
        contact = self.session.claim.contact
        self.open(LookupRequested(request=request, due_seconds=QUICK_SECONDS, contact=contact, facts=step.facts))
        self.wait(AwaitFact(request=request, about="lookup", choices=(PERSON,)))

    def send_link(self, message: Text) -> None:
        """To the number on file where somebody is claimed; else to the calling number, where it is no factor."""
        claim = self.session.claim
        on_file = claim is not None and claim.number is not None
        request = self.open(
            MessageRequested(
                request=self.request_id(), due_seconds=MESSAGE_SECONDS, to=claim.number if on_file else None,
                text=self.text(message), to_number_on_file=on_file,
            )
        )  # fmt: skip
        page = self.session.page
        self.change(page=replace(page, sent=True, links=(*page.links, request) if on_file else page.links))

    def queue(self, step: Queue) -> None:
        """Never fails: this is where everything that fails leads."""
        self.change(step=step.name, attempts=0, proving=None)
        try:
            self.say(step.prompt)
        except FlowFault as fault:
            self.record(FaultMet(step=step.name, reason=str(fault)))
            self.say(phrases.QUEUE)
        request = self.open(
            AgentRequested(request=self.request_id(), due_seconds=step.patience_seconds, queue=step.queue)
        )
        choices = offered_while_waiting(self.flow, self.session, step, self.text)
        self.wait(AwaitAgent(request=request, queue=step.queue, waiting=step.waiting.source, choices=choices))
