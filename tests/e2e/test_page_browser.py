"""The caller's page in a real browser, with and without JavaScript."""

import re

from msgspec.structs import replace
from playwright.sync_api import expect

from ivr.flow.waits import AwaitAgent, AwaitChoice, AwaitDigits, AwaitFact, Offered, TalkingToAgent
from ivr.visual.screen import Live


def open_page(page, services, digits="47"):
    services.rings(digits=digits)
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill(digits)
    page.get_by_role("button", name="Open my call").click()
    expect(page.get_by_text("How can I help?")).to_be_visible()
    page.wait_for_load_state()  # its script, too: until then a tap is an ordinary form's


def test_wrong_digits_are_explained_and_the_right_ones_open(services, phone):
    services.rings(digits="47")
    phone.goto(services.sends_link())
    phone.get_by_label("The two digits").fill("48")
    phone.get_by_role("button", name="Open my call").click()
    expect(phone.get_by_role("alert")).to_contain_text("not the two digits")
    phone.get_by_label("The two digits").fill("47")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("button", name="Balance and payments")).to_be_visible()
    assert phone.url.endswith("/v/call")


def test_a_key_on_the_phone_moves_the_screen(services, phone):
    open_page(phone, services)
    services.goes("call1", "card")
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible()


def test_a_tap_moves_the_call(services, phone):
    open_page(phone, services)
    phone.get_by_role("button", name="Report a lost card").tap()
    phone.get_by_label("Last four digits of the card").fill("1234")
    phone.get_by_role("button", name="Send").tap()
    expect(phone.get_by_text("Is there anything else?")).to_be_visible()
    assert services.sessions["call1"].turn == 3
    assert phone.url.endswith("/v/call")


def test_a_pin_is_typed_hidden_and_a_wrong_one_asked_again(services, phone):
    open_page(phone, services)
    phone.get_by_role("button", name="Balance and payments").tap()
    field = phone.get_by_label("Your PIN")
    expect(field).to_have_attribute("type", "password")
    field.fill("1111")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("Sorry, that was not right.")).to_be_visible()
    expect(field).to_have_value("")
    field.fill("2468")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("Is there anything else?")).to_be_visible()
    assert services.secrets == ["1111", "2468"]


def test_what_is_typed_and_the_focus_survive_a_redraw(services, phone):
    open_page(phone, services)
    services.goes("call1", "message")
    field = phone.get_by_label("What should we pass on?")
    field.click()
    field.press_sequentially("Please call me")
    services.saves(services.sessions["call1"], ("Are you still there?",))
    services.goes("call1", "message")  # asked again after a silence: another turn, the same question
    expect(phone.locator("#screen")).to_have_attribute("data-turn", "3")
    expect(field).to_have_value("Please call me")
    expect(field).to_be_focused()
    phone.keyboard.type(" back")
    expect(field).to_have_value("Please call me back")
    services.goes("call1", "card")
    expect(phone.get_by_label("Last four digits of the card")).to_have_value("")


def test_a_keyboard_goes_on_where_the_screen_goes_on(services, phone):
    open_page(phone, services)
    phone.get_by_role("button", name="Set up voice recognition").focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("Is there anything else?")).to_be_visible()
    phone.keyboard.press("Tab")
    expect(phone.get_by_role("button", name="Back to the start")).to_be_focused()


def test_a_tap_that_loses_the_race_shows_the_present(services, phone):
    open_page(phone, services)
    phone.route(re.compile("fragment"), lambda route: route.abort())  # the wake-up comes, the drawing is late
    services.goes("call1", "card")
    phone.get_by_role("button", name="Leave a message").tap()
    expect(phone.locator("main")).to_contain_text("The call had already moved on")
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible()
    assert services.sessions["call1"].turn == 2


def test_without_event_streams_the_page_polls(services, phone):
    phone.route("**/v/call/events*", lambda route: route.fulfill(status=500))
    open_page(phone, services)
    with phone.expect_request("**/v/call/changes*", timeout=15_000):
        pass
    services.goes("call1", "card")
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible()


def test_a_tap_without_network_is_delivered_once_when_it_is_back(services, phone):
    open_page(phone, services)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Report a lost card").tap()
    expect(phone.get_by_role("status")).to_contain_text("No connection")
    expect(phone.get_by_text("Reconnecting…")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=15_000)
    assert [input.keys for input in services.inputs] == ["2"]


def test_a_second_phone_and_a_reload_show_the_same(services, phone):
    open_page(phone, services)
    services.goes("call1", "card")
    phone.reload()
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible()


def test_the_end_of_the_call_ends_the_page(services, phone):
    open_page(phone, services)
    services.hangs_up()
    expect(phone.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(phone.get_by_role("button")).to_have_count(0)


def test_a_screen_reader_hears_the_question_but_not_the_captions(services, phone):
    open_page(phone, services)
    expect(phone.get_by_label("What the phone says")).to_have_attribute("aria-live", "off")
    services.goes("call1", "card")
    expect(phone.get_by_role("status")).to_have_text("Last four digits of the card")


def test_a_journey_without_javascript(services, plain_phone):
    open_page(plain_phone, services)
    plain_phone.get_by_role("button", name="Report a lost card").click()
    plain_phone.get_by_label("Last four digits of the card").fill("12")
    plain_phone.get_by_role("button", name="Send").click()
    expect(plain_phone.get_by_role("alert")).to_contain_text("4 to 4 digits")
    plain_phone.get_by_label("Last four digits of the card").fill("1234")
    plain_phone.get_by_role("button", name="Send").click()
    expect(plain_phone.get_by_text("Is there anything else?")).to_be_visible()
    services.waits("call1", AwaitAgent(request="r", queue="q", waiting="w"), "Please hold.")
    services.facts = Live(place=2, waited_seconds=61)
    plain_phone.goto("/v/call")
    expect(plain_phone.get_by_text("You are in the queue")).to_be_visible()
    expect(plain_phone.locator("time")).to_have_text("1:01")


PERSON = Offered("0", "Speak to a person")
WAITS = [
    AwaitChoice(timeout_seconds=5, choices=(Offered("1", "Balance"), Offered("2", "B" * 90), PERSON)),
    AwaitDigits(label="Card", min_length=4, max_length=4, timeout_seconds=5, choices=(PERSON,)),
    AwaitFact(request="r", about="page", choices=(Offered("1", "Go on without the page"), PERSON)),
    AwaitAgent(request="r", queue="q", waiting="w"),
    TalkingToAgent(agent="sam", room="r"),
]


def test_targets_are_big_and_nothing_overflows(services, phone):
    open_page(phone, services)
    services.facts = Live(place=12, waited_seconds=700)
    for turn, wait in enumerate(WAITS, 2):
        services.waits("call1", wait, "A prompt with averyveryverylongword" + "w" * 60)
        expect(phone.locator("#screen")).to_have_attribute("data-turn", str(turn))
        for target in phone.locator("button, input:not([type=hidden]), a:visible").all():
            box = target.bounding_box()
            assert box["height"] >= 44 and box["width"] >= 44
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_right_to_left_is_mirrored(services, phone):
    services.flow = replace(services.flow, language="fa")
    open_page(phone, services)
    assert phone.locator("html").get_attribute("dir") == "rtl"
    key = phone.locator(".choice kbd").first.bounding_box()
    label = phone.locator(".choice bdi").first.bounding_box()
    assert key["x"] > label["x"]


def test_hostile_values_do_nothing_in_a_browser(services, phone):
    open_page(phone, services)
    nasty = '"><img src=x onerror="document.title=1"><script>document.title=1</script>'
    services.waits("call1", AwaitChoice(timeout_seconds=5, choices=(Offered("1", nasty),)), nasty)
    expect(phone.get_by_role("button", name=re.compile("onerror"))).to_be_visible()
    assert phone.title() == "Riverside Bank"
