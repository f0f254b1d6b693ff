"""What somebody with a page of their own, or with nothing but a browser, tries at the doors."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from doorway import ALICE_PHONE, PUBLIC, Carrier, Clock, Control, Phone, client_of, session_of
from flask.testing import FlaskClient

from ivr import cli
from ivr.app import House
from ivr.authentication.passwords import password_hash, password_matches
from ivr.people import OPS_SKILL, add_agent, change_password
from ivr.store import agents, contacts
from ivr.store.agents import AgentState

NASTY = "</Say><Dial>+449098790000</Dial><script>alert(1)</script>\u202e\x07\"'>{{ contact.balance }}"


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The links drawn as QR codes."""
    drawn: list[str] = []
    monkeypatch.setattr("ivr.web.qr.svg", lambda text: drawn.append(text.removeprefix(PUBLIC)) or "")
    return drawn


@pytest.fixture
def by_code(house: House, phone: Phone) -> Callable[[], FlaskClient]:
    """A browser that joins the call by the six digits just spoken in it."""
    phone.dials()

    def joins() -> FlaskClient:
        phone.presses("3")
        browser = client_of(house)
        assert browser.post("/v", data={"code": session_of(house, phone).page.code}).status_code == 303
        return browser

    return joins


def token_on(browser: FlaskClient) -> str:
    return re.search(r'form_token" value="(\w+)"', browser.get("/v/call").text)[1]


def test_who_joined_by_a_code_cannot_guess_what_the_caller_answered_before(
    house: House, phone: Phone, by_code: Callable[[], FlaskClient]
) -> None:
    stranger = by_code()
    token = token_on(stranger)
    for earlier in range(session_of(house, phone).turn):
        told = {
            stranger.post(f"/v/call/{earlier}", data={"form_token": token, "keys": key}).headers["Location"]
            for key in "12345"
        }
        assert told == {"/v/call?moved"}, f"turn {earlier} tells a right guess from a wrong one"


def test_a_new_code_also_shuts_out_the_screen_that_the_last_one_was_to_open(
    house: House, phone: Phone, by_code: Callable[[], FlaskClient], links: list[str]
) -> None:
    thief = by_code()
    thief.post("/v/call/device", data={"form_token": token_on(thief)})
    phone.presses("3")
    assert thief.get("/v/call").status_code == 410
    late = client_of(house)
    assert late.post(links[0]).status_code == 410
    assert late.get("/v/call").status_code == 410


def test_taps_without_end_do_not_make_the_call_forget_its_streams(
    house: House, phone: Phone, by_code: Callable[[], FlaskClient]
) -> None:
    browser = by_code()
    token = token_on(browser)
    before = session_of(house, phone).seen
    for number in range(140):
        browser.post("/v/call/pace", data={"form_token": token, "revision": number, "pace": (3, 1)[number % 2]})
    after = session_of(house, phone).seen
    assert set(before) <= set(after)
    assert len(after) < len(before) + 70


@pytest.mark.parametrize("revision", ["9" * 4000, "9" * 5000, "-1", "x", "٣", "\x00"])
def test_no_number_from_a_form_grows_the_session(
    house: House, phone: Phone, by_code: Callable[[], FlaskClient], revision: str
) -> None:
    browser = by_code()
    answer = browser.post("/v/call/pace", data={"form_token": token_on(browser), "revision": revision, "pace": "3"})
    assert answer.status_code == 303
    assert max(len(one) for one in session_of(house, phone).seen) < 64


@pytest.mark.parametrize("name", ["%0d%0aSet-Cookie: a=b", "%00", "%ff", "..", "<script>", "x" * 4000, "//evil"])
def test_a_beginning_that_is_none_of_ours_leads_nowhere(house: House, name: str) -> None:
    answer = client_of(house).get(f"/v/start/{name}?chosen=1")
    assert answer.status_code in (404, 410)
    assert "Location" not in answer.headers and "Set-Cookie" not in answer.headers


def test_a_choice_that_leads_nowhere_begins_again(house: House) -> None:
    assert client_of(house).get("/v/start/bank?chosen=8").headers["Location"] == "/v/start/bank"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"), ("GET", "/v/"), ("GET", "//evil.example/"), ("GET", "/v/call/1"), ("PUT", "/v/call"),
        ("GET", "/v/call/media/a/b"), ("GET", "/voice/c/x/1/prompt/0?s=x"), ("GET", "/try"), ("GET", "/try/signal/0"),
    ],
)  # fmt: skip
def test_refusals_are_as_well_guarded_as_pages(house: House, method: str, path: str) -> None:
    answer = client_of(house).open(path, method=method)
    assert 400 <= answer.status_code < 500
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("caller", "sent"), [("+979123456789", 0), ("+88213123456", 0), ("+12025550123", 1)])
def test_nobody_has_us_write_to_a_number_that_earns(
    house: House, carrier: Carrier, control: Control, caller: str, sent: int
) -> None:
    contacts.add_contact(house.database, contacts.Contact(id="c", customer_number="777777", name="Carl", number=None))
    Phone(carrier, caller=caller).dials().presses("777777")
    house.work.deliver()
    assert len(control.of("message")) == sent


@pytest.fixture
def nasty(house: House, carrier: Carrier) -> Phone:
    """A call of somebody whose name and facts are markup."""
    alice = contacts.by_number(house.database, ALICE_PHONE)
    dora = contacts.Contact(
        id="d", customer_number="888888", name=NASTY, number="+447700900999", pin_hash=alice.pin_hash,
        facts={"first_name": NASTY, "balance": "12.50 GBP"},
    )  # fmt: skip
    contacts.add_contact(house.database, dora)
    return Phone(carrier, caller="+447700900999").dials()


def assert_text(html: str) -> None:
    assert "&lt;script&gt;" in html
    assert not [each for each in ("<script>alert", "</Say>", "\u202e", "\x07") if each in html]


def test_markup_in_every_value_on_file_is_text_on_the_phone_and_on_the_page(
    house: House, nasty: Phone, control: Control
) -> None:
    house.work.deliver()
    page = client_of(house)
    link = control.of("message")[-1][2].split()[-1].removeprefix(PUBLIC)
    assert page.post(link, data={"digits": session_of(house, nasty).page.digits}).status_code == 303
    nasty.presses("1").presses("4821")
    nasty.hears("+449098790000")
    assert not {"Dial", "script"} & {element.tag for element in nasty.document.iter()}
    for address in ("/v/call", "/v/call?fragment=1", "/v/about"):
        assert_text(page.get(address).text)


def signs_in(desk: FlaskClient, name: str, password: str) -> bool:
    token = re.search(r'form_token" value="(\w+)"', desk.get("/desk/sign-in").text)[1]
    answer = desk.post("/desk/sign-in", data={"name": name, "password": password, "form_token": token})
    return answer.status_code == 303


def test_whoever_knew_an_agents_old_password_is_out_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_agent(house.database, "kim", "Kim", "the old password", "client:kim")
    desk = client_of(house)
    assert signs_in(desk, "kim", "the old password") and desk.get("/desk").status_code == 200
    monkeypatch.setattr("ivr.cli.people.database", lambda: house.database)
    monkeypatch.setattr("getpass.getpass", lambda _: "the new password")
    assert cli.main(["agent", "password", "nobody"]) == 1
    assert "there is no agent nobody" in capsys.readouterr().err
    assert desk.get("/desk").status_code == 200
    assert cli.main(["agent", "password", "kim"]) == 0
    assert desk.get("/desk").status_code != 200
    assert not signs_in(desk, "kim", "the old password")
    assert signs_in(desk, "kim", "the new password")


def test_a_sign_in_under_way_while_the_password_is_changed_is_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_agent(house.database, "kim", "Kim", "the old password", "client:kim")

    def changed_meanwhile(hashed: str, password: str) -> bool:
        right = password_matches(hashed, password)
        change_password(house.database, "kim", "the new password")
        return right

    monkeypatch.setattr("ivr.authentication.signin.password_matches", changed_meanwhile)
    desk = client_of(house)
    assert not signs_in(desk, "kim", "the old password")
    assert desk.get("/desk").status_code != 200


def test_a_password_that_nobody_types_is_told_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    monkeypatch.setattr("ivr.cli.people.database", lambda: house.database)
    assert cli.main(["agent", "password", "kim"]) == 1
    assert "the input ended" in capsys.readouterr().err


def test_markup_in_names_is_text_on_the_desk_and_in_the_log(house: House, nasty: Phone, clock: Clock) -> None:
    person = agents.Agent(
        "eve", NASTY, password_hash("a long password"), "+447700900900", (OPS_SKILL,), state=AgentState.AVAILABLE
    )
    agents.add_agent(house.database, person, clock())
    nasty.asks(nasty.action, SpeechResult=NASTY).presses("0")
    house.queue.look()
    desk = client_of(house)
    assert signs_in(desk, "eve", "a long password")
    for address in ("/desk", "/desk?fragment", "/ops", "/ops/lines", "/ops/lines?after=" + "9" * 30):
        answer = desk.get(address)
        assert answer.status_code == 200, address
        assert_text(answer.text)
