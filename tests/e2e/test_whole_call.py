"""Whole journeys: a telephone on the emulator, page and desk in real browsers, the server as it is installed."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect
from tabs import tab

from tests.wire.smartphone import digits_of, link_of
from tests.wire.system import PASSWORD, PIN, running

AGENT_PHONE = "+441632960555"


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with running(tmp_path_factory.mktemp("whole"), speed=6.0) as started:
        started.agent("samira", AGENT_PHONE)
        started.carrier.phone(AGENT_PHONE, presses="1")
        yield started


@pytest.fixture
def handset(chromium, system):
    yield from tab(chromium, base_url=system.url, viewport={"width": 390, "height": 844}, has_touch=True)


@pytest.fixture
def desk(chromium, system):
    for page in tab(chromium, base_url=system.url, viewport={"width": 900, "height": 900}):
        page.goto("/desk")
        page.get_by_label("Name").fill("samira")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Available").click()
        expect(page.get_by_text("Ready for the next caller")).to_be_visible()
        yield page


def invited(system):
    """A contact on file dials, hears the digits and gets the message. Returns the call, the link and the digits."""
    caller = system.contact()
    call = system.dials(caller.number)
    call.hears(re.compile(r"enter \d ?\d"))
    for _ in range(100):
        if link := link_of(system, caller.number):
            return call, link, digits_of(call)
        time.sleep(0.1)
    raise AssertionError(f"no message came\n{call.transcript()}")


def rings(system, handset):
    """A contact on file dials, opens the page with the digits they hear, and has the menu in hand."""
    call, link, digits = invited(system)
    handset.goto(link)
    handset.get_by_label("The two digits").fill(digits)
    handset.get_by_role("button", name="Open my call").tap()
    expect(handset.get_by_role("button", name="Balance")).to_be_visible()
    return call


def test_from_the_first_tap_to_a_person_who_knows(system, handset, desk):
    call = rings(system, handset)
    handset.get_by_role("button", name="Balance").tap()
    call.hears("PIN")
    handset.locator("input[type=password]").fill(PIN)
    handset.get_by_role("button", name="Send").tap()
    call.hears("1,204 pounds and 50 pence")
    expect(handset.get_by_text("1,204 pounds and 50 pence").first).to_be_visible()
    handset.get_by_role("button", name="person").tap()
    expect(handset.get_by_role("heading", name="You are next")).to_be_visible()
    expect(desk.get_by_role("heading", name="Alice Morgan")).to_be_visible()
    expect(desk.get_by_role("heading", name="Verified", exact=True)).to_be_visible()
    expect(desk.get_by_label("Choices made")).to_contain_text("Balance")
    desk.get_by_role("button", name="Accept").click()
    expect(desk.locator(".stage strong")).to_have_text("Connected", timeout=30_000)
    expect(handset.get_by_role("heading", name="You are talking to Samira")).to_be_visible()
    desk.get_by_label("How did it go?").select_option("resolved")
    desk.get_by_role("button", name="Finish").click()
    expect(handset.get_by_role("heading", name="The call has ended")).to_be_visible(timeout=30_000)
    expect(desk.get_by_text("Ready for the next caller")).to_be_visible()
    assert not re.search(PIN, str(system.log(call)))


def test_a_key_on_the_phone_and_a_tap_on_the_page_are_one_call(system, handset):
    call = rings(system, handset)
    call.presses("1")
    expect(handset.locator("input[type=password]")).to_be_visible()
    call.presses(f"{PIN}#")
    expect(handset.get_by_text("1,204 pounds and 50 pence").first).to_be_visible()
    handset.get_by_role("button", name="Main menu").tap()
    call.hears("For your balance")
    expect(handset.get_by_role("button", name="Voice recognition")).to_be_visible()
    call.hangs_up()
    expect(handset.get_by_role("heading", name="The call has ended")).to_be_visible()


def test_a_page_comes_back_by_itself_after_the_server_was_restarted(system, handset):
    call = rings(system, handset)
    system.servers[0].stop()
    expect(handset.get_by_text("Reconnecting…")).to_be_visible()
    system.servers[0].start()
    system.servers[0].wait_until_ready()
    expect(handset.get_by_text("On your call")).to_be_visible(timeout=30_000)
    call.hangs_up()
    expect(handset.get_by_role("heading", name="The call has ended")).to_be_visible()
    handset.reload()
    expect(handset.get_by_role("heading", name="The call has ended")).to_be_visible()


def test_a_tap_made_while_the_server_is_dead_is_delivered_once(system, handset):
    call = rings(system, handset)
    system.servers[0].kill()
    expect(handset.get_by_text("Reconnecting…")).to_be_visible()
    handset.get_by_role("button", name="Balance").tap()
    expect(handset.get_by_role("status")).to_contain_text("No connection")
    system.servers[0].start()
    system.servers[0].wait_until_ready()
    expect(handset.locator("input[type=password]")).to_be_visible(timeout=30_000)
    taps = [row.input for row in system.log(call) if getattr(row.input, "keys", None) == "1"]
    assert len(taps) == 1
    call.hangs_up()


def test_three_wrong_guesses_kill_a_real_link(system, handset):
    call, link, digits = invited(system)
    wrong = "11" if digits != "11" else "12"
    for _ in range(3):
        handset.goto(link)
        handset.get_by_label("The two digits").fill(wrong)
        handset.get_by_role("button", name="Open my call").tap()
        expect(handset.get_by_text(re.compile("not the two digits|no longer works"))).to_be_visible()
    handset.goto(link)
    expect(handset.get_by_role("heading", name="This link no longer works")).to_be_visible()
    call.hangs_up()
