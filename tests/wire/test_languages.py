"""A call switched to Persian over the real wire: its voice is sound of ours, its page runs from right to left."""

from __future__ import annotations

import io
import os
import re
import shutil
import time
import wave

import httpx
import pytest

from ivr.store import contacts
from tests.wire.desk import AgentAtDesk
from tests.wire.smartphone import Smartphone, opened
from tests.wire.system import System


@pytest.fixture(autouse=True)
def espeak() -> None:
    if shutil.which("espeak-ng") is None:
        assert not os.environ.get("CI"), "espeak-ng is missing: .ci/packages installs it"
        pytest.skip("espeak-ng is not installed (apt-get install espeak-ng): Persian cannot be spoken")


@pytest.fixture
def caller(system: System):
    contact = system.contact()
    call = system.dials(contact.number)
    page = opened(system, call, contact.number, within_seconds=30)
    yield contact, call, page
    page.close()
    if call.status == "in-progress":
        call.hangs_up()


def until(holds, what: str, within_seconds: float = 20.0):
    ends = time.monotonic() + within_seconds
    while not (found := holds()):
        assert time.monotonic() < ends, f"not within {within_seconds:g} s: {what}"
        time.sleep(0.02)
    return found


def played(call) -> list[str]:
    return [entry["url"] for entry in call.heard() if entry["url"]]


def chooses(page: Smartphone, language: str):
    """Taps the language at the top of the page; once more if the phone was quicker and had moved on."""

    def chosen():
        drawn = page._post({"language": language}, page.reloads())
        return drawn if f'lang="{language}"' in html(page) else None

    return until(chosen, f"the page goes on in {language}")


def _if_queue(drawn):
    return drawn if drawn is not None and drawn.kind == "queue" else None


def html(page: Smartphone) -> str:
    return page.browser.get("/v/call").text


def test_a_key_makes_the_voice_sound_and_the_page_run_from_right_to_left(system: System, caller) -> None:
    contact, call, page = caller
    assert 'lang="en-GB" dir="ltr"' in html(page) and "فارسی" in html(page)
    assert call.presses("5")
    (url,) = until(lambda: played(call), "the menu is played in Persian")
    assert not re.search("[^\x20-\x7e]", url) and "1204" not in url
    with wave.open(io.BytesIO(httpx.get(url, trust_env=False).content)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert sound.getnframes() > 8000, "not even a second of speech"
    drawn = html(page)
    assert '<html lang="fa-IR" dir="rtl">' in drawn and "موجودی حساب" in drawn
    assert ">۱</kbd>" in drawn and 'value="1"' in drawn, "the key is a Persian numeral, its value a key"
    assert contacts.get(system.database, contact.id).language == "fa-IR"

    foreign = url.replace("/prompt/0", "/prompt/1")
    assert httpx.get(foreign, trust_env=False).status_code == 403, "an address is good for one prompt only"
    call.hangs_up()
    until(lambda: httpx.get(url, trust_env=False).status_code == 410, "the address dies with the call")

    again = system.dials(contact.number)
    until(lambda: played(again), "the next call begins in Persian")
    assert not [entry["text"] for entry in again.heard() if entry["text"]]
    again.hangs_up()


def test_the_page_switches_the_phone_and_the_queue_speaks_it(system: System, caller) -> None:
    _contact, call, page = caller
    desk = AgentAtDesk(system, "dana", "+441632960001")
    desk.becomes("available")  # and lets it ring, so that the caller waits
    before = page.reloads()
    moved = chooses(page, "fa-IR")
    assert moved.turn > before.turn and "بانک ریورساید" in moved.text
    until(lambda: played(call), "the phone follows the page")
    stale = page._post({"language": "en-GB"}, before)
    assert "تماس پیش‌تر از این مرحله گذشته بود" in stale.text, "a late choice is shown the present"
    drawn = until(lambda: _if_queue(page.taps("0", page.reloads())), "the page shows the queue")
    assert "نفر بعدی شمایید" in drawn.text
    until(lambda: [url for url in played(call) if "/prompt/waiting" in url], "the place in the queue is played")
    assert "شما نفر" not in " ".join(played(call))
    chooses(page, "en-GB")
    until(lambda: any("You are number" in (entry["text"] or "") for entry in call.heard()), "the queue speaks English")
    desk.close()


def test_a_page_that_belongs_to_no_call_yet_follows_the_browser(system: System) -> None:
    closed = httpx.get(f"{system.url}/v/call", headers={"Accept-Language": "fa-IR,fa;q=0.9,en;q=0.5"}, trust_env=False)
    assert '<html lang="fa" dir="rtl">' in closed.text and "اینجا تماسی باز نیست" in closed.text
    for language in ("", "en", "xx", "\u202e", "*"):
        header = {"Accept-Language": language.encode("utf-8")}
        assert "No call is open here" in httpx.get(f"{system.url}/v/call", headers=header, trust_env=False).text
