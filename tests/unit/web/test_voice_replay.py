"""The same recording a second time is INCONCLUSIVE, whoever's voice it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from doorway import ALICE_PHONE, Carrier, Clock, Phone, session_of

from biometrics import Outcome, Utterance, Voiceprint, encode_ulaw
from biometrics.audio import read_audio
from biometrics.enrolment import utc_now
from biometrics.errors import SealError
from biometrics.verification import Verdict as Judged
from ivr.app import House
from ivr.authentication import verdicts
from ivr.authentication.messages import Enrolled, Verdict, Verify
from ivr.authentication.replays import guarded, remembered
from ivr.dispatch.pop import Pop, PopState
from ivr.flow.events import ConsentGiven, VerificationRequested
from ivr.flow.inputs import By, StreamStarted
from ivr.store import consents, contacts, heard, requests, voiceprints
from ivr.store.database import write
from ivr.web.desk import voice_of

SAMPLES = Path(__file__).parents[3] / "samples" / "flite-rms"
PRINT = Voiceprint(np.eye(3, dtype=np.float32), "a" * 64, utc_now(), 9.0)
MATCH = Judged(Outcome.ACCEPTED, "match", 7.5, 3.0, 0.005, 3.1, "model", "Class", "a" * 64)


def saying(number: int, softer: float = 1.0) -> Utterance:
    """One sentence of a synthetic voice."""
    samples, _ = read_audio(sorted(SAMPLES.glob("*.wav"))[number])
    utterance = Utterance()
    utterance.feed(encode_ulaw(np.concatenate([np.zeros(1234 if softer != 1.0 else 0), samples * softer])))
    return utterance


def asked(*memory: bytes, contact: str = "ada") -> Verify:
    return Verify("one", "call", contact, b"sealed", memory)


def test_what_was_heard_before_is_never_accepted_again() -> None:
    first, left = guarded(MATCH, asked(), saying(0), PRINT)
    assert first is MATCH and left
    again, nothing = guarded(MATCH, asked(left), saying(0, softer=0.4), PRINT)
    assert (again.outcome, again.reason, again.next_look_seconds) == (Outcome.INCONCLUSIVE, "replay", None)
    assert nothing == b""
    other, _ = guarded(MATCH, asked(left), saying(1), PRINT)
    assert other.outcome is Outcome.ACCEPTED


def test_the_recording_of_an_enrolment_is_known_too() -> None:
    memory = remembered([saying(0), saying(1)], PRINT, "ada")
    assert guarded(MATCH, asked(*memory), saying(1, softer=0.5), PRINT)[0].reason == "replay"


def test_a_recording_is_known_in_either_of_two_answers() -> None:
    for number in (1, 2):
        _, left = guarded(MATCH, asked(), saying(number), PRINT)
        one, two = saying(1, softer=0.5), saying(2, softer=0.5)
        again, nothing = guarded(MATCH, asked(left), two.after(one), PRINT, two)
        assert (again.reason, nothing) == ("replay", b"")
    _, both = guarded(MATCH, asked(), saying(2).after(saying(1)), PRINT, saying(2))
    for number in (1, 2):
        assert guarded(MATCH, asked(both), saying(number, softer=0.5), PRINT)[0].reason == "replay", "and from then on"


def test_a_memory_that_does_not_open_is_no_empty_memory() -> None:
    (left,) = remembered([saying(0)], PRINT, "ada")
    with pytest.raises(SealError):
        guarded(MATCH, asked(left, contact="ben"), saying(1), PRINT)


def test_what_was_not_compared_leaves_nothing() -> None:
    silent = Judged(Outcome.INCONCLUSIVE, "silent", None, None, 0.005, 0.0, "model", "Class", "a" * 64)
    assert guarded(silent, asked(), saying(0), PRINT) == (silent, b"")


@pytest.fixture
def alice(house: House, carrier: Carrier, clock: Clock) -> str:
    """Enrolled in an earlier call."""
    contact, call = contacts.by_number(house.database, ALICE_PHONE).id, Phone(carrier, sid="CA" + "e" * 32).dials()
    given = ConsentGiven(contact=contact, version="1", wording="May we?", language="en-GB", by=By.TAP)
    write(house.database, lambda t: consents.record(t, session_of(house, call).call, given, 0))
    voiceprints.save_voiceprint(house.database, contact, b"sealed", "0" * 64, clock())
    return contact


def is_answered(house: House, request: str, call: str, outcome: str, contact: str, left: bytes) -> None:
    grounds = ("match", 7.5, 3.0, 3.1, "m", "c", "0" * 64)
    verdicts.answered(house.calls, Verdict(request, call, outcome, *grounds, contact=contact, heard=(left,)))


def verdict(house: House, phone: Phone, alice: str, outcome: str, left: bytes) -> None:
    session = session_of(house, phone.dials())
    house.take_turn(session.call, StreamStarted(id="stream"))
    request = next(
        one.request for one in requests.requests_of(house.database, session.call)
        if isinstance(one.body, VerificationRequested)
    )  # fmt: skip
    is_answered(house, request, session.call, outcome, alice, left)


def test_every_comparison_is_remembered_with_its_print(house: House, carrier: Carrier, alice: str) -> None:
    for number, outcome in enumerate(("ACCEPTED", "REJECTED", "INCONCLUSIVE")):
        verdict(house, Phone(carrier, sid=f"CA{number:032x}"), alice, outcome, b"left %d" % number)
    assert set(heard.memory(house.database, alice)) == {b"left 0", b"left 1", b"left 2"}


def test_a_comparison_of_a_call_that_is_over_is_remembered_too(house: House, carrier: Carrier, alice: str) -> None:
    phone = Phone(carrier, sid="CA" + "5" * 32).dials()
    carrier.post("/voice/bank/status", **phone.about | {"CallStatus": "completed"})
    is_answered(house, "gone", session_of(house, phone).call, "ACCEPTED", alice, b"x")
    assert heard.memory(house.database, alice) == (b"x",)


def test_nothing_is_remembered_of_whose_print_is_gone(house: House, carrier: Carrier, alice: str, clock: Clock) -> None:
    voiceprints.delete_voiceprint(house.database, alice, clock())
    phone = Phone(carrier, sid="CA" + "5" * 32).dials()
    is_answered(house, "gone", session_of(house, phone).call, "ACCEPTED", alice, b"x")
    assert heard.memory(house.database, alice) == ()


def test_a_new_print_begins_with_the_recordings_that_made_it(house: House, alice: str, monkeypatch) -> None:
    monkeypatch.setattr(verdicts, "take_turn", lambda services, call, fact, also: write(services.database, also))
    verdicts.answered(
        house.calls, Enrolled("made", "call", alice, b"new", None, 12.0, "m", "c", "0" * 64, (b"a", b"b"))
    )
    assert heard.memory(house.database, alice) == (b"a", b"b")
    assert voiceprints.voiceprint(house.database, alice)[0] == b"new"


def test_the_desk_says_that_it_was_a_recording() -> None:
    pop = Pop(
        reservation="r", call="c", contact_name="Alice", number=ALICE_PHONE, reason="", path=(), level=0, factors=(),
        verdict="INCONCLUSIVE", verdict_reason="replay", net_speech_seconds=3.1, voice_model="m", waited_seconds=1,
        state=PopState.OFFERED, since=datetime(2026, 1, 1, tzinfo=UTC), voice_locked_until=datetime(2026, 1, 1, 9, tzinfo=UTC),
    )  # fmt: skip
    shown = voice_of(pop)
    assert (shown.tone, shown.heading) == ("bad", "A recording heard before")
    assert "locked until 09:00 UTC" in shown.detail
