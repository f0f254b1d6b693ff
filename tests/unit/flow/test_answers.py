"""The validator: what is taken for an answer, by key, by voice and typed; what is in doubt never is."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.answers import Given, Problem, read_answer
from ivr.flow.asking import YES_NO
from ivr.flow.dates import EARLIEST_YEAR, LATEST_YEAR
from ivr.flow.kinds import (
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.saying import spoken_answer
from ivr.flow.waits import Offered

KEYED, SPOKEN, TYPED = Given.KEYED, Given.SPOKEN, Given.TYPED
EN = "en-GB"
TODAY = "2026-11-21"  # a Saturday
DIGITS, NUMBER, SPEECH = DigitsKind(min_length=2, max_length=6), NumberKind(), SpeechKind(max_length=40)
ANY_NUMBER = NumberKind(minimum=Decimal(-1000), maximum=Decimal(1_000_000), decimals=3)
POUNDS, FRANCS = MoneyKind(currency="GBP"), MoneyKind(currency="CHF")
DATE, PHONE, AMERICAN, ITALIAN = DateKind(today=TODAY), *(PhoneKind(country_code=code) for code in ("44", "1", "39"))
TOPICS = (
    Offered("1", "A mortgage", ("house", "loan"), value="mortgage"),
    Offered("2", "Savings", ("saving",), value="savings"),
)


def read(kind, given, how, choices=()):
    return read_answer(kind, YES_NO if isinstance(kind, YesNoKind) else choices, given, how, EN)


@pytest.mark.parametrize(
    ("kind", "how", "given", "answer"),
    [
        (DIGITS, KEYED, "0042", "0042"),
        (DIGITS, TYPED, "00 42-1", "00421"),
        (DIGITS, TYPED, "۰۴۲", "042"),
        (DIGITS, SPOKEN, "oh double four two", "0442"),
        (NUMBER, KEYED, "12*5", "12.5"),
        (NUMBER, KEYED, "007", "7"),
        (NUMBER, TYPED, "1,204.50", "1204.5"),
        (NUMBER, TYPED, "٣٫٥", "3.5"),
        (NUMBER, SPOKEN, "Twelve point five.", "12.5"),
        (NUMBER, SPOKEN, "er, one hundred and twenty-three please", "123"),
        (NUMBER, SPOKEN, "a thousand and one", "1001"),
        (NUMBER, SPOKEN, "two hundred thousand", "200000"),
        (NUMBER, SPOKEN, "1,204", "1204"),
        (ANY_NUMBER, SPOKEN, "minus three", "-3"),
        (POUNDS, KEYED, "50", "50.00 GBP"),
        (POUNDS, KEYED, "12*5", "12.50 GBP"),
        (POUNDS, TYPED, "£ 1,204.50", "1204.50 GBP"),
        (POUNDS, SPOKEN, "fifty pounds", "50.00 GBP"),
        (POUNDS, SPOKEN, "I'd like fifty pounds and twenty pence, please", "50.20 GBP"),
        (POUNDS, SPOKEN, "fifty pounds twenty", "50.20 GBP"),
        (POUNDS, SPOKEN, "£50.20", "50.20 GBP"),
        (POUNDS, SPOKEN, "ninety pence", "0.90 GBP"),
        (FRANCS, SPOKEN, "12.50 CHF", "12.50 CHF"),
        (DATE, KEYED, "05112026", "2026-11-05"),
        (DATE, TYPED, "2026-11-05", "2026-11-05"),
        (DATE, TYPED, "5/11/2026", "2026-11-05"),
        (DATE, TYPED, "5.11.2026", "2026-11-05"),
        (DATE, SPOKEN, "the fifth of November 2026", "2026-11-05"),
        (DATE, SPOKEN, "November 5th, 2026", "2026-11-05"),
        (DATE, SPOKEN, "Thursday the 5th of November twenty twenty-six", "2026-11-05"),
        (DATE, SPOKEN, "November the twenty-first two thousand and twenty-six", "2026-11-21"),
        (DATE, SPOKEN, "first of January nineteen oh five", "1905-01-01"),
        (DATE, SPOKEN, "tomorrow", "2026-11-22"),
        (DATE, SPOKEN, "the third of December", "2026-12-03"),
        (DATE, SPOKEN, "the fifth of November", "2027-11-05"),
        (DATE, SPOKEN, "29 February", "2028-02-29"),
        (PHONE, KEYED, "07700900123", "+447700900123"),
        (PHONE, KEYED, "0033123456789", "+33123456789"),
        (PHONE, TYPED, "+44 (0)7700 900-123", "+447700900123"),
        (PHONE, TYPED, "\u202a07700 900123\u202c", "+447700900123"),
        (PHONE, SPOKEN, "oh double seven double oh nine hundred", None),
        (PHONE, SPOKEN, "oh double seven double oh nine oh oh one two three", "+447700900123"),
        (PHONE, SPOKEN, "plus 44 7700 900123", "+447700900123"),
        (AMERICAN, TYPED, "(212) 555-0123", "+12125550123"),
        (AMERICAN, KEYED, "12125550123", "+12125550123"),
        (AMERICAN, KEYED, "01133123456789", "+33123456789"),
        (ITALIAN, KEYED, "0612345678", "+390612345678"),
        (YesNoKind(), KEYED, "1", "yes"),
        (YesNoKind(), SPOKEN, "Yes, please!", "yes"),
        (YesNoKind(), SPOKEN, "no thank you", "no"),
        (YesNoKind(), TYPED, "no", "no"),
        (SPEECH, SPOKEN, "  my   card is lost ", "my card is lost"),
    ],
)
def test_what_people_give_is_understood(kind, how, given, answer):
    got = read(kind, given, how)
    assert isinstance(got, Problem) if answer is None else got == answer


@pytest.mark.parametrize(
    ("kind", "how", "given"),
    [
        (DIGITS, KEYED, "1"), (DIGITS, KEYED, "1234567"), (DIGITS, KEYED, "12*"), (DIGITS, SPOKEN, "twelve"),
        (NUMBER, KEYED, "1*2*3"), (NUMBER, KEYED, "*"), (NUMBER, KEYED, ""), (NUMBER, TYPED, "12,5"),
        (NUMBER, TYPED, "5²"), (NUMBER, TYPED, "½"), (NUMBER, TYPED, "1e9"), (NUMBER, TYPED, "nan"),
        (NUMBER, SPOKEN, "one two three"), (NUMBER, SPOKEN, "not fifty"), (NUMBER, SPOKEN, "fifty or sixty"),
        (NUMBER, SPOKEN, "and"), (NUMBER, SPOKEN, "hundred and"), (NUMBER, SPOKEN, "minus minus two"),
        (NUMBER, SPOKEN, "a hundred hundred"), (NUMBER, SPOKEN, "fifty twelve"), (NUMBER, SPOKEN, "about fifty"),
        (POUNDS, SPOKEN, "fifty dollars"), (POUNDS, SPOKEN, "$50"), (POUNDS, SPOKEN, "twelve fifty"),
        (POUNDS, SPOKEN, "fifty pounds and"), (POUNDS, SPOKEN, "fifty pounds and two hundred pence"),
        (POUNDS, SPOKEN, "pounds"), (POUNDS, TYPED, "12.345"), (POUNDS, TYPED, "-5"),
        (DATE, KEYED, "31022026"), (DATE, KEYED, "5112026"), (DATE, TYPED, "2026-13-01"), (DATE, SPOKEN, "the 32nd of May"),
        (DATE, SPOKEN, "Friday the 5th of November 2026"), (DATE, SPOKEN, "November twenty twenty six"),
        (DATE, SPOKEN, "some time in May"), (DATE, SPOKEN, "the fifth or sixth of May 2027"), (DATE, SPOKEN, "next week"),
        (DateKind(), SPOKEN, "tomorrow"), (DateKind(), SPOKEN, "the third of December"),
        (PHONE, KEYED, "7700900123"), (PHONE, KEYED, "447700900123"), (PHONE, KEYED, "0770"), (PHONE, KEYED, "0" * 20),
        (PHONE, TYPED, "+1"), (PHONE, TYPED, "call me"), (AMERICAN, KEYED, "5550123"), (PHONE, KEYED, "07700*900123"),
        (YesNoKind(), SPOKEN, "maybe"), (YesNoKind(), SPOKEN, "yes no"), (YesNoKind(), KEYED, "3"),
        (YesNoKind(), TYPED, "y"), (SPEECH, SPOKEN, ""), (SPEECH, SPOKEN, "x" * 41), (SPEECH, KEYED, "5"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_no_answer(kind, how, given):
    problem = read(kind, given, how)
    assert isinstance(problem, Problem)
    assert "{" not in problem.text(EN)


def test_bounds_are_told_in_words():
    bounded = MoneyKind(currency="GBP", minimum=Decimal(10), maximum=Decimal("250.50"))
    assert read(bounded, "9*99", KEYED).text(EN) == "It has to be at least 10 pounds."
    assert read(bounded, "251", KEYED).text(EN) == "It can be at most 250 pounds and 50 pence."
    whole = NumberKind(maximum=Decimal(8), decimals=0)
    assert read(whole, "2*5", KEYED).text(EN) == "It has to be a whole number."
    soon = DateKind(earliest="2026-11-22", latest="2026-12-24", today=TODAY)
    assert read(soon, "today", SPOKEN).text(EN) == "It cannot be before 22 November 2026."
    assert read(soon, "the 25th of December 2026", SPOKEN).text(EN) == "It cannot be after 24 December 2026."
    assert read(DIGITS, "1", KEYED).text(EN) == "It has to be 2 to 6 digits."


def test_one_of_a_list_is_kept_by_its_name():
    assert [read(ListKind(), "2", how, TOPICS) for how in (KEYED, TYPED)] == ["savings", "savings"]
    assert read(ListKind(), "mortgage", TYPED, TOPICS) == "mortgage"
    assert read(ListKind(), "it is about my house", SPOKEN, TOPICS) == "mortgage"
    for doubtful in ("saving for a house", "pension", ""):
        assert isinstance(read(ListKind(), doubtful, SPOKEN, TOPICS), Problem)
    assert isinstance(read(ListKind(), "saving", TYPED, TOPICS), Problem), "the page sends names, not words"


# -- properties --------------------------------------------------------------------------------------------------------

KINDS = [DIGITS, NUMBER, ANY_NUMBER, POUNDS, FRANCS, DATE, DateKind(), PHONE, AMERICAN, YesNoKind(), ListKind(), SPEECH]
SAYABLE = (
    "one two five ten twelve twenty thirty ninety hundred thousand million point and minus a the of oh double zero 5 26 2026"
    " 1,204 12.50 £ $ pounds pound pence november may 5th first monday tomorrow yes no please - + * . , 0"
)
WORDS = st.lists(st.sampled_from(SAYABLE.split()), max_size=9).map(" ".join)
GIVEN = st.one_of(WORDS, st.text(max_size=40), st.text("0123456789*#+-/., ", max_size=24))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(KINDS), GIVEN, st.sampled_from(Given))
def test_whatever_is_taken_can_be_read_back_and_is_understood_again(kind, given_, how):
    answer = read(kind, given_, how, TOPICS)
    if isinstance(answer, Problem):
        assert answer.text(EN)
        return
    back = spoken_answer(kind, YES_NO if isinstance(kind, YesNoKind) else TOPICS, answer, EN)
    assert read(kind, back, SPOKEN, TOPICS) == answer, "what the caller hears is what is kept"
    if not isinstance(kind, MoneyKind):  # whose code is not typed
        assert read(kind, answer, TYPED, TOPICS) == answer


@settings(max_examples=200, deadline=None)
@given(st.dates(datetime.date(EARLIEST_YEAR, 1, 1), datetime.date(LATEST_YEAR, 12, 31)))
def test_every_day_is_said_keyed_and_typed(day):
    assert read(DATE, spoken_answer(DATE, (), day.isoformat(), EN), SPOKEN) == day.isoformat()
    assert read(DATE, f"{day:%d%m%Y}", KEYED) == day.isoformat()
    assert read(DATE, f"{day.day}/{day.month}/{day.year}", TYPED) == day.isoformat()


@settings(max_examples=200, deadline=None)
@given(st.decimals(0, 999_999_999, places=2))
def test_every_amount_is_said_keyed_and_typed(amount):
    kept = f"{amount:.2f} GBP"
    assert read(POUNDS, f"{amount:f}".replace(".", "*"), KEYED) == kept
    assert read(POUNDS, f"£{amount:,.2f}", TYPED) == kept
    assert read(POUNDS, spoken_answer(POUNDS, (), kept, EN), SPOKEN) == kept
