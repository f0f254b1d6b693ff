"""The caller's page over HTTP: who gets in, what is taken, what is never shown."""

import re

import pytest

from ivr.flow.inputs import By, Digits, Speech
from ivr.flow.waits import AwaitChoice, AwaitFact, Offered

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


@pytest.fixture
def opened(services, browse):
    """A page opened by its link and the two digits."""
    services.rings(digits="47")
    assert browse.post(services.sends_link(), data={"digits": "47"}).status_code == 303
    return browse


def tap(browse, turn, **fields):
    token = TOKEN.search(browse.get("/v/call").text)[1]
    return browse.post(f"/v/call/{turn}", data={"form_token": token, **fields})


# -- opening -----------------------------------------------------------------------------------------------------------


def test_a_preview_binds_nothing_and_reads_nothing_personal(services, browse):
    services.rings()
    link = services.sends_link()
    for _ in range(5):
        page = browse.get(link)
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert not {"Riverside", "4416", "Welcome", "Balance"} & set(re.findall(r"\w+", page.text))
    assert services.link_alive("a-token")
    assert browse.get("/v/call").status_code == 410


def test_the_two_digits_open_the_call(services, browse):
    services.rings(digits="47")
    reply = browse.post(services.sends_link(), data={"digits": " 4 7"})
    assert (reply.status_code, reply.headers["Location"]) == (303, "/v/call")
    cookie = reply.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/v" in cookie and "Secure" not in cookie
    assert "How can I help?" in browse.get("/v/call").text


def test_persian_digits_are_digits(services, browse):
    services.rings(digits="47")
    assert browse.post(services.sends_link(), data={"digits": "۴۷"}).status_code == 303


def test_the_cookie_is_secure_where_the_public_address_is(services, browse):
    services.settings.public_url = "https://ivr.example"
    services.rings(digits="47")
    assert "Secure" in browse.post(services.sends_link(), data={"digits": "47"}).headers["Set-Cookie"]


def test_three_wrong_guesses_kill_the_link(services, browse):
    services.rings(digits="47")
    link = services.sends_link()
    assert [browse.post(link, data={"digits": "46"}).status_code for _ in range(3)] == [422, 422, 410]
    assert browse.post(link, data={"digits": "47"}).status_code == 410
    assert browse.get(link).status_code == 410


def test_a_link_opens_once(services, browse):
    services.rings(digits="47")
    link = services.sends_link()
    browse.post(link, data={"digits": "47"})
    browse.delete_cookie("duet_page", path="/v")
    assert browse.post(link, data={"digits": "47"}).status_code == 410


@pytest.mark.parametrize("digits", ["", "4", "474", "x" * 5000, "<b>", "４７"])
def test_anything_else_is_a_wrong_guess_or_its_digits(services, browse, digits):
    services.rings(digits="47")
    assert browse.post(services.sends_link(), data={"digits": digits}).status_code == (303 if digits == "４７" else 422)


def test_a_link_dies_after_ten_minutes_and_with_the_call(services, browse):
    services.rings(digits="47")
    link = services.sends_link()
    services.clock.passes(minutes=10)
    assert browse.post(link, data={"digits": "47"}).status_code == 410
    later = services.sends_link(token="another")
    services.hangs_up()
    assert browse.post(later, data={"digits": "47"}).status_code == 410


def test_a_forged_link_looks_like_any_dead_one(services, browse):
    services.rings()
    dead = services.sends_link()
    services.clock.passes(minutes=11)
    assert browse.get("/v/forged").text == browse.get(dead).text


def test_headers_of_every_page(opened):
    for reply in (opened.get("/v/call"), opened.get("/v/none"), opened.get("/desk/sign-in")):
        policy = reply.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "style-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cache-Control"] == "no-store"
        assert not re.search(r'(src|href|action)="(https?:)?//', reply.text)
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", reply.text)


def test_pages_may_be_framed_by_ours_in_try_mode_only(services, browse):
    services.settings.try_mode = True
    assert "frame-ancestors 'self'" in browse.get("/v/none").headers["Content-Security-Policy"]


def test_the_first_load_is_small(opened):
    page = opened.get("/v/call").text
    addresses = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    version = addresses[0].split("/")[2]
    loads = [opened.get(address) for address in {*addresses, f"/assets/{version}/live.js"}]
    assert all("immutable" in load.headers["Cache-Control"] for load in loads)
    assert len(page.encode()) + sum(len(load.data) for load in loads) <= 60 * 1024


# -- taps --------------------------------------------------------------------------------------------------------------


def test_a_tap_is_a_key(services, opened):
    reply = tap(opened, 1, keys="2")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/v/call")
    assert services.inputs == [Digits(turn=1, keys="2", by=By.TAP)]
    assert "Last four digits of the card" in opened.get("/v/call").text


def test_a_tap_for_an_old_turn_changes_nothing_and_draws_the_present(services, opened):
    services.goes("call1", "card")
    reply = tap(opened, 1, keys="1")
    assert reply.headers["Location"] == "/v/call?moved"
    page = opened.get(reply.headers["Location"]).text
    assert "The call had already moved on" in page and "Last four digits" in page
    assert services.sessions["call1"].turn == 2


def test_typed_digits_are_cleaned_and_measured(services, opened):
    services.goes("call1", "card")
    assert tap(opened, 2, keys="12345").status_code == 422
    assert services.inputs == []
    assert tap(opened, 2, keys="۱۲-۳ ۴").status_code == 303
    assert services.inputs == [Digits(turn=2, keys="1234", by=By.TAP)]


def test_words_are_speech(services, opened):
    services.goes("call1", "message")
    tap(opened, 2, text="  Call me\x00 \u202eback ")
    assert services.inputs == [Speech(turn=2, text="Call me back", by=By.TAP)]


def test_a_pin_goes_to_the_doorway_and_nowhere_else(services, opened):
    services.goes("call1", "pin")
    page = opened.get("/v/call").text
    assert re.search(
        r'<input[^>]*name="secret"[^>]*type="password"[^>]*inputmode="numeric"[^>]*autocomplete="off"', page
    )
    reply = tap(opened, 2, secret="8642")
    assert services.secrets == ["8642"]
    assert "8642" not in str(services.inputs) + str(services.lines) + opened.get("/v/call").text + str(reply.headers)


def test_a_pin_typed_as_keys_is_refused_before_it_is_logged(services, opened):
    services.goes("call1", "pin")
    assert tap(opened, 2, keys="8642").status_code == 422
    assert services.inputs == services.secrets == []


def test_a_pin_that_nobody_asked_for_is_not_compared(services, opened):
    assert tap(opened, 1, secret="2468").status_code == 422
    assert services.secrets == []


def test_a_person_can_be_reached_from_a_field(services, opened):
    services.goes("call1", "pin")
    assert tap(opened, 2, keys="0").status_code == 303
    assert services.inputs == [Digits(turn=2, keys="0", by=By.TAP)]


@pytest.mark.parametrize(
    "fields", [{}, {"keys": ""}, {"keys": "abc"}, {"keys": "1" * 33}, {"text": "\u202e\x07"}, {"secret": "12a4"}]
)
def test_nonsense_is_refused_with_a_reason_and_the_screen_stays(services, opened, fields):
    reply = tap(opened, 1, **fields)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text and "Balance and payments" in reply.text
    assert services.sessions["call1"].turn == 1


def test_a_form_of_another_page_is_refused(services, opened):
    for token in ("", "0" * 64, "é"):
        assert opened.post("/v/call/1", data={"keys": "1", "form_token": token}).status_code == 403
    token = TOKEN.search(opened.get("/v/call").text)[1]
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert opened.post("/v/call/1", data={"keys": "1", "form_token": token}, headers=foreign).status_code == 403
    assert services.inputs == []


def test_a_tap_reaches_only_the_call_of_its_cookie(services, opened):
    services.rings("call2", digits="11")
    tap(opened, 1, keys="1")
    assert services.sessions["call2"].turn == 1


def test_ten_megabytes_are_413(services, opened):
    assert opened.post("/v/call/1", data={"text": "a" * 10_000_000}).status_code == 413


def test_after_the_call_the_page_is_over(services, opened):
    services.hangs_up()
    page = opened.get("/v/call").text
    assert "The call has ended" in page and "<button" not in page


def test_a_forged_cookie_opens_nothing(services, browse):
    services.rings()
    browse.set_cookie("duet_page", "forged", path="/v")
    assert browse.get("/v/call").status_code == 410
    assert browse.post("/v/call/1", data={"keys": "1"}).status_code == 410


# -- what is shown -----------------------------------------------------------------------------------------------------

NASTY = '"><script>alert(1)</script>{{7*7}}</bdi>\u202egnp.exe\x07'


def test_values_are_escaped_wherever_they_stand(services, opened):
    wait = AwaitChoice(timeout_seconds=5, choices=(Offered("1", NASTY), Offered("0", NASTY)))
    services.waits("call1", wait, NASTY, step='"><img src=x onerror=alert(1)>')
    page = opened.get("/v/call").text
    assert "<script>alert" not in page and "<img" not in page and "\u202e" not in page and "\x07" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}") == 3


def test_a_hold_refreshes_by_itself_without_javascript(services, opened):
    services.waits("call1", AwaitFact(request="r", about="verdict"))
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in opened.get("/v/call").text
