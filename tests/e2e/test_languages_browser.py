"""The page in Persian in a real browser: chosen on the page or on the phone, drawn from right to left."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from playwright.sync_api import expect
from tabs import tab

from tests.e2e.test_whole_call import invited
from tests.wire.system import PIN, running


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    if shutil.which("espeak-ng") is None:
        assert not os.environ.get("CI"), "espeak-ng is missing: .ci/packages installs it"
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng): Persian cannot be spoken")
    with running(tmp_path_factory.mktemp("languages"), speed=3.0) as started:
        yield started


@pytest.fixture
def handset(chromium, system):
    yield from tab(
        chromium, base_url=system.url, viewport={"width": 390, "height": 844}, has_touch=True, locale="fa-IR"
    )


def test_a_journey_in_persian_by_page_and_phone(system, handset):
    call, link, digits = invited(system)
    handset.goto(link)
    expect(handset.locator("html")).to_have_attribute("dir", "rtl")  # as the browser prefers; no call is known yet
    handset.get_by_label("آن دو رقم").fill(digits.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")))
    handset.get_by_role("button", name="باز کردن تماس من").tap()
    expect(handset.locator("html")).to_have_attribute("lang", "en-GB")  # the call's own language
    for _ in range(5):  # the phone may be quicker; then the page shows the present, and is asked once more
        with handset.expect_navigation():
            handset.locator(".languages button").tap()
        if handset.locator("html").get_attribute("lang") == "fa-IR":
            break
    expect(handset.locator("html")).to_have_attribute("lang", "fa-IR")
    expect(handset.locator("html")).to_have_attribute("dir", "rtl")

    assert call.presses("5"), "the phone leads back to English, and the open page follows"
    expect(handset.get_by_role("button", name="Balance")).to_be_visible()
    expect(handset.locator("html")).to_have_attribute("dir", "ltr")
    assert call.presses("5")
    expect(handset.get_by_role("button", name="موجودی حساب")).to_be_visible()

    handset.get_by_role("button", name="موجودی حساب").tap()
    handset.locator("input[type=password]").fill(PIN.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")))
    handset.get_by_role("button", name="فرستادن").tap()
    expect(handset.get_by_text("سپاسگزارم، Alice. موجودی شما ۱٬۲۰۴ پوند و ۵۰ پنی است.")).to_be_visible()
    assert handset.evaluate("document.documentElement.scrollWidth") <= 390
    key = handset.locator("button[name=keys]").first.locator("kbd").bounding_box()
    label = handset.locator("button[name=keys]").first.locator("bdi").bounding_box()
    assert key["x"] > label["x"], "the key stands where the line begins: at the right"
    assert not re.search("[A-Za-z]{4,}", handset.locator("#screen").inner_text().replace("Alice", "")), (
        "left in English"
    )
    call.hangs_up()
    expect(handset.get_by_role("heading", name="تماس پایان یافت")).to_be_visible()
    expect(handset.locator(".languages")).to_have_count(0)
