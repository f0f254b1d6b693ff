"""The desk, the ops page and the metrics over HTTP."""

import re

import pytest
from msgspec.structs import replace

from ivr.authentication.passwords import LONGEST_PASSWORD, password_hash, password_matches
from ivr.flow.events import FactorProven, Said, VerdictRecorded
from ivr.flow.inputs import By, CallStarted, Digits, NoInput, Outcome, SecretAnswer, Speech
from ivr.flow.steps import Factor
from ivr.web.desk import identity_of, voice_of
from ivr.web.doors import AgentState, LogLine, Pop, PopState, Role
from ivr.web.lines import row_of

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


def pop(services, **changes) -> Pop:
    offered = Pop(
        reservation="r1", call="call1", contact_name="Ada Marsh", number="+441632960101", reason="Report a lost card",
        path=("Cards", "Report a lost card"), level=2, factors=("page", "pin"), verdict="ACCEPTED",
        verdict_reason="above_threshold", net_speech_seconds=7.4, voice_model="campplus", waited_seconds=64,
        state=PopState.OFFERED, since=services.clock(),
    )  # fmt: skip
    return replace(offered, **changes)


def token(page) -> str:
    return TOKEN.search(page.text)[1]


def sign_in(browse, name="sam", password="right", **fields):
    drawn = token(browse.get("/desk/sign-in"))
    return browse.post("/desk/sign-in", data={"form_token": drawn, "name": name, "password": password, **fields})


@pytest.fixture
def desk(services, browse):
    services.dispatch.add("sam", "right")
    assert sign_in(browse).status_code == 303
    return browse


# -- signing in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/desk", "/ops", "/ops/lines", "/ops/calls"])
def test_nothing_is_shown_before_signing_in(services, browse, path):
    services.rings()
    reply = browse.get(path)
    assert reply.status_code == 303 and "/desk/sign-in" in reply.headers["Location"]
    assert browse.get("/metrics").status_code == 401


def test_signing_in_sets_a_strict_cookie(services, browse):
    services.dispatch.add("sam", "right")
    reply = sign_in(browse)
    cookie = next(each for each in reply.headers.getlist("Set-Cookie") if each.startswith("duet_desk="))
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "Sam" in browse.get("/desk").text


def test_a_wrong_name_and_a_wrong_password_read_the_same(services, browse):
    services.dispatch.add("sam", "right")
    replies = [sign_in(browse, name, password) for name, password in (("sam", "wrong"), ("nobody", "right"))]
    assert [reply.status_code for reply in replies] == [422, 422]
    assert len({re.sub(TOKEN, "", reply.text) for reply in replies}) == 1


def test_a_sign_in_form_of_another_site_is_refused(services, browse):
    services.dispatch.add("sam", "right")
    browse.get("/desk/sign-in")
    data = {"name": "sam", "password": "right", "form_token": "0" * 64}
    assert browse.post("/desk/sign-in", data=data).status_code == 403


def test_signing_out_closes_the_desk(desk):
    desk.post("/desk/sign-out", data={"form_token": token(desk.get("/desk"))})
    assert desk.get("/desk").status_code == 303


def test_a_password_is_kept_as_argon2id_and_nobody_has_none():
    stored = password_hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert password_matches(stored, "correct horse")
    assert not password_matches(stored, "wrong")
    assert not password_matches(None, "nobody signs in with this")
    assert not password_matches("not a hash", "correct horse")
    assert not password_matches(stored, "a" * (LONGEST_PASSWORD + 1))


# -- the card ----------------------------------------------------------------------------------------------------------


def test_available_and_busy(services, desk):
    desk.post("/desk/state", data={"form_token": token(desk.get("/desk")), "state": "available"})
    assert services.dispatch.agents["sam"].state is AgentState.AVAILABLE
    assert "Ready for the next caller" in desk.get("/desk").text
    assert (
        desk.post("/desk/state", data={"form_token": token(desk.get("/desk")), "state": "offline"}).status_code == 422
    )


def test_the_card_says_who_what_and_how_sure(services, desk):
    services.dispatch.offers("sam", pop(services))
    page = desk.get("/desk").text
    for words in ("Incoming call", "Ada Marsh", "+441632960101", "Report a lost card", "Verified", "Voice verified",
                  "7.4 s of speech", "campplus", "waited 1:04", "Proven by page, PIN"):  # fmt: skip
        assert words in page
    assert services.dispatch.drawn == []  # drawing has no effect: only the browser says that it was seen


@pytest.mark.parametrize(("language", "words"), [("fa-IR", "The call is in Persian"), ("xx", "The call is in xx")])
def test_the_card_says_which_language_to_speak(services, desk, language, words):
    services.dispatch.offers("sam", pop(services, language=language))
    assert words in desk.get("/desk").text


def test_an_impostor_is_not_verified(services):
    impostor = pop(services, level=0, factors=(), verdict="REJECTED")
    assert identity_of(impostor).heading == "Not verified" and "only a claim" in identity_of(impostor).detail
    assert voice_of(impostor).heading == "Voice not verified"


@pytest.mark.parametrize("verdict", ["INCONCLUSIVE", None, "anything"])
def test_doubt_reads_as_not_checked(services, verdict):
    assert voice_of(pop(services, verdict=verdict)).heading == "Voice not checked"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("challenge_failed", "what was asked for was not said"),
        ("challenge_open", "matches, but the live check was not made"),
        ("challenge_not_asked", "matches, but the live check was not made"),
    ],
)
def test_a_voice_that_did_not_say_what_was_asked_for_reads_as_not_checked_and_why(services, reason, words):
    shown = voice_of(pop(services, verdict="INCONCLUSIVE", verdict_reason=reason))
    assert (shown.tone, shown.heading) == ("unsure", "Voice not checked")
    assert shown.detail.startswith(words)


def test_the_voice_alone_proves_nothing(services):
    assert identity_of(pop(services, level=0, factors=("voice",))).heading == "Not verified"
    assert identity_of(pop(services, level=1, factors=("page",))).heading == "Partly verified"
    assert "Nobody is known" in identity_of(pop(services, level=0, contact_name=None)).detail


def test_accept_connect_finish(services, desk):
    services.dispatch.offers("sam", pop(services))
    desk.post("/desk/accept/r1", data={"form_token": token(desk.get("/desk"))})
    assert services.dispatch.drawn == ["r1"]
    page = desk.get("/desk")
    assert "Connected" in page.text
    without = desk.post("/desk/finish/r1", data={"form_token": token(page)})
    assert without.status_code == 422 and services.dispatch.finished == []
    done = {"form_token": token(page), "disposition": "resolved", "note": "card blocked"}
    desk.post("/desk/finish/r1", data=done)
    assert services.dispatch.finished == [("r1", "resolved", "card blocked")]


def test_another_agents_call_cannot_be_touched(services, desk):
    services.dispatch.add("eve", "x")
    services.dispatch.offers("eve", pop(services))
    form = {"form_token": token(desk.get("/desk")), "disposition": "resolved"}
    for action in ("seen", "accept", "finish"):
        desk.post(f"/desk/{action}/r1", data=form)
    assert services.dispatch.drawn == services.dispatch.finished == []
    assert services.dispatch.pops["eve"].state is PopState.OFFERED


def test_desk_forms_need_their_token(services, desk):
    services.dispatch.offers("sam", pop(services))
    for path in ("/desk/accept/r1", "/desk/seen/r1", "/desk/finish/r1", "/desk/state", "/desk/sign-out"):
        assert desk.post(path, data={"state": "busy", "disposition": "resolved"}).status_code == 403


def test_hostile_values_are_escaped_on_the_desk(services, desk):
    nasty = "<script>alert(1)</script>\u202everified\x07"
    services.dispatch.offers(
        "sam", pop(services, contact_name=nasty, number=nasty, reason=nasty, path=(nasty,), verdict_reason=nasty,
                   voice_model=nasty),
    )  # fmt: skip
    page = desk.get("/desk").text
    assert "<script>alert" not in page and "\u202e" not in page and "\x07" not in page
    assert page.count("&lt;script&gt;") == 6


# -- ops and metrics ---------------------------------------------------------------------------------------------------


def test_ops_is_for_ops(services, desk):
    assert desk.get("/ops").status_code == 403
    assert desk.get("/metrics").status_code == 401


def test_ops_shows_calls_and_turns(services, browse):
    services.dispatch.add("olga", "right", Role.OPS)
    assert sign_in(browse, "olga", **{"for": "ops"}).headers["Location"] == "/ops"
    services.rings()
    services.take_turn("call1", Digits(turn=1, keys="2", by=By.TAP))
    page = browse.get("/ops").text
    for words in ("+441632960101", "taps 2", "How can I help?", "Last four digits of the card ____", "page"):
        assert words in page
    newer = browse.get("/ops/lines?after=1").text
    assert "taps 2" in newer and "How can I help?" not in newer
    assert browse.get("/metrics").status_code == 200


@pytest.mark.parametrize(("token_given", "status"), [("letmein", 200), ("wrong", 401), ("", 401), ("é", 401)])
def test_metrics_open_with_the_token(browse, token_given, status):
    headers = {"Authorization": f"Bearer {token_given}".encode().decode("latin-1")}
    reply = browse.get("/metrics", headers=headers)
    assert reply.status_code == status
    assert ("python_info" in reply.text) == (status == 200)


def test_without_a_token_set_an_empty_one_opens_nothing(services, browse):
    services.settings.metrics_token = None
    assert browse.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_a_turn_in_words(services):
    def words(input, *events):
        row = row_of(LogLine(id=1, at=services.clock(), call="c", caller="+1", turn=1, revision=1, input=input,
                             events=events))  # fmt: skip
        return row.side, row.did, row.notes

    assert words(Digits(turn=1, keys="2"))[:2] == ("phone", "presses 2")
    assert words(Digits(turn=1, keys="2", by=By.TAP))[:2] == ("page", "taps 2")
    assert words(Speech(turn=1, text="balance"))[:2] == ("phone", "says “balance”")
    assert words(SecretAnswer(turn=1, matches=False))[:2] == ("phone", "gives a wrong PIN")
    assert words(NoInput(turn=1))[:2] == ("phone", "is silent")
    assert words(CallStarted(id="1"))[:2] == ("system", "call started")
    verdict = VerdictRecorded("r", Outcome.ACCEPTED, "above threshold", 2.5, 1.0, 7.4, "campplus", "x", "ab" * 32)
    assert words(None, Said("hi"), FactorProven(Factor.PIN, 1), verdict)[2] == (
        "pin proven, level 1",
        "voice ACCEPTED (above threshold), score +2.50 against +1.00, 7.4 s of speech, campplus abababababab",
    )
