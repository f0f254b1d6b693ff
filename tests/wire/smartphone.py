"""The caller's page in a browser without JavaScript: what is drawn is read, what is pressed is posted."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from html import unescape

import httpx

from ivr.emulator.phone import Call
from tests.wire.system import System

_LINK = re.compile(r"http\S+/v/\S+")
_DIGITS = re.compile(r"enter (\d) ?(\d)")


@dataclass(frozen=True)
class Drawn:
    """One drawing of the page."""

    kind: str
    step: str
    turn: int
    revision: int
    buttons: tuple[str, ...]  # keys
    actions: tuple[int, ...]  # the turn that each form answers
    form_token: str
    text: str

    @property
    def ended(self) -> bool:
        return self.kind == "ended"


class Smartphone:
    def __init__(self, system: System) -> None:
        self.browser = httpx.Client(base_url=system.url, follow_redirects=True, timeout=15, trust_env=False)
        self.drawn: Drawn | None = None
        self.html = ""

    def close(self) -> None:
        self.browser.close()

    def opens(self, link: str, digits: str) -> bool:
        """GET the link, key the two digits, press the button. False: the link is dead or the digits are wrong."""
        if self.browser.get(link).status_code != 200:
            return False
        return self._read(self.browser.post(link, data={"digits": digits}, headers=self._origin)) is not None

    def reloads(self) -> Drawn | None:
        return self._read(self.browser.get("/v/call"))

    def reconnects(self) -> Drawn | None:
        """The line was lost after the previous drawing: asked what has happened since, the server knows, and we look."""
        seen = self.drawn.revision - 1
        reply = self.browser.get("/v/call/changes", params={"after": seen, "wait": 5})
        assert reply.status_code == 410 or int(reply.text) > seen, f"revision {seen + 1} is forgotten: {reply.text}"
        return self.reloads()

    def taps(self, key: str, drawn: Drawn | None = None) -> Drawn | None:
        """Press the button with this key as it stands on the page, or as it stood on an earlier drawing."""
        return self._post({"keys": key}, drawn or self.drawn)

    def sends_secret(self, digits: str, drawn: Drawn | None = None) -> Drawn | None:
        return self._post({"secret": digits}, drawn or self.drawn)

    def speaks(self, language: str) -> Drawn | None:
        """Press the button of this language at the top of the page."""
        return self._post({"language": language}, self.drawn)

    def takes_time(self) -> Drawn | None:
        """Press "More time to answer"; pressed again, the usual time."""
        pace = re.search(r'name="pace" value="(\d)"', self.html)
        return self._posts("/v/call/pace", pace=pace.group(1) if pace else "3", revision=str(self.drawn.revision))

    def fills_in(self) -> Drawn | None:
        """Answer all that the page asks for, if it has fields, and press "Send"."""
        names = dict.fromkeys(re.findall(r'name="answer\.(\w+)"', self.html))
        first_day = re.search(r'min="([\d-]+)"', self.html)
        fitting = {
            "day": first_day and first_day.group(1),
            "phone": "07700900123",
            "topic": "savings",
            "reminder": "no",
        }
        answers = {f"answer.{name}": fitting.get(name.rpartition("_")[2]) or "" for name in names}
        return self._post({"fields": "yes", **answers}, self.drawn) if names else None

    def wishes(self, wish: str) -> Drawn | None:
        """On "What we hold about you", if it is open to this page: delete, opt_out or opt_in, and yes."""
        about = self.browser.get("/v/about", params={"sure": wish}).text
        if whose := re.search(r'name="whose" value="([^"]+)"', about):
            token = re.search(r'name="form_token" value="([^"]+)"', about).group(1)
            data = {"form_token": token, "whose": whose.group(1), "wish": wish}
            reply = self.browser.post("/v/about/voice", data=data, headers=self._origin)
            assert reply.status_code < 500, f"the page answered {reply.status_code}"
        return self.reloads()

    def lets_look(self, allowed: bool) -> Drawn | None:
        """Press the button beside "… is looking at this screen with you"."""
        return self._posts("/v/call/sharing", allowed="yes" if allowed else "no", revision=str(self.drawn.revision))

    def _posts(self, address: str, **fields: str) -> Drawn | None:
        data = {"form_token": self.drawn.form_token, **fields}
        return self._read(self.browser.post(address, data=data, headers=self._origin))

    def _post(self, fields: dict[str, str], drawn: Drawn) -> Drawn | None:
        data = {"form_token": drawn.form_token, **fields}
        return self._read(self.browser.post(f"/v/call/{drawn.turn}", data=data, headers=self._origin))

    @property
    def _origin(self) -> dict[str, str]:
        return {"Origin": str(self.browser.base_url).rstrip("/")}

    def _read(self, response: httpx.Response) -> Drawn | None:
        assert response.status_code < 500, f"the page answered {response.status_code}"
        self.html = response.text
        main = re.search(r'<main id="screen"([^>]*)>', response.text)
        if main is None:
            return None
        of = dict(re.findall(r'data-(\w+)="([^"]*)"', main.group(1)))
        token = re.search(r'name="form_token" value="([^"]+)"', response.text)
        plain = " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())
        self.drawn = Drawn(
            of["kind"], of["step"], int(of["turn"]), int(of["revision"]),
            tuple(re.findall(r'name="keys" value="(.)"', response.text)),
            tuple(int(turn) for turn in re.findall(r'action="/v/call/(\d+)"', response.text)),
            token.group(1) if token else "", plain,
        )  # fmt: skip
        return self.drawn


def link_of(system: System, caller: str) -> str | None:
    """The newest link that was sent to this number."""
    links = [found.group(0) for one in system.carrier.messages(caller) if (found := _LINK.search(one["body"]))]
    return links[-1] if links else None


def digits_of(call: Call) -> str | None:
    """The two digits as the phone said them."""
    for entry in reversed(call.heard()):
        if found := _DIGITS.search(entry["text"] or ""):
            return "".join(found.groups())
    return None


def opened(system: System, call: Call, caller: str, within_seconds: float = 10.0) -> Smartphone:
    """The page, opened as a caller does it: as soon as the message is there and the digits have been said."""
    ends = time.monotonic() + within_seconds
    while time.monotonic() < ends:
        link, digits = link_of(system, caller), digits_of(call)
        if link and digits:
            phone = Smartphone(system)
            assert phone.opens(link, digits), f"the page did not open\n{call.transcript()}"
            return phone
        time.sleep(0.05)
    raise AssertionError(f"no link and digits came within {within_seconds:g} s\n{call.transcript()}")
