"""The link in the message: forged, expired, previewed, relayed, doubled; only two digits spoken in the call open it."""

from __future__ import annotations

import pytest
from doorway import PUBLIC, Carrier, Clock, Control, Phone, session_of

from ivr.app import House
from ivr.flow.inputs import CallerHungUp
from ivr.work import MESSAGES_AT_MOST, MESSAGES_WINDOW


@pytest.fixture
def link(house: House, phone: Phone, control: Control) -> str:
    """Path of the link that was sent in the phone's call."""
    phone.dials()
    house.work.deliver()
    ((_, to, text),) = control.of("message")
    assert to == phone.about["From"]
    return text.split()[-1].removeprefix(PUBLIC)


def opens(carrier: Carrier, link: str, digits: str):
    return carrier.client.post(link, data={"digits": digits})


def digits_of(house: House, phone: Phone) -> str:
    return session_of(house, phone).page.digits


def wrong_for(digits: str) -> str:
    return f"{(int(digits) - 10 + 1) % 90 + 10}"


def test_the_right_digits_open_the_page_once(house: House, carrier: Carrier, phone: Phone, link: str) -> None:
    answer = opens(carrier, link, digits_of(house, phone))
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert session_of(house, phone).factors == ("page",)
    assert "Balance" in carrier.client.get("/v/call").text
    assert opens(carrier, link, digits_of(house, phone)).status_code == 410


def test_a_preview_binds_nothing_and_says_nothing_personal(
    house: House, carrier: Carrier, phone: Phone, link: str
) -> None:
    for _ in range(5):
        page = carrier.client.get(link)
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert not any(word in page.text for word in ("Alice", "Balance", "+4477", digits_of(house, phone) + "<"))
    assert session_of(house, phone).factors == ()
    assert opens(carrier, link, digits_of(house, phone)).status_code == 303, "a preview costs no try"


def test_a_relayed_link_is_dead_after_three_wrong_tries(
    house: House, carrier: Carrier, phone: Phone, link: str
) -> None:
    right = digits_of(house, phone)
    statuses = [opens(carrier, link, wrong_for(right)).status_code for _ in range(3)]
    assert statuses == [422, 422, 410]
    assert opens(carrier, link, right).status_code == 410
    assert carrier.client.get(link).status_code == 410
    assert session_of(house, phone).factors == ()
    assert session_of(house, phone).waiting_for is not None, "the call goes on"


def test_an_expired_link_is_dead(house: House, carrier: Carrier, phone: Phone, link: str, clock: Clock) -> None:
    clock.goes_on(601)
    assert opens(carrier, link, digits_of(house, phone)).status_code == 410


def test_the_link_of_an_ended_call_is_dead(house: House, carrier: Carrier, phone: Phone, link: str) -> None:
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    assert opens(carrier, link, digits_of(house, phone)).status_code == 410


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1] + "x", lambda t: t.upper(), lambda _: "x.y", lambda _: "%00", lambda _: "ü"]
)
def test_a_forged_link_is_dead(house: House, carrier: Carrier, phone: Phone, link: str, spoil) -> None:
    forged = "/v/" + spoil(link.removeprefix("/v/"))
    assert carrier.client.get(forged).status_code in (404, 410)
    assert opens(carrier, forged, digits_of(house, phone)).status_code in (404, 410)
    assert session_of(house, phone).factors == ()


def test_the_digits_of_one_call_do_not_open_the_link_of_another(
    house: House, carrier: Carrier, phone: Phone, link: str
) -> None:
    other = Phone(carrier, sid="CA" + "2" * 32, caller="+447700900102").dials()
    digits = digits_of(house, other)
    if digits != digits_of(house, phone):
        assert opens(carrier, link, digits).status_code == 422
    assert session_of(house, other).factors == ()


@pytest.mark.parametrize("typed", ["", "x", "9" * 5000, "１２", "\x00", "12\n34"])
def test_nonsense_for_digits_is_a_wrong_try(
    house: House, carrier: Carrier, phone: Phone, link: str, typed: str
) -> None:
    assert opens(carrier, link, typed).status_code == 422 or typed == "１２"


def test_the_link_goes_to_the_claimed_persons_own_phone(house: House, carrier: Carrier, control: Control) -> None:
    stranger = Phone(carrier, caller="+12025550123").dials().presses("10045678")
    house.work.deliver()
    _, to, _ = control.of("message")[-1]
    assert to == "+447700900101", "not to the caller's, who only claims to be that person"
    assert session_of(house, stranger).level == 0


def test_nobody_is_flooded_with_messages(house: House, carrier: Carrier, control: Control, clock: Clock) -> None:
    for number in range(MESSAGES_AT_MOST + 3):
        Phone(carrier, sid=f"CA{number:032d}").dials()
        house.work.deliver()
    assert len(control.of("message")) == MESSAGES_AT_MOST
    clock.goes_on(MESSAGES_WINDOW.total_seconds() + 1)
    Phone(carrier, sid="CA" + "9" * 32).dials().presses("3")
    house.work.deliver()
    assert len(control.of("message")) > MESSAGES_AT_MOST
