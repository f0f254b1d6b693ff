"""Page and call find each other: six digits spoken for the page, six digits keyed for the call. None is a factor."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow.definition import in_language
from ivr.flow.events import (
    AnswerTaken,
    BeginningJoined,
    BeginningMissed,
    BeginningSought,
    NoMatchHeard,
    PageCodeGiven,
    PageCodeRequested,
)
from ivr.flow.inputs import BeginningFound, By, PageCodeDrawn
from ivr.flow.playing import PERSON, QUICK_SECONDS, Play
from ivr.flow.steps import Join, Link, LinkBy, Menu
from ivr.flow.switching import label_for_desk, switch
from ivr.flow.waits import AwaitDigits, AwaitFact, Offered

CODE_LENGTH = 6


def invite(play: Play, step: Link) -> bool:
    """Send the link, or ask for a code to say. True: said already, the flow goes on; False: the code is awaited."""
    if LinkBy.SMS in step.by:
        play.send_link(step.message)
    if LinkBy.CODE not in step.by:
        play.say(step.prompt)
        return True
    request = play.open(PageCodeRequested(request=play.request_id(), due_seconds=QUICK_SECONDS))
    play.wait(AwaitFact(request=request, about="code", choices=(PERSON,)))
    return False


def code_drawn(play: Play, fact: PageCodeDrawn, waited_for: bool) -> None:
    """Say it. Where none is free nothing is said: the page is a help, the call goes on without it."""
    step = play.flow.steps[play.session.step]
    if not waited_for or not isinstance(step, Link):
        return
    if fact.code:
        play.change(page=replace(play.session.page, code=fact.code))
        play.record(PageCodeGiven(code_hash=fact.code_hash, lifetime_seconds=fact.lifetime_seconds))

    def go_on() -> None:
        if fact.code:
            play.say(step.prompt)
        play._go(step.next)

    play.guarded(go_on)


def join(play: Play, step: Join) -> bool:
    """Ask for the code; whoever has none just listens. False: nobody has begun on the page, the flow goes on."""
    if not play.session.begun_on_page or play.session.chosen:
        play.say(step.text)
        return False
    ask_for_code(play, step)
    return True


def ask_for_code(play: Play, step: Join, again: bool = False) -> None:
    if not again:
        play.say(step.text)
    play.wait(
        AwaitDigits(
            label=play.text(step.label), min_length=CODE_LENGTH, max_length=CODE_LENGTH,
            timeout_seconds=step.timeout_seconds, choices=(PERSON,),
        )
    )  # fmt: skip


def code_keyed(play: Play, code: str) -> None:
    request = play.open(BeginningSought(request=play.request_id(), due_seconds=QUICK_SECONDS, code=code))
    play.wait(AwaitFact(request=request, about="join", choices=(PERSON,)))


def code_missed(play: Play, step: Join, silence: bool) -> None:
    """Silence: this caller has no code. Another number of keys: once more, then on without it."""
    attempt = play.session.attempts + 1
    if silence or attempt >= step.retry.tries * play.session.pace:
        return play._go(step.next)
    texts = step.retry.nomatch
    play.say(texts[min(attempt, len(texts)) - 1] if texts else step.label)
    ask_for_code(play, step, again=True)
    return play.change(attempts=attempt)


def beginning_found(play: Play, fact: BeginningFound, waited_for: bool) -> None:
    """What was chosen on the page is taken up where the flow comes to it; here the caller hears that it is known."""
    step = play.flow.steps[play.session.step]
    if not waited_for or not isinstance(step, Join):
        return None
    if fact.beginning is None:
        play.record(BeginningMissed())
        play.record(NoMatchHeard(step.name, play.session.attempts + 1))
        return play.guarded(lambda: code_missed(play, step, silence=False))
    play.record(BeginningJoined(beginning=fact.beginning))
    play.change(chosen=tuple(one.label for one in fact.chosen), ahead=fact.chosen)

    def go_on() -> None:
        if fact.chosen:
            _speak_as_chosen(play, fact.chosen[0].language)
            play.say(play.flow.steps[step.name].known)
        play._go(step.next)

    return play.guarded(go_on)


def _speak_as_chosen(play: Play, language: str) -> None:
    """Who has read the page in another language wants to be spoken to in it."""
    if language in play.pinned.languages and language != play.flow.language:
        switch(play, language)


def chosen_before(play: Play, step: Menu) -> str | None:
    """Where the choice made on the page leads; None: this menu is to be asked.

    The first menu that was not foreseen ends it: a choice must not come back later, out of another place.
    """
    ahead = play.session.ahead
    if not ahead:
        return None
    read = in_language(play.pinned, ahead[0].language).steps[step.name]
    known = [choice for choice in read.choices if ahead[0].step == step.name and ahead[0].key == choice.key]
    choice = next((one for one in known if play.text(one.label) == ahead[0].label), None)
    if choice is None:
        play.change(ahead=())
        return None
    label = label_for_desk(play, Offered(key=choice.key, label=ahead[0].label), step)
    play.change(ahead=ahead[1:], choices_made=(*play.session.choices_made, label))
    play.record(AnswerTaken(step=step.name, by=By.TAP, value=choice.key, label=label))
    if step.prompt.must_hear:
        play.say(step.prompt)
    return choice.goto
