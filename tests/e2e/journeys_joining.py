"""Journeys in which page and call find each other, in two languages and on bad days."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from journeys import Journey, journey
from journeys_asking import BALANCE
from journeys_booking import in_days

from tests.wire.system import PIN

PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


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
    screen.taps("Balance")
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
    phone.taps("Balance")
    me.hears("key in your PIN")
    me.hangs_up()
    phone.shows_the_end()


@journey("Two screens of one call show the same")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.presses("Send the link again")
    screen = me.smartphone()
    screen.types_code(me.hears_code())
    screen.taps("Book an appointment")
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
    phone.taps("Balance")
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
    phone.taps("پایان تماس")
    me.is_hung_up_on()
    phone.sees("تماس پایان یافت")


@journey("The balance in Persian, by the page, with Persian digits")
def _(me: Journey) -> None:
    espeak_is_there()
    phone = me.has_menu_in_hand()
    phone.chooses_language("fa-IR")
    phone.is_in("fa-IR", "rtl")
    me.hears_persian()
    phone.taps("موجودی حساب")
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
    phone.is_all_there()
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
    phone.taps("Balance")
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
    phone.taps("Book an appointment")
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
    phone.taps("End the call")
    me.is_hung_up_on()
