"""Whole journeys with six digits: a telephone on the emulator, any browser beside it, the server as it is installed."""

from __future__ import annotations

import re

import pytest
from axe import axe_source, violations
from playwright.sync_api import expect
from tabs import tab

from tests.wire.system import running

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with running(tmp_path_factory.mktemp("joining"), speed=3.0) as started:  # whoever reads a screen needs time
        yield started


@pytest.fixture
def handset(chromium, system):
    yield from tab(chromium, base_url=system.url, **PHONE)


@pytest.fixture
def plain_handset(chromium, system):
    yield from tab(chromium, base_url=system.url, java_script_enabled=False, **PHONE)


def joins(page, call) -> None:
    """Asks for the code, hears it, types it at /v."""
    call.hears("For your balance")
    call.presses("3")
    heard = call.hears(re.compile(r"enter the code (\d ){5}\d"))
    page.goto("/v")
    page.get_by_label("The six digits").fill(re.search(r"code ((?:\d ){5}\d)", heard["text"])[1])
    page.get_by_role("button", name="Open my call").click()
    expect(page.get_by_role("button", name="Balance")).to_be_visible()
    page.wait_for_load_state()  # its script, too: until then a tap is an ordinary form's


def begins(page) -> str:
    """Chooses the balance on the page. Returns what the phone would dial and key."""
    page.goto("/v")
    page.get_by_role("link", name="Riverside Bank").click()
    page.get_by_role("link", name="Balance").click()
    page.get_by_role("button", name="Call about this").click()
    return page.get_by_role("link", name="Call +").get_attribute("href")


def dials(system, link: str):
    number, code = re.fullmatch(r"tel:(\+\d+),,(\d{6})", link).groups()
    assert number == "+15005550006"
    call = system.dials(system.contact().number)
    call.hears("Welcome")
    call.presses(code)
    return call


@pytest.mark.parametrize("which", ["handset", "plain_handset"])
def test_a_code_heard_is_typed_and_the_page_follows_the_call(system, which, request):
    page = request.getfixturevalue(which)
    call = system.dials(system.contact().number)
    joins(page, call)
    page.get_by_role("button", name="Balance").click()
    call.hears("First I need to be sure")
    expect(page.get_by_role("heading", name="Waiting for your page")).to_be_visible()
    call.hangs_up()
    expect(page.get_by_text("The call has ended").first).to_be_visible()


@pytest.mark.parametrize("which", ["handset", "plain_handset"])
def test_what_was_begun_on_the_page_goes_on_in_the_call(system, which, request):
    page = request.getfixturevalue(which)
    call = dials(system, begins(page))
    call.hears("I see what you chose: Balance")
    call.hears("First I need to be sure")
    page.get_by_role("button", name="Yes, show my call here").click()
    expect(page.get_by_role("heading", name="Waiting for your page")).to_be_visible()
    assert system.session(call).choices_made == ("Balance",)
    assert system.session(call).factors == ()
    call.hangs_up()


def test_one_more_screen_is_opened_by_its_camera(system, chromium, handset):
    call = system.dials(system.contact().number)
    joins(handset, call)
    handset.get_by_role("button", name="Open on another screen").click()
    expect(handset.get_by_role("img", name="QR code")).to_be_visible()
    call.hangs_up()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_before_the_call_break_no_rule(system, chromium, scheme):
    """WCAG 2.2 AA by axe-core, in a narrow window and with large text."""
    axe, wrong = axe_source(), {}
    for page in tab(chromium, base_url=system.url, viewport={"width": 320, "height": 640}, color_scheme=scheme):

        def check(name: str, page=page) -> None:
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            sideways = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            if problems := [*violations(page, axe), *(["scrolls sideways"] if sideways else [])]:
                wrong[name] = problems

        for name, path in {"code": "/v", "menu": "/v/start/bank", "chosen": "/v/start/bank?chosen=1"}.items():
            page.goto(path)
            check(name)
        page.get_by_role("button", name="Call about this").click()
        page.get_by_text("Call from another phone").wait_for()
        if not page.get_by_role("img", name="QR code").is_visible():
            page.get_by_text("Call from another phone").click()
        check("call")
        page.goto("/v")
        page.get_by_label("The six digits").fill("12")
        page.get_by_role("button", name="Open my call").click()
        expect(page.get_by_role("alert")).to_be_visible()
        check("wrong code")
    assert not wrong, wrong
