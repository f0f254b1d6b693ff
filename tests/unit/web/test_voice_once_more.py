"""Right words whose voice is not sure yet are kept, once, and judged as one with the next: whatever comes after them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from challenged_voice import BEGUN, OLD, OTHER, OWNER, PASSED, UNSURE, asked, ends, mark, says, telling

from biometrics.receipts import check
from ivr.authentication.messages import Closed, Forget


@pytest.fixture
def tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    return telling(monkeypatch, tmp_path)


ONCE_MORE = (*BEGUN, says(UNSURE * 3), mark(1, True, another=True), None)  # right words, and the voice is not sure
SECOND = (*ONCE_MORE, mark(2))


def test_right_words_of_an_unsure_voice_are_not_the_verdict_where_another_may_be_asked_for(tells) -> None:
    socket = tells(*ONCE_MORE)
    assert (socket.verdicts(), socket.undecided()) == ([], [1])
    last = tells(*BEGUN, says(UNSURE * 3), mark(1, True))
    assert (ends(last), last.undecided()) == (("INCONCLUSIVE", "undecided", True), [])


def test_both_answers_together_are_accepted(tells) -> None:
    socket = tells(*SECOND, says(UNSURE * 3), mark(2, True))
    assert ends(socket) == ("ACCEPTED", "match", True)
    (verdict,) = socket.verdicts()
    assert verdict.net_speech_seconds == 6.0
    assert verdict.heard == (b"left by ooo", b"left by uuuuuu"), "what was said by the way, and both answers as one"


def test_right_words_that_were_too_short_are_kept_too(tells) -> None:
    begun = (*BEGUN, says(OWNER), mark(1, True, another=True), None)
    assert tells(*begun).undecided() == [1]
    assert ends(tells(*begun, mark(2), says(OWNER), mark(2, True)))[0] == "ACCEPTED"
    assert ends(tells(*begun, mark(2), mark(2, True))) == ("INCONCLUSIVE", "too_short", True)


def test_more_is_asked_for_once(tells) -> None:
    """Whatever a mark says, a third answer is not judged."""
    socket = tells(*SECOND, mark(2, True, another=True), None, mark(3), says(OWNER * 4), mark(3, True, another=True))
    assert ends(socket) == ("INCONCLUSIVE", "undecided", True)
    assert socket.undecided() == [1]


@pytest.mark.parametrize(
    ("second", "end"),
    [(OTHER * 4, "two_voices"), (OLD * 3, "replay"), (OTHER, "two_voices"), (b"", "undecided")],
    ids=["a stranger", "a recording", "a stranger, shortly", "nothing"],
)
def test_what_the_second_answer_lacks_the_first_does_not_make_good(tells, second, end) -> None:
    assert ends(tells(*SECOND, says(second), mark(2, True))) == ("INCONCLUSIVE", end, True)


def test_what_the_first_answer_lacks_the_second_does_not_make_good(tells) -> None:
    """A stranger's words, too few to be compared, are in what is judged."""
    begun = (*BEGUN, says(OTHER), mark(1, True, another=True), None)
    assert ends(tells(*begun, mark(2), says(OWNER * 5), mark(2, True))) == ("INCONCLUSIVE", "two_voices", True)


@pytest.mark.parametrize("heard", [OLD * 3, OWNER + OTHER * 2], ids=["a recording", "two voices"])
def test_nothing_but_too_little_speech_is_asked_about_again(tells, heard) -> None:
    socket = tells(asked(), mark(1), says(heard), mark(1, True, another=True), None)
    assert socket.undecided() == [] and ends(socket)[0] == "INCONCLUSIVE"
    assert ends(tells(*BEGUN, says(OTHER * 3), mark(1, True, another=True)))[0] == "REJECTED"


def test_wrong_words_leave_nothing_in_what_is_judged_however_well_the_voice_matches(tells) -> None:
    wrong = (*SECOND, says(OWNER * 4), mark(3))
    assert ends(tells(*wrong, mark(3, False))) == ("INCONCLUSIVE", "challenge_failed", True)
    assert ends(tells(*wrong, mark(3, True))) == ("INCONCLUSIVE", "undecided", True)
    (verdict,) = tells(*wrong, says(UNSURE * 2), mark(3, True)).verdicts()
    assert (verdict.outcome, verdict.net_speech_seconds) == ("ACCEPTED", 5.0)
    stranger = (*SECOND, says(OTHER * 2), mark(3), says(UNSURE * 3), mark(3, True))
    assert ends(tells(*stranger))[0] == "ACCEPTED"


def test_what_is_said_while_nothing_is_asked_belongs_to_no_answer(tells) -> None:
    between = (*ONCE_MORE, says(OTHER * 3), None)
    assert ends(tells(*between, mark(2), says(UNSURE * 3), mark(2, True)))[0] == "ACCEPTED"
    assert ends(tells(*ONCE_MORE, says(OWNER * 4), mark(2), says(UNSURE), mark(2, True)))[0] == "ACCEPTED", (
        "4 s of both"
    )
    assert ends(tells(*ONCE_MORE, says(OWNER * 4), mark(2), mark(2, True))) == ("INCONCLUSIVE", "undecided", True)


def test_a_caller_who_goes_before_the_second_answer_is_told_what_the_first_one_came_to(tells) -> None:
    for left in (ONCE_MORE, SECOND, (*SECOND, says(OWNER * 4))):
        socket = tells(*left, Closed("call"))
        assert ends(socket) == ("INCONCLUSIVE", "undecided", True)
        assert socket.verdicts()[0].heard == (b"left by ooo", b"left by uuu")
    hung_up = tells(*BEGUN, says(UNSURE * 3), mark(1, True, another=True), Closed("call"))
    assert ends(hung_up) == ("INCONCLUSIVE", "undecided", True)
    assert hung_up.undecided() == [], "nobody is there to be asked"


def test_where_nothing_more_will_be_asked_the_first_answer_is_what_it_is(tells) -> None:
    assert ends(tells(*ONCE_MORE, mark(1, True))) == ("INCONCLUSIVE", "undecided", True)
    assert tells(*SECOND, says(UNSURE), mark(1, True)).verdicts() == [], "too late: the second one has begun"


def test_marks_twice_late_or_out_of_order_accept_nothing(tells) -> None:
    more = says(OWNER * 4)
    assert tells(*ONCE_MORE, mark(1), more, mark(1, True, another=True), None).verdicts() == [], "of what is over"
    assert ends(tells(*ONCE_MORE, more, mark(2, True))) == ("INCONCLUSIVE", "undecided", True), "no beginning"
    assert ends(tells(*ONCE_MORE, mark(2, False), mark(2, True))) == ("INCONCLUSIVE", "challenge_failed", True)
    assert ends(tells(*SECOND, says(UNSURE), mark(2), says(UNSURE), mark(2, True), mark(2, True)))[0] == "ACCEPTED"
    assert tells(*SECOND, more, Forget("one", "call"), mark(2, True)).verdicts() == []
    assert tells(*PASSED, mark(1, True, another=True), None).undecided() == [], (
        "nobody told from where on: nothing is heard"
    )
    assert tells(*SECOND, asked("two"), says(UNSURE * 4), mark(2, True)).verdicts("two") == [], "of another question"


def test_a_question_that_was_taken_back_meanwhile_asks_for_nothing_more(tells) -> None:
    right = (*BEGUN, says(UNSURE * 3), mark(1, True, another=True))
    for taken_back in (asked("two"), Forget("one", "call")):
        assert tells(*right, taken_back, None).undecided() == []


def test_another_voice_by_the_way_ends_it_while_the_second_answer_is_awaited(tells) -> None:
    begun = (asked(), mark(1), says(UNSURE), mark(1, True, another=True), None)
    assert tells(*begun).undecided() == [1]
    assert ends(tells(*begun, says(OLD * 4), None)) == ("INCONCLUSIVE", "replay", True)


def test_the_receipt_says_how_many_answers_were_judged_as_one(tells, tmp_path: Path) -> None:
    told = {
        "both": ((*SECOND, says(UNSURE * 2), mark(2, True)), {"attempt": 2, "said": True, "judged": 2}),
        "wrong": ((*SECOND, mark(3), mark(3, False)), {"attempt": 3, "said": False, "judged": 1}),
        "gone": ((*SECOND, Closed("call")), {"attempt": 2, "said": None, "judged": 1}),
        "no more": ((*ONCE_MORE, mark(1, True)), {"attempt": 1, "said": True, "judged": 1}),
    }
    for name, (messages, put) in told.items():
        path = tmp_path / name
        tells(*messages, receipts=path)
        (receipt,) = [json.loads(line) for line in path.read_text().splitlines()]
        assert (receipt["challenge"], receipt["llr"]) == (put, 1.0), name
        assert check(path).problem is None
