"""Who the caller is shown to be: claims, factors, levels, consent and enrolment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from caller import ALICE, ALICE_PHONE, BOB, BOB_PHONE, Caller, bank, flow_of
from msgspec import structs

from ivr.flow.inputs import ContactClaimed, LanguageChoice, LinkOpened, MessageSettled, Outcome, StreamStarted
from ivr.flow.session import level_of
from ivr.flow.steps import Factor
from ivr.flow.waits import AwaitChoice, AwaitFact, AwaitSecret

ENROLLED = replace(ALICE, enrolled=True)

# Identifies twice; factors in the order voice, page, PIN; a secret step of its own.
DESK = """
schema: duet/1
flow: desk
title: The Desk
language: en-GB
start: who
person: clerk
prove: proof
facts:
  first_name: {type: text, level: 1}
  balance: {type: money, level: 2}
steps:
  who: {identify: caller_id, found: notice, unknown: other}
  other: {identify: customer_number, prompt: Your number?, found: notice, unknown: clerk}
  notice: {verify: We compare your voice., next: page}
  page: {link: "Enter {{ link.digits }}.", message: Your page., next: main}
  main:
    menu: Balance, somebody else, PIN, name or voice?
    choices:
      1: {label: Balance, goto: look}
      2: {label: Somebody else, goto: other}
      3: {label: PIN, goto: pin}
      4: {label: Name, goto: name}
      5: {label: Voice, goto: learn}
      0: {label: A person, goto: clerk}
  look: {needs: 2, lookup: [balance], next: told}
  told: {needs: 2, say: "You have {{ contact.balance | money }}.", next: main}
  name: {needs: 1, lookup: [first_name], next: greet}
  greet: {needs: 1, say: "Hello {{ contact.first_name }}.", next: main}
  pin: {secret: Your PIN?, next: main, wrong: clerk, tries: 2}
  learn:
    needs: 2
    consent: {text: Shall we learn your voice?, version: v1}
    enrol: Please talk.
    enrolled: main
    declined: main
    failed: not_learnt
  not_learnt: {say: Not learnt., next: main}
  proof:
    authenticate: [voice, page, pin]
    level: 2
    prompts: {page: Open the page., pin: Your PIN., voice: Say something.}
    message: Show that it is you.
    tries: 2
    passed: return
    failed: clerk
  clerk:
    queue: desk
    prompt: One moment.
    waiting: Please wait.
    unavailable: bye
    finished: bye
  bye: {hangup: Goodbye.}
"""


@pytest.fixture(scope="module")
def desk():
    return flow_of(DESK)


@pytest.mark.parametrize(
    ("factors", "level"),
    [
        ((), 0),
        (("voice",), 0),
        (("page",), 1),
        (("pin",), 1),
        (("voice", "pin"), 2),
        (("voice", "page"), 2),
        (("page", "pin"), 2),
        (("voice", "page", "pin"), 2),
        (("pin", "pin"), 1),
    ],
)
def test_levels_are_counted_without_the_voice_alone(factors, level) -> None:
    assert level_of(tuple(Factor(factor) for factor in factors)) == level


def test_a_notice_is_said_once_where_the_next_step_is_answered_on_the_spot() -> None:
    looked_up = DESK.replace("voice., next: page}", "voice., next: look_up}")
    looked_up = looked_up.replace("  page: {link", "  look_up: {lookup: [first_name], next: page}\n  page: {link")
    caller = Caller(flow_of(looked_up), contacts=(ENROLLED,))
    assert caller.said.count("We compare your voice.") == 1
    caller.taps("2")
    caller.hears("We compare your voice.")  # it was skipped


# -- asking for factors -----------------------------------------------------------------------------------------------


def test_page_and_pin_open_the_balance() -> None:
    caller = Caller(bank())
    caller.presses("1")
    caller.hears("First I need to be sure that it is you.")
    assert caller.sees().kind == "working"
    caller.opens_page()
    caller.hears("Please key in your PIN")
    assert caller.sees().kind == "secret"
    caller.presses("4821")
    assert caller.level == 2
    caller.hears("Your balance is")
    assert caller.session.proving is None


def test_the_calling_number_proves_nothing() -> None:
    caller = Caller(bank())
    assert caller.session.claim.contact == "alice"
    assert caller.level == 0
    assert caller.session.facts == {}


def test_an_accepted_voice_and_the_page_save_the_pin() -> None:
    caller = Caller(bank(), contacts=(ENROLLED,))
    caller.hears("While we talk, I compare your voice")
    assert caller.voice_is(Outcome.ACCEPTED).accepted
    assert caller.level == 0
    caller.opens_page()
    assert caller.level == 2
    caller.presses("1")
    caller.hears("Your balance is")


def test_the_voice_alone_reaches_no_level(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.voice_is(Outcome.ACCEPTED)
    caller.presses("4")  # needs only level 1
    assert caller.session.proving is not None
    caller.does_not_hear("Hello")
    caller.hears("Open the page.")


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.INCONCLUSIVE])
def test_any_other_verdict_is_no_factor_and_asks_for_the_next(desk, outcome) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.presses("1")
    caller.hears("Say something.")
    assert caller.session.waiting_for.about == "verdict"
    caller.voice_is(outcome, "below")
    assert caller.level == 0
    caller.hears("Open the page.")
    assert caller.happened("FactorFailed")[-1].reason == "below"


def test_who_says_nothing_is_asked_for_something_else_and_the_verdict_may_still_come(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.presses("1")
    caller.nothing_comes_of("PatienceRequested")
    caller.hears("Open the page.")
    caller.opens_page()
    assert isinstance(caller.session.waiting_for, AwaitSecret)
    caller.voice_is(Outcome.ACCEPTED)
    caller.hears("You have")
    assert not isinstance(caller.session.waiting_for, AwaitSecret), "the PIN has become needless"


def test_a_page_opened_late_makes_the_pin_needless(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.presses("1")
    caller.voice_is(Outcome.ACCEPTED)
    caller.presses("1")  # go on without the page
    assert isinstance(caller.session.waiting_for, AwaitSecret)
    caller.opens_page()
    caller.hears("You have")


def test_a_verification_that_never_answers_is_inconclusive(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.presses("1")
    caller.nothing_comes_of("VerificationRequested")
    assert caller.session.voice.verdict is Outcome.INCONCLUSIVE
    caller.hears("Open the page.")


def test_without_the_page_in_time_the_next_factor_is_asked(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    caller.nothing_comes_of("PatienceRequested")
    assert isinstance(caller.session.waiting_for, AwaitSecret)
    caller.presses("4821")
    assert caller.is_queued, "one factor is not enough and nothing is left to ask"
    assert caller.happened("AuthenticationFailed")


def test_wrong_pins_are_counted(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    caller.opens_page()
    caller.presses("1111")
    caller.hears("That was not right.")
    caller.presses("2222")
    assert caller.is_queued
    assert caller.level == 1
    assert [event.reason for event in caller.happened("FactorFailed")] == ["wrong", "wrong"]


def test_a_locked_pin_is_not_asked_again(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    caller.opens_page()
    caller.gives_pin("4821", locked=True)
    assert caller.is_queued
    assert caller.happened("FactorFailed")[-1].reason == "locked"


def test_silence_at_the_pin_is_a_try_of_its_own(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    caller.opens_page()
    caller.is_silent()
    caller.hears("Your PIN.")
    caller.is_silent()
    assert caller.is_queued
    assert caller.happened("FactorFailed")[-1].reason == "no_answer"


def test_key_0_at_the_pin_is_a_person_and_no_guess(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    caller.opens_page()
    caller.presses("0")
    assert caller.is_queued
    assert caller.session.proving is None
    assert not caller.happened("FactorFailed")


def test_speech_while_the_page_is_awaited_is_not_a_misfit(desk) -> None:
    caller = Caller(desk)
    caller.presses("1")
    turn = caller.session.turn
    assert not caller.says("where is the link").accepted
    assert caller.session.turn == turn
    assert caller.says("skip").accepted
    assert isinstance(caller.session.waiting_for, AwaitSecret)


def test_a_secret_step_asks_as_often_as_it_says(desk) -> None:
    caller = Caller(desk)
    caller.presses("3")
    caller.presses("1111")
    caller.hears("That was not right.")
    caller.presses("4821")
    assert caller.level == 1
    assert caller.step == "main"
    other = Caller(desk)
    other.presses("3")
    other.presses("1111")
    other.presses("2222")
    assert other.is_queued


def test_what_was_typed_as_a_secret_is_in_no_event(desk) -> None:
    caller = Caller(desk)
    caller.presses("3")
    caller.presses("4821")
    assert "4821" not in repr(caller.log)
    assert "4821" not in repr(caller.session)


def test_a_contact_without_pin_and_phone_goes_to_a_person(desk) -> None:
    caller = Caller(desk, contacts=(replace(ALICE, pin=None, number=None),), number="+1")
    caller.presses("10045678")
    caller.presses("1")
    assert caller.is_queued


# -- the page as a factor ---------------------------------------------------------------------------------------------


def test_a_link_to_a_number_that_is_not_on_file_opens_the_page_and_proves_nothing() -> None:
    caller = Caller(bank(), "+12025550123", contacts=(replace(ALICE, number=None),))
    caller.presses("10045678")
    caller.opens_page()
    assert caller.session.page.opened
    assert caller.level == 0


def test_the_link_of_one_contact_proves_nothing_of_the_next(desk) -> None:
    """The caller's own link must not open the account of somebody else."""
    caller = Caller(desk, ALICE_PHONE, contacts=(ALICE, BOB))
    caller.presses("2")
    caller.presses(BOB.customer_number)
    assert caller.session.claim.contact == "bob"
    assert caller.happened("MessageRequested")[-1].to == BOB_PHONE
    caller.opens_page(message=0)  # Alice's link, opened only now
    assert caller.session.page.opened
    assert caller.level == 0
    caller.opens_page(message=1)
    assert caller.level == 1


def test_a_link_nobody_sent_proves_nothing(desk) -> None:
    caller = Caller(desk)
    caller.happens(LinkOpened(id="link:x", request="made.up"))
    assert caller.level == 0


def test_another_claim_drops_everything_proven(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED, BOB))
    caller.voice_is(Outcome.ACCEPTED)
    caller.opens_page()
    caller.presses("1")
    caller.hears("You have")
    caller.presses("2")
    caller.presses(BOB.customer_number)
    assert caller.session.factors == ()
    assert caller.session.facts == {}
    assert caller.session.voice.verdict is None
    assert caller.level == 0
    caller.presses("1")
    caller.does_not_hear("You have")


def test_a_verdict_about_one_contact_says_nothing_of_the_next(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED, BOB))
    caller.presses("2")
    caller.presses(BOB.customer_number)
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.session.factors == ()
    assert caller.session.voice.verdict is None


def test_the_same_claim_again_keeps_what_is_proven(desk) -> None:
    caller = Caller(desk)
    caller.opens_page()
    caller.presses("2")
    caller.presses(ALICE.customer_number)
    assert caller.level == 1


# -- consent and enrolment --------------------------------------------------------------------------------------------


def test_the_first_print_needs_two_factors_and_consent() -> None:
    caller = Caller(bank())
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    caller.hears("Do you agree?")
    assert isinstance(caller.session.waiting_for, AwaitChoice)
    assert not caller.happened("EnrolmentRequested"), "nothing is learnt before consent"
    assert not caller.session.voice.wanted
    caller.presses("1")
    consent = caller.happened("ConsentGiven")[0]
    assert (consent.contact, consent.version, consent.by) == ("alice", "2026-11", "keypad")
    assert "numbers made from your voice" in consent.wording
    assert caller.session.voice.wanted
    assert caller.sees().kind == "working"
    caller.happens(StreamStarted(id="stream:0"))
    caller.voice_is_learnt()
    assert caller.session.claim.enrolled
    caller.hears("we can recognise you by your voice")


def talks_to_be_learnt(language: str = "en-GB") -> Caller:
    caller = Caller(bank())
    if language != "en-GB":
        caller.happens(LanguageChoice(turn=caller.session.turn, language=language))
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    caller.presses("1")
    caller.happens(StreamStarted(id="stream:0"))
    return caller


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (None, "Please say another sentence or two."),
        ("silent", "I cannot hear you."),
        ("too_short", "Please go on, a sentence or two more."),
        ("too_quiet", "hold the phone closer"),
        ("too_noisy", "I could not hear you well. Please move to a quieter place and say it again."),
        ("clipped", "hold the phone a little further away"),
        ("more_than_one_voice", "I heard more than one voice."),
        ("disagrees", "That did not sound like the voice before."),
        ("failure", "Please say it again."),
        ("something new", "Please say it again."),
    ],
)
def test_who_is_learnt_hears_and_reads_what_to_do(refusal: str | None, advice: str) -> None:
    caller = talks_to_be_learnt()
    caller.utterance_is(refusal)
    caller.hears(advice)
    assert advice in caller.sees().body.hint
    assert "1 of 3" in caller.sees().body.hint
    assert [type(event).__name__ for event in caller.events][-1] == "RedirectRequested", "the phone is told at once"
    caller.voice_is_learnt()
    caller.hears("we can recognise you by your voice")


def test_the_advice_is_spoken_and_shown_in_persian() -> None:
    caller = talks_to_be_learnt("fa-IR")
    caller.utterance_is("too_noisy")
    caller.hears("لطفاً به جای آرام‌تری بروید")
    assert "لطفاً به جای آرام‌تری بروید" in caller.sees().body.hint
    assert "۱ بخش از ۳" in caller.sees().body.hint


def test_who_talks_on_is_not_interrupted_and_sees_the_progress() -> None:
    caller = talks_to_be_learnt()
    turn = caller.session.turn
    caller.utterance_is(accepted=2, speak=False)
    assert caller.session.turn == turn
    assert "2 of 3" in caller.sees().body.hint
    assert caller.happened("UtteranceTaken")[-1].accepted == 2


def test_utterances_are_judged_in_any_order_and_only_of_the_enrolment_that_is_under_way() -> None:
    caller = talks_to_be_learnt()
    assert caller.utterance_is(accepted=2, number=3).accepted
    assert not caller.utterance_is("too_short", accepted=1, number=2).accepted, "it was overtaken"
    assert not caller.utterance_is(number=4, request="another").accepted
    request = caller.request("EnrolmentRequested")
    caller.voice_is_learnt("too_noisy")
    caller.hears("I could not learn your voice this time")
    assert not caller.utterance_is(number=5, request=request).accepted


def test_never_is_an_answer_to_the_question_for_consent() -> None:
    caller = Caller(bank())
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    caller.hears("If we should never use your voice, press 3.")
    assert "Never use my voice" in [button.label for button in caller.sees().buttons]
    caller.taps("3")
    caller.hears("We will never use your voice, and not ask you again.")
    assert [event.wish for event in caller.happened("VoiceWishGranted")] == ["opt_out"]
    assert caller.session.claim.opted_out
    assert not caller.happened("ConsentGiven")
    assert not caller.session.voice.wanted
    consent = talks_to_be_learnt().happened("ConsentGiven")[0]
    assert "never use your voice" not in consent.wording, "what we add is no part of what was agreed to"


def test_consent_can_be_declined() -> None:
    caller = Caller(bank())
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    caller.says("no")
    caller.hears("Nothing has been stored.")
    assert caller.happened("ConsentDeclined")
    assert not caller.session.voice.wanted


def test_consent_is_not_given_by_silence() -> None:
    caller = Caller(bank())
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    for _ in range(3):
        caller.is_silent()
    assert caller.is_queued
    assert not caller.happened("ConsentGiven")


def careless(flow):
    """A flow that would enrol anybody, were it not for the engine: its author's ``needs`` is taken away."""
    learn = structs.replace(flow.steps["learn"], needs=0)
    return structs.replace(flow, steps={**flow.steps, "learn": learn})


def test_nobody_unproven_makes_a_first_print(desk) -> None:
    caller = Caller(careless(desk))
    caller.presses("5")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "needs_two_factors"


def test_one_factor_does_not_make_a_first_print(desk) -> None:
    caller = Caller(careless(desk))
    caller.presses("3")
    caller.presses("4821")
    caller.presses("5")
    caller.hears("Not learnt.")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "needs_two_factors"


def test_a_print_is_not_replaced_without_the_voice_it_was_made_from(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.voice_is(Outcome.REJECTED)
    caller.opens_page()
    caller.presses("3")
    caller.presses("4821")
    assert caller.level == 2
    caller.presses("5")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "needs_accepted_voice"


def test_a_print_is_not_replaced_with_the_voice_alone(desk) -> None:
    caller = Caller(careless(desk), contacts=(ENROLLED,))
    caller.voice_is(Outcome.ACCEPTED)
    caller.presses("5")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "needs_accepted_voice"


def test_a_print_is_replaced_with_the_voice_and_one_factor(desk) -> None:
    caller = Caller(desk, contacts=(ENROLLED,))
    caller.voice_is(Outcome.ACCEPTED)
    caller.presses("3")
    caller.presses("4821")
    caller.presses("5")
    caller.hears("Shall we learn your voice?")


def test_who_has_opted_out_is_neither_compared_nor_learnt(desk) -> None:
    caller = Caller(careless(desk), contacts=(replace(ENROLLED, opted_out=True),))
    caller.does_not_hear("We compare your voice.")
    assert not caller.happened("VerificationRequested")
    caller.opens_page()
    caller.presses("5")
    assert caller.happened("EnrolmentRecorded")[-1].refusal == "opted_out"


def test_who_is_not_enrolled_is_not_listened_to(desk) -> None:
    caller = Caller(desk)
    caller.does_not_hear("We compare your voice.")
    assert not caller.session.voice.wanted


@pytest.mark.parametrize("how", ["refused", "timed out"])
def test_a_voice_that_cannot_be_learnt_is_told(how) -> None:
    caller = Caller(bank())
    caller.presses("2")
    caller.opens_page()
    caller.presses("4821")
    caller.presses("1")
    if how == "refused":
        caller.voice_is_learnt(refusal="too_short")
    else:
        caller.nothing_comes_of("EnrolmentRequested")
    caller.hears("I could not learn your voice")
    assert not caller.session.claim.enrolled


def test_a_link_that_cannot_be_sent_does_not_stop_the_call() -> None:
    caller = Caller(bank())
    caller.happens(MessageSettled(id=caller.request("MessageRequested"), outcome="unknown"))
    assert caller.presses("1").accepted
    assert isinstance(caller.session.waiting_for, AwaitFact)


def test_a_claim_is_taken_only_where_one_is_asked_for(desk) -> None:
    caller = Caller(desk)
    assert not caller.happens(ContactClaimed(id="out-of-nowhere", contact="bob")).accepted
    assert caller.session.claim.contact == "alice"
