"""The agent's desk and the ops page in a real browser."""

from playwright.sync_api import expect
from test_desk_door import pop

from ivr.flow.inputs import By, Digits
from ivr.web.doors import PopState, Role


def sign_in(page, name, at="/desk"):
    page.goto(at)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Sign in").click()


def test_a_call_from_pop_to_finish(services, computer):
    services.dispatch.add("sam", "right")
    sign_in(computer, "sam")
    computer.get_by_role("button", name="Available").click()
    expect(computer.get_by_text("Ready for the next caller")).to_be_visible()
    services.dispatch.offers("sam", pop(services))
    expect(computer.get_by_role("heading", name="Ada Marsh")).to_be_visible()
    expect(computer.get_by_role("heading", name="Voice verified")).to_be_visible()
    computer.wait_for_timeout(300)
    assert services.dispatch.drawn == ["r1"]  # said once, after the card was painted
    computer.get_by_role("button", name="Accept").click()
    expect(computer.locator(".stage strong")).to_have_text("Connected")
    computer.get_by_label("Note").fill("card blocked")
    services.dispatch.offers("sam", pop(services, state=PopState.WRAPUP))
    expect(computer.locator(".stage strong")).to_have_text("The call is over")
    expect(computer.get_by_label("Note")).to_have_value("card blocked")
    computer.get_by_label("How did it go?").select_option("resolved")
    computer.get_by_role("button", name="Finish").click()
    expect(computer.get_by_text("Ready for the next caller")).to_be_visible()
    assert services.dispatch.finished == [("r1", "resolved", "card blocked")]


def test_the_timer_runs(services, computer):
    services.dispatch.add("sam", "right")
    sign_in(computer, "sam")
    services.clock.passes(seconds=75)
    services.dispatch.offers("sam", pop(services, state=PopState.CONNECTED, since=services.clock()))
    services.clock.passes(seconds=75)
    services.dispatch.moved("sam")
    expect(computer.locator(".stage time")).to_have_text("1:16")


def test_operators_watch_turns_as_they_happen(services, computer):
    services.dispatch.add("olga", "right", Role.OPS)
    sign_in(computer, "olga", at="/ops")
    expect(computer.get_by_text("Nobody is calling.")).to_be_visible()
    services.rings()
    services.take_turn("call1", Digits(turn=1, keys="2", by=By.TAP))
    expect(computer.locator("#lines tr")).to_have_count(2)
    expect(computer.locator("#lines tr").first).to_contain_text("taps 2")
    expect(computer.locator("#calls")).to_contain_text("+441632960101")
