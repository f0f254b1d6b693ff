"""The words of challenges, and how they are drawn."""

from __future__ import annotations

import itertools

import pytest

from ivr.challenges import draw_challenge
from ivr.flow.challenge_answers import is_said
from ivr.flow.challenge_words import folded_words, words_for
from ivr.flow.events import ChallengeRequested
from ivr.flow.numerals import FILLING
from ivr.flow.numerals_persian import FILLING as FILLING_PERSIAN
from ivr.flow.steps import ChallengeOf


def edits(one: str, two: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, 1):
        corner, row[0] = row[0], i
        for j, other in enumerate(two, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (letter != other))
    return row[-1]


@pytest.mark.parametrize(("language", "least"), [("en-GB", 3), ("fa-IR", 2)])
def test_there_are_64_words_that_cannot_be_taken_for_one_another(language, least) -> None:
    words = words_for(language)
    assert len(set(words)) == len(folded_words(language)) == 64
    assert all(edits(one, two) >= least for one, two in itertools.combinations(words, 2))
    assert not folded_words(language) & (FILLING | FILLING_PERSIAN), "filling words say nothing"


def drawn(of: ChallengeOf, count: int, language: str = "en-GB") -> tuple[str, ...]:
    return draw_challenge(ChallengeRequested(request="r", due_seconds=1, of=of, count=count, language=language)).words


@pytest.mark.parametrize("count", range(6, 11))
def test_digits_are_never_three_alike_in_a_row(count) -> None:
    for _ in range(300):
        digits = drawn(ChallengeOf.DIGITS, count)
        assert len(digits) == count and all(len(digit) == 1 and digit in "0123456789" for digit in digits)
        assert all(len(set(digits[at : at + 3])) > 1 for at in range(count - 2))


@pytest.mark.parametrize("language", ["en-GB", "fa"])
def test_words_are_different_and_of_the_language(language) -> None:
    for _ in range(100):
        words = drawn(ChallengeOf.WORDS, 4, language)
        assert len(set(words)) == 4 and set(words) <= set(words_for(language))
        assert is_said(words, " ".join(words), language)


def test_what_is_drawn_differs_from_time_to_time() -> None:
    assert len({drawn(ChallengeOf.DIGITS, 6) for _ in range(50)}) > 45
    assert len({drawn(ChallengeOf.WORDS, 4) for _ in range(50)}) > 45


def test_where_we_have_no_words_digits_are_drawn() -> None:
    assert "".join(drawn(ChallengeOf.WORDS, 6, "de-DE")).isdigit()


@pytest.mark.parametrize(
    ("digits", "text", "language"),
    [
        ("4711", "four seven double one", "en-GB"),
        ("4711", "4 7 1 1", "en-US"),
        ("4281", "for to ate won", "en-GB"),
        ("42711", "Um, four, too. 7-1-1, please.", "en-GB"),
        ("4711", "۴۷۱۱", "fa-IR"),
        ("4711", "چهار هفت یک یک", "fa-IR"),
        ("9047", "نه صفر چهل و هفت", "fa-IR"),
        ("4711", "خب، ٤٧ اه ١١ لطفاً", "fa"),
    ],
)
def test_digits_are_understood_as_elsewhere(digits, text, language) -> None:
    assert is_said(tuple(digits), text, language)
    assert not is_said(tuple(reversed(digits)), text, language)


def test_nothing_that_was_to_be_said_is_never_said() -> None:
    assert not is_said((), "", "en-GB")
