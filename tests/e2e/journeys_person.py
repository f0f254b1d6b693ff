"""Journeys to a person, and those at the pace of life."""

from __future__ import annotations

import re

from hands import Desk, Smartphone
from journeys import Journey, Stage, journey
from journeys_asking import BALANCE
from journeys_joining import begins_on_the_page, in_days

from tests.wire.system import PIN

# -- a person ----------------------------------------------------------------------------------------------------------


@journey("Nobody is there: the branch is shown, a call back promised", Stage.QUEUE)
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.taps("Speak to a person")
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
    phone.taps("Speak to a person")
    phone.sees("You are next")
    phone.presses("Call me back instead")
    me.hears("We will call you back")
    me.is_hung_up_on()
    phone.sees("We will call you back")
    call_is_returned(me, desk)


def call_is_returned(me: Journey, desk: Desk) -> None:
    desk.keeps_promise_to(me.caller)
    desk.goes_home()


@journey("An agent answers, knows who it is, and says goodbye", Stage.QUEUE)
def _(me: Journey) -> None:
    reaches_an_agent(me)


def reaches_an_agent(me: Journey) -> None:
    desk = me.agent()
    desk.takes_calls()
    phone = me.has_menu_in_hand()
    phone.taps("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.taps("Speak to a person")
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


def talking(me: Journey) -> tuple[Desk, Smartphone]:
    desk = me.agent()
    desk.takes_calls()
    phone = me.has_menu_in_hand()
    phone.taps("Speak to a person")
    desk.is_offered(me.caller.name)
    desk.accepts()
    phone.sees(re.compile("You are talking to"))
    return desk, phone


def says_goodbye(me: Journey, desk: Desk, phone: Smartphone) -> None:
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
    phone.taps("Speak to a person")
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
    phone.taps("Book an appointment")
    me.hears("On which day?")
    me.presses(in_days(9).strftime("%d%m%Y"))
    phone.has_typed("Day", in_days(9).date().isoformat())
    me.hangs_up()
    phone.shows_the_end()
