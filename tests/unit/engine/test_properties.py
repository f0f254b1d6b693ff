"""Whatever happens, in whatever order: every call is drawn on both sides, from one turn, and nothing is won by luck."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec
import pytest
from caller import ALICE, ALICE_PHONE, BOB, Caller, bank, flow_of
from challenged import challenged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_asking import SHOP
from test_begun_calls import CHOSEN
from test_begun_calls import SHOP as BEGUN
from test_calls import CAFE
from test_proving import DESK
from twiml import check_document

from ivr.carriers.addresses import Addressing
from ivr.carriers.twilio.writer import document
from ivr.errors import FlowMistakes
from ivr.flow.cards import YesNo
from ivr.flow.definition import Flow, in_language
from ivr.flow.engine import advance
from ivr.flow.events import (
    AgentRequested,
    BeginningSought,
    CallEnded,
    ChallengeMarkRequested,
    ChallengeRequested,
    EnrolmentRequested,
    FactorProven,
    FaultMet,
    MessageRequested,
    PageCodeRequested,
    RedirectRequested,
    Requested,
    Said,
    VerificationRequested,
)
from ivr.flow.inputs import (
    AgentConnected,
    AgentFailed,
    AgentLeft,
    AgentReserved,
    Answer,
    BeginningFound,
    By,
    CallBackDeclined,
    CallerHungUp,
    CallStarted,
    CardPushed,
    CardReplied,
    Digits,
    DocumentFailed,
    EnrolmentFinished,
    Fact,
    Filled,
    Input,
    LanguageChoice,
    LinkOpened,
    MessageSettled,
    NobodyAvailable,
    NoInput,
    Outcome,
    PaceChosen,
    PageCodeDrawn,
    SecretAnswer,
    SharingChosen,
    Speech,
    StreamStarted,
    StreamStopped,
    TimedOut,
    UtteranceJudged,
    VerdictReached,
    VoiceUndecided,
    VoiceWish,
    Wish,
)
from ivr.flow.page_events import SharingBegun, SharingEnded
from ivr.flow.session import Session, Turn
from ivr.flow.sharing import viewer_of
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitAgent, AwaitAnswer, AwaitChallenge, AwaitDigits, AwaitFact, TalkingToAgent
from ivr.visual.screen import Live, screen_for

SEQUENCES = int(os.environ.get("DUET_SEQUENCES", 5200))
ADDRESSING = Addressing("https://ivr.example.com", b"k" * 32, "AC" + "0" * 32)
BEGUN_CODE = "654321"
PEOPLE = (replace(ALICE, enrolled=True), BOB)


class Watched(Caller):
    """A caller of whom everything is checked at every turn."""

    inputs: list[Input]

    def __init__(self, flow: Flow, number: str = ALICE_PHONE) -> None:
        self.inputs = []
        self.turn_events: tuple = ()
        super().__init__(flow, number, contacts=PEOPLE, begun=bool(flow.start_on_page))

    def _settle(self, request: Requested) -> Fact | None:
        match request:
            case PageCodeRequested():
                return PageCodeDrawn(id=request.request, code="123456", code_hash=b"x", lifetime_seconds=600)
            case BeginningSought():
                known = request.code == BEGUN_CODE
                return BeginningFound(
                    id=request.request, beginning="begun" if known else None, chosen=CHOSEN if known else ()
                )
            case _:
                return super()._settle(request)

    def happens(self, input: Input) -> Turn:
        before = self.session
        turn = super().happens(input)
        check_turn(self.flow, before, input, turn)
        if turn.accepted:
            self.inputs.append(input)
            moved = turn.session.turn != before.turn
            self.turn_events = turn.events if moved else (*self.turn_events, *turn.events)
            check_drawing(self.flow, self.session, self.turn_events)
            again = advance(self.flow, self.session, input, self._settle)
            assert not again.accepted, "the same input counts twice"
        return turn


def check_turn(flow: Flow, before: Session, input: Input, turn: Turn) -> None:
    after, events = turn.session, turn.events
    if not turn.accepted:
        assert after == before
        assert events == ()
        return
    assert after.revision == before.revision + 1
    assert msgspec.json.decode(msgspec.json.encode(after), type=Session) == after
    assert (after.ended is None) == (after.waiting_for is not None), "a wait or an end"
    if after.turn == before.turn:
        kept, now = before.waiting_for, after.waiting_for
        if isinstance(now, AwaitAgent):
            kept, now = (msgspec.structs.replace(wait, agent=None, room=None) for wait in (kept, now))
        if isinstance(input, LanguageChoice) and isinstance(now, AwaitAgent):  # its words change, not the place
            kept, now = (msgspec.structs.replace(wait, waiting="", choices=()) for wait in (kept, now))
        assert now == kept or isinstance(input, CallerHungUp)
        assert not any(isinstance(event, Said) for event in events), "said in a turn that nobody will draw again"
    else:
        assert after.turn > before.turn
        assert isinstance(input, CallStarted) or not isinstance(input, Answer) or input.turn == before.turn
    # Levels rise by proof only, and only for the person now claimed.
    proven = {event.factor for event in events if isinstance(event, FactorProven)}
    same = before.claim is not None and after.claim is not None and before.claim.contact == after.claim.contact
    kept_factors = set(before.factors) if same or before.claim is None else set()
    assert set(after.factors) <= kept_factors | proven
    match input:
        case LinkOpened():
            assert not proven or (proven == {Factor.PAGE} and input.request in before.page.links)
        case SecretAnswer():
            assert proven <= ({Factor.PIN} if input.matches and not input.locked else set())
        case VoiceWish():
            assert before.level >= 1 and after.claim.contact == input.contact, "granted to somebody unproven"
            assert after.voice.verification is None or input.wish is Wish.OPT_IN, "a deleted print is still compared"
            assert not proven
        case VerdictReached():
            assert proven <= ({Factor.VOICE} if input.outcome is Outcome.ACCEPTED else set())
            challenge = before.voice.challenge
            assert not proven or challenge is None or challenge.passed, "accepted although nothing was said"
        case _:
            assert not proven
    for event in events:
        if isinstance(event, Said) and any(secret in event.text for secret in ("1204", "1,204", "£7.00", "7.00")):
            assert after.level == 2, "a personal fact was said below its level"
        if isinstance(event, RedirectRequested):
            assert event is events[-1] and event.turn == after.turn
            assert not isinstance(before.waiting_for, TalkingToAgent)
    redirected = any(isinstance(event, RedirectRequested) for event in events)
    by_tap = isinstance(input, Digits | Speech | Filled | SecretAnswer | LanguageChoice) and input.by is By.TAP
    if by_tap and after.turn != before.turn:
        assert redirected, "the phone is not told of a tap"
    if after.ended is not None and before.ended is None:
        assert any(isinstance(event, CallEnded) for event in events)
    if isinstance(input, LanguageChoice):
        assert after.language == input.language != before.language
        assert after.answers == before.answers and after.factors == before.factors, "an answer or a proof is lost"
        faults = [event.reason for event in events if isinstance(event, FaultMet)]
        assert not faults, faults
    # Cards and who looks move no voice, and nobody looks without a page, after a stop or after the end.
    if isinstance(input, CardPushed | CardReplied | SharingChosen):
        assert (after.turn, after.waiting_for) == (before.turn, before.waiting_for)
    if viewer_of(after) is not None:
        assert after.page.opened and not after.sharing_stopped and after.ended is None
    looks = [isinstance(event, SharingBegun) for event in events if isinstance(event, SharingBegun | SharingEnded)]
    if looks:
        assert looks[-1] == (viewer_of(after) is not None) and looks[0] == (viewer_of(before) is None)
    # Nobody waits for ever: somebody, if only the clock, still has to answer.
    match after.waiting_for:
        case AwaitFact() as wait:
            assert wait.request in after.open_requests or wait.patience in after.open_requests
        case AwaitChallenge() as wait:
            assert wait.patience in after.open_requests
            assert after.voice.challenge is not None and wait.request == after.voice.verification
        case AwaitAgent() as wait:
            assert wait.request in after.open_requests or wait.agent is not None
    marked = [event for event in events if isinstance(event, ChallengeMarkRequested)]
    assert all(event.verification == before.voice.verification for event in marked)
    if any(event.said for event in marked):
        told_again = isinstance(input, VoiceUndecided) and before.voice.challenge.passed and not marked[-1].another
        assert told_again or (isinstance(input, Speech) and input.by is By.VOICE), "said, but nobody has spoken"


def check_drawing(flow: Flow, session: Session, events: tuple) -> None:
    flow = in_language(flow, session.language)
    screen = screen_for(flow, session, Live(said=tuple(e.text for e in events if isinstance(e, Said))))
    assert (screen.turn, screen.revision) == (session.turn, session.revision)
    wait = session.waiting_for
    if wait is not None and not isinstance(wait, AwaitAgent | TalkingToAgent):
        one_digit = isinstance(wait, AwaitDigits) and wait.min_length <= 1
        assert screen.person is not None or one_digit, "no way to a person on the page"
    for poll in (0, 1, 4):
        root = check_document(document(flow, session, events, ADDRESSING.of(session), poll))
        heard_turns = {
            value.split("/voice/c/")[1].split("/")[1].split("?")[0]
            for element in root.iter()
            for value in (*element.attrib.values(), element.text or "")
            if "/voice/c/" in value
        }
        assert heard_turns <= {str(screen.turn)}, "voice and screen are in different turns"
        assert (root.find(".//Hangup") is not None) == (session.ended is not None)


# -- what may happen ---------------------------------------------------------------------------------------------------


def _open(caller: Watched, kind: type) -> list[str]:
    return [event.request for event in caller.log if isinstance(event, kind)]


def _pick(options: list, number: int):
    return options[number % len(options)] if options else None


KEYS = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "0",
    "9",
    "*",
    "12",
    "10045678",
    "10056789",
    "4821",
    BEGUN_CODE,
    "",
    "7#*A",
    "٣",
    "0" * 40,
]
WORDS = ["my balance", "yes", "no", "skip", "a person", "main menu please", "", "‮ evil </Say><Dial>", "x" * 600]


# What fits and what does not, for every kind of answer: keyed, said and typed.
ANSWERS = [
    "07700900123",
    "24122026",
    "12*50",
    "fifty pounds",
    "the fifth of December",
    "2026-12-24",
    "mortgage",
    "yes",
    "",
]


def filled(session: Session, number: int) -> Filled:
    """The fields of the screen, if it shows any, each with something that may fit."""
    wait = session.waiting_for
    fields = wait.fields if isinstance(wait, AwaitAnswer) else ()
    fitting = {"money": "12.50", "date": "2026-12-24", "phone": "07700900123", "list": "1", "yes_no": "yes"}
    values = {
        field.name: ANSWERS[number % len(ANSWERS)]
        if number % 3 == 0
        else fitting.get(field.kind.__struct_config__.tag, "7")
        for field in fields
    }
    return Filled(turn=session.turn, values=values)


def act(caller: Watched, byte: int) -> Input:
    """The input that a byte stands for, given what has happened so far."""
    kind, number = byte % 24, byte // 24
    session = caller.session
    mine = {
        "room": getattr(session.waiting_for, "room", None) or "room-0",
        "agent": getattr(session.waiting_for, "agent", None) or "dana",
    }
    match kind:
        case 3 if isinstance(session.waiting_for, AwaitAnswer):
            return Digits(turn=session.turn, keys=ANSWERS[number % len(ANSWERS)])
        case 0 | 1 | 2 | 3:
            return Digits(turn=session.turn, keys=KEYS[(kind * 11 + number) % len(KEYS)])
        case 5 if number % 2:
            return filled(session, number)
        case 4 | 5:
            return Digits(turn=session.turn, keys=KEYS[(kind * 7 + number) % len(KEYS)], by=By.TAP)
        case 6:
            words = ANSWERS if isinstance(session.waiting_for, AwaitAnswer) else WORDS
            if isinstance(session.waiting_for, AwaitChallenge) and number % 2:
                words = [" ".join(session.waiting_for.words)]
            return Speech(turn=session.turn, text=words[number % len(words)], confidence=None)
        case 7 if number > 6:
            spoken = (*caller.flow.languages, "de-DE")
            return LanguageChoice(turn=session.turn - (number == 10), language=spoken[number % len(spoken)])
        case 7 if number == 6:
            return CallBackDeclined(id=f"declined:{session.revision}", number=session.promised or "x")
        case 7:
            return NoInput(turn=session.turn)
        case 8:
            return Digits(turn=max(0, session.turn - 1 - number), keys="1", by=By.TAP if number % 2 else By.KEYPAD)
        case 9 | 10:
            return SecretAnswer(turn=session.turn, matches=True, by=By.TAP if number % 2 else By.KEYPAD)
        case 11:
            return SecretAnswer(turn=session.turn, matches=False, locked=number % 3 == 0)
        case 12 | 13:
            request = _pick(_open(caller, MessageRequested), -1 - number) or "nobody.sent.it"
            return LinkOpened(id=f"link:{request}", request=request)
        case 14:
            outcome = (Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REJECTED, Outcome.INCONCLUSIVE)[number % 4]
            any_ever = _pick(_open(caller, VerificationRequested), -1 - number // 2)
            return VerdictReached(id=any_ever or "x", outcome=outcome, reason="test")
        case 15 if number > 6:
            claimed = session.claim.contact if session.claim is not None and number > 7 else "somebody else"
            return VoiceWish(id=f"wish:{session.revision}", contact=claimed, wish=list(Wish)[number % 3])
        case 15 if number > 3:
            return undecided(caller, session.voice.verification)
        case 15:
            verification = session.voice.verification or "x"
            return VerdictReached(id=verification, outcome=list(Outcome)[number % 3], reason="test", score=1.0)
        case 16 if number > 6:
            enrolment = _pick(_open(caller, EnrolmentRequested), -1) or "x"
            refusal = (None, "too_noisy", "odd")[number % 3]
            return UtteranceJudged(
                id=f"utterance:{enrolment}:{session.revision}", request=enrolment, number=number, refusal=refusal,
                accepted=number % 3, needed=3, speak=number % 2 == 0,
            )  # fmt: skip
        case 16:
            enrolment = _pick(_open(caller, EnrolmentRequested), -1) or "x"
            return EnrolmentFinished(id=enrolment, refusal=None if number % 2 else "too_short")
        case 17:
            return TimedOut(id=_pick(list(session.open_requests), number) or "x")
        case 18:
            number_of_stream = sum(one.startswith("stream:") for one in session.seen)
            if number % 2:
                return StreamStopped(id=f"stopped:{number_of_stream}")
            return StreamStarted(id=f"stream:{number_of_stream}")
        case 19 if number % 3 == 2:
            return PaceChosen(id=f"pace:{session.revision}", pace=1 if session.pace > 1 else 3)
        case 19:
            messages = _open(caller, MessageRequested)
            return MessageSettled(
                id=_pick(messages, number) or "x", outcome=("sent", "failed", "unknown")[number % 5 % 3]
            )
        case 20 if number > 6:
            cards = ["", "none", *caller.flow.cards]
            return CardPushed(id=f"push:{session.revision}", agent=mine["agent"], card=cards[number % len(cards)])
        case 21 if number > 6:
            if number % 2:
                return SharingChosen(id=f"sharing:{session.revision}", allowed=session.sharing_stopped)
            card = getattr(session.shown, "id", "x")
            return CardReplied(id=f"{card}:answer", card=card, answer=list(YesNo)[number % 3 % 2])
        case 20:
            room = f"room-{session.revision}"
            return AgentReserved(id=f"reserved:{room}", agent="dana", room=room)
        case 21:
            return AgentConnected(id=f"connected:{session.revision}", **mine)
        case 22:
            if number % 3 == 0:
                return NobodyAvailable(id=_pick(_open(caller, AgentRequested), -1) or "x", reason="closed")
            if number % 3 == 1:
                return AgentFailed(id=f"failed:{session.revision}", agent=mine["agent"])
            return AgentLeft(id=f"left:{session.revision}", room=mine["room"])
        case _:
            if number < 3:
                return CallerHungUp(id="hangup")
            return DocumentFailed(id=f"fallback:{session.turn}", code="12100")


def play(flow: Flow, script: bytes) -> Watched:
    caller = Watched(flow, number=ALICE_PHONE if script[0] % 4 else "+12025550123")
    for byte in script[1:]:
        turn = caller.happens(act(caller, byte))
        if byte % 24 == 23 and caller.inputs:  # and something that has happened before, late and twice
            repeated = caller.inputs[byte // 24 % len(caller.inputs)]
            assert not caller.happens(repeated).accepted
        if turn.session.ended is not None and byte % 3:
            break
    return caller


# -- generated flows --------------------------------------------------------------------------------------------------

PIECES: list[Callable[[str, Callable[[], str]], str]] = [
    lambda name, to: f"  {name}: {{say: Text of {name}., next: {to()}}}",
    lambda name, to: (
        f"  {name}: {{menu: Choose., choices: {{1: {{label: One, goto: {to()}}},"
        f" 2: {{label: Two, goto: {to()}}}, 0: {{label: Person, goto: desk}}}}, retry: {{tries: 2, then: {to()}}}}}"
    ),
    lambda name, to: f"  {name}: {{ask: How many?, length: 1..3, next: {to()}}}",
    lambda name, to: f"  {name}: {{ask: What is it?, for: speech, next: {to()}}}",
    lambda name, to: f"  {name}: {{ask: How much?, for: money, currency: GBP, label: Amount, next: {to()}}}",
    lambda name, to: (
        f"  {name}: {{form: Some questions., fields: {{day: {{ask: When?, for: date, label: Day, latest: today+90}},"
        f" sure: {{ask: Sure?, for: yes_no, label: Sure, optional: true}}}}, next: {to()}}}"
    ),
    lambda name, to: f"  {name}: {{identify: customer_number, prompt: Number?, found: {to()}, unknown: {to()}}}",
    lambda name, to: f"  {name}: {{link: 'Enter {{{{ link.digits }}}}.', message: Page., next: {to()}}}",
    lambda name, to: f"  {name}: {{verify: {{text: We listen., must_hear: true}}, next: {to()}}}",
    lambda name, to: (
        f"  {name}: {{verify: We listen., challenge: {{say: words, prompt: 'Say {{{{ challenge.words }}}}.',"
        f" on_page: Read it.}}, next: {to()}}}"
    ),
    lambda name, to: f"  {name}: {{needs: 2, lookup: [balance], next: {to()}, failed: {to()}}}",
    lambda name, to: (
        f"  {name}: {{needs: 2, consent: {{text: May we?, version: a}}, enrol: Talk., enrolled: {to()},"
        f" declined: {to()}, failed: {to()}}}"
    ),
    lambda name, to: f"  {name}: {{secret: PIN?, next: {to()}, wrong: {to()}}}",
    lambda name, to: f"  {name}: {{when: [{{if: caller.level > 0, goto: {to()}}}], otherwise: {to()}}}",
    lambda name, to: f"  {name}: {{call_back: We will call., for_queue: desk, next: {to()}, failed: {to()}}}",
    lambda name, to: f"  {name}: {{needs: 1, forget_voice: It is deleted., next: {to()}}}",
]


def generated(seed: int) -> Flow:
    """A random flow that the check lets through."""
    chance = random.Random(seed)
    while True:
        names = [f"s{n}" for n in range(chance.randint(4, 8))]
        to = partial(chance.choice, [*names, "desk", "bye"])
        steps = "\n".join(chance.choice(PIECES)(name, to) for name in names)
        factors = chance.sample(["page", "voice", "pin"], 3)
        yaml = f"""
schema: duet/1
flow: random
title: Random
language: {chance.choice(["en-GB", "ar", "de-DE"])}
start: who
person: desk
prove: proof
facts: {{balance: {{type: money, level: 2}}}}
steps:
  who: {{identify: caller_id, found: s0, unknown: number}}
  number: {{identify: customer_number, prompt: Number?, found: s0, unknown: desk}}
{steps}
  proof:
    authenticate: [{", ".join(factors)}]
    level: 2
    prompts: {{page: Page., voice: Voice., pin: PIN.}}
    message: Open.
    passed: return
    failed: desk
  desk:
    queue: desk
    prompt: Hold.
    waiting: Wait.
    choices: {{1: {{label: Do something else, goto: {to()}}}}}
    unavailable: bye
    finished: bye
  bye: {{hangup: Goodbye.}}
"""
        try:
            return flow_of(yaml)
        except FlowMistakes:
            continue


FLOWS = {
    "bank": bank(),
    "desk": flow_of(DESK),
    "challenged": challenged(),
    "cafe": flow_of(CAFE),
    "shop": flow_of(SHOP),
    "begun": flow_of(BEGUN),
    **{f"generated {seed}": generated(seed) for seed in (1, 2, 3)},
}
SHARES = {"bank": 0.5}  # of the sequences; the others share the rest
counted = {"sequences": 0, "inputs": 0}


@pytest.mark.parametrize("name", FLOWS)
def test_any_sequence_ends_in_a_wait_or_an_end_drawn_on_both_sides(name: str) -> None:
    share = SHARES.get(name, 0.5 / (len(FLOWS) - 1))

    @settings(
        max_examples=round(SEQUENCES * share), deadline=None, derandomize="CI" in os.environ,
        suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    @given(st.binary(min_size=8, max_size=24))
    def sequences(script: bytes) -> None:
        caller = play(FLOWS[name], script)
        counted["sequences"] += 1
        counted["inputs"] += len(caller.inputs)

    sequences()


def test_enough_sequences_were_played(capsys: pytest.CaptureFixture) -> None:
    """Runs after the ones above; alone it plays the bank's share of them."""
    while counted["sequences"] < 5000:
        play(FLOWS["bank"], random.Random(counted["sequences"]).randbytes(16))
        counted["sequences"] += 1
    with capsys.disabled():
        print(f"\n{counted['sequences']} random sequences with {counted['inputs']} accepted inputs")


# -- all short interleavings around the proof --------------------------------------------------------------------------


def asked_for(caller: Watched) -> str:
    """What has to be said now."""
    wait = caller.session.waiting_for
    return " ".join(wait.words) if isinstance(wait, AwaitChallenge) else "nothing"


def undecided(caller: Watched, verification: str | None) -> VoiceUndecided:
    """Of the latest answer more must be heard."""
    state = caller.session.voice.challenge
    return VoiceUndecided(
        id=f"undecided:{verification}", request=verification or "x", attempt=state.attempt if state is not None else 1
    )


def was_said(caller: Watched) -> bool:
    """Whether the words that were asked for last were right, as far as events tell."""
    told = [one for one in caller.log if isinstance(one, ChallengeRequested | ChallengeMarkRequested)]
    return bool(told) and isinstance(told[-1], ChallengeMarkRequested) and told[-1].said is True


def _moves(start: Watched) -> dict[str, Callable[[Watched], Input]]:
    """What may happen around the question under way; each is made when its time comes."""
    verification = start.session.voice.verification
    link, asked_at = _open(start, MessageRequested)[0], start.session.turn
    return {
        "key": lambda caller: Digits(turn=caller.session.turn, keys="1"),
        "person": lambda caller: Digits(turn=caller.session.turn, keys="0"),
        "tap": lambda caller: Digits(turn=caller.session.turn, keys="1", by=By.TAP),
        "late tap": lambda caller: Digits(turn=asked_at, keys="1", by=By.TAP),
        "silence": lambda caller: NoInput(turn=caller.session.turn),
        "right PIN": lambda caller: SecretAnswer(turn=caller.session.turn, matches=True),
        "wrong PIN": lambda caller: SecretAnswer(turn=caller.session.turn, matches=False),
        "accepted": lambda caller: VerdictReached(id=verification, outcome=Outcome.ACCEPTED, reason=""),
        "rejected": lambda caller: VerdictReached(id=verification, outcome=Outcome.REJECTED, reason=""),
        "no verdict in time": lambda caller: TimedOut(id=verification),
        "page": lambda caller: LinkOpened(id="link:1", request=link),
        "patience": lambda caller: TimedOut(id=_open(caller, Requested)[-1]),
        "hang-up": lambda caller: CallerHungUp(id="hangup"),
        "right words": lambda caller: Speech(turn=caller.session.turn, text=asked_for(caller)),
        "undecided": lambda caller: undecided(caller, verification),
        "wrong words": lambda caller: Speech(turn=caller.session.turn, text="one two three"),
    }


@pytest.mark.parametrize("flow", ["bank", "desk", "challenged"])
def test_all_short_interleavings_around_the_proof(flow: str) -> None:
    """Up to four in a row, any of them twice. What is not accepted changes nothing, so nothing new can follow it."""
    start = Watched(FLOWS[flow])
    if start.session.begun_on_page:  # the caller has no code
        start.happens(NoInput(turn=start.session.turn))
    start.happens(StreamStarted(id="stream:0"))
    start.happens(Digits(turn=start.session.turn, keys="1"))
    assert start.session.proving is not None
    moves = _moves(start)
    levels, count, asked_more = set(), 0, False
    ahead: list[tuple[Watched, tuple[str, ...]]] = [(start, ())]
    while ahead:
        before, order = ahead.pop()
        for name in moves:
            caller = _copy(before)
            accepted = caller.happens(moves[name](caller)).accepted
            count += 1
            done = {*order, name}
            proofs = {"page", "right PIN", "accepted"} & done
            if flow == "challenged" and "right words" not in done:
                proofs -= {"accepted"}
            if flow == "challenged" and name == "accepted" and Factor.VOICE not in before.session.factors:
                assert Factor.VOICE not in caller.session.factors or was_said(before)
            asked_more |= before.session.voice.challenge is not None and before.session.voice.challenge.once_more
            assert caller.level < 2 or len(proofs) >= 2
            assert caller.level == 0 or proofs - {"accepted"}
            levels.add(caller.level)
            if accepted and len(order) < 3:
                ahead.append((caller, (*order, name)))
    assert count > 2000
    assert levels == {0, 1, 2}
    assert asked_more == (flow == "challenged")


def _copy(caller: Watched) -> Watched:
    copy = object.__new__(Watched)
    copy.__dict__.update(caller.__dict__)
    copy.inputs, copy.log = list(caller.inputs), list(caller.log)
    return copy
