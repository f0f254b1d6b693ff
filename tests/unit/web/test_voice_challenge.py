"""Where a challenge is asked, only the words that were drawn, said by the owner's voice and by no other, are ACCEPTED."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from challenged_voice import (
    BEGUN,
    OLD,
    OTHER,
    OWNER,
    PASSED,
    UNSURE,
    asked,
    ends,
    is_owners,
    mark,
    says,
    telling,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from biometrics.receipts import check
from ivr.authentication.messages import Audio, Challenge, Closed, Forget, Heard, ToVoice


@pytest.fixture
def tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    return telling(monkeypatch, tmp_path)


def test_a_voice_that_matches_is_told_and_waits_for_the_words(tells) -> None:
    socket = tells(*PASSED)
    assert socket.verdicts() == []
    last = [said for said in socket.said if isinstance(said, Heard)][-1]
    assert (last.matched, last.compared, last.needed_seconds) == (True, "one", 0.0)


def test_the_right_words_in_the_owners_voice_are_accepted(tells) -> None:
    (verdict,) = tells(*BEGUN, says(OWNER * 3), mark(1, True)).verdicts()
    assert (verdict.outcome, verdict.reason, verdict.net_speech_seconds) == ("ACCEPTED", "match", 3.0)
    assert verdict.heard == (b"left by ooo", b"left by ooo"), "both are remembered: the speech and the answer"


def test_the_answer_alone_decides_whatever_was_heard_before(tells) -> None:
    """A room full of voices until then; or nothing at all."""
    for before in ((asked(), says(OTHER + OWNER * 9), None), (asked(),)):
        assert ends(tells(*before, mark(1), says(OWNER * 2), mark(1, True)))[0] == "ACCEPTED"


def test_the_right_words_in_another_voice_are_not_accepted_however_much_the_owner_said_before(tells) -> None:
    assert ends(tells(*PASSED, says(OWNER * 9), mark(1), says(OTHER * 3), mark(1, True))) == (
        "REJECTED", "other_voice", True
    )  # fmt: skip
    assert ends(tells(*BEGUN, says(OWNER, OTHER, OTHER), mark(1, True)))[0] == "INCONCLUSIVE"


def test_an_answer_that_is_too_short_is_not_filled_up_with_what_was_said_before(tells) -> None:
    assert ends(tells(*BEGUN, says(OWNER), mark(1, True))) == ("INCONCLUSIVE", "too_short", True)


def test_an_answer_heard_before_is_a_replay(tells) -> None:
    assert ends(tells(*BEGUN, says(OLD * 3), mark(1, True))) == ("INCONCLUSIVE", "replay", True)


def test_wrong_words_fail_and_count_as_a_try_once_voices_were_compared(tells) -> None:
    assert ends(tells(*BEGUN, says(OWNER * 3), mark(1, False))) == ("INCONCLUSIVE", "challenge_failed", True)
    assert ends(tells(asked(), mark(1), mark(1, False))) == ("INCONCLUSIVE", "challenge_failed", False)


def test_a_second_attempt_begins_anew(tells) -> None:
    first = (*BEGUN, says(OTHER * 3))
    assert ends(tells(*first, mark(2), says(OWNER * 2), mark(2, True)))[0] == "ACCEPTED"
    assert ends(tells(*BEGUN, says(OWNER * 3), mark(2), says(OTHER * 2), mark(2, True)))[0] == "REJECTED"


def test_what_ends_it_by_the_way_ends_it_with_a_challenge_too(tells) -> None:
    for heard, contact, end in (
        (OTHER * 3, "ada", ("REJECTED", "other_voice", True)),
        (OLD * 3, "ada", ("INCONCLUSIVE", "replay", True)),
        (OWNER * 3, "unreadable", ("INCONCLUSIVE", "failure", False)),
    ):
        assert ends(tells(asked(contact=contact), says(heard), None)) == end
        assert ends(tells(asked(contact=contact), mark(1), says(heard), None, mark(1, True))) == end


def test_hanging_up_is_never_accepted(tells) -> None:
    assert ends(tells(*PASSED, Closed("call"))) == ("INCONCLUSIVE", "challenge_not_asked", True)
    assert ends(tells(asked(), says(OWNER * 3), Closed("call"))) == ("INCONCLUSIVE", "challenge_not_asked", True)
    assert ends(tells(*BEGUN, says(OWNER * 3), Closed("call"))) == ("INCONCLUSIVE", "challenge_failed", True)
    assert ends(tells(asked(), says(OWNER), Closed("call"))) == ("INCONCLUSIVE", "too_short", False)
    mixed = (asked(), says(OTHER + OWNER * 9), None)
    assert ends(tells(*mixed, Closed("call"))) == ("INCONCLUSIVE", "budget_spent", True)


def test_an_answer_that_is_over_is_judged_although_the_caller_has_gone(tells) -> None:
    for between in ((), (None,)):
        told = (asked(), says(OWNER), mark(1), says(OWNER * 3), mark(1, True), *between, Closed("call"))
        assert ends(tells(*told))[0] == "ACCEPTED"


def test_marks_out_of_order_twice_or_of_nothing_accept_nothing(tells) -> None:
    right = says(OWNER * 3)
    assert tells(mark(1), mark(1, True), says(OWNER)).verdicts() == [], "nothing was asked"
    assert tells(*BEGUN, right, mark(1, True, request="another"), mark(1, True, call="another")).verdicts() == []
    assert ends(tells(*PASSED, right, mark(1, True)))[:2] == ("INCONCLUSIVE", "too_short"), "no beginning"
    assert ends(tells(*BEGUN, right, mark(2, True)))[:2] == ("INCONCLUSIVE", "too_short"), "that of another attempt"
    assert tells(*BEGUN, mark(2), right, mark(1, True)).verdicts() == [], "of an attempt that is over"
    assert tells(*BEGUN, mark(2), right, mark(1), mark(1, False)).verdicts() == []
    twice = tells(*BEGUN, says(OWNER), mark(1), says(OWNER), mark(1, True), mark(1, True), None, mark(1, True))
    assert ends(twice)[0] == "ACCEPTED", "a repeated beginning changes nothing"
    assert ends(tells(*BEGUN, right, mark(1, False), mark(1, True)))[1] == "challenge_failed"
    assert ends(tells(*BEGUN, says(OTHER * 3), mark(1, True), mark(2), right, mark(2, True)))[0] == "REJECTED"
    assert tells(*BEGUN, right, Forget("one", "call"), mark(1, True)).verdicts() == []
    assert ends(tells(asked(challenged=False), mark(1), mark(1, False), says(OWNER * 3)))[0] == "ACCEPTED", "none asked"


def test_nothing_that_was_said_to_one_question_answers_another(tells) -> None:
    socket = tells(*BEGUN, says(OWNER * 3), asked("two"), mark(1, True), None, mark(1, True, request="two"))
    assert [(one.outcome, one.reason) for one in socket.verdicts()] == [("INCONCLUSIVE", "superseded")]
    assert [(one.outcome, one.reason) for one in socket.verdicts("two")] == [("INCONCLUSIVE", "too_short")]


def test_the_receipt_says_whether_a_challenge_was_asked_and_how_it_ended(tells, tmp_path: Path) -> None:
    told = {
        "accepted": ((*BEGUN, mark(2), says(OWNER * 3), mark(2, True)), {"attempt": 2, "said": True, "judged": 1}),
        "wrong": ((*BEGUN, mark(1, False)), {"attempt": 1, "said": False, "judged": 0}),
        "gone": ((*BEGUN, Closed("call")), {"attempt": 1, "said": None, "judged": 0}),
        "not asked": ((*PASSED, Closed("call")), {"attempt": 0, "said": None, "judged": 0}),
        "without": ((asked(challenged=False), says(OWNER * 3)), None),
    }
    for name, (messages, put) in told.items():
        path = tmp_path / name
        tells(*messages, receipts=path)
        (receipt,) = [json.loads(line) for line in path.read_text().splitlines()]
        assert (receipt["request"], receipt["challenge"]) == ("one", put)
        assert receipt["enrolment"]["utterances"] == 3, "also where the last word was no comparison"
        assert check(path).problem is None


SPEECH = st.one_of(
    st.builds(lambda of, seconds: says(of * seconds), st.sampled_from((OWNER, OTHER, OLD)), st.integers(1, 3)),
    st.builds(lambda of, seconds: says(of * seconds), st.just(OWNER), st.integers(1, 4)),
    st.builds(lambda of, seconds: says(of * seconds), st.just(UNSURE), st.integers(1, 4)),
)
MESSAGE = st.one_of(
    st.none(),
    SPEECH,
    st.builds(mark, st.integers(0, 3), st.sampled_from((None, None, True, True, False))),
    st.builds(mark, st.integers(1, 3), st.just(True), another=st.booleans()),
    st.builds(mark, st.integers(1, 2), st.just(True), st.sampled_from(("two", "none"))),
    st.sampled_from((Closed("call"), Forget("one", "call"), asked("two", "ben"))),
)
ANSWER = st.tuples(SPEECH, st.sampled_from((True, True, True, False)), st.booleans(), st.none() | MESSAGE)


def one_after_another(answers: list[tuple[Audio, bool, bool, ToVoice | None]]) -> list[ToVoice | None]:
    return [
        message
        for attempt, (said, right, another, then) in enumerate(answers, start=1)
        for message in (mark(attempt), said, mark(attempt, right, another=another), None, then)
    ]


MESSAGES = st.one_of(
    st.lists(MESSAGE, max_size=14), st.lists(ANSWER, min_size=2, max_size=4).map(one_after_another)
).filter(lambda messages: messages.count(asked("two", "ben")) <= 1)


@dataclass(frozen=True)
class Answer:
    begins: int
    ends: int
    heard: bytes
    another: bool


def answers(messages: list[ToVoice | None], request: str) -> list[Answer]:
    """Whatever was said from where an answer of this question begins to where the right words end it."""
    found = []
    for index, begins in enumerate(messages):
        if isinstance(begins, Challenge) and begins.said is None and begins.request == request:
            heard = b""
            for at, message in enumerate(messages[index + 1 :], start=index + 1):
                heard += message.ulaw if isinstance(message, Audio) else b""
                if isinstance(message, Challenge) and message == replace(begins, said=True, another=message.another):
                    found.append(Answer(index, at, heard, message.another))
    return found


def may_be_accepted(messages: list[ToVoice | None], request: str) -> bool:
    """Whether an answer with the right words holds the owner's voice alone, or two of them do, after the first of which
    another might be asked for."""
    all_of_them = answers(messages, request)
    two = ((one, next_) for one in all_of_them for next_ in all_of_them if one.another and one.ends < next_.begins)
    return any(is_owners(one.heard) for one in all_of_them) or any(is_owners(a.heard + b.heard) for a, b in two)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES)
def test_accepted_takes_the_right_words_in_the_owners_voice_alone(tells, messages: list[ToVoice | None]) -> None:
    messages = [asked(), *messages]
    socket = tells(*messages, None, Closed("call"))
    for request in ("one", "two"):
        verdicts = socket.verdicts(request)
        assert len(verdicts) <= 1
        assert len(socket.undecided(request)) <= 1, "once more is asked once"
        assert all(one.outcome != "ACCEPTED" or may_be_accepted(messages, request) for one in verdicts)
    forgotten = Forget("one", "call") in messages
    assert forgotten or len(socket.verdicts()) == 1, "every question is answered in the end"
