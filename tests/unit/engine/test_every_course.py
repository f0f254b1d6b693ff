"""Every course of six acts that a call can take, from several moments of a call, on the pure core.

Two situations that differ only in ids, turn numbers and revisions behave alike, so each is looked at once and counted as
often as courses lead to it; ``test_the_shortcut_misses_nothing`` walks the same way without that shortcut. A course that
goes wrong is printed in the words of ``tests.wire.play``, to be played on a whole system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import msgspec
import pytest
from caller import ALICE, ALICE_PHONE, Caller, bank
from test_properties import ADDRESSING, PEOPLE, check_drawing, check_turn

from ivr.carriers.twilio.writer import document
from ivr.flow.definition import in_language
from ivr.flow.engine import advance
from ivr.flow.events import AnyEvent, MessageRequested, Said
from ivr.flow.inputs import (
    Answer,
    By,
    CallerHungUp,
    Digits,
    Filled,
    Input,
    LanguageChoice,
    LinkOpened,
    NoInput,
    Outcome,
    PaceChosen,
    SecretAnswer,
    SharingChosen,
    Speech,
    VerdictReached,
    VoiceWish,
    Wish,
)
from ivr.flow.session import Session
from ivr.flow.waits import AwaitAnswer, AwaitSecret
from ivr.visual.screen import Live, screen_for

DEPTH = int(os.environ.get("DUET_DEPTH", "6"))
COMFORT_DEPTH = 3  # of courses with all acts: languages and paces multiply the situations
BANK = bank()
CONTACTS = Caller(BANK, contacts=PEOPLE)  # answers for who is on file
PERSON = "+12025550123"
_ID = re.compile(r"c{32}\.[\w.]+")


@dataclass(frozen=True)
class Situation:
    """``last`` is what a duplicate repeats, ``messages`` what a page can be opened by; ``course`` leads here."""

    session: Session
    drawn: tuple[AnyEvent, ...] = ()  # events of the present turn
    last: Input | None = None
    messages: tuple[str, ...] = ()
    course: tuple[str, ...] = ()

    def key(self) -> tuple:
        """The same for situations that behave alike: ids renamed in order, turns counted from now."""
        names: dict[str, str] = {}

        def renamed(text: str) -> str:
            return _ID.sub(lambda found: names.setdefault(found[0], f"id{len(names)}"), text)

        session = msgspec.structs.replace(self.session, turn=0, revision=0)
        last = self.last
        if isinstance(last, Answer):
            last = msgspec.structs.replace(last, turn=last.turn - self.session.turn)
        said = tuple((event.text, event.must_hear) for event in self.drawn if isinstance(event, Said))
        return renamed(msgspec.json.encode((session, last, self.messages)).decode()), said


# -- what may happen: nothing (None) where it cannot ------------------------------------------------------------------


def key(keys: str, now: Situation) -> Input:
    return Digits(turn=now.session.turn, keys=keys)


def say(words: str, now: Situation) -> Input:
    return Speech(turn=now.session.turn, text=words)


def filled(day: str, now: Situation) -> Input | None:
    """Everything on the page at once."""
    wait = now.session.waiting_for
    if not isinstance(wait, AwaitAnswer):
        return None
    answers = {"day": day, "phone": "07700900123", "topic": "1", "reminder": "yes"}
    return Filled(
        turn=now.session.turn, values={one.name: answers[one.name.removeprefix("appointment_")] for one in wait.fields}
    )


def tap(number: int, now: Situation) -> Input | None:
    screen = screen_for(BANK, now.session, Live())
    buttons = [*screen.buttons, *([screen.person] if screen.person else [])]
    return Digits(turn=now.session.turn, keys=buttons[number % len(buttons)].key, by=By.TAP) if buttons else None


def secret(right: bool, by: By, now: Situation) -> Input | None:
    asked = isinstance(now.session.waiting_for, AwaitSecret)
    return SecretAnswer(turn=now.session.turn, matches=right, by=by) if asked else None


def verdict(outcome: Outcome, now: Situation) -> Input | None:
    asked = now.session.voice.verification
    return VerdictReached(id=asked, outcome=outcome, reason="test") if asked else None


def opened(now: Situation) -> Input | None:
    return LinkOpened(id=f"link:{now.messages[-1]}", request=now.messages[-1]) if now.messages else None


def late(now: Situation) -> Input:
    """A webhook or a tap of the turn before, that has been long under way."""
    return Digits(turn=now.session.turn - 1, keys="1", by=By.TAP)


ACTS: dict[str, Callable[[Situation], Input | None]] = {
    "key 1": partial(key, "1"),
    "key 2": partial(key, "2"),
    "say my balance": partial(say, "my balance"),
    "say mumble": partial(say, "mumble"),
    "tap 0": partial(tap, 0),
    "tap 3": partial(tap, 3),
    "silence": lambda now: NoInput(turn=now.session.turn),
    "secret 4821 by keypad": partial(secret, True, By.KEYPAD),
    "secret 1111 by page": partial(secret, False, By.TAP),
    "talk owner": partial(verdict, Outcome.ACCEPTED),
    "talk impostor": partial(verdict, Outcome.REJECTED),
    "open": opened,
    "again": lambda now: now.last,
    "late 2": late,
    "reload": lambda now: None,
    "reconnect": lambda now: None,
    "hang up": lambda now: CallerHungUp(id="hangup"),
}
# What the page offers beside the question.
COMFORTS: dict[str, Callable[[Situation], Input | None]] = {
    "language": lambda now: LanguageChoice(
        turn=now.session.turn, language="en-GB" if now.session.language == "fa-IR" else "fa-IR"
    ),
    "pace": lambda now: PaceChosen(id=f"pace:{now.session.revision}", pace=1 if now.session.pace > 1 else 3),
    "wish opt_out": lambda now: VoiceWish(id=f"wish:{now.session.revision}", contact=ALICE.id, wish=Wish.OPT_OUT),
    "sharing": lambda now: SharingChosen(id=f"sharing:{now.session.revision}", allowed=now.session.sharing_stopped),
    "fill": partial(filled, "24122026"),
    "fill wrongly": partial(filled, "never"),
    "key 4": partial(key, "4"),
    "key 24122026": partial(key, "24122026"),
    "key 07700900123": partial(key, "07700900123"),
    "say the fifth of December": partial(say, "the fifth of December"),
    "say yes": partial(say, "yes"),
}
ALL_ACTS = ACTS | COMFORTS
# From deeper moments, so that six acts lead far: the proof, consent, the queue.
STARTS = {
    "a contact's call": (ALICE_PHONE, ()),
    "a stranger's call": (PERSON, ()),
    "the first proof": (ALICE_PHONE, ("key 1",)),
    "the PIN": (ALICE_PHONE, ("talk impostor", "key 1", "key 1")),
    "the consent": (ALICE_PHONE, ("talk owner", "key 2", "key 1", "open", "secret 4821 by keypad")),
    "the queue": (ALICE_PHONE, ("open", "tap 3")),
}
COMFORT_STARTS = {
    **{name: STARTS[name] for name in ("the first proof", "the PIN", "the consent", "the queue")},
    "the form": (ALICE_PHONE, ("open", "key 4")),
    "the read-back": (ALICE_PHONE, ("open", "key 4", "say the fifth of December")),
    "the second question in Persian": (ALICE_PHONE, ("open", "language", "key 4", "key 24122026")),
}


def play(now: Situation, name: str) -> Situation:
    """One act, with everything checked that must hold after it."""
    session, act = now.session, ALL_ACTS[name]
    course = (*now.course, name)
    try:
        input = act(now)
        if input is None:  # a reload, a reconnection: drawn again, and drawn the same
            check_same(now)
            return unchanged(now, course)
        turn = advance(BANK, session, input, CONTACTS._settle)
        check_turn(BANK, session, input, turn)
        if name in ("late 2", "again"):
            assert not turn.accepted, "what is late or repeated counts"
        if not turn.accepted:
            return unchanged(now, course)
        moved = turn.session.turn != session.turn
        drawn = turn.events if moved else (*now.drawn, *turn.events)
        check_drawing(BANK, turn.session, drawn)
        messages = tuple(event.request for event in turn.events if isinstance(event, MessageRequested))
        return Situation(turn.session, drawn, input, (*now.messages, *messages), course)
    except AssertionError as error:
        who = "stranger" if session.caller == PERSON else "enrolled"
        line = f"{who}: {', '.join(course)}"
        raise AssertionError(f'{error}\nplay it: python -m tests.wire.play "{line}"') from error


def unchanged(now: Situation, course: tuple[str, ...]) -> Situation:
    return Situation(now.session, now.drawn, now.last, now.messages, course)


def check_same(now: Situation) -> None:
    def draw() -> tuple:
        flow = in_language(BANK, now.session.language)
        said = tuple(event.text for event in now.drawn if isinstance(event, Said))
        return (
            document(flow, now.session, now.drawn, ADDRESSING.of(now.session), 0),
            screen_for(flow, now.session, Live(said=said)),
        )

    assert draw() == draw(), "drawn again, it is another"


def beginning(start: str) -> Situation:
    number, acts = (STARTS | COMFORT_STARTS)[start]
    caller = Caller(BANK, number, contacts=PEOPLE)
    messages = tuple(event.request for event in caller.log if isinstance(event, MessageRequested))
    now = Situation(caller.session, caller.events, None, messages)
    for act in acts:
        now = play(now, act)
    return now


def walked(start: str, depth: int, acts: Iterable[str] = tuple(ACTS)) -> Iterable[dict[tuple, tuple[Situation, int]]]:
    """After each act: the situations that differ, and how many courses lead to each."""
    level = {(first := beginning(start)).key(): (first, 1)}
    for _ in range(depth):
        following: dict[tuple, tuple[Situation, int]] = {}
        for now, courses in level.values():
            for name in acts:
                then = play(now, name)
                known, before = following.get(then.key(), (then, 0))
                following[then.key()] = known, before + courses
        yield (level := following)


@pytest.mark.parametrize("start", STARTS)
def test_every_course_of_six_acts_keeps_voice_and_screen_together(start: str, capsys) -> None:
    *_, last = walked(start, DEPTH)
    courses = sum(courses for _, courses in last.values())
    with capsys.disabled():
        print(
            f"\nfrom {start}: {courses:,} courses of {DEPTH} acts, {len(last):,} situations at their ends, 0 diverged"
        )
    assert courses == len(ACTS) ** DEPTH
    assert len(last) > 5, "nothing happened"


@pytest.mark.parametrize("start", COMFORT_STARTS)
def test_whatever_the_page_offers_beside_the_question_keeps_voice_and_screen_together(start: str) -> None:
    *_, last = walked(start, COMFORT_DEPTH, tuple(ALL_ACTS))
    assert sum(courses for _, courses in last.values()) == len(ALL_ACTS) ** COMFORT_DEPTH
    assert len(last) > 30, "nothing happened"


def test_the_shortcut_misses_nothing() -> None:
    depth, start = 3, "a contact's call"
    plain = [beginning(start)]
    for _ in range(depth):
        plain = [play(now, name) for now in plain for name in ACTS]
    *_, last = walked(start, depth)
    assert {now.key() for now in plain} == set(last)
    assert len(plain) == sum(courses for _, courses in last.values())


def test_a_course_that_goes_wrong_is_printed_as_a_call_that_can_be_played(monkeypatch) -> None:
    monkeypatch.setitem(ALL_ACTS, "late 2", partial(key, "1"))  # as if what is late counted
    with pytest.raises(AssertionError, match=r'what is late .* counts[^$]*play "enrolled: late 2"'):
        list(walked("a contact's call", 2))
