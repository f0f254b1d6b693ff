"""Verdicts of the real voice process arrive whenever they arrive: voice and screen stay together all the same."""

from __future__ import annotations

import pytest

from ivr.flow.events import VerdictRecorded
from ivr.flow.session import level_of
from ivr.flow.steps import Factor
from tests.wire.interleaving import Interleaving
from tests.wire.play import Playing
from tests.wire.system import running
from tests.wire.voices import MODEL, synthetic_voices

COURSES = [
    "enrolled: talk owner, key 1, secret 4821 by keypad, silence, silence",
    "enrolled: open, talk owner, tap 0, secret 4821 by page, silence, key 2",
    "enrolled: key 1, talk owner, key 1, again, late 2, silence, reload",
    "enrolled: open, talk owner, race 1/0, again, reload, silence, late 3",
    "enrolled: talk impostor, key 1, key 1, secret 4821 by keypad, silence",
    "enrolled: talk impostor, open, tap 0, silence, secret 1111 by page, again",
    "enrolled: talk owner, hang up",
    "enrolled: key 1, key 1, silence, silence, silence",
]


@pytest.fixture(scope="module")
def spoken_to(tmp_path_factory):
    with running(tmp_path_factory.mktemp("voice"), speed=6.0, speaker_model=MODEL, voices=synthetic_voices()) as system:
        yield system


def test_verdicts_never_part_voice_and_screen(spoken_to, capsys) -> None:
    verdicts = []
    for course in COURSES:
        playing = Playing(spoken_to, Interleaving.read(course))
        try:
            playing.play()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{playing.story()}") from None
        events = [event for row in spoken_to.log(playing.call) for event in row.events]
        reached = [event for event in events if isinstance(event, VerdictRecorded)]
        assert len(reached) <= 1, "one verification has one verdict"
        verdicts += [(course.split(":")[1].strip(), one.outcome.value, one.reason) for one in reached]
        session = spoken_to.session(playing.call)
        assert session.level == level_of(session.factors)
        if Factor.VOICE in session.factors:
            assert "talk owner" in course, "only the owner's voice is ever accepted"
    with capsys.disabled():
        print()
        for course, outcome, reason in verdicts:
            print(f"  {outcome:12} {reason:20} {course}")
    assert any(outcome == "ACCEPTED" for _, outcome, _ in verdicts), "the owner is recognised at least once"
