"""The caller's smartphone: opens the link of a text message and taps, over HTTP, as a browser without scripts does."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from ivr.demo.markup import Element, read_page

LINK = re.compile(r"https?://\S+/v/[\w.~-]+")


class NotShown(AssertionError):
    """What was expected on a page is not there; the message says what is."""


@dataclass(frozen=True)
class Seen:
    """One screen: ``buttons`` by label, in order; ``body`` is everything else that is written on it."""

    kind: str
    captions: tuple[str, ...]
    body: tuple[str, ...]
    buttons: dict[str, str]

    @property
    def lines(self) -> list[str]:
        shown = [*self.body]
        if self.buttons:
            shown.append("  ".join(f"[{key}] {label}" for label, key in self.buttons.items()))
        return shown


class Smartphone:
    def __init__(self, public_url: str) -> None:
        self._browser = httpx.Client(
            base_url=public_url, follow_redirects=True, trust_env=False, timeout=30, headers={"Origin": public_url}
        )
        self.opened = False

    def close(self) -> None:
        self._browser.close()

    def opens(self, message: str, digits: str) -> Seen:
        """Follow the link in a text message, type the two digits heard, press the button."""
        found = LINK.search(message)
        if not found:
            raise NotShown(f"there is no link in the message {message!r}")
        self._browser.get(found.group())
        seen = self._seen(self._browser.post(found.group(), data={"digits": digits}))
        self.opened = True
        return seen

    def looks(self) -> Seen | None:
        """The screen as it is now; None while no page is open."""
        return self._seen(self._browser.get("/v/call")) if self.opened else None

    def taps(self, label: str) -> Seen:
        page = self._page(self._browser.get("/v/call"))
        form = page.first("form", kind="choices")
        buttons = {button.words: button for button in form.all("button")} if form else {}
        if label not in buttons:
            raise NotShown(f"there is no button '{label}'; the screen says: {page.words}")
        return self._send(form, {"keys": buttons[label].attributes["value"]})

    def types(self, answer: str) -> Seen:
        """Fill the one field of the screen and send it."""
        page = self._page(self._browser.get("/v/call"))
        form = page.first("form", kind="ask")
        if form is None:
            raise NotShown(f"there is no field to type into; the screen says: {page.words}")
        return self._send(form, {form.first(id="field").attributes["name"]: answer})

    def _send(self, form: Element, answer: dict[str, str]) -> Seen:
        return self._seen(self._browser.post(form.attributes["action"], data={**form.hidden_fields(), **answer}))

    def _page(self, reply: httpx.Response) -> Element:
        return read_page(reply.text)

    def _seen(self, reply: httpx.Response) -> Seen:
        page = self._page(reply)
        screen = page.first("main")
        if screen is None or screen.attributes.get("id") != "screen":
            raise NotShown(f"the page does not show the call ({reply.status_code}): {page.words}")
        captions = screen.first("section", kind="captions")
        buttons = {
            button.words: button.attributes.get("value", "")
            for form in screen.all("form", kind="choices")
            for button in form.all("button")
        }
        body = [
            part.words for card in screen.all("section", kind="card") for part in card.all() if part.tag in ("h2", "p")
        ]
        for form in screen.all("form", kind="ask"):
            field = form.first(id="field")
            kind = "PIN field" if field.attributes.get("type") == "password" else "field"
            body.append(f"{form.first('label').words} ▁▁▁▁ ({kind})")
        body += [part.words for part in screen.all(kind="notice")]
        return Seen(
            screen.attributes.get("data-kind", ""),
            tuple(part.words for part in captions.all("p")) if captions else (), tuple(body), buttons,
        )  # fmt: skip
