"""A caller with a telephone, a smartphone and a voice; everything they do, hear and see is told."""

from __future__ import annotations

import re
import time
from datetime import datetime

from ivr.demo.housekeeping import LINE
from ivr.demo.smartphone import NotShown, Seen, Smartphone
from ivr.demo.telling import Telling
from ivr.emulator.phone import Carrier
from ivr.flow.events import AnyEvent
from ivr.flow.session import Session
from ivr.store import sessions
from ivr.store.database import Database

PATIENCE_SECONDS = 30.0  # real time, for anything that should come
VOICE_SECONDS = 90.0  # for a voice to be learnt or judged: longer than the flow itself waits for it
LOOK_EVERY_SECONDS = 0.1
DIGITS = re.compile(r"enter (\d)\D{0,3}(\d)")


class Caller:
    """One call. ``events`` come from the server's own log, which is where verdicts are written."""

    def __init__(
        self, name: str, number: str, carrier: Carrier, db: Database, public_url: str, telling: Telling
    ) -> None:  # fmt: skip
        self.name, self.number = name, number
        self._carrier, self._db, self._telling = carrier, db, telling
        self._smartphone = Smartphone(public_url)
        self._told_heard = 0
        self._told_log = 0
        self._shown: list[str] = []
        self._did = f"({number}) dials {LINE}"
        self._texts = len(carrier.messages(number))
        self.events: list[tuple[datetime, AnyEvent]] = []
        self._call = carrier.dials(number, LINE)

    def close(self) -> None:
        """Put both phones down, whatever has happened."""
        if self._call.state["status"] in ("queued", "ringing", "in-progress"):
            self._call.hangs_up()
        self._smartphone.close()

    # -- doing ----------------------------------------------------------------------------------------------------

    def presses(self, keys: str, secret: bool = False) -> None:
        self._did = f"presses {'•' * len(keys.rstrip('#')) if secret else keys}"
        self._call.presses(keys, wait_seconds=PATIENCE_SECONDS)

    def taps(self, label: str) -> None:
        self._did = f"taps [{label}]"
        self._smartphone.taps(label)

    def types(self, answer: str, secret: bool = False) -> None:
        self._did = f"types {'•' * len(answer) if secret else answer} on the page"
        self._smartphone.types(answer)

    def opens_page(self) -> None:
        """The link of the newest text message, and the two digits the phone has said."""
        digits = "".join(self._digits_heard())
        message = self.gets_text()
        self._did = f"opens the link and types {digits}"
        self._smartphone.opens(message, digits)

    def talks(self, audio: bytes, about: str) -> None:
        self._call.plays(audio)
        self._telling.turn(self.name, f"talks ({len(audio) / 8000:.0f} s of {about})", [], [])

    def hangs_up(self) -> None:
        self._call.hangs_up()

    # -- noticing -------------------------------------------------------------------------------------------------

    def hears(self, text: str) -> None:
        """Waits for it; raises NotHeard with the transcript. Tells the turn."""
        self._call.hears(text, within_seconds=PATIENCE_SECONDS)
        self.tells()

    def sees(self, *words: str) -> Seen:
        """Waits until the screen says all of this; raises NotShown with what it says. Tells what is new on it."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = self._smartphone.looks()
            written = " ".join((*seen.captions, *seen.lines)) if seen else ""
            if seen and all(word in written for word in words):
                self.tells()
                return seen
            if time.monotonic() > ends:
                wanted = " and ".join(map(repr, words))
                raise NotShown(f"the page does not say {wanted}; it says: {written or 'nothing'}")
            time.sleep(LOOK_EVERY_SECONDS)

    def awaits(self, kind: type[AnyEvent]) -> AnyEvent:
        """The newest event of this kind in the server's log, once there is one."""
        ends = time.monotonic() + VOICE_SECONDS
        while True:
            self.tells_events()
            found = [event for _, event in self.events if isinstance(event, kind)]
            if found:
                return found[-1]
            if time.monotonic() > ends:
                raise NotShown(f"no event {kind.__struct_config__.tag} in the call of {self.name}")
            time.sleep(LOOK_EVERY_SECONDS)

    def gets_text(self) -> str:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not (texts := self.texts()):
            if time.monotonic() > ends:
                raise NotShown(f"no text message has reached {self.number}")
            time.sleep(LOOK_EVERY_SECONDS)
        return texts[-1]

    def texts(self) -> list[str]:
        """Messages that came to this caller's own number in this call."""
        return [message["body"] for message in self._carrier.messages(self.number)[self._texts :]]

    def session(self) -> Session | None:
        call = sessions.call_of(self._db, self._call.sid)
        return sessions.load(self._db, call) if call else None

    def ends(self) -> str:
        status = self._call.waits_until(within_seconds=PATIENCE_SECONDS)
        self.tells()
        return status

    @property
    def heard(self) -> str:
        return " ".join(entry["text"] for entry in self._call.heard() if entry["text"])

    def transcript(self) -> str:
        return self._call.transcript()

    def tells(self) -> None:
        """Heard and seen since the last telling, then what came of it."""
        new = self._call.heard()[self._told_heard :]
        self._told_heard += len(new)
        heard = [entry["text"] for entry in new if entry["text"]]
        seen = self._now_shown()
        shown, self._shown = (seen if seen != self._shown else []), seen
        self._telling.turn(self.name, self._did, heard, shown)
        self._did = ""
        self.tells_events()

    def tells_events(self) -> None:
        call = sessions.call_of(self._db, self._call.sid)
        for row in sessions.log(self._db, call) if call else ():
            if row.id > self._told_log:
                self._told_log = row.id
                for event in row.events:
                    self.events.append((row.at, event))
                    self._telling.event(event)

    def _now_shown(self) -> list[str]:
        if self._smartphone.opened:
            return self._smartphone.looks().lines
        return [f"✉ {text}" for text in self.texts()[-1:]]

    def _digits_heard(self) -> tuple[str, str]:
        found = DIGITS.findall(self.heard)
        if not found:
            raise NotShown(f"no two digits were heard by {self.name}: {self.heard}")
        return found[-1]
