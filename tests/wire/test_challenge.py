"""Real speakers are asked to say digits: the owner's voice with the right ones gets in, and nothing else does.

Nobody was recorded saying digits that are drawn today, so an answer is other speech of the speaker, and the carrier's
speech result is given with it, right or wrong. Everybody's audio is of the dev split and telephone-degraded; what is
said by the way, the answers and the enrolment share no clip. Owner and impostor are the first two speakers that the rule of
``speakers`` draws, the second one owns the print: of the first the lowest two seconds are close to the bound.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from biometrics import ModelError, Utterance, Voiceprint, load_encoder
from biometrics.audio import TELEPHONE_RATE_HZ
from biometrics.receipts import check
from ivr.emulator.phone import Call
from ivr.flow.session import Session
from ivr.flow.waits import AwaitChallenge
from ivr.store import heard, sessions
from tests.wire.smartphone import opened
from tests.wire.speakers import ROOT, RealVoice, chosen, missing, print_of
from tests.wire.system import System, running

MODEL = "campplus"
CORPUS = "speechocean762_train"
SPEED = 4.0  # of the carrier's clock
PATIENCE_SECONDS = 60.0  # real time, for whatever should come on a busy machine
PASSIVE_SECONDS, ANSWER_SECONDS, SHORT_SECONDS = 4.0, 4.0, 1.5  # of net speech
ASKED_TWICE = ("a_recording_with_other_words", "silence", "the_owner_and_then_another_voice")
CHALLENGE = """\
    challenge:
      say: digits
      count: 6
      prompt: To be sure that it is you and no recording, please say {{ challenge.words }}.
      on_page: To be sure that it is you and no recording, please say the digits on your screen.
"""
TEXTS = [line.partition(": ")[2] for line in CHALLENGE.splitlines()[-2:]]


@dataclass(frozen=True)
class Speaker:
    """Pieces of speech, 8 kHz µ-law, that no two calls share unless a test plays one again."""

    passive: bytes
    answer: bytes


@dataclass(frozen=True)
class Ended:
    session: Session
    receipt: dict


@pytest.fixture(scope="module")
def voices() -> list[RealVoice]:
    return chosen({CORPUS: 2})[CORPUS]


@pytest.fixture(scope="module")
def impostor(voices: list[RealVoice]) -> Speaker:
    return speaker(voices[0])


@pytest.fixture(scope="module")
def owner(voices: list[RealVoice]) -> Speaker:
    return speaker(voices[1])


@pytest.fixture(scope="module")
def voiceprint(voices: list[RealVoice]) -> Voiceprint:
    try:
        encoder = load_encoder(MODEL, ROOT / "var" / "models")
    except ModelError as error:
        missing(f"real speakers do not call: no model {MODEL}: {error}")
    return print_of(encoder, voices[1])


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, voiceprint: Voiceprint) -> Iterator[System]:
    """The example flow with a challenge, which stands in its translation in English."""
    flows = tmp_path_factory.mktemp("flows")
    shutil.copytree(ROOT / "flows", flows, dirs_exist_ok=True)
    bank, catalogue = flows / "bank.yaml", flows / "i18n" / "fa.po"
    bank.write_text(bank.read_text().replace("must_hear: true\n", "must_hear: true\n" + CHALLENGE, 1))
    catalogue.write_text(catalogue.read_text() + "".join(f'\nmsgid "{one}"\nmsgstr "{one}"\n' for one in TEXTS))
    with running(tmp_path_factory.mktemp("challenge"), SPEED, speaker_model=MODEL, flows=flows) as system:
        yield system


def speaker(voice: RealVoice) -> Speaker:
    passive, rest = cut(voice.verification.ulaw, PASSIVE_SECONDS)
    return Speaker(passive, cut(rest, ANSWER_SECONDS)[0])


def cut(ulaw: bytes, net_seconds: float) -> tuple[bytes, bytes]:
    """After so much net speech."""
    heard, at, step = Utterance(), 0, TELEPHONE_RATE_HZ // 10
    while heard.net_speech_seconds < net_seconds and at < len(ulaw):
        heard.feed(ulaw[at : at + step])
        at += step
    return ulaw[:at], ulaw[at:]


class Caller:
    """In the name of somebody whose print is the owner's."""

    def __init__(self, system: System, voiceprint: Voiceprint) -> None:
        self.system = system
        self.contact = system.contact(voiceprint=voiceprint)

    def dials(self) -> None:
        self.call: Call = self.system.dials(self.contact.number)
        self.call.hears("For your balance", PATIENCE_SECONDS)

    @property
    def session(self) -> Session:
        return self.system.session(self.call)

    def asks_for_balance(self, audio: bytes | None = None, page: bool = False) -> None:
        """Until something has to be said; meanwhile what is said by the way is compared."""
        if audio is None:
            self.call.presses("1")
        else:
            self.call.says("my balance", audio=audio, until_said=True)
        self.call.hears("Open the link on your phone", PATIENCE_SECONDS)
        if page:
            opened(self.system, self.call, self.contact.number, PATIENCE_SECONDS).close()
        else:
            self.call.presses("1")
        self.call.hears("please say", PATIENCE_SECONDS)

    def asked_for(self, after: str = "") -> str:
        """The digits, once they are others than those asked for before."""
        asked = until(lambda: isinstance(wait := self.session.waiting_for, AwaitChallenge) and " ".join(wait.words))
        return asked if asked != after else until(lambda: self.asked_for() != after and self.asked_for())

    def ends(self) -> Ended:
        """Once the verdict is there, which is the only one; then hangs up."""
        until(lambda: self.session.voice.verdict)
        self.call.hangs_up()
        return Ended(self.session, self.receipt())

    def receipt(self) -> dict:
        ours = sessions.call_of(self.system.database, self.call.sid)
        [asked] = [
            event.request for row in sessions.log(self.system.database, ours) for event in row.events
            if type(event).__name__ == "VerificationRequested"
        ]  # fmt: skip
        path = receipts_of(self.system)
        [written] = until(
            lambda: [one for one in map(json.loads, path.read_text().splitlines()) if one["request"] == asked]
        )
        return written


def receipts_of(system: System) -> Path:
    return Path(system.servers[0]._environment["IVR_RECEIPTS"])


def until(holds: Callable) -> object:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < ends, "it does not come"
        time.sleep(0.05)
    return found


def test_only_the_owners_voice_with_the_right_words_gets_in(
    asking: System, voiceprint: Voiceprint, owner: Speaker, impostor: Speaker, capsys
) -> None:
    def the_owner() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.passive, page=True)
        caller.call.says(caller.asked_for(), audio=owner.answer)
        accepted = caller.ends()
        caller.dials()  # somebody plays that answer again, and the carrier hears in it what it should
        caller.asks_for_balance()
        caller.call.says(caller.asked_for(), audio=owner.answer)
        return [accepted, caller.ends()]

    def somebody_else() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance()
        caller.call.says(caller.asked_for(), audio=impostor.answer)
        return [caller.ends()]

    def a_recording_with_other_words() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.passive)
        first = caller.asked_for()
        caller.call.says("good morning, it is me", audio=owner.answer)
        caller.asked_for(after=first)
        caller.call.says("good morning, it is me", audio=owner.answer)
        return [caller.ends()]

    def a_recording_and_then_another_voice() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.passive)
        caller.call.says(caller.asked_for(), audio=impostor.answer)
        return [caller.ends()]

    def a_recording_and_another_voice_in_one_answer() -> list[Ended]:
        """The carrier makes nothing of the recording, and hears the digits."""
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance()
        caller.call.says(caller.asked_for(), audio=owner.answer + impostor.answer)
        return [caller.ends()]

    def the_owner_in_two_answers() -> list[Ended]:
        """The first one is too short."""
        return in_two_answers(*cut(owner.answer, SHORT_SECONDS))

    def the_owner_and_then_another_voice() -> list[Ended]:
        return in_two_answers(cut(owner.answer, SHORT_SECONDS)[0], impostor.answer)

    def in_two_answers(first: bytes, second: bytes) -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance()
        before = caller.asked_for()
        caller.call.says(before, audio=first)
        caller.call.hears("please say one more", PATIENCE_SECONDS)
        caller.call.says(caller.asked_for(after=before), audio=second)
        return [caller.ends()]

    def silence() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.passive)
        return [caller.ends()]

    def hangs_up_in_the_middle() -> list[Ended]:
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.passive)
        caller.asked_for()
        caller.call.plays(owner.answer)
        caller.call.hangs_up()
        until(lambda: caller.session.ended)
        return [Ended(caller.session, caller.receipt())]

    def what_was_said_in_a_call_that_was_hung_up() -> list[Ended]:
        """Somebody recorded it, and plays it as an answer."""
        caller = Caller(asking, voiceprint)
        caller.dials()
        caller.asks_for_balance(owner.answer)
        caller.call.hangs_up()
        until(lambda: heard.memory(asking.database, caller.contact.id))
        caller.dials()
        caller.asks_for_balance()
        caller.call.says(caller.asked_for(), audio=owner.answer)
        return [caller.ends()]

    plays = (
        the_owner, somebody_else, a_recording_with_other_words, a_recording_and_then_another_voice,
        a_recording_and_another_voice_in_one_answer, the_owner_in_two_answers, the_owner_and_then_another_voice, silence,
        hangs_up_in_the_middle, what_was_said_in_a_call_that_was_hung_up,
    )  # fmt: skip
    began = time.monotonic()
    with ThreadPoolExecutor(4) as lanes:
        under_way: dict[str, Future[list[Ended]]] = {play.__name__: lanes.submit(play) for play in plays}
    ended = {name: future.result() for name, future in under_way.items()}
    with capsys.disabled():
        print(f"\n  {time.monotonic() - began:.0f} s")
        for name, calls in ended.items():
            for receipt in (call.receipt for call in calls):
                print(f"  {receipt['outcome']:12} {receipt['reason']:17} {receipt['llr'] or 0.0:6.1f}  {name}")

    accepted, again = ended.pop("the_owner")
    assert (accepted.session.voice.verdict, accepted.session.level) == ("ACCEPTED", 2)
    assert accepted.receipt["challenge"] == {"attempt": 1, "said": True, "judged": 1}
    assert accepted.receipt["net_speech_seconds"] < ANSWER_SECONDS + 1, "the answer alone"
    assert again.receipt["reason"] == "replay"
    [both] = ended.pop("the_owner_in_two_answers")
    assert (both.session.voice.verdict, both.receipt["outcome"]) == ("ACCEPTED", "ACCEPTED")
    assert both.receipt["challenge"] == {"attempt": 2, "said": True, "judged": 2}
    assert both.receipt["net_speech_seconds"] > ANSWER_SECONDS - 1, "of both answers"
    for name, [call] in ended.items():
        assert call.receipt["outcome"] != "ACCEPTED" and "voice" not in call.session.factors, name
        # Another voice may be REJECTED while it still says the words: then nobody knows yet whether they are right.
        put = call.receipt["challenge"]
        assert put["said"] is not True or call.receipt["reason"] != "challenge_failed", name
        assert put["attempt"] == (2 if name in ASKED_TWICE else 1), name
    assert ended["what_was_said_in_a_call_that_was_hung_up"][0].receipt["reason"] == "replay"
    for name in ("a_recording_with_other_words", "silence", "hangs_up_in_the_middle"):
        assert ended[name][0].receipt["reason"] == "challenge_failed", name
    assert check(receipts_of(asking)).problem is None
