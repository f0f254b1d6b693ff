"""A call in Persian: what is heard and seen, typed and said, and how it gets there and back."""

from __future__ import annotations

import datetime

import pytest

from ivr.flow.events import LanguageChosen, MessageRequested, RedirectRequested, Said
from ivr.flow.inputs import By, DocumentFailed, LanguageChoice, Outcome, Speech
from ivr.flow.matching import spoken_choice, words_of
from ivr.flow.spoken import date as date_in_english
from ivr.flow.spoken_persian import date, money, solar_hijri
from ivr.flow.texts import render
from ivr.flow.waits import AwaitAgent, Offered
from ivr.visual.screen import Language
from tests.unit.engine.caller import ALICE, BOB_PHONE, Caller, Contact, bank

STRANGER = "+447700900999"


@pytest.fixture
def caller() -> Caller:
    return Caller(bank())


def chooses(caller: Caller, language: str, turn: int | None = None):
    at = caller.session.turn if turn is None else turn
    return caller.happens(LanguageChoice(turn=at, language=language))


@pytest.mark.parametrize("way", ["key", "word", "page"])
def test_all_that_follows_is_persian(caller: Caller, way: str) -> None:
    match way:
        case "key":
            caller.presses("5")
        case "word":
            caller.says("Farsi, please")
        case "page":
            assert chooses(caller, "fa-IR").accepted
            assert any(isinstance(event, RedirectRequested) for event in caller.events)
    caller.hears("برای موجودی حساب، کلید ۱")
    screen = caller.sees()
    assert (screen.title, screen.language, screen.direction) == ("بانک ریورساید", "fa-IR", "rtl")
    assert screen.buttons[0].label == "موجودی حساب"
    assert screen.person.label == "گفت‌وگو با همکار ما"
    assert screen.languages == (Language("en-GB", "English", "ltr"),)
    caller.says("لطفاً موجودي حساب")  # as a recogniser with Arabic letters writes it
    caller.hears("عدد ۴ ۷")
    assert caller.sees().buttons[0].label == "ادامه بدون صفحه"
    caller.says("رد شو")
    caller.hears("رمز خود")
    caller.presses("0000")
    caller.hears("درست نبود")
    caller.opens_page()
    caller.presses(ALICE.pin)
    caller.hears("سپاسگزارم، Alice. موجودی شما ۱٬۲۰۴ پوند و ۵۰ پنی است.")
    assert caller.session.choices_made[-1] == "Balance"  # the agent's desk reads the language of the file


def test_the_way_back_is_the_same_key_under_its_own_name(caller: Caller) -> None:
    caller.presses("5")
    assert "English" in [button.label for button in caller.sees().buttons]
    caller.presses("5")
    caller.hears("For your balance, press 1")
    assert caller.sees().direction == "ltr"


def test_a_choice_on_the_page_costs_no_try_and_a_late_one_changes_nothing(caller: Caller) -> None:
    caller.is_silent()
    before = caller.session
    assert chooses(caller, "fa-IR").accepted
    assert (caller.session.attempts, caller.step) == (before.attempts, before.step)
    assert not chooses(caller, "en-GB", turn=before.turn).accepted
    for language in ("fa-IR", "de-DE", ""):
        assert not chooses(caller, language).accepted
    caller.hears("برای موجودی حساب")


def test_what_was_understood_is_read_back_again_in_the_new_language(caller: Caller) -> None:
    caller.presses("4")
    soon = datetime.date.fromisoformat(caller.session.began_on) + datetime.timedelta(days=30)
    caller.says(date_in_english(soon))
    caller.hears(f"I understood {date_in_english(soon)}")
    assert chooses(caller, "fa-IR").accepted
    caller.hears(f"متوجه شدم: {date(soon)}. اگر درست است کلید ۱")
    assert (caller.sees().body.label, caller.sees().body.answer) == ("روز", date(soon))
    caller.says("بله درسته")
    assert caller.session.answers["appointment_day"] == soon.isoformat()
    caller.presses("123")
    caller.hears("شماره را کامل بدهید: با ۰ آغازین، یا با ۰۰ و کد کشور.")
    fields = {field.name: field for field in caller.sees().body.fields}
    assert [option.label for option in fields["appointment_reminder"].options] == ["بله", "نه"]
    assert fields["appointment_day"].value.startswith("۱۴")


def test_in_the_queue_the_place_is_kept(caller: Caller) -> None:
    caller.presses("0")
    before = caller.session
    chooses(caller, "fa-IR")
    assert isinstance(caller.session.waiting_for, AwaitAgent)
    assert caller.session.turn == before.turn
    assert caller.session.open_requests == before.open_requests
    assert caller.session.waiting_for.waiting.startswith("شما نفر")
    assert caller.sees().body.heading == "شما در صف هستید"


def test_while_the_page_or_the_voice_is_awaited_the_wait_goes_on() -> None:
    caller = Caller(bank(), contacts=(Contact("eve", "1", BOB_PHONE, enrolled=True),), number=BOB_PHONE)
    caller.presses("1")
    chooses(caller, "fa-IR")
    caller.hears("نخست باید مطمئن شوم")
    caller.opens_page()
    chooses(caller, "en-GB")
    caller.hears("Please tell me in a sentence")
    caller.voice_is(Outcome.ACCEPTED)
    assert caller.level == 2


def test_consent_is_recorded_in_the_words_that_were_agreed_to(caller: Caller) -> None:
    caller.presses("5")
    caller.presses("2")
    caller.opens_page()
    caller.presses(ALICE.pin)
    labels = [button.label for button in caller.sees().buttons]
    assert labels == ["بله، موافقم", "نه، متشکرم", "هرگز از صدای من استفاده نکنید"]
    caller.says("آره موافقم")
    (given,) = caller.happened("ConsentGiven")
    assert given.language == "fa-IR" and given.wording.startswith("می‌توانیم شما را از صدایتان بشناسیم")


def test_the_message_is_in_the_language_of_the_call(caller: Caller) -> None:
    caller.presses("5")
    caller.presses("3")
    sent = [event for event in caller.log if isinstance(event, MessageRequested)][-1]
    assert sent.text.startswith("بانک ریورساید: تماس خود را")


def test_the_choice_is_kept_for_who_calls_from_their_own_number_only(caller: Caller) -> None:
    caller.presses("5")
    assert caller.happened("LanguageChosen") == [LanguageChosen(language="fa-IR", contact="alice")]
    stranger = Caller(bank(), number=STRANGER)
    stranger.presses("10045678")
    stranger.presses("5")
    assert stranger.happened("LanguageChosen") == [LanguageChosen(language="fa-IR", contact=None)]


def test_when_a_prompt_cannot_be_played_the_apology_is_in_the_flows_own_language(caller: Caller) -> None:
    caller.presses("5")
    caller.happens(DocumentFailed(id="fallback", code="11200"))
    caller.hears("Sorry, something went wrong on our side")
    assert caller.sees().language == "en-GB"


def test_what_was_said_before_the_switch_keeps_its_language() -> None:
    caller = Caller(bank(), number=STRANGER)
    caller.presses("5")
    caller.is_silent()
    assert all(event.language in ("", "en-GB") for event in caller.log if isinstance(event, Said))


def test_persian_is_matched_however_a_recogniser_spells_it() -> None:
    assert words_of("كيفِ مي‌خواهم، ۱۲") == words_of("کیف می خواهم 12")
    offered = (Offered("1", "موجودی حساب", ("پول",)), Offered("2", "ثبت صدا"))
    assert spoken_choice("کلید ۲", offered).key == "2"
    assert spoken_choice("پول", offered).key == "1"


def test_digits_said_in_persian_are_digits() -> None:
    caller = Caller(bank(), number=STRANGER)
    caller.happens(Speech(turn=caller.session.turn, text="۱۰۰۴۵۶۷۸", by=By.TAP))
    assert caller.session.claim.contact == "alice"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1204.50 GBP", "۱٬۲۰۴ پوند و ۵۰ پنی"),
        ("-0.07 EUR", "منفی ۷ سنت"),
        ("0 USD", "۰ دلار"),
        ("12.50 CHF", "۱۲٫۵۰ CHF"),
    ],
)
def test_money_in_persian(value: str, said: str) -> None:
    assert money(value) == said


@pytest.mark.parametrize(
    ("day", "solar"),
    [
        ("2026-11-05", (1405, 8, 14)),
        ("2025-03-21", (1404, 1, 1)),
        ("2025-03-20", (1403, 12, 30)),
        ("2021-03-20", (1399, 12, 30)),
        ("2017-03-20", (1395, 12, 30)),
        ("2000-01-01", (1378, 10, 11)),
        ("1979-02-11", (1357, 11, 22)),
    ],
)
def test_the_calendar_agrees_with_known_days(day: str, solar: tuple[int, int, int]) -> None:
    assert solar_hijri(datetime.date.fromisoformat(day)) == solar


def test_dates_have_persian_months_and_numerals_and_far_ones_are_refused() -> None:
    assert date("2026-11-05") == "۱۴ آبان ۱۴۰۵"
    with pytest.raises(ValueError, match="outside the years"):
        date("1700-01-01")


def test_filters_follow_the_language_and_plain_numbers_too() -> None:
    known = {"flow": {"language": "fa-IR", "title": "x"}, "vars": {"n": 12, "d": "2026-11-05"}}
    assert render("{{ vars.n }} · {{ vars.d | date }} · 3", known) == "۱۲ · ۱۴ آبان ۱۴۰۵ · ۳"
    known["flow"]["language"] = "en-GB"
    assert render("{{ vars.n }} · {{ vars.d | date }}", known) == "12 · 5 November 2026"
