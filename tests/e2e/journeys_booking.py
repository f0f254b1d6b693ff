"""Journeys of those who book an appointment: on the page, on the phone, or half and half."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from journeys import Journey, journey

SAVED = "+447700900123"


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@journey("An appointment on the page: an error is told, mended, and the whole form is sent")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.taps("Book an appointment")
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
    phone.taps("End the call")
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
    phone.taps("Book an appointment")
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
    phone.taps("Book an appointment")
    me.hears("On which day?")
    phone.types("Phone number", "07700 900123")
    me.hangs_up()
    phone.shows_the_end()
    assert not me.answers()
