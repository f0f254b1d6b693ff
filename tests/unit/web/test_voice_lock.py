"""Who keeps trying voices is locked out of them, and goes on with another factor; the owner's PIN opens the lock. And: what is
asked of the voice process, in which order, and what its verdicts leave.
"""

from __future__ import annotations

import pytest
from doorway import Carrier, Clock, Phone, session_of

from ivr.app import House
from ivr.authentication import verdicts
from ivr.authentication.messages import Challenge, Verdict, Verify
from ivr.authentication.passwords import password_hash
from ivr.flow.events import ChallengeMarkRequested, ConsentGiven
from ivr.flow.inputs import By, LinkOpened, Outcome, StreamStarted
from ivr.flow.session import Turn
from ivr.store import agents, consents, contacts, heard, requests, voice_tries, voiceprints
from ivr.store.agents import Agent, AgentState
from ivr.store.database import write
from ivr.store.instants import to_microseconds
from ivr.web.desk import voice_of

MARK = "challenge_mark_requested"
OTHER_PHONE, ALICES_CUSTOMER_NUMBER = "+447700900199", "10045678"


class Ear:
    """The voice process as the web process knows it."""

    def __init__(self) -> None:
        self.streams: set[str] = set()
        self.asked: dict[str, Verify] = {}
        self.heard_enough: set[str] = set()
        self.marks: list[Challenge] = []

    def ask(self, question: Verify) -> None:
        self.asked[question.request] = question

    def mark(self, mark: Challenge) -> None:
        self.marks.append(mark)

    def questions(self) -> list[Verify]:
        return list(self.asked.values())

    def compared(self, question: Verify) -> bool:
        return question.request in self.heard_enough

    def forget(self, question: Verify) -> None:
        del self.asked[question.request]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def alice(house: House, clock: Clock, phone: Phone) -> str:
    contact = contacts.by_number(house.database, phone.about["From"]).id
    call = Phone(phone.carrier, sid="CA" + "e" * 32).dials()
    given = ConsentGiven(contact=contact, version="1", wording="May we?", language="en-GB", by=By.TAP)
    now = clock()
    write(house.database, lambda t: consents.record(t, session_of(house, call).call, given, 0))
    voiceprints.save_voiceprint(house.database, contact, b"sealed", "0" * 64, now)
    return contact


class Caller:
    """A call in which somebody claims to be Alice and speaks."""

    def __init__(self, house: House, ear: Ear, phone: Phone) -> None:
        self.house, self.ear, self.phone = house, ear, phone.dials()
        if phone.about["From"] == OTHER_PHONE:
            phone.presses(ALICES_CUSTOMER_NUMBER)
        self.call = session_of(house, phone).call
        house.take_turn(self.call, StreamStarted(id="stream"))
        ear.streams.add(self.call)
        verdicts.ask(house.calls, ear)

    @property
    def question(self) -> Verify | None:
        return next((one for one in self.ear.questions() if one.call == self.call), None)

    @property
    def voice(self) -> tuple[Outcome | None, str]:
        voice = session_of(self.house, self.phone).voice
        return voice.verdict, voice.reason

    def is_judged(
        self, outcome: Outcome, reason: str, compared: bool = True, left: tuple[bytes, ...] = (),
        asked: Verify | None = None,
    ) -> None:  # fmt: skip
        """``asked``: what the verdict answers, if it does so once more."""
        if asked is None:
            asked = self.question
            self.ear.forget(asked)
        verdict = Verdict(
            asked.request, asked.call, outcome.value, reason, 1.0 if compared else None, 2.0, 4.0, "m", "c", "0" * 64,
            compared=compared, contact=asked.contact, heard=left,
        )  # fmt: skip
        verdicts.answered(self.house.calls, verdict)


@pytest.fixture
def calls(house: House, ear: Ear, carrier: Carrier, alice: str):
    numbers = iter(range(1, 1000))

    def dial(caller: str = "+447700900101") -> Caller:
        return Caller(house, ear, Phone(carrier, sid=f"CA{next(numbers):032x}", caller=caller))

    return dial


def test_after_three_other_voices_no_fourth_is_compared(calls, clock: Clock) -> None:
    for _ in range(3):
        calls().is_judged(Outcome.REJECTED, "other_voice")
    locked = calls()
    assert locked.question is None
    assert locked.voice == (Outcome.INCONCLUSIVE, "locked")
    clock.goes_on(3601)
    assert calls().question is not None


def test_calls_at_once_have_three_tries_together(calls) -> None:
    waiting = [calls() for _ in range(6)]
    assert [one.question is not None for one in waiting] == [True] * 3 + [False] * 3


def test_undecided_counts_and_what_was_never_compared_does_not(calls) -> None:
    for _ in range(5):
        calls().is_judged(Outcome.INCONCLUSIVE, "too_short", compared=False)
    for _ in range(3):
        calls().is_judged(Outcome.INCONCLUSIVE, "budget_spent")
    assert calls().voice == (Outcome.INCONCLUSIVE, "locked")


def hung_up(house: House, caller: Caller, ear: Ear) -> Caller:
    caller.phone.carrier.post("/voice/bank/status", **caller.phone.about | {"CallStatus": "completed"})
    verdicts.let_go(house.calls, ear)
    return caller


def test_who_hangs_up_after_a_comparison_has_used_up_a_try(house: House, calls, ear: Ear) -> None:
    for compared in (False, False, False, True, True, True):
        hung_up(house, calls(), ear).is_judged(Outcome.INCONCLUSIVE, "challenge_failed", compared)
    assert calls().voice == (Outcome.INCONCLUSIVE, "locked")


def test_what_a_voice_came_to_as_the_caller_hung_up_is_recorded_and_remembered(
    house: House, calls, ear: Ear, alice: str
) -> None:  # fmt: skip
    for number, (outcome, reason) in enumerate(
        [(Outcome.REJECTED, "other_voice"), (Outcome.ACCEPTED, "match"), (Outcome.INCONCLUSIVE, "undecided")]
    ):
        caller = hung_up(house, calls(), ear)
        caller.is_judged(outcome, reason, left=(b"what was said %d" % number,))
        assert caller.voice == (outcome, reason)
        assert len(heard.memory(house.database, alice)) == number + 1


def test_the_voice_of_a_call_that_has_ended_is_let_go_of_with_its_print(
    house: House, calls, ear: Ear, alice: str, clock: Clock
) -> None:  # fmt: skip
    caller = hung_up(house, calls(), ear)
    voiceprints.delete_voiceprint(house.database, alice, clock())
    verdicts.let_go(house.calls, ear)
    assert caller.question is None


def test_the_owner_is_never_locked_out_by_being_known(calls) -> None:
    for _ in range(8):
        calls().is_judged(Outcome.ACCEPTED, "match")


def test_a_voice_that_matched_and_was_asked_nothing_more_has_not_tried(calls) -> None:
    for _ in range(5):
        calls().is_judged(Outcome.INCONCLUSIVE, "challenge_not_asked")
    for _ in range(3):
        calls().is_judged(Outcome.INCONCLUSIVE, "challenge_failed")
    assert calls().voice == (Outcome.INCONCLUSIVE, "locked")


def test_the_owners_pin_opens_the_lock_of_the_print(house: House, calls) -> None:
    for _ in range(3):
        calls(OTHER_PHONE).is_judged(Outcome.REJECTED, "other_voice")
    owner = calls()
    assert owner.voice == (Outcome.INCONCLUSIVE, "locked")
    message = next(one for one in requests.requests_of(house.database, owner.call) if one.kind == "message_requested")
    house.take_turn(owner.call, LinkOpened(id="link:1", request=message.request))
    owner.phone.presses("1").hears("key in your PIN")
    owner.phone.presses("4821").hears("Your balance is")
    assert calls().question is not None
    assert calls(OTHER_PHONE).voice == (Outcome.INCONCLUSIVE, "locked")


def test_the_desk_says_until_when_the_voice_is_locked(house: House, calls, clock: Clock) -> None:
    dana = Agent("dana", "Dana", password_hash("correct horse"), "+447700900900", state=AgentState.AVAILABLE)
    agents.add_agent(house.database, dana, clock())
    for _ in range(3):
        calls().is_judged(Outcome.REJECTED, "other_voice")
    locked = calls()
    locked.phone.presses("0")
    house.queue.look()
    assert voice_of(house.dispatch.pop(dana)).heading == "Voice locked until 13:00 UTC"


class Died(Exception):
    pass


@pytest.mark.parametrize("dies_at", ["remember", "settle", "used"])
def test_a_verdict_what_it_leaves_and_whether_it_was_a_try_are_saved_together_or_not_at_all(
    house: House, calls, alice: str, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    def dies(*_, **__) -> None:
        raise Died

    def tried(caller: Caller) -> bool:
        """Whether this call counts, once those before it have used up all tries but one."""
        return voice_tries.locked_until(house.database, [f"contact:{alice}"], house.calls.clock()) is not None

    for _ in range(2):
        calls().is_judged(Outcome.REJECTED, "other_voice")
    caller = calls()
    asked, left = caller.question, (b"speech", b"answer")
    module = {"remember": heard, "settle": voice_tries, "used": voiceprints}[dies_at]
    with monkeypatch.context() as dying:
        dying.setattr(module, "take_back" if dies_at == "settle" else dies_at, dies)
        caller.is_judged(Outcome.ACCEPTED, "match", left=left)
    assert caller.voice == (None, "") and tried(caller)
    assert heard.memory(house.database, alice) == ()
    for _ in range(2):  # a second time changes nothing any more
        caller.is_judged(Outcome.ACCEPTED, "match", left=left, asked=asked)
        assert caller.voice == (Outcome.ACCEPTED, "match") and not tried(caller)
        assert heard.memory(house.database, alice) == left


def test_what_a_call_does_not_wait_for_any_more_leaves_all_its_traces_together(
    house: House, calls, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = calls()
    asked = caller.question
    caller.phone.carrier.post("/voice/bank/status", **caller.phone.about | {"CallStatus": "completed"})
    with monkeypatch.context() as dying:
        dying.setattr(voice_tries, "add_subjects", lambda *_: (_ for _ in ()).throw(Died))
        caller.is_judged(Outcome.REJECTED, "other_voice", left=(b"speech",), asked=asked)
    assert heard.memory(house.database, alice) == ()
    caller.is_judged(Outcome.REJECTED, "other_voice", left=(b"speech",), asked=asked)
    assert heard.memory(house.database, alice) == (b"speech",)


def is_marked(house: House, caller: Caller, verification: str, *marks: tuple[int, bool | None]) -> None:
    """As a turn that asks for words, or knows whether they were said, leaves it to be delivered."""
    rows = [
        ChallengeMarkRequested(
            request=f"{verification}:{attempt}:{said}", due_seconds=30, verification=verification, attempt=attempt, said=said
        )
        for attempt, said in marks
    ]  # fmt: skip
    before = session_of(house, caller.phone)
    turn = Turn(session=before, events=tuple(rows))
    write(house.database, lambda t: requests.follow(t, before, turn, to_microseconds(house.calls.clock()), None))


def left_to_deliver(house: House, caller: Caller) -> list[str]:
    return [one.request for one in requests.requests_of(house.database, caller.call) if one.kind == MARK]


def test_marks_of_a_challenge_follow_their_question_in_order_and_are_done_then(house: House, ear: Ear, calls) -> None:
    caller = calls()
    asked = caller.question.request
    is_marked(house, caller, asked, (2, None), (1, None), (2, True))
    verdicts.ask(house.calls, ear)
    verdicts.ask(house.calls, ear)
    assert ear.marks == [Challenge(asked, caller.call, *mark) for mark in ((1, None), (2, None), (2, True))]
    assert left_to_deliver(house, caller) == []


def test_a_hundred_requests_about_calls_that_are_heard_elsewhere_keep_nobody_waiting(
    house: House, ear: Ear, calls
) -> None:
    elsewhere = calls()
    is_marked(house, elsewhere, elsewhere.question.request, *((attempt, None) for attempt in range(1, 101)))
    ear.streams.remove(elsewhere.call)
    assert calls().question is not None
    assert len(left_to_deliver(house, elsewhere)) == 100


def test_a_mark_waits_for_its_question_and_goes_with_its_time(house: House, ear: Ear, calls, clock: Clock) -> None:
    caller = calls()
    is_marked(house, caller, "nobody asked", (1, None))
    verdicts.ask(house.calls, ear)
    ear.streams.clear()
    is_marked(house, caller, caller.question.request, (1, True))
    verdicts.ask(house.calls, ear)
    assert ear.marks == [] and len(left_to_deliver(house, caller)) == 2, "neither is for this process"
    clock.goes_on(31)
    house.work.time_out()
    assert left_to_deliver(house, caller) == []


class Deaf(Ear):
    """No audio comes in here yet."""

    streams = property(lambda self: set(), lambda self, streams: None)


def test_a_question_and_its_mark_of_one_turn_are_delivered_together(
    house: House, ear: Ear, phone: Phone, alice: str
) -> None:
    caller = Caller(house, Deaf(), phone)
    [asked] = [one for one in requests.requests_of(house.database, caller.call) if one.kind == "verification_requested"]
    is_marked(house, caller, asked.request, (1, None))
    ear.streams.add(caller.call)
    verdicts.ask(house.calls, ear)
    assert (list(ear.asked), ear.marks) == ([asked.request], [Challenge(asked.request, caller.call, 1)])
