"""Forms in a real browser: keyboard, errors, a phone that answers meanwhile, and no JavaScript."""

import pytest
from played import Played
from playwright.sync_api import expect


@pytest.fixture
def services():
    return Played()


def open_form(page, services):
    services.rings(digits="47")
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill("47")
    page.get_by_role("button", name="Open my call").click()
    expect(page.get_by_label("Phone number")).to_be_visible()
    page.wait_for_load_state()  # its script, too: until then a tap is an ordinary form's


def test_an_error_has_the_focus_and_the_phone_answers_the_rest(services, phone):
    open_form(phone, services)
    phone.get_by_label("Phone number").fill("123")
    phone.get_by_label("A mortgage").check()
    phone.get_by_role("button", name="Send").tap()
    expect(phone.get_by_role("alert")).to_contain_text("Not sent yet")
    day = phone.get_by_label("Day")
    expect(day).to_be_focused()
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(day).to_have_accessible_description("From 22 November 2026 to 19 February 2027 This is needed.")
    services.says("the fifth of December")
    expect(phone.get_by_role("heading", name="5 December 2026")).to_be_visible()
    phone.get_by_role("button", name="Yes, that is right").tap()
    expect(day).to_have_value("2026-12-05")
    expect(phone.get_by_label("Phone number")).to_have_value("123")
    expect(phone.get_by_label("A mortgage")).to_be_checked()
    services.presses("07700900123")
    expect(phone.get_by_label("Phone number")).to_have_value("+447700900123")
    expect(phone.get_by_label("A mortgage")).to_be_checked()
    phone.get_by_role("button", name="Send").tap()
    expect(phone.get_by_label("How many people")).to_be_visible()
    assert services.sessions["call1"].answers["visit_topic"] == "mortgage"


def test_typing_goes_on_while_the_phone_moves(services, phone):
    open_form(phone, services)
    note = phone.get_by_label("Note")
    note.click()
    note.press_sequentially("Ring ")
    services.presses("05122026")
    expect(phone.get_by_label("Day")).to_have_value("2026-12-05")
    expect(note).to_be_focused()
    phone.keyboard.type("twice")
    expect(note).to_have_value("Ring twice")
    expect(phone.get_by_role("status")).to_contain_text("Phone number")


def test_a_form_sent_too_late_keeps_what_was_typed_and_says_so(services, phone):
    open_form(phone, services)
    phone.route("**/v/call?fragment*", lambda route: route.abort())  # the wake-up comes, the drawing is late
    services.presses("05122026")
    phone.get_by_label("Day").fill("2026-12-24")
    phone.get_by_label("Phone number").fill("07700 900123")
    phone.get_by_label("Savings").check()
    phone.get_by_role("button", name="Send").tap()
    expect(phone.locator("main")).to_contain_text("The call had already moved on")
    expect(phone.get_by_label("Day")).to_have_value("2026-12-05")
    expect(phone.get_by_label("Phone number")).to_have_value("07700 900123")
    expect(phone.get_by_label("Savings")).to_be_checked()
    phone.get_by_role("button", name="Send").tap()
    expect(phone.get_by_label("How many people")).to_be_visible()


def test_the_keyboard_alone_fills_it_and_every_target_is_large(services, phone):
    open_form(phone, services)
    for control in phone.locator("main .field, main .pick, main button").all():
        assert control.bounding_box()["height"] >= 44
    phone.get_by_label("Phone number").focus()
    phone.keyboard.type("07700900123")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Tab")
    phone.keyboard.press("ArrowDown")  # picking within the list
    expect(phone.get_by_label("Savings")).to_be_checked()


def test_a_form_without_javascript(services, plain_phone):
    open_form(plain_phone, services)
    plain_phone.get_by_label("Phone number").fill("07700 900123")
    plain_phone.get_by_label("Savings").check()
    plain_phone.get_by_role("button", name="Send").click()
    expect(plain_phone.get_by_role("alert")).to_contain_text("Not sent yet")
    expect(plain_phone.get_by_label("Day")).to_be_focused()
    expect(plain_phone.get_by_label("Phone number")).to_have_value("07700 900123")
    plain_phone.get_by_label("Day").fill("2026-12-05")
    plain_phone.get_by_role("button", name="Send").click()
    expect(plain_phone.get_by_label("How many people")).to_be_visible()
