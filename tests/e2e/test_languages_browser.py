"""The page in Persian in a real browser: chosen on the page or on the phone, drawn from right to left."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tabs import tab

from ivr.flow.kinds import DateKind
from ivr.flow.saying import date, numerals, typed_answer
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


def opens(system, handset):
    """The link, in a browser that prefers Persian; the call is in English still."""
    call, link, digits = invited(system)
    handset.goto(link)
    expect(handset.locator("html")).to_have_attribute("dir", "rtl")  # as the browser prefers; no call is known yet
    handset.get_by_label("آن دو رقم").fill(numerals(digits, "fa"))
    handset.get_by_role("button", name="باز کردن تماس من").tap()
    expect(handset.locator("html")).to_have_attribute("lang", "en-GB")  # the call's own language
    return call


def in_english(handset) -> str | None:
    """Words of a screen that nobody has translated."""
    found = re.search("[A-Za-z]{4,}", handset.locator("#screen").inner_text().replace("Alice", ""))
    return found and found[0]


def test_a_journey_in_persian_by_page_and_phone(system, handset):
    call = opens(system, handset)
    for _ in range(5):  # the phone may be quicker; then the page shows the present, and is asked once more
        handset.locator(".languages button").tap()
        with contextlib.suppress(AssertionError):
            expect(handset.locator("html")).to_have_attribute("lang", "fa-IR", timeout=5000)
            break
    expect(handset.locator("html")).to_have_attribute("lang", "fa-IR")
    expect(handset.locator("html")).to_have_attribute("dir", "rtl")

    assert call.presses("5"), "the phone leads back to English, and the open page follows"
    expect(handset.get_by_role("button", name="Balance")).to_be_visible()
    expect(handset.locator("html")).to_have_attribute("dir", "ltr")
    assert call.presses("5")
    expect(handset.get_by_role("button", name="موجودی حساب")).to_be_visible()

    handset.get_by_role("button", name="موجودی حساب").tap()
    handset.locator("input[type=password]").fill(numerals(PIN, "fa"))
    handset.get_by_role("button", name="فرستادن").tap()
    expect(handset.get_by_text("سپاسگزارم، Alice. موجودی شما ۱٬۲۰۴ پوند و ۵۰ پنی است.")).to_be_visible()
    assert handset.evaluate("document.documentElement.scrollWidth") <= 390
    key = handset.locator("button[name=keys]").first.locator("kbd").bounding_box()
    label = handset.locator("button[name=keys]").first.locator("bdi").bounding_box()
    assert key["x"] > label["x"], "the key stands where the line begins: at the right"
    assert not in_english(handset)
    call.hangs_up()
    expect(handset.get_by_role("heading", name="تماس پایان یافت")).to_be_visible()
    expect(handset.locator(".languages")).to_have_count(0)


def test_an_appointment_is_booked_in_persian_on_the_page(system, handset):
    call = opens(system, handset)
    assert call.presses("5")
    handset.get_by_role("button", name="گرفتن وقت ملاقات").tap()
    day, phone = handset.get_by_label("روز"), handset.get_by_label("شمارهٔ تلفن")
    soon = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
    day.fill("۱۳۹۹/۱/۱")
    phone.fill("۱۲۳")
    assert not in_english(handset)
    handset.get_by_role("button", name="فرستادن").tap()
    expect(handset.get_by_role("alert")).to_contain_text("هنوز فرستاده نشده است")
    expect(handset.get_by_text("نمی‌تواند پیش از")).to_be_visible()
    expect(handset.get_by_text("شماره را کامل بدهید")).to_be_visible()
    expect(day).to_have_value("۱۳۹۹/۱/۱")
    assert not in_english(handset)
    day.fill(typed_answer(DateKind(), soon, "fa"))
    phone.fill("۰۷۷۰۰ ۹۰۰۱۲۳")
    handset.get_by_label("وام مسکن").check()
    handset.get_by_label("بله").check()
    handset.get_by_role("button", name="فرستادن").tap()
    expect(handset.get_by_text(f"وقت ملاقات شما {date(soon, 'fa')} است.")).to_be_visible()
    assert not in_english(handset)
    answers = system.session(call).answers
    assert answers["appointment_day"] == soon and answers["appointment_phone"] == "+447700900123"
    assert answers["appointment_topic"] == "mortgage" and answers["appointment_reminder"] == "yes"
    call.hangs_up()


def test_an_appointment_is_booked_in_persian_by_voice_and_keys(system, handset):
    call = opens(system, handset)
    soon = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
    assert call.presses("5")
    expect(handset.get_by_role("button", name="گرفتن وقت ملاقات")).to_be_visible()
    assert call.presses("4")
    expect(handset.get_by_label("روز")).to_be_visible()
    assert call.says(date(soon, "fa"))
    expect(handset.get_by_role("heading", name=date(soon, "fa"))).to_be_visible()
    assert not in_english(handset)
    assert call.says("بله، درسته")
    expect(handset.get_by_label("روز")).to_have_value(typed_answer(DateKind(), soon, "fa"))
    assert call.presses("07700900123#")
    expect(handset.get_by_label("شمارهٔ تلفن")).to_have_value("+۴۴۷۷۰۰۹۰۰۱۲۳")
    assert call.presses("2")
    expect(handset.get_by_label("پس‌انداز")).to_be_checked()
    assert call.says("نه، ممنون")
    expect(handset.get_by_text(f"وقت ملاقات شما {date(soon, 'fa')} است.")).to_be_visible()
    answers = system.session(call).answers
    assert answers["appointment_day"] == soon and answers["appointment_reminder"] == "no"
    call.hangs_up()
