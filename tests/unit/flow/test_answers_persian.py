"""The validator in a Persian call: Persian words and numerals, Iran's calendar, and problems told in Persian."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.answers import Given, Problem, read_answer
from ivr.flow.asking import CONFIRMATION, YES_NO
from ivr.flow.dates import EARLIEST_YEAR, LATEST_YEAR
from ivr.flow.kinds import DateKind, DigitsKind, MoneyKind, NumberKind, PhoneKind, YesNoKind
from ivr.flow.matching import spoken_choice
from ivr.flow.phrases import in_our_words
from ivr.flow.saying import spoken_answer, typed_answer

KEYED, SPOKEN, TYPED = Given.KEYED, Given.SPOKEN, Given.TYPED
FA = "fa-IR"
DIGITS, NUMBER = DigitsKind(min_length=2, max_length=8), NumberKind()
ANY_NUMBER = NumberKind(minimum=Decimal(-1000), maximum=Decimal(1_000_000), decimals=3)
POUNDS, RIALS, FRANCS = (MoneyKind(currency=code) for code in ("GBP", "IRR", "CHF"))
DATE, PHONE = DateKind(today="2026-11-21"), PhoneKind(country_code="98")  # a Saturday, 30 Aban 1405
YES_OR_NO = in_our_words(YES_NO, FA)


def read(kind, given, how):
    return read_answer(kind, YES_OR_NO if isinstance(kind, YesNoKind) else (), given, how, FA)


@pytest.mark.parametrize(
    ("kind", "how", "given", "answer"),
    [
        (DIGITS, SPOKEN, "صفر چهار چهار دو", "0442"),
        (DIGITS, SPOKEN, "۴۲ ۱۷", "4217"),
        (DIGITS, SPOKEN, "نهصد و دوازده سیصد و چهل و پنج", "912345"),
        (DIGITS, TYPED, "۰۴۲-۱۷", "04217"),
        (NUMBER, SPOKEN, "لطفاً صد و بیست و سه", "123"),
        (NUMBER, SPOKEN, "دو هزار و بیست و شش", "2026"),
        (NUMBER, SPOKEN, "دوهزار و پنج", "2005"),
        (NUMBER, SPOKEN, "دوازده ممیز پنج", "12.5"),
        (NUMBER, SPOKEN, "۱٬۲۰۴٫۵", "1204.5"),
        (NUMBER, TYPED, "۱٬۲۰۴٫۵", "1204.5"),
        (ANY_NUMBER, SPOKEN, "منفی سه", "-3"),
        (ANY_NUMBER, SPOKEN, "۵۰ هزار", "50000"),
        (POUNDS, SPOKEN, "پنجاه پوند", "50.00 GBP"),
        (POUNDS, SPOKEN, "می‌خواهم پنجاه پوند و بیست پنی", "50.20 GBP"),
        (POUNDS, TYPED, "۱٬۲۰۴٫۵۰", "1204.50 GBP"),
        (RIALS, SPOKEN, "دو میلیون ریال", "2000000.00 IRR"),
        (DATE, KEYED, "14091405", "2026-12-05"),
        (DATE, KEYED, "14050914", "2026-12-05"),
        (DATE, KEYED, "05122026", "2026-12-05"),
        (DATE, TYPED, "۱۴۰۵/۹/۱۴", "2026-12-05"),
        (DATE, TYPED, "14-09-1405", "2026-12-05"),
        (DATE, TYPED, "2026-12-05", "2026-12-05"),
        (DATE, SPOKEN, "چهاردهم آذر", "2026-12-05"),
        (DATE, SPOKEN, "شنبه چهاردهم آذر ماه سال هزار و چهارصد و پنج", "2026-12-05"),
        (DATE, SPOKEN, "سه‌شنبه ۳ آذر", "2026-11-24"),
        (DATE, SPOKEN, "سی ام آبان", "2026-11-21"),
        (DATE, SPOKEN, "بیست و سوم دی", "2027-01-13"),
        (DATE, SPOKEN, "اول فروردین", "2027-03-21"),
        (DATE, SPOKEN, "پنجم دسامبر ۲۰۲۶", "2026-12-05"),
        (DATE, SPOKEN, "فردا", "2026-11-22"),
        (DATE, SPOKEN, "پس‌فردا", "2026-11-23"),
        (PHONE, SPOKEN, "صفر نهصد و دوازده سیصد و چهل و پنج شصت و هفت هشتاد و نه", "+989123456789"),
        (PHONE, SPOKEN, "مثبت ۴۴ ۷۷۰۰ ۹۰۰۱۲۳", "+447700900123"),
        (PHONE, TYPED, "۰۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789"),
        (YesNoKind(), SPOKEN, "بله لطفاً", "yes"),
        (YesNoKind(), SPOKEN, "آره", "yes"),
        (YesNoKind(), SPOKEN, "نه، ممنون", "no"),
        (YesNoKind(), SPOKEN, "خير", "no"),  # with the Arabic letter
    ],
)
def test_what_people_give_is_understood(kind, how, given, answer):
    assert read(kind, given, how) == answer


@pytest.mark.parametrize(
    ("kind", "how", "given"),
    [
        (DIGITS, SPOKEN, "بیست سه"), (DIGITS, SPOKEN, "سلام"), (NUMBER, SPOKEN, "یک دو سه"), (NUMBER, SPOKEN, "و"),
        (NUMBER, SPOKEN, "بیست و دوازده"), (NUMBER, SPOKEN, "صد و"), (NUMBER, SPOKEN, "منفی منفی دو"),
        (NUMBER, SPOKEN, "حدود پنجاه"), (NUMBER, SPOKEN, "fifty"), (POUNDS, SPOKEN, "پنجاه دلار"),
        (POUNDS, SPOKEN, "پوند"), (POUNDS, SPOKEN, "پنجاه پوند و دویست پنی"),
        (DATE, SPOKEN, "جمعه چهاردهم آذر ۱۴۰۵"), (DATE, SPOKEN, "سی و یکم آذر"), (DATE, SPOKEN, "هفتهٔ آینده"),
        (DATE, SPOKEN, "پنجم آذر ۲۰۲۶"), (DATE, KEYED, "31091405"), (DATE, KEYED, "5091405"), (DATE, TYPED, "1405/13/1"),
        (PHONE, SPOKEN, "زنگ بزن"), (YesNoKind(), SPOKEN, "شاید"), (YesNoKind(), SPOKEN, "بله نه"),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_no_answer_and_is_told_in_persian(kind, how, given):
    problem = read(kind, given, how)
    assert isinstance(problem, Problem)
    assert not any(letter.isascii() and letter.isalnum() for letter in problem.text(FA))


def test_bounds_are_told_in_persian():
    bounded = MoneyKind(currency="GBP", minimum=Decimal(10), maximum=Decimal("250.50"))
    assert read(bounded, "9*99", KEYED).text(FA) == "باید دست‌کم ۱۰ پوند باشد."
    assert read(bounded, "251", KEYED).text(FA) == "حداکثر می‌تواند ۲۵۰ پوند و ۵۰ پنی باشد."
    soon = DateKind(earliest="2026-11-22", today="2026-11-21")
    assert read(soon, "امروز", SPOKEN).text(FA) == "نمی‌تواند پیش از ۱ آذر ۱۴۰۵ باشد."
    assert read(DIGITS, "1", KEYED).text(FA) == "باید ۲ تا ۸ رقم باشد."


@pytest.mark.parametrize(("said", "key"), [("بله درسته", "1"), ("درست است", "1"), ("نه", "2"), ("درست نیست", "2")])
def test_a_read_back_is_confirmed_in_persian(said, key):
    assert spoken_choice(said, in_our_words(CONFIRMATION, FA)).key == key


# -- properties --------------------------------------------------------------------------------------------------------

KINDS = [DIGITS, NUMBER, ANY_NUMBER, POUNDS, RIALS, FRANCS, DATE, DateKind(), PHONE, YesNoKind()]
SAYABLE = (
    "صفر یک دو سه پنج نه ده دوازده بیست سی نود صد دویست هزار میلیون ممیز و منفی پوند پنی ریال chf آذر دسامبر پنجم سوم"
    " شنبه جمعه امروز فردا بله نه لطفا مثبت ۵ ۲۶ ۱۴۰۵ ۲۰۲۶ ۱٬۲۰۴ ۱۲٫۵۰ + - . , 0"
)
WORDS = st.lists(st.sampled_from(SAYABLE.split()), max_size=9).map(" ".join)
GIVEN = st.one_of(WORDS, st.text(max_size=40), st.text("۰۱۲۳۴۵۶۷۸۹0123456789*#+-/., ٬٫", max_size=24))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(KINDS), GIVEN, st.sampled_from(Given))
def test_whatever_is_taken_can_be_read_back_shown_and_is_understood_again(kind, given_, how):
    answer = read(kind, given_, how)
    if isinstance(answer, Problem):
        assert answer.text(FA)
        return
    back = spoken_answer(kind, YES_OR_NO, answer, FA)
    assert read(kind, back, SPOKEN) == answer, "what the caller hears is what is kept"
    assert read(kind, typed_answer(kind, answer, FA), TYPED) == answer, "a form sent as it was drawn changes nothing"


@settings(max_examples=300, deadline=None)
@given(st.dates(datetime.date(EARLIEST_YEAR, 1, 1), datetime.date(LATEST_YEAR, 12, 31)))
def test_every_day_is_said_keyed_and_typed(day):
    assert read(DATE, spoken_answer(DATE, (), day.isoformat(), FA), SPOKEN) == day.isoformat()
    solar = typed_answer(DATE, day.isoformat(), FA)
    assert read(DATE, solar, TYPED) == day.isoformat()
    assert read(DATE, read_digits(solar), KEYED) == day.isoformat()
    assert read(DATE, f"{day:%d%m%Y}", KEYED) == day.isoformat()


def read_digits(text):
    return "".join(str(int(each)) for each in text if each.isdigit())


@settings(max_examples=200, deadline=None)
@given(st.decimals(0, 999_999_999, places=2))
def test_every_amount_is_said_and_typed(amount):
    kept = f"{amount:.2f} GBP"
    assert read(POUNDS, spoken_answer(POUNDS, (), kept, FA), SPOKEN) == kept
    assert read(POUNDS, typed_answer(POUNDS, kept, FA), TYPED) == kept
