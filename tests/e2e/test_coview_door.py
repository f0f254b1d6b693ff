"""Cards and co-view over HTTP: who gets which file, who sees the caller's page, and what never reaches a desk."""

from __future__ import annotations

import re

import pytest
from conversation import HOUSE, PERSONAL, PIN_LABEL, flow_with_cards, shares, talks
from msgspec.structs import replace
from serving import flask_app
from test_desk_door import pop, sign_in, token

from ivr.flow.cards import ShownDocument, ShownLink, ShownPicture, YesNo
from ivr.flow.inputs import CardPushed, CardReplied, SharingChosen
from ivr.flow.page_events import CardAnswered, CardShown, SharingBegun, SharingEnded
from ivr.flow.waits import AwaitAgent, AwaitSecret, TalkingToAgent
from ivr.web.doors import LogLine, PopState, Role
from ivr.web.lines import row_of

MEDIA = re.compile(r'(?:src|href)="(/[^"]*/media/[^"]+)"')


@pytest.fixture
def call(services):
    """The caller talks to Sam; the page is open in ``phone``."""
    services.dispatch.add("sam", "right")
    return talks(services)


@pytest.fixture
def phone(services, call):
    browser = flask_app(services).test_client()
    browser.post(services.sends_link(), data={"digits": "47"})
    return browser


@pytest.fixture
def desk(services, browse, call):
    assert sign_in(browse).status_code == 303
    return browse


def posted(browser, at: str, path: str, **fields):
    return browser.post(path, data={"form_token": token(browser.get(at)), **fields})


# -- what the caller sees ----------------------------------------------------------------------------------------------


def test_a_picture_is_drawn_with_its_words_and_its_size(services, phone):
    shares(services, shown=ShownPicture(title="Our <house>", file="house.png", public=True))
    page = phone.get("/v/call").text
    assert 'alt="Our &lt;house&gt;" width="720" height="400"' in page
    picture = phone.get(MEDIA.search(page)[1])
    assert picture.data == HOUSE and picture.content_type == "image/png"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert picture.headers["Content-Disposition"].startswith("inline")


def test_a_document_is_taken_away_to_be_read(services, phone):
    shares(services, shown=ShownDocument(title="Terms", file="terms.pdf", public=True))
    page = phone.get("/v/call").text
    assert "PDF, 2 KB" in page
    document = phone.get(MEDIA.search(page)[1])
    assert document.content_type == "application/pdf"
    assert document.headers["Content-Disposition"] == 'attachment; filename="terms.pdf"'


def test_a_link_leads_outside_and_says_where(services, phone):
    shares(services, shown=ShownLink(title="Help", url='https://help.example/?a="&b', text="Read on", public=True))
    page = phone.get("/v/call").text
    assert 'href="https://help.example/?a=&#34;&amp;b" target="_blank" rel="noopener noreferrer"' in page
    assert "Leads to help.example, outside this page." in page


def test_a_file_is_only_for_the_browser_of_the_call_that_shows_it_now(services, phone):
    shares(services, shown=ShownPicture(title="House", file="house.png"))
    address = MEDIA.search(phone.get("/v/call").text)[1]
    stranger = flask_app(services).test_client()
    assert stranger.get(address).status_code == 404
    services.rings("call2", digits="48")
    stranger.post(services.sends_link("call2", "another-token"), data={"digits": "48"})
    assert stranger.get(address).status_code == 404
    for forged in (address.replace("house.png", "terms.pdf"), address.replace("house.png", "..%2Fbank.yaml")):
        assert phone.get(forged).status_code == 404
    tag = address.split("/")[4]
    assert phone.get(address.replace(tag, "0" * len(tag))).status_code == 404
    shares(services, shown=None)
    assert phone.get(address).status_code == 404


# -- who looks ---------------------------------------------------------------------------------------------------------


def test_the_caller_sees_who_looks_and_stops_it_at_once(services, phone, desk):
    assert "Sam is looking at this screen with you." in phone.get("/v/call").text
    assert 'class="handset"' in desk.get("/desk?fragment=1").text
    reply = posted(phone, "/v/call", "/v/call/sharing", allowed="no", revision=services.sessions["call1"].revision)
    assert reply.status_code == 303
    page = desk.get("/desk?fragment=1").text
    assert 'class="handset"' not in page and "The caller has stopped sharing the screen." in page
    assert "Only you see this screen." in phone.get("/v/call").text
    posted(phone, "/v/call", "/v/call/sharing", allowed="yes", revision=services.sessions["call1"].revision)
    assert 'class="handset"' in desk.get("/desk?fragment=1").text


def test_a_form_of_another_page_stops_nothing(services, phone):
    assert phone.post("/v/call/sharing", data={"form_token": "0" * 64, "allowed": "no"}).status_code == 403
    assert phone.post("/v/call/card", data={"form_token": "0" * 64, "answer": "yes"}).status_code == 403
    assert flask_app(services).test_client().post("/v/call/sharing", data={"allowed": "no"}).status_code == 303
    assert not any(isinstance(each, SharingChosen | CardReplied) for each in services.inputs)


def test_another_desk_operators_and_strangers_see_nothing_of_it(services, desk, call):
    shares(services, shown=ShownPicture(title="The house", file="house.png", public=True))
    address = MEDIA.search(desk.get("/desk").text)[1]
    for name, role in (("eve", Role.AGENT), ("olga", Role.OPS)):
        services.dispatch.add(name, "right", role)
        other = flask_app(services).test_client()
        sign_in(other, name)
        services.dispatch.offers(name, pop(services, call="call1", reservation="r2", state=PopState.CONNECTED))
        seen = other.get("/desk").text + (other.get("/ops").text if role is Role.OPS else "")
        assert "handset" not in seen and "The house" not in seen
        assert other.get(address).status_code == other.get(address.replace("r1", "r2")).status_code == 404
        posted(other, "/desk", "/desk/show/r1", card="house", revision=1)
        posted(other, "/desk", "/desk/show/r2", card="house", revision=1)
    assert flask_app(services).test_client().get(address).status_code == 404
    assert services.sessions["call1"].shown.agent == ""


def test_an_offer_shows_nothing_of_the_page_yet(services, desk):
    services.waits("call1", AwaitAgent(request="r", queue="q", waiting="Wait."))
    services.dispatch.offers("sam", pop(services, state=PopState.OFFERED))
    assert "coview" not in desk.get("/desk?fragment=1").text


def test_an_agent_on_the_way_looks_and_cannot_show_anything_yet(services, desk):
    services.waits("call1", AwaitAgent(request="r", queue="q", waiting="Wait.", agent="sam", room="room"))
    services.dispatch.offers("sam", pop(services, state=PopState.RINGING))
    page = desk.get("/desk?fragment=1").text
    assert 'class="handset"' in page and "/desk/show/" not in page


def test_after_the_call_there_is_nothing(services, desk):
    shares(services, shown=ShownPicture(title="The house", file="house.png", public=True))
    address = MEDIA.search(desk.get("/desk").text)[1]
    services.hangs_up()
    services.dispatch.offers("sam", pop(services, state=PopState.WRAPUP))
    page = desk.get("/desk?fragment=1").text
    assert "coview" not in page and "The house" not in page
    assert desk.get(address).status_code == 404


def test_secrets_and_personal_words_are_nowhere_in_the_bytes_of_the_desk(services, desk, phone, call):
    services.personal = {PERSONAL}
    secret = AwaitSecret(label=PIN_LABEL, min_length=4, max_length=8, timeout_seconds=8)
    services.waits("call1", secret, PERSONAL, answers={"card": "987654"}, facts={"balance": "31415.00 GBP"})
    posted(phone, "/v/call", f"/v/call/{services.sessions['call1'].turn}", secret="2468")
    talking = TalkingToAgent(agent="sam", room="room")
    hidden = ShownLink(title=f"For you: {PERSONAL}", url="https://help.example/", text=PERSONAL)
    services.waits("call1", talking, PERSONAL, "Please hold the line.", shown=hidden)
    assert PERSONAL in phone.get("/v/call").text
    for path in ("/desk", "/desk?fragment=1"):
        seen = desk.get(path).data.decode()
        assert "Please hold the line." in seen and "personal, hidden from you" in seen
        for never in (PERSONAL, PIN_LABEL, "2468", "987654", "31415", ">47<", 'value="47"', 'type="password"'):
            assert never not in seen, never


# -- what the agent puts there -----------------------------------------------------------------------------------------


def test_an_agent_shows_a_card_of_the_flow_and_takes_it_away(services, desk, phone):
    page = desk.get("/desk").text
    for option in ("Picture: The house", "Document: Terms", "Question: Shall Riverside Bank call you?"):
        assert option in page
    posted(desk, "/desk", "/desk/show/r1", card="house", revision=5)
    assert services.inputs[-1] == CardPushed(id="push:r1:5:house", agent="sam", card="house")
    page = phone.get("/v/call").text
    assert 'alt="The house"' in page and "Sam shows you this" in page
    seen = desk.get("/desk").text
    assert desk.get(MEDIA.search(seen)[1]).data == HOUSE and "Take away" in seen
    posted(desk, "/desk", "/desk/show/r1", card="house", revision=6, remove="yes")
    assert services.sessions["call1"].shown is None


def test_what_the_flow_does_not_have_cannot_be_shown(services, desk):
    for card in ("../../etc/passwd", "<b>", "x" * 5000):
        assert posted(desk, "/desk", "/desk/show/r1", card=card, revision=1).status_code == 303
    assert services.sessions["call1"].shown is None


def test_a_doubled_click_shows_it_once(services, desk):
    form = {"form_token": token(desk.get("/desk")), "card": "sure", "revision": 5}
    desk.post("/desk/show/r1", data=form)
    asked = services.sessions["call1"]
    desk.post("/desk/show/r1", data=form)
    assert services.sessions["call1"] == asked


def test_a_question_is_answered_on_the_page_and_read_at_the_desk(services, desk, phone):
    posted(desk, "/desk", "/desk/show/r1", card="sure", revision=5)
    assert "Shall Riverside Bank call you? – not answered yet" in desk.get("/desk").text
    card = re.search(r'name="card" value="([^"]+)"', phone.get("/v/call").text)[1]
    assert posted(phone, "/v/call", "/v/call/card", card=card, answer="perhaps").status_code == 422
    assert posted(phone, "/v/call", "/v/call/card", card=card, answer="yes").headers["Location"] == "/v/call"
    assert services.sessions["call1"].shown.answer is YesNo.YES
    assert "You answered: yes" in phone.get("/v/call").text
    assert "Shall Riverside Bank call you? – Yes" in desk.get("/desk").text
    late = posted(phone, "/v/call", "/v/call/card", card=card, answer="no")
    assert late.headers["Location"] == "/v/call?moved" and services.sessions["call1"].shown.answer is YesNo.YES


def test_a_form_is_filled_in_on_the_page_and_read_at_the_desk(services, desk, phone):
    posted(desk, "/desk", "/desk/show/r1", card="visit", revision=5)
    page = phone.get("/v/call").text
    assert "Sam shows you this" in page and 'name="answer.visit_guests"' in page
    turn = services.sessions["call1"].turn
    assert "Your visit – not sent yet" in desk.get("/desk").text
    typed = {"fields": "yes", "answer.visit_guests": "99", "answer.visit_topic": "my-own-words"}
    wrong = posted(phone, "/v/call", f"/v/call/{turn}", **typed)
    assert wrong.status_code == 422 and "my-own-words" in wrong.text and 'aria-invalid="true"' in wrong.text
    assert "my-own-words" not in desk.get("/desk").text, "a draft never reaches the desk"
    typed["answer.visit_guests"] = "4"
    assert posted(phone, "/v/call", f"/v/call/{turn}", **typed).headers["Location"] == "/v/call"
    page, seen = phone.get("/v/call").text, desk.get("/desk").text
    assert "You have sent this." in page and "answer.visit_guests" not in page and "You are talking to Sam" in page
    assert "Your visit – Guests: 4; Topic: my-own-words" in seen
    strange = posted(phone, "/v/call", f"/v/call/{turn}", **{"fields": "yes", "answer.visit_guests": "5"})
    assert strange.status_code == 303 and services.sessions["call1"].answers["visit_guests"] == "4"


def test_the_answer_is_read_at_the_desk_though_the_screen_is_not_shared(services, desk, phone):
    posted(phone, "/v/call", "/v/call/sharing", allowed="no", revision=1)
    posted(desk, "/desk", "/desk/show/r1", card="sure", revision=5)
    page = desk.get("/desk").text
    assert "handset" not in page and "not answered yet" in page


def test_a_page_that_joined_by_a_code_answers_no_agent_and_may_only_stop_the_looking(
    services, desk, phone, monkeypatch
):
    monkeypatch.setattr(services, "page_is_veiled", lambda cookie: True)
    form = {"form_token": token(phone.get("/v/call"))}
    for card, never in (("sure", "Shall Riverside Bank call you?"), ("visit", "answer.visit_guests")):
        posted(desk, "/desk", "/desk/show/r1", card=card, revision=5)
        assert never not in phone.get("/v/call").text
    phone.post(f"/v/call/{services.sessions['call1'].turn}", data={**form, "fields": "yes", "answer.visit_guests": "4"})
    assert services.sessions["call1"].answers == {}
    posted(desk, "/desk", "/desk/show/r1", card="sure", revision=6)
    phone.post("/v/call/card", data={**form, "card": "push:r1:6:sure", "answer": "yes"})
    assert services.sessions["call1"].shown.answer is None
    phone.post("/v/call/sharing", data={**form, "allowed": "no", "revision": 7})
    assert services.sessions["call1"].sharing_stopped
    phone.post("/v/call/sharing", data={**form, "allowed": "yes", "revision": 8})
    assert services.sessions["call1"].sharing_stopped


def test_without_an_open_page_there_is_nothing_to_see_or_to_show(services, desk):
    session = services.sessions["call1"]
    services.sessions["call1"] = replace(session, page=replace(session.page, opened=False))
    page = desk.get("/desk").text
    assert "The caller has not opened the page." in page and "/desk/show/" not in page


def test_the_flow_of_these_tests_is_one_that_the_check_lets_through():
    assert set(flow_with_cards().cards) == {"house", "terms", "sure", "visit"}


def test_the_log_says_who_looked_and_what_was_shown_without_its_words(services):
    card = ShownPicture(title="The house", file="house.png", agent="sam")
    events = (
        SharingBegun("sam"), CardShown(card, agent="sam"), CardShown(None, agent="sam"),
        CardAnswered("sam", "Shall we?", YesNo.NO), SharingEnded("sam", by_caller=True),
    )  # fmt: skip
    line = LogLine(id=1, at=services.clock(), call="c", caller="+1", turn=1, revision=1, input=None, events=events)
    assert row_of(line).notes == (
        "agent sam may look at the page", "picture shown by agent sam", "card taken away by agent sam",
        "answered no to agent sam", "agent sam no longer looks, stopped by the caller",
    )  # fmt: skip
