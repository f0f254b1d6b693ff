"""The caller's page where the network is bad: taps arrive once, what was typed stays, the page comes back by itself."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from network import between
from playwright.sync_api import expect
from serving import serving
from tabs import tab

from ivr.flow.inputs import Digits, PaceChosen, Speech

LONG = 60_000  # milliseconds; for what a bad network holds up


@pytest.fixture
def network(address):
    with between(address) as made:
        yield made


@pytest.fixture
def far_phone(chromium, network):
    yield from tab(chromium, base_url=network.address, viewport={"width": 390, "height": 844}, has_touch=True)


def opens(page, services):
    services.rings(digits="47")
    page.goto(services.sends_link())
    page.get_by_label("The two digits").fill("47")
    page.keyboard.press("Enter")
    expect(page.get_by_text("How can I help?")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Read out")).to_be_visible(timeout=LONG)  # its script has arrived


def answers(services) -> list[str]:
    """What was taken, in order."""
    taken = (line.input for line in services.lines)
    return [one.keys if isinstance(one, Digits) else one.text for one in taken if isinstance(one, Digits | Speech)]


def test_a_whole_journey_with_400_ms_and_5_percent_loss(services, network, far_phone):
    network.round_trip_seconds, network.loss = 0.4, 0.05
    opens(far_phone, services)
    network.resets = 0.3  # a document that is cut off before its first script cannot help itself: only its reader can
    far_phone.get_by_role("button", name="Report a lost card").tap()
    card = far_phone.get_by_label("Last four digits of the card")
    expect(card).to_be_visible(timeout=LONG)
    card.fill("1234")
    far_phone.get_by_role("button", name="Send").tap()
    expect(far_phone.get_by_text("Is there anything else?")).to_be_visible(timeout=LONG)
    services.goes("call1", "message")  # the phone moves: a wake-up has to come through
    expect(far_phone.get_by_label("What should we pass on?")).to_be_visible(timeout=LONG)
    expect(far_phone.get_by_text("The call had already moved on")).to_have_count(0)
    assert answers(services) == ["2", "1234"]


@pytest.mark.parametrize("lost", ["the end of the page", "the page's script", "a module of the script"])
def test_a_page_of_which_a_part_was_lost_is_fetched_again(services, phone, lost):
    losses = []

    def lose_the_first(route):
        if losses:
            return route.continue_()
        losses.append(route.request.url)
        if lost != "the end of the page":
            return route.abort("connectionreset")
        whole = route.fetch(max_redirects=0)
        return route.fulfill(response=whole, body=whole.text().partition('<main id="screen"')[0])

    part = {
        "the end of the page": r"/v/call$",
        "the page's script": r"/page\.js$",
        "a module of the script": r"/taps\.js$",
    }
    if lost == "the end of the page":
        opens(phone, services)  # what a redirect leads to cannot be lost here: it is looked at once more
    phone.route(re.compile(part[lost]), lose_the_first)
    phone.goto("/v/call") if lost == "the end of the page" else opens(phone, services)
    expect(phone.get_by_role("button", name="Read out")).to_be_visible(timeout=LONG)
    phone.get_by_role("button", name="Report a lost card").tap()
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
    assert len(losses) == 1 and answers(services) == ["2"]


def test_after_30_dark_seconds_everything_is_as_if_nothing_had_been(services, network, far_phone):
    opens(far_phone, services)
    services.goes("call1", "message")
    field = far_phone.get_by_label("What should we pass on?")
    field.fill("Please call me back")
    network.goes_dark()
    far_phone.get_by_role("button", name="Send").tap()
    expect(far_phone.get_by_role("status")).to_contain_text("No connection", timeout=LONG)
    far_phone.wait_for_timeout(18_000)  # the first attempt has taken 10 s: the tunnel is 30 s long, and so is this test
    network.comes_back()
    expect(far_phone.get_by_text("Is there anything else?")).to_be_visible(timeout=LONG)
    expect(far_phone.get_by_text("On your call")).to_be_visible(timeout=LONG)
    expect(far_phone.get_by_text("The call had already moved on")).to_have_count(0)
    services.goes("call1", "card")
    expect(far_phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
    assert answers(services) == ["Please call me back"]


def test_a_tap_whose_reply_was_lost_counts_once_and_is_not_called_late(services, far_phone, network):
    opens(far_phone, services)
    replies = []

    def lose_the_first(route):
        if replies:
            return route.continue_()
        replies.append(route.fetch(max_redirects=0))
        return route.abort("connectionreset")

    far_phone.route(re.compile(r"/v/call/\d+$"), lose_the_first)
    far_phone.get_by_role("button", name="Report a lost card").tap()
    expect(far_phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
    expect(far_phone.get_by_text("The call had already moved on")).to_have_count(0)
    assert replies[0].status == 303 and answers(services) == ["2"]


def test_cut_connections_are_made_again(services, far_phone, network):
    opens(far_phone, services)
    for step, label in (("card", "Last four digits of the card"), ("message", "What should we pass on?")):
        network.cuts()
        services.goes("call1", step)
        expect(far_phone.get_by_label(label)).to_be_visible(timeout=LONG)


def test_a_tap_made_while_the_server_is_down_reaches_the_one_that_is_started_again(services, far_phone, network):
    opens(far_phone, services)
    network.server = urlsplit("http://127.0.0.1:9")  # nobody listens there
    network.cuts()
    far_phone.get_by_role("button", name="Report a lost card").tap()
    expect(far_phone.get_by_role("status")).to_contain_text("No connection", timeout=LONG)
    expect(far_phone.get_by_text("Reconnecting…")).to_be_visible(timeout=LONG)
    with serving(services) as started_again:
        network.server = urlsplit(started_again)
        expect(far_phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
        expect(far_phone.get_by_text("On your call")).to_be_visible(timeout=LONG)
        services.goes("call1", "message")
        expect(far_phone.get_by_label("What should we pass on?")).to_be_visible(timeout=LONG)
        assert answers(services) == ["2"]


def test_offline_the_last_tap_counts_and_only_once(services, phone):
    opens(phone, services)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Report a lost card").tap()
    expect(phone.get_by_role("status")).to_contain_text("No connection")
    phone.get_by_role("button", name="Leave a message").tap()
    phone.context.set_offline(False)
    expect(phone.get_by_label("What should we pass on?")).to_be_visible(timeout=LONG)
    assert answers(services) == ["4"]


def test_offline_a_setting_and_the_answer_after_it_both_arrive_in_order(services, phone):
    opens(phone, services)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="More time to answer").tap()
    expect(phone.get_by_role("status")).to_contain_text("No connection")
    phone.get_by_role("button", name="Report a lost card").tap()
    phone.context.set_offline(False)
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
    taken = [line.input for line in services.lines if isinstance(line.input, Digits | PaceChosen)]
    assert [type(one) for one in taken] == [PaceChosen, Digits]
    assert services.sessions["call1"].pace == 3


def test_a_tap_offline_outlives_a_killed_tab(services, phone):
    opens(phone, services)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Report a lost card").tap()
    expect(phone.get_by_role("status")).to_contain_text("No connection")
    phone.goto("about:blank")  # the tab is thrown away …
    phone.context.set_offline(False)
    phone.goto("/v/call")  # … and loaded again when somebody looks
    expect(phone.get_by_label("Last four digits of the card")).to_be_visible(timeout=LONG)
    assert answers(services) == ["2"]


def test_a_tap_of_an_earlier_call_is_never_sent_into_the_next(services, phone):
    opens(phone, services)
    phone.route(re.compile(r"/v/call/\d+$"), lambda route: route.abort())
    phone.get_by_role("button", name="Report a lost card").tap()
    expect(phone.get_by_role("status")).to_contain_text("No connection")
    phone.goto("about:blank")
    phone.unroute_all()
    services.hangs_up()
    services.rings("call2", digits="48")
    phone.goto(services.sends_link("call2", token="another"))
    phone.get_by_label("The two digits").fill("48")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("button", name="Read out")).to_be_visible()
    assert phone.evaluate("sessionStorage.getItem('duet.taps')") is None
    assert answers(services) == []


def test_what_is_typed_outlives_a_killed_tab_but_a_pin_does_not(services, phone):
    opens(phone, services)
    services.goes("call1", "message")
    field = phone.get_by_label("What should we pass on?")
    field.fill("Please call")
    phone.reload()
    expect(field).to_have_value("Please call")
    services.goes("call1", "pin")
    pin = phone.get_by_label("Your PIN")
    pin.fill("2468")
    assert "2468" not in phone.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    phone.reload()
    expect(pin).to_have_value("")
    services.goes("call1", "message")
    expect(field).to_have_value("")  # the question was left; another time it is a new one


def test_a_closed_page_opens_again_where_the_call_is(services, phone):
    opens(phone, services)
    again = phone.context.new_page()
    phone.close()
    services.goes("call1", "card")
    again.goto("/v/call")
    expect(again.get_by_label("Last four digits of the card")).to_be_visible()


def test_a_page_that_hears_nothing_connects_again(services, network, far_phone):
    """A connection that died without a word: no error comes, only no heartbeat."""
    far_phone.clock.install()
    opens(far_phone, services)
    expect(far_phone.get_by_text("On your call")).to_be_visible()
    with far_phone.expect_request("**/v/call/events*", timeout=LONG):
        far_phone.clock.fast_forward(41_000)


def test_more_time_is_one_tap_and_off_is_one_more(services, phone):
    opens(phone, services)
    more = phone.get_by_role("button", name="More time to answer")
    expect(more).to_have_attribute("aria-pressed", "false")
    more.tap()
    expect(more).to_have_attribute("aria-pressed", "true")
    assert services.sessions["call1"].pace == 3
    more.tap()
    expect(more).to_have_attribute("aria-pressed", "false")
    assert [one.pace for one in services.inputs if isinstance(one, PaceChosen)] == [3, 1]
