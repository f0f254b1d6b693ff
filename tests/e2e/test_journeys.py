"""Whole journeys, as customers would tell them; each is one test.

All of them run at the same time, so the time that pytest notes for one says when it ended, not how long it took.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import ARGUMENTS, CHROMIUM
from journeys import PLOTS, Journey, Stage, journey, playing

from tests.wire.system import PIN

LEAST = 30  # whole journeys that the page has to stand
BALANCE = "1,204 pounds and 50 pence"
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
SAVED = "+447700900123"


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


# -- what is asked for is heard and seen ---------------------------------------------------------------------------------


@journey("The balance, by PIN on the keypad, with the page in hand")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.presses("1")
    phone.sees(re.compile("PIN"))
    me.presses(f"{PIN}#")
    me.hears(BALANCE)
    phone.reads(BALANCE)
    me.hangs_up()
    phone.shows_the_end()


@journey("The balance, by PIN on the page")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Balance")
    me.hears("key in your PIN")
    phone.types_pin()
    me.hears(BALANCE)
    phone.presses("End the call")
    me.hears("Goodbye")
    me.is_hung_up_on()
    phone.shows_the_end()
    assert PIN not in str(me.system.log(me.call))


@journey("The link is only opened once something personal is asked for")
def _(me: Journey) -> None:
    me.customer()
    me.dials()
    me.hears("For your balance")
    me.presses("1")
    phone = me.opens_link_for_proof()
    phone.types_pin()
    phone.reads(BALANCE)
    me.hears(BALANCE)
    me.hangs_up()


@journey("A wrong PIN on the page, then the right one")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Balance")
    phone.types_pin("0000")
    me.hears("That was not right")
    phone.reads("That was not right")
    phone.types_pin()
    me.hears(BALANCE)
    me.hangs_up()


@journey("A wrong PIN on the page, then the right one on the keypad")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.presses("1")
    phone.types_pin("0000")
    me.hears("That was not right")
    me.presses(f"{PIN}#")
    phone.reads(BALANCE)
    phone.presses("Main menu")
    me.hears("For your balance")
    me.hangs_up()
    phone.shows_the_end()


@journey("What is wanted is said, not keyed")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.says("I would like to know my balance")
    phone.types_pin()
    me.hears(BALANCE)
    me.says("no, goodbye")
    me.hears("Goodbye")
    me.is_hung_up_on()
    phone.shows_the_end()


@journey("A customer number from a stranger's telephone; the link goes to the number on file")
def _(me: Journey) -> None:
    me.customer()
    me.number = me.system.number()
    me.dials()
    me.hears("key in your customer number")
    me.presses(f"{me.caller.customer_number}#")
    phone = me.opens_link()
    phone.presses("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.presses("End the call")
    me.is_hung_up_on()
    assert not me.system.carrier.messages(me.number)


@journey("A key on the phone while the page is being read: the page follows")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.presses("2")
    phone.sees(re.compile("PIN"))
    me.presses("0000#")
    phone.reads("That was not right")
    phone.does_not_offer("Balance")
    phone.types_pin()
    phone.offers("Yes, I agree")
    me.hangs_up()
    phone.shows_the_end()


# -- time --------------------------------------------------------------------------------------------------------------


@journey("Nothing is said three times; the phone offers more time, and a key takes it")
def _(me: Journey) -> None:
    me.customer(hurried=True)
    phone = me.has_menu_in_hand()
    me.hears("I did not hear you")
    me.hears("Still nothing")
    me.hears("If you need more time")
    phone.offers("I need more time")
    me.presses("1")
    me.hears("For your balance")
    phone.offers("Balance")
    assert me.system.session(me.call).pace == 3
    me.hangs_up()
    phone.shows_the_end()


@journey("More time by a tap, and the next call remembers it")
def _(me: Journey) -> None:
    me.customer(hurried=True)
    phone = me.has_menu_in_hand()
    phone.presses("More time to answer")
    phone.is_switched_on("More time to answer")
    me.hangs_up()
    phone.shows_the_end()
    phone = me.has_menu_in_hand()
    phone.is_switched_on("More time to answer")
    me.hangs_up()


@journey("Silence at the end is a goodbye")
def _(me: Journey) -> None:
    me.customer(hurried=True)
    phone = me.has_menu_in_hand()
    phone.presses("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    me.hears("Goodbye")
    me.is_hung_up_on()
    phone.shows_the_end()


# -- an appointment ----------------------------------------------------------------------------------------------------


@journey("An appointment on the page: an error is told, mended, and the whole form is sent")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Book an appointment")
    me.hears("On which day?")
    phone.types("Day", in_days(9).date().isoformat())
    phone.types("Phone number", "123")
    phone.picks("Savings")
    phone.picks("Yes")
    phone.presses("Send")
    phone.is_told("Not sent yet")
    phone.has_picked("Savings")
    phone.types("Phone number", "07700 900123")
    phone.presses("Send")
    me.hears("Your appointment is on")
    phone.reads("the number that ends in 0 1 2 3")
    phone.presses("End the call")
    me.is_hung_up_on()
    assert me.answers()["appointment_topic"] == "savings" and me.answers()["appointment_phone"] == SAVED


@journey("An appointment, half on the keypad, half on the page")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.presses("4")
    me.hears("On which day?")
    me.presses(in_days(9).strftime("%d%m%Y"))
    me.hears("Which number may we call?")
    phone.has_typed("Day", in_days(9).date().isoformat())
    phone.types("Phone number", "07700 900123")
    phone.picks("A mortgage")
    phone.picks("No")
    phone.presses("Send")
    me.hears("Your appointment is on")
    phone.reads("the number that ends in 0 1 2 3")
    me.hangs_up()
    phone.shows_the_end()


@journey("An appointment by voice: what was understood is read back, refused once, then confirmed")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    me.says("an appointment please")
    me.hears("On which day?")
    me.says("tomorrow")
    me.hears("I understood")
    phone.presses("No, once more")
    me.hears("On which day?")
    me.says(in_days(9).strftime("%d %B"))
    me.hears("I understood")
    me.presses("1")
    me.hears("Which number may we call?")
    phone.has_typed("Day", in_days(9).date().isoformat())
    me.presses("07700900123#")
    me.hears("What is it about?")
    me.says("a mortgage")
    me.hears("Shall we text you a reminder?")
    me.says("no")
    me.hears("Your appointment is on")
    me.hangs_up()
    assert me.answers()["appointment_topic"] == "mortgage" and me.answers()["appointment_reminder"] == "no"


@journey("A reload in the middle of the form loses nothing")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Book an appointment")
    phone.types("Phone number", "07700 900123")
    phone.picks("Savings")
    phone.reloads()
    phone.has_typed("Phone number", "07700 900123")
    phone.has_picked("Savings")
    phone.types("Day", in_days(9).date().isoformat())
    phone.picks("No")
    phone.presses("Send")
    me.hears("Your appointment is on")
    me.hangs_up()


@journey("The line is hung up in the middle of the form: the page says so, and nothing was booked")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Book an appointment")
    me.hears("On which day?")
    phone.types("Phone number", "07700 900123")
    me.hangs_up()
    phone.shows_the_end()
    assert not me.answers()


# -- the voice ---------------------------------------------------------------------------------------------------------


@journey("The voice cannot be checked; the page says so, and the PIN will do")
def _(me: Journey) -> None:
    me.customer(known_voice=True)
    phone = me.has_menu_in_hand()
    phone.presses("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.sees("Your voice was not checked.")
    me.hangs_up()


@journey("No, thank you: nothing is kept of the voice")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Voice recognition")
    phone.types_pin()
    me.hears("Do you agree?")
    phone.presses("No, thank you")
    me.hears("Nothing has been stored")
    me.hangs_up()
    assert me.system.voiceprint(me.caller.id) is None


@journey("The voiceprint is deleted by keys")
def _(me: Journey) -> None:
    me.customer(known_voice=True)
    phone = me.has_menu_in_hand()
    me.presses("2")
    me.hears("To have your voiceprint deleted, press 2")
    me.presses("2")
    me.hears("Shall I delete your voiceprint now?")
    phone.offers("Keep it")
    me.presses("1")
    me.hears("I have deleted your voiceprint")
    phone.reads("I have deleted your voiceprint")
    me.hangs_up()
    assert me.system.voiceprint(me.caller.id) is None


@journey("The voiceprint is deleted by two taps, and the phone then offers to learn the voice")
def _(me: Journey) -> None:
    me.customer(known_voice=True)
    phone = me.has_menu_in_hand()
    phone.follows("What we hold about you")
    phone.sees(me.caller.name)
    phone.follows("Delete my voiceprint")
    phone.presses("Yes")
    phone.sees("Your voiceprint has been deleted.")
    assert me.system.voiceprint(me.caller.id) is None
    phone.follows("Back to your call")
    phone.offers("Balance")
    me.hangs_up()
    phone.shows_the_end()


@journey("My voice is not to be used, and on second thoughts it may be")
def _(me: Journey) -> None:
    me.customer(known_voice=True)
    phone = me.has_menu_in_hand()
    phone.follows("What we hold about you")
    phone.follows("Do not use my voice")
    phone.presses("Yes")
    phone.sees("Your voice is not used any more.")
    assert me.system.voiceprint(me.caller.id) is None
    phone.follows("Allow voice recognition again")
    phone.presses("Yes")
    phone.sees("Voice recognition is allowed again.")
    phone.follows("Back to your call")
    me.hangs_up()
    phone.shows_the_end()


# -- the page comes to the call, the call to the page ------------------------------------------------------------------


@journey("A code that the phone says is typed on any screen")
def _(me: Journey) -> None:
    me.customer()
    me.dials()
    me.hears("For your balance")
    me.presses("3")
    code = me.hears_code()
    screen = me.smartphone()
    screen.types_code(code)
    screen.presses("Balance")
    me.hears("First I need to be sure")
    screen.sees("Waiting for your page")
    me.hangs_up()
    screen.shows_the_end()


@journey("Begun on the page: the phone knows what was chosen, and goes on there")
def _(me: Journey) -> None:
    begins_on_the_page(me)


def begins_on_the_page(me: Journey) -> None:
    me.customer()
    screen = me.smartphone()
    screen.page.goto("/v")
    screen.follows("Riverside Bank")
    screen.follows("Balance")
    screen.presses("Call about this")
    number_and_code = screen.page.get_by_role("link", name="Call +").get_attribute("href")
    me.dials()
    me.hears("Welcome")
    me.presses(number_and_code[-6:])
    me.hears("I see what you chose: Balance")
    screen.presses("Yes, show my call here")
    phone = me.opens_link_for_proof()
    phone.types_pin()
    me.hears(BALANCE)
    me.hangs_up()
    screen.shows_the_end()
    phone.shows_the_end()


@journey("The link is asked for again, and the new one opens")
def _(me: Journey) -> None:
    me.customer()
    me.dials()
    me.hears("For your balance")
    first = me.gets_link()
    me.presses("3")
    me.hears("I have sent the link again")
    second = me.gets_link(after=first)
    phone = me.smartphone()
    phone.opens(second, me.digits())
    phone.presses("Balance")
    me.hears("key in your PIN")
    me.hangs_up()
    phone.shows_the_end()


@journey("Two screens of one call show the same")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Send the link again")
    screen = me.smartphone()
    screen.types_code(me.hears_code())
    screen.presses("Book an appointment")
    phone.sees("On which day?")
    phone.types("Phone number", "07700 900123")
    me.hears("On which day?")
    me.hangs_up()
    phone.shows_the_end()
    screen.shows_the_end()


@journey("A link that somebody has opened opens for nobody else")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    stranger = me.smartphone()
    stranger.page.goto(me.gets_link())
    stranger.sees("This link no longer works")
    stranger.page.goto("/v/call")
    stranger.sees("No call is open here")
    phone.presses("Balance")
    me.hears("key in your PIN")
    me.hangs_up()


@journey("A link outlives its call by nothing")
def _(me: Journey) -> None:
    me.customer()
    me.dials()
    link = me.gets_link()
    me.hangs_up()
    me.until(lambda: me.system.session(me.call).ended, "the call is known to be over")
    phone = me.smartphone()
    phone.page.goto(link)
    phone.sees("This link no longer works")


# -- another language --------------------------------------------------------------------------------------------------


@journey("The balance in Persian, by keys")
def _(me: Journey) -> None:
    espeak_is_there()
    phone = me.has_menu_in_hand()
    me.presses("5")
    me.hears_persian()
    phone.is_in("fa-IR", "rtl")
    me.presses("1")
    phone.sees(re.compile("رمز"))
    me.presses(f"{PIN}#")
    phone.reads("۱٬۲۰۴ پوند و ۵۰ پنی")
    phone.presses("پایان تماس")
    me.is_hung_up_on()
    phone.sees("تماس پایان یافت")


@journey("The balance in Persian, by the page, with Persian digits")
def _(me: Journey) -> None:
    espeak_is_there()
    phone = me.has_menu_in_hand()
    phone.chooses_language("fa-IR")
    phone.is_in("fa-IR", "rtl")
    me.hears_persian()
    phone.presses("موجودی حساب")
    phone.types_pin(PIN.translate(PERSIAN))
    phone.reads("۱٬۲۰۴ پوند و ۵۰ پنی")
    phone.presses("منوی اصلی")
    phone.chooses_language("en-GB")
    me.hears("For your balance")
    me.hangs_up()
    phone.shows_the_end()


def espeak_is_there() -> None:
    if shutil.which("espeak-ng") is None:
        assert not os.environ.get("CI"), "espeak-ng is missing: .ci/packages installs it"
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng): Persian cannot be spoken")


# -- bad days ----------------------------------------------------------------------------------------------------------


@journey("A tap in a tunnel arrives when the train is out of it")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.goes_offline()
    phone.presses("Book an appointment")
    phone.sees("No connection. Your answer is kept")
    phone.comes_back_online()
    me.hears("On which day?")
    phone.sees("On which day?")
    me.hangs_up()
    phone.shows_the_end()


@journey("The balance on a page without JavaScript")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand(java_script_enabled=False)
    phone.presses("Balance")
    phone.types_pin()
    phone.reads(BALANCE)
    me.hears(BALANCE)
    me.presses("1")
    me.hears("For your balance")
    phone.follows("Show where the call is now")
    phone.offers("Balance")
    me.hangs_up()


@journey("An appointment on a page without JavaScript, with an error on the way")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand(java_script_enabled=False)
    phone.presses("Book an appointment")
    me.hears("On which day?")
    phone.types("Phone number", "07700 900123")
    phone.picks("Something else")
    phone.picks("Yes")
    phone.presses("Send")
    phone.is_told("Not sent yet")
    phone.has_picked("Something else")
    phone.types("Day", in_days(9).date().isoformat())
    phone.presses("Send")
    me.hears("Your appointment is on")
    phone.presses("End the call")
    me.is_hung_up_on()


# -- a person ----------------------------------------------------------------------------------------------------------


@journey("Nobody is there: the branch is shown, a call back promised", Stage.QUEUE)
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Speak to a person")
    me.hears("nobody is free to take your call")
    phone.shows_picture("Our branch")
    me.hears("We will call you back on the number ending in")
    me.hears("Goodbye")
    me.is_hung_up_on()
    phone.sees("We will call you back")


@journey("A key in the queue is a call back, and an agent keeps the promise", Stage.QUEUE)
def _(me: Journey) -> None:
    desk = me.agent()
    desk.is_busy()
    phone = me.has_menu_in_hand()
    me.presses("0")
    phone.sees("You are next")
    me.hears("To be called back instead")
    me.presses("1")
    me.hears("We will call you back")
    me.is_hung_up_on()
    phone.sees("We will call you back")
    call_is_returned(me, desk)


@journey("A tap in the queue is a call back, and an agent keeps the promise", Stage.QUEUE)
def _(me: Journey) -> None:
    desk = me.agent()
    desk.is_busy()
    phone = me.has_menu_in_hand()
    phone.presses("Speak to a person")
    phone.sees("You are next")
    phone.presses("Call me back instead")
    me.hears("We will call you back")
    me.is_hung_up_on()
    phone.sees("We will call you back")
    call_is_returned(me, desk)


def call_is_returned(me: Journey, desk) -> None:
    desk.keeps_promise_to(me.caller)
    desk.goes_home()


@journey("An agent answers, knows who it is, and says goodbye", Stage.QUEUE)
def _(me: Journey) -> None:
    reaches_an_agent(me)


def reaches_an_agent(me: Journey) -> None:
    desk = me.agent()
    desk.takes_calls()
    phone = me.has_menu_in_hand()
    phone.presses("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.presses("Speak to a person")
    desk.is_offered(me.caller.name)
    desk.sees("Verified", "Balance")
    desk.accepts()
    phone.sees(re.compile("You are talking to"))
    me.talks_to_the_agent()
    desk.finishes()
    me.hears("Goodbye")
    phone.shows_the_end()
    desk.goes_home()


@journey("The agent looks at the page and shows the branch; the caller stops the looking", Stage.QUEUE)
def _(me: Journey) -> None:
    desk, phone = talking(me)
    phone.sees(re.compile("is looking at this screen with you"))
    desk.looks_at("You are talking to")
    desk.puts_on_page("branch")
    phone.shows_picture("Our branch")
    phone.presses("Stop")
    phone.sees("Only you see this screen.")
    desk.sees("The caller has stopped sharing the screen.")
    says_goodbye(me, desk, phone)


@journey("The agent asks on the page and is answered there", Stage.QUEUE)
def _(me: Journey) -> None:
    desk, phone = talking(me)
    desk.puts_on_page("by_post")
    phone.sees("Shall we send you the papers by post?")
    phone.presses("Yes")
    phone.sees("You answered: yes")
    desk.sees(re.compile("papers by post.*Yes"))
    says_goodbye(me, desk, phone)


@journey("The agent puts a form on the page; what the caller sends stands on the desk", Stage.QUEUE)
def _(me: Journey) -> None:
    desk, phone = talking(me)
    desk.puts_on_page("appointment")
    phone.types("Day", in_days(9).date().isoformat())
    phone.types("Phone number", "07700 900123")
    phone.picks("Savings")
    phone.picks("Yes")
    phone.presses("Send")
    phone.sees("You have sent this.")
    desk.sees(re.compile("Savings"))
    says_goodbye(me, desk, phone)


def talking(me: Journey):
    desk = me.agent()
    desk.takes_calls()
    phone = me.has_menu_in_hand()
    phone.presses("Speak to a person")
    desk.is_offered(me.caller.name)
    desk.accepts()
    phone.sees(re.compile("You are talking to"))
    return desk, phone


def says_goodbye(me: Journey, desk, phone) -> None:
    me.hangs_up()
    phone.shows_the_end()
    desk.finishes()
    desk.goes_home()


@journey("The agent hangs up; the caller hears goodbye and is not left in silence", Stage.QUEUE)
def _(me: Journey) -> None:
    desk, phone = talking(me)
    me.talks_to_the_agent().hangs_up()
    me.hears("Thank you for calling")
    me.is_hung_up_on()
    phone.shows_the_end()
    desk.finishes()
    desk.goes_home()


@journey("Whoever hangs up in the queue is offered to nobody", Stage.QUEUE)
def _(me: Journey) -> None:
    desk = me.agent()
    desk.takes_calls()
    phone = me.has_menu_in_hand()
    phone.presses("Speak to a person")
    desk.is_offered(me.caller.name)
    me.hangs_up()
    phone.shows_the_end()
    desk.sees("Ready for the next caller")
    desk.goes_home()


@journey("Who cannot open the page and knows no second proof is led to a person, unverified", Stage.QUEUE)
def _(me: Journey) -> None:
    desk = me.agent()
    desk.takes_calls()
    me.customer()
    me.dials()
    me.hears("For your balance")
    me.presses("1")
    me.hears("If you cannot, press 1")
    me.presses("1")
    me.hears("key in your PIN")
    me.presses(f"{PIN}#")
    me.hears("I could not confirm who you are")
    desk.is_offered(me.caller.name)
    desk.sees("Partly verified")
    me.hangs_up()
    desk.sees("Ready for the next caller")
    desk.goes_home()


# -- at the pace of life -----------------------------------------------------------------------------------------------


@journey("At the pace of life: from the first ring to an agent who knows", Stage.REAL_SPEED)
def _(me: Journey) -> None:
    reaches_an_agent(me)


@journey("At the pace of life: begun on the page, finished on the phone", Stage.REAL_SPEED)
def _(me: Journey) -> None:
    begins_on_the_page(me)


@journey("At the pace of life: hung up in the middle of the form", Stage.REAL_SPEED)
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Book an appointment")
    me.hears("On which day?")
    me.presses(in_days(9).strftime("%d%m%Y"))
    phone.has_typed("Day", in_days(9).date().isoformat())
    me.hangs_up()
    phone.shows_the_end()


# -- the tests ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Those that were selected are all played from now on."""
    if not Path(CHROMIUM).exists():
        message = f"{CHROMIUM} is missing; install it with `apt-get install chromium`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    mine = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    with playing(
        [item.callspec.params["name"] for item in mine], tmp_path_factory.mktemp("journeys"), CHROMIUM, ARGUMENTS
    ) as started:
        yield started


@pytest.mark.parametrize("name", PLOTS)
def test_journey(stage, name: str) -> None:
    stage.result(name)


def test_there_are_enough_journeys_and_some_at_real_speed() -> None:
    assert len(PLOTS) >= LEAST, f"{len(PLOTS)} whole journeys, {LEAST} are needed"
    assert sum(where is Stage.REAL_SPEED for where, _plot in PLOTS.values()) >= 3
