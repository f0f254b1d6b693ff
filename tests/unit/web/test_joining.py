"""Page and call find each other by six digits, as callers, visitors and attackers meet it: at the doors."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from doorway import PUBLIC, Carrier, Clock, Control, Phone, client_of, session_of

from ivr import codes
from ivr.app import House
from ivr.flow.inputs import CallerHungUp
from ivr.store import contacts

STRANGER = "+12025550123"


def code_of(house: House, phone: Phone) -> str:
    return session_of(house, phone).page.code


@pytest.fixture
def invited(house: House, phone: Phone) -> Phone:
    """A call in which a code has just been spoken."""
    phone.dials().presses("3")
    phone.hears(" ".join(code_of(house, phone)))
    return phone


def types(browser, code: str, address: str = "192.0.2.1"):
    return browser.post("/v", data={"code": code}, environ_base={"REMOTE_ADDR": address})


def wrong_for(*right: str) -> list[str]:
    return [code for number in range(100) if (code := f"{number:06d}") not in right]


# -- a code for the page --------------------------------------------------------------------------------------------


def test_the_code_joins_the_page_to_the_call_once_and_proves_nothing(house: House, invited: Phone) -> None:
    browser, code = client_of(house), code_of(house, invited)
    assert browser.get("/v").status_code == 200
    answer = types(browser, f" {code[:3]} {code[3:]} ")
    assert answer.status_code == 303
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Balance" in browser.get("/v/call").text
    assert session_of(house, invited).factors == ()
    assert session_of(house, invited).level == 0
    assert types(client_of(house), code).status_code == 422, "a code opens one screen"


def test_the_page_follows_and_moves_the_call(house: House, invited: Phone) -> None:
    browser = client_of(house)
    types(browser, code_of(house, invited))
    page = browser.get("/v/call").text
    turn, token = re.search(r'data-turn="(\d+)"', page)[1], re.search(r'form_token" value="(\w+)"', page)[1]
    assert browser.post(f"/v/call/{turn}", data={"keys": "1", "form_token": token}).status_code == 303
    assert session_of(house, invited).proving is not None


def test_a_page_that_joined_by_a_code_shows_nothing_that_needs_a_level(
    house: House, invited: Phone, control: Control
) -> None:
    """A code may be guessed or overheard; whoever has only that must not read what the caller has proven a right to."""
    browser = client_of(house)
    types(browser, code_of(house, invited))
    own = client_of(house)
    house.work.deliver()
    link = control.of("message")[-1][2].split()[-1].removeprefix(PUBLIC)
    assert own.post(link, data={"digits": session_of(house, invited).page.digits}).status_code == 303
    invited.asks(invited.action, Digits="1").presses("4821")
    assert session_of(house, invited).level == 2
    invited.hears("1,204 pounds")
    assert "1,204 pounds" in own.get("/v/call").text
    page = browser.get("/v/call").text
    assert "1,204" not in page
    assert "Alice" not in page
    assert "Main menu" in page, "what is the same for everybody stays"
    assert "Alice" in own.get("/v/about").text
    assert browser.get("/v/about").headers["Location"] == "/v/call"
    assert "/v/about" not in page
    revision = session_of(house, invited).revision
    token = re.search(r'form_token" value="(\w+)"', page)[1]
    for path in ("/v/about/voice", "/v/call/card"):
        browser.post(path, data={"form_token": token, "wish": "delete", "answer": "yes"})
    assert session_of(house, invited).revision == revision, "it changes nothing of the caller's either"


def test_what_a_page_that_joined_by_a_code_chooses_is_not_remembered(house: House, invited: Phone) -> None:
    browser = client_of(house)
    types(browser, code_of(house, invited))
    page = browser.get("/v/call").text
    token = re.search(r'form_token" value="(\w+)"', page)[1]
    session = session_of(house, invited)
    browser.post(f"/v/call/{session.turn}", data={"form_token": token, "language": "fa-IR"})
    assert session_of(house, invited).language == "fa-IR", "in this call it counts"
    assert contacts.get(house.database, session.claim.contact).language == "en-GB"


def test_nobody_types_their_pin_into_the_call_of_whoever_told_them_the_code(house: House, invited: Phone) -> None:
    """The caller claims to be somebody, and talks that person into joining on the bank's own page."""
    victim = client_of(house)
    types(victim, code_of(house, invited))
    invited.presses("1").presses("1")
    invited.hears("PIN")
    page = victim.get("/v/call").text
    assert "This part is on the phone" in page
    assert 'name="secret"' not in page
    turn, token = session_of(house, invited).turn, re.search(r'form_token" value="(\w+)"', page)[1]
    victim.post(f"/v/call/{turn}", data={"secret": "4821", "form_token": token})
    assert session_of(house, invited).factors == ()
    assert session_of(house, invited).turn == turn
    invited.presses("4821")
    assert session_of(house, invited).factors == ("pin",), "on the phone it is taken"


def test_a_code_dies_after_ten_minutes_and_with_the_call(house: House, phone: Phone, clock: Clock) -> None:
    phone.dials().presses("3")
    first = code_of(house, phone)
    clock.goes_on(codes.LIFETIME.total_seconds() + 1)
    assert types(client_of(house), first).status_code == 422
    phone.presses("3")
    second = code_of(house, phone)
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    assert types(client_of(house), second).status_code == 422


def test_a_new_code_puts_the_one_before_out_of_use(house: House, invited: Phone) -> None:
    first = code_of(house, invited)
    invited.presses("3")
    assert types(client_of(house), first).status_code == 422
    assert types(client_of(house), code_of(house, invited)).status_code == 303


def test_a_new_code_shuts_out_whoever_used_the_one_before(house: House, invited: Phone) -> None:
    thief, caller = client_of(house), client_of(house)
    types(thief, code_of(house, invited))
    assert types(caller, code_of(house, invited)).status_code == 422, "so the caller learns of it"
    invited.presses("3")
    types(caller, code_of(house, invited))
    assert caller.get("/v/call").status_code == 200
    assert thief.get("/v/call").status_code == 410


def test_a_page_that_joined_by_a_code_is_not_told_the_two_digits(house: House, invited: Phone) -> None:
    browser = client_of(house)
    types(browser, code_of(house, invited))
    invited.presses("1").hears(" ".join(session_of(house, invited).page.digits))
    page = browser.get("/v/call").text
    assert "Go on without the page" in page
    assert "First I need to be sure" not in page


def test_nobody_guesses_from_one_address_for_long(house: House, invited: Phone, clock: Clock) -> None:
    browser, code = client_of(house), code_of(house, invited)
    answers = [types(browser, wrong, "2001:db8::1").status_code for wrong in wrong_for(code)[: codes.WRONG_AT_MOST]]
    assert set(answers) == {422}
    assert types(browser, code, "2001:db8::ffff").status_code == 429, "the same network"
    assert types(client_of(house), code, "192.0.2.9").status_code == 303, "somebody else is not kept out"
    invited.presses("3")
    clock.goes_on(codes.WINDOW.total_seconds() + 1)
    invited.presses("3")
    assert types(browser, code_of(house, invited), "2001:db8::1").status_code == 303


def test_nobody_guesses_from_many_addresses_for_long(house: House, invited: Phone) -> None:
    code = code_of(house, invited)
    tried = [
        types(client_of(house), wrong, f"192.0.2.{number}").status_code
        for number, wrong in enumerate(wrong_for(code)[: codes.WRONG_OF_ALL + 3])
    ]
    assert tried == [422] * codes.WRONG_OF_ALL + [429] * 3
    answer = types(client_of(house), code, "198.51.100.7")
    assert answer.status_code == 429
    assert "phone" in answer.text, "it says what still works"


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "abcdef", "9" * 5000, "<script>", "\x00\x00\x00\x00\x00\x00"]
)
def test_what_is_no_code_costs_no_try(house: House, invited: Phone, typed: str) -> None:
    browser = client_of(house)
    for _ in range(codes.WRONG_AT_MOST + 1):
        answer = types(browser, typed)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
    assert types(browser, code_of(house, invited)).status_code == 303


def test_eastern_digits_are_digits(house: House, invited: Phone) -> None:
    code = code_of(house, invited).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert types(client_of(house), code).status_code == 303


# -- a link --------------------------------------------------------------------------------------------------------


@pytest.fixture
def link(house: House, phone: Phone, control: Control) -> str:
    phone.dials()
    house.work.deliver()
    return control.of("message")[-1][2].split()[-1].removeprefix(PUBLIC)


def test_the_message_leads_back_to_the_page_in_the_browser_that_opened_it(
    house: House, phone: Phone, link: str
) -> None:
    browser = client_of(house)
    browser.post(link, data={"digits": session_of(house, phone).page.digits})
    again = browser.get(link)
    assert (again.status_code, again.headers["Location"]) == (303, "/v/call")
    assert client_of(house).get(link).status_code == 410, "another phone needs a link of its own"


def test_a_second_screen_is_opened_from_the_first_once_and_within_two_minutes(
    house: House, phone: Phone, link: str, clock: Clock, monkeypatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("ivr.web.qr.svg", lambda text: drawn.append(text) or "")
    first = client_of(house)
    first.post(link, data={"digits": session_of(house, phone).page.digits})
    token = re.search(r'form_token" value="(\w+)"', first.get("/v/call").text)[1]
    for _ in range(2):
        assert first.post("/v/call/device", data={"form_token": token}).status_code == 200
    path = drawn[0].removeprefix(PUBLIC)
    second = client_of(house)
    assert second.get(path).status_code == 200
    assert second.get("/v/call").status_code == 410, "looking at it binds nothing"
    assert second.post(path).status_code == 303
    assert "Balance" in second.get("/v/call").text
    assert client_of(house).post(path).status_code == 410
    clock.goes_on(121)
    assert client_of(house).post(drawn[1].removeprefix(PUBLIC)).status_code == 410
    assert session_of(house, phone).factors == ("page",), "one page, one factor"


def test_a_second_screen_of_a_page_that_joined_by_a_code_is_veiled_too(
    house: House, invited: Phone, monkeypatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("ivr.web.qr.svg", lambda text: drawn.append(text) or "")
    first, second = client_of(house), client_of(house)
    types(first, code_of(house, invited))
    token = re.search(r'form_token" value="(\w+)"', first.get("/v/call").text)[1]
    first.post("/v/call/device", data={"form_token": token})
    answer = second.post(drawn[0].removeprefix(PUBLIC))
    assert house.page_is_veiled(re.search(r"duet_page=([^;]+)", answer.headers["Set-Cookie"])[1])
    assert session_of(house, invited).factors == ()


def test_nothing_is_linked_without_a_page(house: House) -> None:
    assert client_of(house).post("/v/call/device", data={"form_token": "x"}).status_code == 403


# -- beginning on the page ------------------------------------------------------------------------------------------


def begins(browser, *keys: str, address: str = "192.0.2.1") -> str:
    """Chooses, asks for the code. Returns the code that the tel: link keys."""
    answer = browser.post("/v/start/bank", data={"chosen": list(keys)}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 303, answer.status
    page = browser.get("/v/started").text
    number, code = re.search(r'href="tel:(\+\d+),,(\d{6})"', page).groups()
    assert number == "+15005550006"
    return code


def test_what_was_chosen_on_the_page_is_where_the_call_goes_on(house: House, phone: Phone) -> None:
    browser = client_of(house)
    menu = browser.get("/v/start/bank")
    assert "Balance" in menu.text
    assert "Set-Cookie" not in menu.headers, "looking begins nothing"
    code = begins(browser, "1")
    phone.dials()
    phone.hears("Welcome to Riverside Bank")
    phone.presses(code)
    phone.hears("I see what you chose: Balance")
    session = session_of(house, phone)
    assert session.proving is not None, "on to what the balance needs"
    assert session.choices_made == ("Balance",), "an agent will see it"
    assert session.factors == ()


def test_who_begins_in_persian_is_spoken_to_in_persian(house: House, phone: Phone) -> None:
    browser, persian = client_of(house), {"Accept-Language": "fa"}
    menu = browser.get("/v/start/bank", headers=persian).text
    assert 'lang="fa-IR" dir="rtl"' in menu and "موجودی حساب" in menu and "چیزی دیگر: تماس با ما" in menu
    assert "For your balance" in browser.get("/v/start/bank?language=en-GB", headers=persian).text
    begun = browser.post("/v/start/bank", data={"chosen": "1", "language": "fa-IR"})
    page = browser.get(begun.headers["Location"]).text
    assert 'dir="rtl"' in page and "اکنون با ما تماس بگیرید" in page and "بانک ریورساید" in page
    phone.dials().presses(re.search(r"tel:\+\d+,,(\d{6})", page)[1])
    session = session_of(house, phone)
    assert session.language == "fa-IR" and session.chosen == ("موجودی حساب",)
    assert session.choices_made == ("Balance",), "agents read one language"
    assert session.proving is not None, "on to what the balance needs"


def test_a_refused_code_is_told_in_the_browsers_language(house: House) -> None:
    answer = client_of(house).post("/v", data={"code": "123456"}, headers={"Accept-Language": "fa"})
    assert answer.status_code == 422 and "این کد چیزی باز نمی‌کند" in answer.text and 'dir="rtl"' in answer.text


def test_the_page_asks_whether_it_is_the_visitors_call_before_it_follows(house: House, phone: Phone) -> None:
    browser = client_of(house)
    code = begins(browser, "1")
    assert browser.get("/v/call").status_code == 410
    phone.dials().presses(code)
    page = browser.get("/v/started").text
    assert "ends in 01" in page
    assert browser.get("/v/call").status_code == 410, "not before the button"
    token = re.search(r'form_token" value="(\w+)"', page)[1]
    assert browser.post("/v/started", data={"form_token": "forged"}).status_code == 403
    assert browser.post("/v/started", data={"form_token": token}).headers["Location"] == "/v/call"
    assert browser.get("/v/call").status_code == 200
    assert session_of(house, phone).factors == ()
    assert browser.post("/v/started", data={"form_token": token}).status_code == 410


def test_whoever_has_no_code_is_not_bothered(house: House, carrier: Carrier) -> None:
    alone = Phone(carrier).dials()
    alone.hears("For your balance, press 1")
    begins(client_of(house), "1")
    other = Phone(carrier, sid="CA" + "2" * 32).dials()
    other.hears("Welcome")
    other.is_silent().hears("For your balance, press 1")
    person = Phone(carrier, sid="CA" + "3" * 32).dials().presses("0")
    assert "Enqueue" in person.verbs


def test_a_mistyped_code_is_asked_for_once_more_then_the_call_goes_on(house: House, phone: Phone) -> None:
    wrong = wrong_for(begins(client_of(house), "1"))
    phone.dials().presses(wrong[0]).hears("I do not know that code")
    phone.presses("12").hears("For your balance, press 1")
    assert session_of(house, phone).choices_made == ()


def test_a_code_serves_one_call(house: House, carrier: Carrier, phone: Phone) -> None:
    code = begins(client_of(house), "1")
    phone.dials().presses(code)
    begins(client_of(house), "2")
    other = Phone(carrier, sid="CA" + "2" * 32, caller=STRANGER).dials().presses(code)
    other.hears("I do not know that code")


def test_a_code_runs_out(house: House, carrier: Carrier, clock: Clock) -> None:
    browser = client_of(house)
    code = begins(browser, "1")
    clock.goes_on(codes.LIFETIME.total_seconds() + 1)
    assert browser.get("/v/started").status_code == 410
    begins(client_of(house), "2")
    Phone(carrier).dials().presses(code).hears("I do not know that code")


def test_nobody_guesses_codes_by_calling(house: House, carrier: Carrier) -> None:
    code = begins(client_of(house), "1")
    guesses = wrong_for(code)
    for number in range(3):
        call = Phone(carrier, sid=f"CA{number:032d}", caller=STRANGER).dials().presses(guesses.pop())
        if number < 2:
            call.presses(guesses.pop())
    Phone(carrier, sid="CA" + "8" * 32, caller=STRANGER).dials().presses(code).hears("I do not know that code")
    Phone(carrier, sid="CA" + "9" * 32).dials().presses(code).hears("I see what you chose")


def test_one_address_cannot_fill_the_codes(house: House) -> None:
    browser = client_of(house)
    for _ in range(20):
        begins(browser, "1")
    assert browser.post("/v/start/bank", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 429
    begins(browser, "1", address="192.0.2.2")


@pytest.mark.parametrize("path", ["/v/start/none", "/v/start/", "/v/started", "/v/start/%00"])
def test_what_was_never_begun_is_closed(house: House, path: str) -> None:
    assert client_of(house).get(path).status_code in (404, 410)


@pytest.mark.parametrize("keys", ["9", "1,1", "x", "1,2,3,4,5,6,7,8,9", '"><script>'])
def test_a_forged_choice_leads_back_to_the_menu(house: House, keys: str) -> None:
    browser = client_of(house)
    query = "&".join(f"chosen={key}" for key in keys.split(","))
    answer = browser.get(f"/v/start/bank?{query}")
    assert (answer.status_code, unquote(answer.headers["Location"])) == (303, "/v/start/bank")
    assert browser.post("/v/start/bank", data={"chosen": keys.split(",")}).status_code == 410


def test_nothing_here_is_told_to_anybody_else(house: House, invited: Phone) -> None:
    browser = client_of(house)
    begins(browser, "1")
    for path in ("/v", "/v/start/bank", "/v/started"):
        answer = browser.get(path)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "https://" not in answer.text, "no third party, and no address of ours to forward"
        assert "style=" not in answer.text
        assert browser.head(path).status_code == 200
