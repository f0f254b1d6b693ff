"""An agent at the desk, over HTTP: signs in, is available, reads who is calling, accepts, notes how it went."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from ivr.demo.markup import Element, read_page
from ivr.demo.people import Staff
from ivr.demo.smartphone import NotShown

READING_SECONDS = 1.2  # an agent looks at who is calling before accepting
LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class PopShown:
    """What stands on the desk about a caller, word by word."""

    name: str
    number: str
    identity: str
    identity_detail: str
    voice: str
    voice_detail: str
    reason: str
    path: tuple[str, ...]
    read_at: datetime  # when the desk had it


class AgentDesk:
    def __init__(self, public_url: str, staff: Staff) -> None:
        self._staff = staff
        self._browser = httpx.Client(
            base_url=public_url, follow_redirects=True, trust_env=False, timeout=30, headers={"Origin": public_url}
        )

    def close(self) -> None:
        self._browser.close()

    def signs_in(self) -> None:
        form = read_page(self._browser.get("/desk/sign-in").text).first("form")
        answer = {"name": self._staff.name, "password": self._staff.password}
        page = read_page(self._browser.post("/desk/sign-in", data={**form.hidden_fields(), **answer}).text)
        if page.first(id="desk") is None:
            raise NotShown(f"agent {self._staff.name} could not sign in: {page.words}")

    def is_available(self) -> None:
        form = self._look().first("form", kind="toggle")
        self._browser.post("/desk/state", data={**form.hidden_fields(), "state": "available"})

    def sees_caller(self, within_seconds: float = 20.0) -> PopShown:
        """Waits for a screen pop, tells the server that it is on the screen (a browser does), and reads it."""
        desk = self._await("offered", within_seconds)
        read_at = datetime.now(UTC)
        self._post(desk.first("form", id="seen"))
        who, why = desk.first("section", kind="who"), desk.first("section", kind="reason")
        identity, voice = list(desk.all("section", kind="sure"))
        return PopShown(
            name=who.first("h2").words,
            number=who.first(kind="number").words,
            identity=identity.first("h3").words,
            identity_detail=identity.first("p").words,
            voice=voice.first("h3").words,
            voice_detail=voice.first("p").words,
            reason=why.first(kind="why").words,
            path=tuple(step.words for step in why.all("li")),
            read_at=read_at,
        )

    def accepts(self) -> None:
        time.sleep(READING_SECONDS)
        self._post(self._await("offered", 5.0).first("form", kind="act"))

    def is_connected(self, within_seconds: float = 20.0) -> None:
        self._await("connected", within_seconds)

    def finishes(self, disposition: str, note: str) -> None:
        form = self._look().first("form", kind="act")
        self._post(form, disposition=disposition, note=note)

    def _post(self, form: Element, **answer: str) -> None:
        self._browser.post(form.attributes["action"], data={**form.hidden_fields(), **answer})

    def _look(self) -> Element:
        return read_page(self._browser.get("/desk", params={"fragment": ""}).text)

    def _await(self, state: str, within_seconds: float) -> Element:
        ends = time.monotonic() + within_seconds
        while True:
            page = self._look()
            desk = page.first(id="desk")
            if desk is not None and desk.attributes.get("data-state") == state:
                return desk
            if time.monotonic() > ends:
                raise NotShown(f"the desk was not '{state}' within {within_seconds:g} s; it says: {page.words}")
            time.sleep(LOOK_EVERY_SECONDS)
