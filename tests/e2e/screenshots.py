"""``python -m tests.e2e.screenshots``: the screens of a real call, as a phone shows them, written as small pictures.

One call a language over the emulator, through the whole system as it is installed; nothing is drawn for the picture.
"""

from __future__ import annotations

import argparse
import base64
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from ivr.demo.housekeeping import MODEL_SECONDS
from ivr.flow.kinds import DateKind
from ivr.flow.saying import numerals, typed_answer
from tests.wire.smartphone import digits_of, link_of
from tests.wire.system import PASSWORD, PIN, ROOT, System, running

CHROMIUM = "/usr/bin/chromium"
MODEL = ROOT / "var/models/campplus"
FIRST = "en-GB"  # the flow's own language; the page offers the others
PHONE = {"width": 390, "height": 844}
AGENT_PHONE = "+441632960555"
SOON = 60_000  # milliseconds
SPEED = 3.0  # of the emulator's clock
QUALITY = 82  # of WebP, 0-100: no difference to be seen on flat colours, a third of a PNG's size
LARGEST_PICTURE, LARGEST_ALL = 60_000, 600_000  # bytes


class Camera:
    """Writes what a page shows as NAME-LANGUAGE.webp, which Chromium itself can make; ``dark``: also as …-dark.webp."""

    def __init__(self, directory: Path, page: Page, language: str) -> None:
        self._directory = directory
        self._page = page
        self._language = language.partition("-")[0]
        self._chromium = page.context.new_cdp_session(page)

    def takes(self, name: str, dark: bool = False) -> None:
        for scheme in ("light", "dark") if dark else ("light",):
            self._page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            self._page.evaluate("document.fonts.ready")
            taken = self._chromium.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
            ending = "-dark" if scheme == "dark" else ""
            file = self._directory / f"{name}-{self._language}{ending}.webp"
            file.write_bytes(base64.b64decode(taken["data"]))
            print(f"{file}  {file.stat().st_size / 1000:.0f} kB", flush=True)
        self._page.emulate_media(color_scheme="light", reduced_motion="reduce")


@contextmanager
def opened(browser: Browser, url: str, **options) -> Iterator[Page]:
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(SOON)
    try:
        yield context.new_page()
    finally:
        context.close()


def goes_on(page: Page, kind: str, step: str = "") -> None:
    """Wait until the page shows a screen of this kind."""
    of_step = f"[data-step={step}]" if step else ""
    expect(page.locator(f"#screen[data-kind={kind}]{of_step}")).to_be_visible()
    if kind != "ended":
        expect(page.locator("#line")).to_have_attribute("data-state", "live")


def taps(page: Page, key: str) -> None:
    page.locator(f"button[name=keys][value='{key}']").first.click()


def arrived(system: System, page: Page, number: str) -> str:
    """The link in the message that comes during the call."""
    for _ in range(SOON // 100):
        if link := link_of(system, number):
            return link
        page.wait_for_timeout(100)
    raise RuntimeError(f"no message came to {number}:\n{system.servers[0].log()}")


def fills_in(page: Page) -> None:
    """The appointment: in a week, by telephone, about what is first in the list; then the top of the page again."""
    day, language = (date.today() + timedelta(days=7)).isoformat(), page.locator("html").get_attribute("lang")
    page.locator("[name='answer.appointment_day']").fill(typed_answer(DateKind(), day, language))
    page.locator("input[type=tel]").fill(numerals("07700 900123", language))
    for question in page.locator("fieldset.entry").all():
        question.locator("input[type=radio]").first.check()
    page.evaluate("scrollTo(0, 0)")


def plays(system: System, page: Page, desk: Page, language: str, camera: Camera) -> list[str]:
    """A call from the link to the end; the screens on the way are taken. Returns the other languages offered."""
    caller = system.contact("Alice Morgan")
    call = system.dials(caller.number)
    call.hears(re.compile(r"enter \d ?\d"), within_seconds=60)
    page.goto(arrived(system, page, caller.number))
    page.locator("input").first.fill(digits_of(call))
    camera.takes("open")
    page.get_by_role("button").last.click()
    goes_on(page, "choices", "main")
    others = page.locator("button[name=language]").evaluate_all("all => all.map(one => one.value)")
    if language != FIRST:
        page.locator(f"button[name=language][value='{language}']").click()
        expect(page.locator(f"#screen[lang='{language}']")).to_be_visible()
    camera.takes("menu", dark=language == FIRST)
    taps(page, "1")
    goes_on(page, "secret")
    page.locator("input[type=password]").fill(PIN)
    camera.takes("pin")
    page.locator("form.ask button[type=submit]").click()
    goes_on(page, "choices", "anything_else")
    camera.takes("balance")
    taps(page, "1")
    goes_on(page, "choices", "main")
    taps(page, "4")
    goes_on(page, "fields")
    fills_in(page)
    camera.takes("form")
    page.locator("form.fields button[type=submit]").click()
    goes_on(page, "choices", "anything_else")
    taps(page, "1")
    goes_on(page, "choices", "main")
    taps(page, "2")
    goes_on(page, "choices", "enrol_voice")
    camera.takes("consent")
    call.presses("1")  # not a tap: consent cut short by a tap is said, and shown, once more
    goes_on(page, "working")
    camera.takes("listening")
    taps(page, "0")
    goes_on(page, "queue")
    camera.takes("queue", dark=language == FIRST)
    desk.get_by_role("button", name="Accept").click()
    goes_on(page, "talking")
    camera.takes("talking")
    desk.get_by_label("How did it go?").select_option("resolved")
    desk.get_by_role("button", name="Finish").click()
    goes_on(page, "ended")
    camera.takes("ended")
    expect(desk.get_by_text("Ready for the next caller")).to_be_visible()
    return others


def signs_in(desk: Page) -> None:
    desk.goto("/desk")
    desk.get_by_label("Name").fill("samira")
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in").click()
    desk.get_by_role("button", name="Available").click()
    expect(desk.get_by_text("Ready for the next caller")).to_be_visible()


def await_model(system: System, page: Page) -> None:
    """Until then a voice cannot be learnt, and the page says so at once."""
    for _ in range(int(MODEL_SECONDS)):
        if "loading" not in page.request.get(f"http://127.0.0.1:{system.servers[0].port}/readyz").text():
            return
        page.wait_for_timeout(1000)
    raise RuntimeError(f"the speaker model was not loaded within {MODEL_SECONDS:.0f} s:\n{system.servers[0].log()}")


def write(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=SOON)
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place), speed=SPEED, speaker_model=str(MODEL)) as system,
        sync_playwright() as playwright,
    ):
        system.agent("samira", AGENT_PHONE)
        system.carrier.phone(AGENT_PHONE, presses="1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with opened(browser, system.url, viewport={"width": 900, "height": 900}) as desk:
            signs_in(desk)
            await_model(system, desk)
            languages = [FIRST]
            for language in languages:  # it grows by what the page offers
                with opened(
                    browser, system.url, viewport=PHONE, device_scale_factor=2, has_touch=True,
                    reduced_motion="reduce", locale=language,
                ) as page:  # fmt: skip
                    others = plays(system, page, desk, language, Camera(directory, page, language))
                    languages += [other for other in others if other not in languages]
        browser.close()


def too_large(directory: Path) -> list[str]:
    sizes = {file.name: file.stat().st_size for file in directory.glob("*.webp")}
    found = [f"{name}: {size} bytes, above {LARGEST_PICTURE}" for name, size in sizes.items() if size > LARGEST_PICTURE]
    if sum(sizes.values()) > LARGEST_ALL:
        found.append(f"all together: {sum(sizes.values())} bytes, above {LARGEST_ALL}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("samples/screens"), help="a directory (samples/screens)")
    options = parser.parse_args()
    for needed, remedy in ((Path(CHROMIUM), "apt-get install chromium"), (MODEL, "make setup")):
        if not needed.exists():
            print(f"{needed} is missing: {remedy}", file=sys.stderr)
            return 2
    write(options.out)
    if problems := too_large(options.out):
        print("\n".join(problems), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
