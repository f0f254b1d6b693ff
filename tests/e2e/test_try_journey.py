"""``make serve`` as a stranger meets it: a browser with a microphone, nothing else; enrolled, recognised, refused.

The microphone is Chromium's own, fed from a file: real people where labelled speech is at hand, else synthetic voices.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import soundfile
from playwright.sync_api import Page, expect, sync_playwright

from biometrics.audio import decode_ulaw
from ivr.demo import voices
from ivr.demo.housekeeping import free_port

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]  # fmt: skip
SOON = 60_000  # milliseconds; prompts last as long as in life
START_SECONDS = 240
SHOTS = os.environ.get("DUET_SHOTS")  # a directory, to look at what a stranger sees


@pytest.fixture(autouse=True)
def patience():
    """A call takes its time here; the limit is for what never comes."""
    expect.set_options(timeout=SOON)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def served():
    """The address of the three-pane page, once the voice process has its model."""
    for needed, remedy in ((Path(CHROMIUM), "apt-get install chromium"), (ROOT / "var/models/campplus", "make setup")):
        if not needed.exists():
            message = f"{needed} is missing: {remedy}"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "ivr.cli", "demo", "--stay", "--port", str(port)],
        cwd=ROOT, env={**os.environ, "BROWSER": "true"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said: list[str] = []
    threading.Thread(target=lambda: said.extend(process.stdout), daemon=True).start()
    address = f"http://127.0.0.1:{port}"
    try:
        _await_model(address, process, said)
        yield address
    finally:
        process.terminate()
        assert process.wait(30) is not None
        with pytest.raises(httpx.TransportError):
            httpx.get(_emulator(said), trust_env=False)  # it ends when the command ends


def _await_model(address: str, process: subprocess.Popen, said: list[str]) -> None:
    for _ in range(START_SECONDS * 2):
        assert process.poll() is None, "".join(said)
        try:
            if "loading" not in httpx.get(f"{address}/readyz", trust_env=False).text:
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.5)
    raise AssertionError(f"the model was not loaded within {START_SECONDS} s\n{''.join(said)}")


def _emulator(said: list[str]) -> str:
    return re.search(r"[Ee]mulator: (http://\S+)", "".join(said)).group(1)


@pytest.fixture(scope="module")
def cast() -> voices.Cast:
    return voices.cast()


@contextmanager
def stranger(served: str, audio: bytes, directory: Path, name: str):
    """A browser whose microphone hears ``audio`` (8 kHz µ-law) again and again, on the three-pane page."""
    file = directory / f"{name}.wav"
    soundfile.write(file, decode_ulaw(audio), 8000, subtype="PCM_16")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={file}"]
        )
        context = browser.new_context(
            base_url=served, viewport={"width": 1440, "height": 1200}, permissions=["microphone"]
        )
        context.set_default_timeout(SOON)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            page.goto("/try")
            yield page
            assert not errors
        finally:
            shot(page, name)
            browser.close()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def dials(page: Page, who: str, impostor: bool = False) -> None:
    expect(page.get_by_label("You are")).to_contain_text(who)
    page.get_by_label("You are").select_option(index=[
        index for index, text in enumerate(page.locator("#who option").all_inner_texts()) if who in text
    ][0])  # fmt: skip
    page.get_by_label("Impostor").set_checked(impostor)
    page.get_by_role("button", name=re.compile("^Call ")).click()


def hears(page: Page, words: str) -> None:
    expect(page.locator("#talk")).to_contain_text(words)


def presses(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(f"#keypad button[value='{key}']").click()


def opens_page(page: Page, which: str = "") -> None:
    """Tap the link in the newest message, type the two digits heard, open. ``which``: "-2" for the second caller."""
    digits = "".join(re.findall(r"enter (\d) ?(\d)", page.locator(f"#talk{which}").inner_text())[-1])
    page.locator(f"#texts{which} a").first.click()
    handset = page.frame_locator(f"#page{which}")
    handset.get_by_label("The two digits").fill(digits)
    handset.get_by_role("button", name="Open my call").click()


def test_enrolled_recognised_and_refused(served, cast, tmp_path):
    with stranger(served, cast.owner.enrolment, tmp_path, "1-enrolled") as page:
        shot(page, "0-first-look")
        dials(page, "Benjamin")
        hears(page, "For your balance, press 1")
        opens_page(page)
        handset = page.frame_locator("#page")
        shot(page, "1-menu")
        handset.get_by_role("button", name="Voice recognition").click()
        hears(page, "key in your PIN")
        presses(page, "7350#")
        hears(page, "Do you agree?")
        handset.get_by_role("button", name="Yes, I agree").click()
        hears(page, "Please talk")
        page.get_by_role("button", name="Microphone").click()
        expect(handset.get_by_role("heading", name="Learning your voice…")).to_be_visible()
        shot(page, "1-learning")
        hears(page, "From your next call on, we can recognise you")
        page.get_by_role("button", name="Hang up").click()
        expect(page.get_by_text("not on a call")).to_be_visible()

    with stranger(served, cast.owner.verification, tmp_path, "2-recognised") as page:
        dials(page, "Benjamin")
        hears(page, "For your balance, press 1")
        presses(page, "1")
        hears(page, "Open the link on your phone")
        opens_page(page)
        hears(page, "tell me in a sentence or two")
        page.get_by_role("button", name="Microphone").click()
        shot(page, "2-checking")
        hears(page, "Your balance is")
        expect(page.locator("#lines")).to_contain_text("voice ACCEPTED")
        page.frame_locator("#page").get_by_role("button", name="Speak to a person").click()
        desk = page.frame_locator("iframe[name=desk]")
        expect(desk.get_by_role("heading", name="Benjamin Osei")).to_be_visible()
        expect(desk.get_by_role("heading", name="Voice verified")).to_be_visible()
        shot(page, "2-pop")
        desk.get_by_role("button", name="Accept").click()
        expect(desk.locator(".stage strong")).to_have_text("Connected")
        shot(page, "2-connected")
        page.get_by_role("button", name="Hang up").click()
        desk.get_by_label("How did it go?").select_option("resolved")
        desk.get_by_role("button", name="Finish").click()
        expect(desk.get_by_text("Ready for the next caller")).to_be_visible()

    with stranger(served, cast.impostor.verification, tmp_path, "3-refused") as page:
        dials(page, "Benjamin", impostor=True)
        hears(page, "For your balance, press 1")
        presses(page, "1")
        hears(page, "Open the link on your phone")
        presses(page, "1")
        hears(page, "tell me in a sentence or two")
        page.get_by_role("button", name="Microphone").click()
        hears(page, "key in your PIN")
        expect(page.locator("#lines")).to_contain_text("voice")
        presses(page, "0#")
        desk = page.frame_locator("iframe[name=desk]")
        expect(desk.get_by_role("heading", name="Not verified", exact=True)).to_be_visible()
        expect(desk.get_by_role("heading", name="Voice verified")).to_have_count(0)
        assert "Your balance is" not in page.locator("#talk").inner_text()


def test_two_callers_at_once_and_a_network_that_goes_and_comes(served, cast, tmp_path):
    """Both in one browser, each with a page of their own; one of the pages loses its network and comes back."""
    with stranger(served, cast.owner.verification, tmp_path, "4-two-callers") as page:
        page.goto("/try?caller=10067890&second=10078901")
        for which, name in (("", "Carys"), ("-2", "Daniel")):
            expect(page.locator(f"#who{which} option:checked")).to_contain_text(name)
            page.locator(f"#dial{which}").click()
        for which in ("", "-2"):
            expect(page.locator(f"#talk{which}")).to_contain_text("For your balance, press 1")
            opens_page(page, which)
        first, second = page.frame_locator("#page"), page.frame_locator("#page-2")
        expect(second.get_by_role("button", name="Balance")).to_be_visible()
        first.get_by_role("button", name="Speak to a person").click()
        expect(first.get_by_role("heading", name="You are next")).to_be_visible()

        page.locator("#signal-2").get_by_label("Offline").check()
        expect(second.get_by_text("Reconnecting…")).to_be_visible()
        expect(first.get_by_text("Reconnecting…")).not_to_be_visible()
        second.get_by_role("button", name="Speak to a person").click()
        expect(page.locator("#call-state-2")).to_have_text("on the call")
        page.locator("#signal-2").get_by_label("Good").check()
        expect(page.locator("#talk-2")).to_contain_text("You are number 2 in the queue")
        expect(second.get_by_role("heading", name="You are in the queue")).to_be_visible()
        expect(second.get_by_text("On your call")).to_be_visible()

        desk = page.frame_locator("iframe[name=desk]")
        expect(desk.get_by_role("heading", name="Carys Hughes")).to_be_visible()
        page.locator("#dial").click()
        expect(desk.get_by_role("heading", name="Daniel Petrov")).to_be_visible()
        shot(page, "4-second-is-next")
        page.get_by_role("button", name="Second caller").click()
        expect(page.locator("#talk-2")).to_have_count(0)
        expect(desk.get_by_text("Ready for the next caller")).to_be_visible()
