"""Journeys of those who want to know something, who need time, and whose voice is known."""

from __future__ import annotations

import re

from journeys import Journey, journey

from tests.wire.system import PIN

BALANCE = "1,204 pounds and 50 pence"


# -- what is asked for is heard and seen -------------------------------------------------------------------------------


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
    phone.taps("Balance")
    me.hears("key in your PIN")
    phone.types_pin()
    me.hears(BALANCE)
    phone.taps("End the call")
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
    phone.taps("Balance")
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
    phone.taps("Main menu")
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
    phone.taps("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.taps("End the call")
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
    phone.taps("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    me.hears("Goodbye")
    me.is_hung_up_on()
    phone.shows_the_end()


# -- the voice ---------------------------------------------------------------------------------------------------------


@journey("The voice cannot be checked; the page says so, and the PIN will do")
def _(me: Journey) -> None:
    me.customer(known_voice=True)
    phone = me.has_menu_in_hand()
    phone.taps("Balance")
    phone.types_pin()
    me.hears(BALANCE)
    phone.sees("Your voice was not checked.")
    me.hangs_up()


@journey("No, thank you: nothing is kept of the voice")
def _(me: Journey) -> None:
    phone = me.has_menu_in_hand()
    phone.taps("Voice recognition")
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
