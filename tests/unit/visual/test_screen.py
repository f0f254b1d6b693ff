"""What a caller sees in each wait, and what they never see."""

import unicodedata
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ivr.flow.asking import CONFIRMATION, YES_NO
from ivr.flow.definition import Flow
from ivr.flow.inputs import Outcome
from ivr.flow.kinds import DateKind, DigitsKind, MoneyKind, NumberKind, PhoneKind, SpeechKind, YesNoKind
from ivr.flow.session import Challenging, Page, Session, Voice
from ivr.flow.steps import Factor
from ivr.flow.waits import (
    Asked,
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitChoice,
    AwaitConfirmation,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    Offered,
    TalkingToAgent,
)
from ivr.visual.bodies import DigitsField, InQueue, SecretField, TextField, Working
from ivr.visual.hearing import Hearing
from ivr.visual.plain import LONGEST, MARKS_AT_MOST, plain
from ivr.visual.screen import Button, Live, Screen, screen_for
from ivr.visual.veil import veiled
from ivr.visual.words import words_of

FLOW = Flow(
    name="bank",
    file="bank.yaml",
    bundle="b",
    title="Riverside Bank",
    language="en-GB",
    start="a",
    person="p",
    prove="",
    facts={},
    steps={},
)
SESSION = Session(
    call="c",
    bundle="b",
    flow="bank",
    caller="+441632960101",
    line="+441632960000",
    page=Page("47"),
    turn=3,
    revision=9,
    step="main",
)
PERSON = Offered("0", "Speak to a person")
WAITS = {
    "choices": AwaitChoice(timeout_seconds=5, choices=(Offered("1", "Balance"), PERSON)),
    "digits": AwaitDigits(label="Card", min_length=4, max_length=4, timeout_seconds=5),
    "text": AwaitSpeech(label="Message", max_length=80, timeout_seconds=5),
    "fields": AwaitAnswer(
        fields=(Asked(name="n", label="How many", kind=NumberKind()),), current="n", form=False, timeout_seconds=5
    ),
    "confirmation": AwaitConfirmation(
        name="n", answer="3", label="How many", read_back="3", timeout_seconds=5, choices=CONFIRMATION
    ),
    "secret": AwaitSecret(label="PIN", min_length=4, max_length=8, timeout_seconds=5),
    "challenge": AwaitChallenge(request="v", words=("4", "7", "1", "2"), timeout_seconds=6, patience="p"),
    "working": AwaitFact(request="r", about="verdict", choices=(PERSON,)),
    "queue": AwaitAgent(request="r", queue="service", waiting="You are number {{ queue.position }}."),
    "talking": TalkingToAgent(agent="sam", room="room-4711"),
}


NOTHING = Live()


def drawn(wait=None, live: Live = NOTHING, flow: Flow = FLOW, **changes) -> Screen:
    return screen_for(flow, replace(SESSION, waiting_for=wait, **changes), live)


@pytest.mark.parametrize("kind", WAITS)
def test_every_wait_has_its_screen(kind):
    screen = drawn(WAITS[kind], factors=(Factor.PAGE,))
    assert screen.kind == kind
    assert (screen.title, screen.turn, screen.revision) == ("Riverside Bank", 3, 9)
    assert words_of(screen)


def test_a_menu_shows_its_choices_as_buttons_and_the_person_apart():
    screen = drawn(WAITS["choices"])
    assert screen.buttons == (Button("1", "Balance"),)
    assert screen.person == Button("0", "Speak to a person")
    assert words_of(screen) == ("[1] Balance", "[0] Speak to a person")


@pytest.mark.parametrize(
    "kind", ["choices", "digits", "text", "fields", "confirmation", "secret", "challenge", "working"]
)
def test_a_person_is_always_one_tap_away(kind):
    assert drawn(replace(WAITS[kind], choices=())).person == Button("0", "Speak to a person")


@pytest.mark.parametrize("kind", ["queue", "talking"])
def test_whoever_is_on_the_way_to_a_person_is_not_offered_one(kind):
    assert drawn(WAITS[kind]).person is None


def test_where_the_key_0_is_an_answer_it_is_no_button():
    wait = AwaitDigits(label="How many?", min_length=1, max_length=2, timeout_seconds=5, choices=(PERSON,))
    assert drawn(wait).person is None


def test_the_menus_own_words_for_a_person_are_used():
    wait = AwaitChoice(timeout_seconds=5, choices=(Offered("0", "Talk to our team"),))
    assert drawn(wait).person == Button("0", "Talk to our team")


def test_what_is_to_be_said_stands_on_the_page_of_the_number_on_file_alone():
    live = Live(said=("Please say 4 7 1 2.",))
    proven = drawn(WAITS["challenge"], live, factors=(Factor.PAGE,))
    assert words_of(proven)[:2] == ("Say this aloud on the phone now", "4 7 1 2")
    assert proven.captions == live.said
    other = drawn(WAITS["challenge"], live)
    assert words_of(other)[0] == "Say what the phone asks you to say"
    assert not any(digit in repr(other.body) for digit in "4712") and other.captions == ()


def test_what_is_to_be_said_is_written_in_the_numerals_of_the_language():
    persian = drawn(WAITS["challenge"], flow=replace(FLOW, language="fa-IR"), factors=(Factor.PAGE,))
    assert persian.body.words == ("۴", "۷", "۱", "۲")
    assert "۶" in persian.body.hint


def test_the_time_shown_to_say_it_counts_from_before_the_phone_has_asked():
    short, long = (
        drawn(WAITS["challenge"], Live(said=(text,)), factors=(Factor.PAGE,)) for text in ("Say it.", "x" * 120)
    )
    assert 6 < short.body.seconds < 10 < 16 < long.body.seconds


def test_that_the_voice_matches_so_far_is_said_on_the_page_but_not_on_one_that_joined_by_a_code():
    live = Live(hearing=Hearing(matched=True))
    for wait in (WAITS["challenge"], WAITS["working"]):
        screen = drawn(wait, live, factors=(Factor.PAGE,))
        assert screen.body.hearing_words == "Voice matches so far"
        assert "matches" not in repr(veiled(FLOW, SESSION, screen))
    assert drawn(WAITS["challenge"], factors=(Factor.PAGE,)).body.hearing_words == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("challenge_open", "no recording was not said"),
        ("challenge_not_asked", "no recording was not said"),
        ("challenge_failed", "What you were asked to say was not said"),
        ("too_short", "Your voice was not checked."),
    ],
)
def test_the_page_says_why_a_voice_was_not_checked(reason, words):
    voice = Voice(verdict=Outcome.INCONCLUSIVE, reason=reason)
    assert words in drawn(WAITS["choices"], voice=voice).verdict


def test_once_it_was_said_nobody_has_to_keep_talking():
    challenge = Challenging(step="s", passed=True)
    assert drawn(WAITS["working"]).body.listening
    assert not drawn(WAITS["working"], voice=Voice(challenge=challenge)).body.listening


def test_fields_say_what_fits():
    assert drawn(WAITS["digits"]).body == DigitsField("Card", "4 digits", 4, 4)
    assert drawn(replace(WAITS["digits"], min_length=2)).body.hint == "2 to 4 digits"
    assert isinstance(drawn(WAITS["text"]).body, TextField)
    assert isinstance(drawn(WAITS["secret"]).body, SecretField)


@pytest.mark.parametrize(
    ("about", "heading", "listening"),
    [
        ("verdict", "Checking your voice…", True),
        ("enrolment", "Learning your voice…", True),
        ("page", "Waiting for your page…", False),
        ("lookup", "Setting up…", False),
        ("identify", "Setting up…", False),
    ],
)
def test_a_hold_says_what_is_going_on(about, heading, listening):
    body = drawn(AwaitFact(request="r", about=about)).body
    assert isinstance(body, Working)
    assert (body.heading, body.listening) == (heading, listening)


def test_the_queue_shows_place_and_time():
    body = drawn(WAITS["queue"], Live(place=3, waited_seconds=83)).body
    assert isinstance(body, InQueue)
    assert (body.heading, body.place, body.waited_seconds) == ("You are in the queue", 3, 83)
    assert drawn(WAITS["queue"], Live(place=1)).body.heading == "You are next"
    assert drawn(WAITS["queue"]).body.place is None


def test_an_agent_on_the_way_is_announced():
    screen = drawn(AwaitAgent(request="r", queue="service", waiting="w", agent="sam", room="room-4711"))
    assert (screen.body.heading, screen.person) == ("Putting you through…", None)


def test_the_agents_name_is_shown_but_neither_login_nor_room():
    text = str(msgspec.to_builtins(drawn(WAITS["talking"], Live(agent="Samira"))))
    assert "You are talking to Samira" in text
    assert "room-4711" not in text and "'sam'" not in text
    assert drawn(WAITS["talking"]).body.heading == "You are talking to a person"


def test_an_ended_call_offers_nothing():
    screen = drawn(WAITS["choices"], ended="caller_hung_up")
    assert (screen.kind, screen.buttons, screen.person) == ("ended", (), None)


def test_before_the_first_wait_the_call_is_being_set_up():
    assert drawn(None).body.heading == "Setting up…"


def test_captions_are_what_the_phone_says():
    live = Live(said=("Hello.", " ", "How can I help?"))
    assert drawn(WAITS["choices"], live).captions == ("Hello.", "How can I help?")


def test_the_digits_that_open_the_page_are_not_taken_from_the_session():
    for wait in WAITS.values():
        screen = drawn(wait, page=Page(digits="8531"))
        assert "8531" not in str(msgspec.to_builtins(screen))


@pytest.mark.parametrize(("language", "direction"), [("en-GB", "ltr"), ("fa", "rtl"), ("ar-EG", "rtl"), ("de", "ltr")])
def test_the_flows_language_sets_the_direction(language, direction):
    screen = drawn(WAITS["choices"], flow=replace(FLOW, language=language))
    assert (screen.language, screen.direction) == (language, direction)


@given(st.text(max_size=200))
def test_no_value_can_hide_or_turn_what_stands_beside_it(text):
    shown = plain(text)
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in shown)
    assert not set(shown) & {"\u202e", "\u202d", "\u2066", "\u2067", "\u2069", "\u200f"}
    assert plain(shown) == shown


def test_persian_joiners_stay_and_long_texts_end():
    assert plain("می\u200cخواهم") == "می\u200cخواهم"
    assert len(plain("a" * 10_000)) == LONGEST
    for whole in ("e\u0302\u0301 o\u031b\u0309", "خطّاطِی", "שָּׁ", "1\ufe0f\u20e3", "👩\u200d🚀"):
        assert plain(whole) == whole


def test_marks_are_not_heaped_over_the_lines_above() -> None:
    assert plain("A" + "\u0336\u200d" * 900 + "lice").count("\u0336") == MARKS_AT_MOST


def asked(kind, **more) -> Asked:
    return Asked(name="it", label="It", kind=kind, **more)


def test_every_kind_of_answer_has_the_keyboard_it_needs():
    kinds = {
        DigitsKind(min_length=2, max_length=6): ("text", "numeric", "2 to 6 digits"),
        NumberKind(decimals=0, maximum=Decimal(8)): ("text", "numeric", "From 0 to 8"),
        NumberKind(): ("text", "decimal", ""),
        MoneyKind(currency="GBP"): ("text", "decimal", "In pounds"),
        MoneyKind(currency="GBP", maximum=Decimal(250)): ("text", "decimal", "From 0 pounds to 250 pounds"),
        DateKind(): ("date", "", "Day, month and year"),
        DateKind(earliest="2026-11-22"): ("date", "", "Not before 22 November 2026"),
        PhoneKind(country_code="44"): ("tel", "tel", "With its leading 0, or with + and the country code"),
        SpeechKind(max_length=80): ("words", "", "Type it, or say it on the phone."),
    }
    for kind, shown in kinds.items():
        wait = AwaitAnswer(fields=(asked(kind),), current="it", form=False, timeout_seconds=8)
        (field,) = drawn(wait).body.fields
        assert (field.control, field.keyboard, field.hint) == shown
        assert field.autofill == "off" and not field.current


def test_a_form_shows_what_has_been_answered_and_what_the_phone_asks():
    fields = (
        replace(asked(MoneyKind(currency="GBP")), name="sum"),
        replace(asked(YesNoKind(), choices=YES_NO), name="sure", label="Sure\u202e\x07?"),
    )
    wait = AwaitAnswer(fields=fields, current="sure", form=True, timeout_seconds=8, choices=(PERSON,))
    screen = drawn(wait, answers={"sum": "12.50 GBP"})
    assert [(field.value, field.current) for field in screen.body.fields] == [("12.50", False), ("", True)]
    assert words_of(screen) == ("It 12.50", "Sure? ( ) Yes ( ) No", "[0] Speak to a person")
