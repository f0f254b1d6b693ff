"""An agent at the desk, by HTTP: signs in, sees the pop, accepts, finishes."""

from __future__ import annotations

import re
import time
from html import unescape

import httpx

from tests.wire.system import PASSWORD, System


class AgentAtDesk:
    def __init__(self, system: System, name: str, address: str) -> None:
        self.name = name
        self.address = address
        system.agent(name, address)
        self.browser = httpx.Client(base_url=system.url, follow_redirects=True, timeout=15, trust_env=False)
        form = self.browser.get("/desk/sign-in")
        self._html = self._post("/desk/sign-in", name=name, password=PASSWORD, form_token=_token(form.text)).text
        assert 'id="desk"' in self._html, "the agent could not sign in"

    def close(self) -> None:
        self.look()
        self._post("/desk/sign-out", form_token=_token(self._html))
        self.browser.close()

    def look(self) -> str:
        self._html = self.browser.get("/desk").text
        return self._html

    def becomes(self, state: str) -> None:
        """``available`` or ``busy``."""
        self._html = self._post("/desk/state", state=state, form_token=_token(self._html)).text

    @property
    def pop(self) -> str:
        """offered, accepted, ringing, connected, wrapup, or nothing."""
        return re.search(r'data-reservation="[^"]*" data-state="(\w*)"', self.look()).group(1)

    @property
    def reservation(self) -> str:
        return re.search(r'data-reservation="([^"]*)"', self._html).group(1)

    @property
    def text(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.look())).split())

    @property
    def is_available(self) -> bool:
        return "Ready for the next caller" in self.text

    def waits_for(self, *states: str, within_seconds: float = 20.0) -> str:
        ends = time.monotonic() + within_seconds
        while (state := self.pop) not in states:
            assert time.monotonic() < ends, (
                f"{self.name}'s desk shows {state!r}, not {' or '.join(states)}: {self.text}"
            )
            time.sleep(0.05)
        return state

    def accepts(self) -> float:
        """Returns when (time.monotonic()) the pop was accepted."""
        self._post(f"/desk/accept/{self.reservation}", form_token=_token(self._html))
        return time.monotonic()

    @property
    def html(self) -> str:
        """As last looked at."""
        return self._html

    def shows(self, card: str) -> None:
        """Puts a card of the flow on the caller's page."""
        self.look()
        revision = re.search(r'name="revision" value="(\d+)"', self._html).group(1)
        self._post(f"/desk/show/{self.reservation}", card=card, revision=revision, form_token=_token(self._html))

    def presses_on_promise(self, number: str, act: str) -> None:
        """claim, done, not-reached or release: on the row of the call back that is promised to ``number``."""
        for row in re.findall(r'<li class="promise.*?</li>', self.look(), re.DOTALL):
            if number in unescape(row):
                action = re.search(rf'action="(/desk/call-backs/[^"]+/{act})"', row).group(1)
                self._post(action, form_token=_token(self._html))
                return
        raise AssertionError(f"{self.name}'s desk shows no call back to {number}: {self.text}")

    def finishes(self, disposition: str = "resolved") -> None:
        self.look()
        answer = self._post(
            f"/desk/finish/{self.reservation}", disposition=disposition, note="", form_token=_token(self._html)
        )
        assert answer.status_code == 200, answer.text

    def _post(self, path: str, **fields: str) -> httpx.Response:
        return self.browser.post(path, data=fields, headers={"Origin": str(self.browser.base_url).rstrip("/")})


def _token(html: str) -> str:
    return re.search(r'name="form_token" value="([^"]+)"', html).group(1)
