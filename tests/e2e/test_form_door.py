"""Fields and forms over HTTP: one validator with the voice, nothing taken by halves, nothing lost, nothing let through."""

import re

import pytest
from played import Played

from ivr.flow.inputs import By, Filled

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')
RIGHT = {
    "visit_day": "2026-12-05", "visit_phone": "07700 900123", "visit_sum": "£1,204.50", "visit_topic": "savings",
    "visit_note": "Ring twice",
}  # fmt: skip


@pytest.fixture
def services():
    return Played()


@pytest.fixture
def opened(services, browse):
    services.rings(digits="47")
    assert browse.post(services.sends_link(), data={"digits": "47"}).status_code == 303
    return browse


def sends(browse, turn=1, values=RIGHT, **more):
    token = TOKEN.search(browse.get("/v/call").text)[1]
    fields = {f"answer.{name}": value for name, value in values.items()}
    return browse.post(f"/v/call/{turn}", data={"form_token": token, "fields": "yes", **fields, **more})


def field(page, name):
    """The tags of one field's controls."""
    return re.findall(rf'<(?:input|textarea)[^>]*name="answer\.{name}"[^>]*>', page)


def test_every_kind_has_its_keyboard_and_what_a_browser_may_fill_in(services, opened):
    page = opened.get("/v/call").text
    assert 'type="date"' in field(page, "visit_day")[0]
    assert 'min="2026-11-22"' in field(page, "visit_day")[0] and 'max="2027-02-19"' in field(page, "visit_day")[0]
    assert all(part in field(page, "visit_phone")[0] for part in ('type="tel"', 'autocomplete="tel"', "required"))
    assert 'inputmode="decimal"' in field(page, "visit_sum")[0] and "required" not in field(page, "visit_sum")[0]
    assert [re.search('value="(.*?)"', tag)[1] for tag in field(page, "visit_topic")] == ["mortgage", "savings"]
    assert "maxlength=" in field(page, "visit_note")[0] and "<textarea" in field(page, "visit_note")[0]
    assert len(re.findall('for="answer-visit_', page)) == 4 and "<legend" in page


def test_a_form_is_taken_as_a_whole(services, opened):
    reply = sends(opened)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/v/call")
    assert services.sessions["call1"].answers == {
        "visit_day": "2026-12-05", "visit_phone": "+447700900123", "visit_sum": "1204.50 GBP", "visit_topic": "savings",
        "visit_note": "Ring twice",
    }  # fmt: skip
    assert services.inputs == [Filled(turn=1, values=RIGHT, by=By.TAP)]


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(services, opened):
    reply = sends(opened, values=RIGHT | {"visit_day": "2026-11-21", "visit_phone": "123"})
    assert reply.status_code == 422 and services.inputs == []
    page = reply.text
    day, phone, note = (field(page, f"visit_{name}")[0] for name in ("day", "phone", "sum"))
    assert 'aria-invalid="true"' in day and "autofocus" in day and 'value="2026-11-21"' in day
    assert "answer-visit_day-problem" in re.search('aria-describedby="(.*?)"', day)[1]
    assert 'id="answer-visit_day-problem"' in page and "It cannot be before 22 November 2026." in page
    assert 'aria-invalid="true"' in phone and "autofocus" not in phone and 'value="123"' in phone
    assert "aria-invalid" not in note and "£1,204.50" in note
    assert "checked" in field(page, "visit_topic")[1] and "Ring twice" in page
    assert 'role="alert"' in page


def test_nothing_picked_and_nothing_typed_is_told_too(services, opened):
    reply = sends(opened, values={})
    assert reply.status_code == 422 and reply.text.count("This is needed.") == 3


def test_a_key_on_the_phone_meanwhile_keeps_what_was_typed_for_the_rest(services, opened):
    services.presses("05122026")
    reply = sends(opened, values=RIGHT | {"visit_day": "2026-12-24"})
    assert reply.status_code == 409 and "already moved on" in reply.text
    assert 'value="2026-12-05"' in field(reply.text, "visit_day")[0], "the phone was first"
    assert 'value="07700 900123"' in field(reply.text, "visit_phone")[0]
    assert services.sessions["call1"].answers == {"visit_day": "2026-12-05"}
    assert sends(opened, turn=2).status_code == 303


def test_what_is_too_late_for_all_of_it_shows_the_present(services, opened):
    sends(opened)
    again, other = sends(opened), sends(opened, values=RIGHT | {"visit_note": "Something else"})
    assert (again.status_code, again.headers["Location"]) == (303, "/v/call"), "delivered twice, taken once"
    assert (other.status_code, other.headers["Location"]) == (303, "/v/call?moved")


def test_a_spoken_answer_is_confirmed_by_a_button(services, opened):
    services.says("the fifth of December")
    page = opened.get("/v/call").text
    assert "5 December 2026" in page and "Yes, that is right" in page and "answer." not in page
    token = TOKEN.search(page)[1]
    opened.post("/v/call/2", data={"form_token": token, "keys": "1"})
    assert services.sessions["call1"].answers == {"visit_day": "2026-12-05"}


def test_one_question_is_a_field_of_its_own(services, opened):
    sends(opened)
    page = opened.get("/v/call").text
    assert 'inputmode="numeric"' in field(page, "people")[0] and "asked on the phone" not in page
    wrong = sends(opened, turn=2, values={"people": "9"})
    assert wrong.status_code == 422 and re.search('role="alert">It can be at most 8', wrong.text)
    assert sends(opened, turn=2, values={"people": "۳"}).status_code == 303
    assert services.sessions["call1"].answers["people"] == "3"
    assert re.findall('name="keys" value="(.)"', opened.get("/v/call").text) == ["1", "2", "0"]


@pytest.mark.parametrize("strange", ["nobody", "visit_day.x", "", "<b>", "visit_note\u202e"])
def test_a_field_that_was_not_asked_is_refused_and_nothing_is_lost(services, opened, strange):
    reply = sends(opened, values=RIGHT | {strange: "1"})
    assert reply.status_code == 422 and "not the form that was shown" in reply.text and services.inputs == []
    assert 'value="07700 900123"' in field(reply.text, "visit_phone")[0]


def test_a_field_sent_twice_is_refused(services, opened):
    token = TOKEN.search(opened.get("/v/call").text)[1]
    data = {"form_token": token, **{f"answer.{name}": value for name, value in RIGHT.items()}}
    data["answer.visit_day"] = ["2026-12-05", "2026-12-06"]
    assert opened.post("/v/call/1", data=data).status_code == 422
    assert services.inputs == []


def test_ten_thousand_fields_and_ten_megabytes(services, opened):
    assert sends(opened, values={f"f{n}": "" for n in range(2_000)}).status_code == 422
    assert sends(opened, values={f"f{n}": "" for n in range(10_000)}).status_code == 413
    assert sends(opened, values=RIGHT | {"visit_note": "x" * 10_000_000}).status_code == 413
    assert services.inputs == []


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><b>', "</Say><Dial>1</Dial>", "{{ caller.number }}"])
def test_markup_is_text(services, opened, text):
    reply = sends(opened, values=RIGHT | {"visit_note": text, "visit_phone": text})
    assert reply.status_code == 422
    assert text not in reply.text.replace("&#34;", "") or "<" not in text and '"' not in text
    assert sends(opened, values=RIGHT | {"visit_note": text}).status_code == 303
    sends(opened, turn=2, values={"people": "2"})
    services.presses("1")
    assert text in services.texts["call1"][0], "said as it was typed, escaped by whoever draws"


def test_hidden_and_turning_characters_are_no_part_of_an_answer(services, opened):
    note = "Call\u202e me\x00 back\x07\u2066 soon"
    assert (
        sends(opened, values=RIGHT | {"visit_note": note, "visit_phone": "\u202a07700 900123\u202c"}).status_code == 303
    )
    answers = services.sessions["call1"].answers
    assert (answers["visit_note"], answers["visit_phone"]) == ("Call me back soon", "+447700900123")


def test_fields_sent_without_the_token_of_the_page_are_refused(services, opened):
    fields = {f"answer.{name}": value for name, value in RIGHT.items()}
    assert opened.post("/v/call/1", data=fields).status_code == 403
