"""What we hold about you: shown to whom it is about, taken back in two taps, in effect at once and everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from doorway import ALICE_PHONE, PUBLIC, ROOT, Carrier, Clock, Control, Phone, session_of
from flask.testing import FlaskClient
from msgspec.structs import replace

from ivr.app import House
from ivr.authentication import verdicts
from ivr.authentication.messages import Enrol, Verdict, Verify
from ivr.flow.events import ConsentGiven
from ivr.flow.inputs import By, CallerHungUp, Outcome, StreamStarted
from ivr.people import import_contacts
from ivr.store import consents, contacts, erasures, pages, requests, voiceprints
from ivr.store.database import write
from ivr.store.instants import to_microseconds


@dataclass
class Ears:
    """The voice process's side: what it was asked and what it was told to let go."""

    streams: set[str] = field(default_factory=set)
    asked: list[Verify | Enrol] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def ask(self, question: Verify | Enrol) -> None:
        self.asked.append(question)

    def questions(self) -> list[Verify | Enrol]:
        return [one for one in self.asked if one.request not in self.forgotten]

    def compared(self, question: Verify | Enrol) -> bool:
        return False

    def forget(self, question: Verify | Enrol) -> None:
        self.forgotten.append(question.request)


@pytest.fixture
def alice(house: House, clock: Clock) -> str:
    """Enrolled: her contact's id."""
    contact = contacts.by_number(house.database, ALICE_PHONE).id
    given = ConsentGiven(contact=contact, version="7", wording="May we keep it?", language="en-GB", by=By.KEYPAD)
    now = to_microseconds(clock())
    write(house.database, lambda transaction: consents.record(transaction, "earlier", given, now))
    voiceprints.save_voiceprint(house.database, contact, b"sealed", "ab" * 32, clock())
    return contact


@pytest.fixture
def page(house: House, carrier: Carrier, control: Control, phone: Phone, alice: str) -> FlaskClient:
    """Alice's smartphone, its page opened by the link to the number on file: level 1."""
    phone.dials()
    house.work.deliver()
    link = control.of("message")[-1][2].split()[-1].removeprefix(PUBLIC)
    carrier.client.post(link, data={"digits": session_of(house, phone).page.digits})
    assert session_of(house, phone).level == 1
    return carrier.client


@pytest.fixture
def stranger(house: House, carrier: Carrier, clock: Clock, phone: Phone, alice: str) -> FlaskClient:
    """A page of a call that only claims to be Alice's: her number spoofed, the page opened without her phone."""
    phone.dials()
    link = pages.LinkToken(b"l" * 32, session_of(house, phone).call, False, clock.now.replace(year=2027))
    pages.add_link(house.database, link)
    cookie = sha256(b"cookie").digest()
    bound = (link.token_hash, cookie, clock(), link.expires_at)
    assert write(house.database, lambda transaction: pages.bind(transaction, *bound)) == link.call
    carrier.client.set_cookie("duet_page", "cookie", path="/v")
    return carrier.client


def hidden(html: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', html).group(1)


def taps_twice(page: FlaskClient, wish: str) -> str:
    """The button on the page, then "Yes" on the question."""
    first = page.get("/v/about").text
    assert f'href="/v/about?sure={wish}"' in first
    question = page.get(f"/v/about?sure={wish}").text
    answer = page.post("/v/about/voice", data={
        "wish": wish, "form_token": hidden(question, "form_token"), "whose": hidden(question, "whose"),
    })  # fmt: skip
    return page.get(answer.headers["Location"]).text


def listens(house: House, phone: Phone) -> Ears:
    """The stream has started and the voice process has been asked."""
    call = session_of(house, phone).call
    ears = Ears(streams={call})
    house.take_turn(call, StreamStarted(id="stream:0"))
    verdicts.ask(house.calls, ears)
    assert [question.sealed for question in ears.asked] == [b"sealed"]
    return ears


def accepted(question: Verify) -> Verdict:
    return Verdict(
        question.request, question.call, "ACCEPTED", "match", 5.0, 1.0, 6.0, "m", "C", "ab" * 32, contact=question.contact
    )  # fmt: skip


def test_the_page_shows_what_we_hold_and_masks_it(page: FlaskClient) -> None:
    assert 'href="/v/about"' in page.get("/v/call").text
    html = page.get("/v/about").text
    for shown in ("Alice Morgan", "ends in 101", "made on 2026-11-21", "wording 7", "May we keep it?", "balance"):
        assert shown in html
    for hidden_value in (ALICE_PHONE, "10045678", "1204.50", "argon2"):
        assert hidden_value not in html


def test_a_claim_alone_sees_and_takes_nothing(house: House, phone: Phone, stranger: FlaskClient, alice: str) -> None:
    """Else whoever can show a number on the telephone could take somebody's voiceprint away."""
    html = stranger.get("/v/about?sure=delete").text
    assert "First show that it is you" in html
    assert "Alice" not in html
    token = hidden(stranger.get("/v/call").text, "form_token")
    answer = stranger.post("/v/about/voice", data={"wish": "delete", "form_token": token, "whose": "x"})
    assert "refused" in answer.headers["Location"]
    assert "Nothing was changed" in stranger.get(answer.headers["Location"]).text
    assert voiceprints.voiceprint(house.database, alice) is not None


@pytest.mark.parametrize("whose", ["", "é", "x" * 5000, "\x00"])
def test_a_form_that_names_somebody_else_changes_nothing(
    house: House, page: FlaskClient, alice: str, whose: str
) -> None:
    token = hidden(page.get("/v/call").text, "form_token")
    answer = page.post("/v/about/voice", data={"wish": "delete", "form_token": token, "whose": whose})
    assert "Nothing was changed" in page.get(answer.headers["Location"]).text
    assert voiceprints.voiceprint(house.database, alice) is not None


@pytest.mark.parametrize("done", ["delete", "opt_out", "cancelled&of=", "delete&of=%C3%A9"])
def test_no_address_makes_the_page_say_that_something_was_done(page: FlaskClient, done: str) -> None:
    assert 'class="notice"' not in page.get(f"/v/about?done={done}").text


def test_deleting_takes_two_taps_and_holds_at_once(house: House, phone: Phone, page: FlaskClient, alice: str) -> None:
    ears = listens(house, phone)
    assert "has been deleted" in taps_twice(page, "delete")
    assert voiceprints.voiceprint(house.database, alice) is None
    assert all(one.withdrawn_at for one in consents.consents_of(house.database, alice))
    voice = session_of(house, phone).voice
    assert (voice.verification, voice.verdict, voice.reason) == (None, Outcome.INCONCLUSIVE, "withdrawn")
    verdicts.let_go(house.calls, ears)
    assert ears.questions() == [], "the voice process lets go of the print"
    verdicts.answered(house.calls, accepted(ears.asked[0]))
    assert session_of(house, phone).factors == ("page",), "an answer that was on its way counts for nothing"
    after = page.get("/v/about").text
    assert "We hold no voiceprint" in after
    [receipt] = erasures.erasures_of(house.database, alice)
    assert (receipt.reason, receipt.erased_by) == ("wished", f"call:{session_of(house, phone).call}")
    assert receipt.sealed_sha256 == sha256(b"sealed").hexdigest()
    assert f'was deleted on 2026-11-21. Receipt: <bdi dir="ltr"><code>{receipt.sealed_sha256[:16]}' in after
    assert "was not checked" in page.get("/v/call").text


def test_the_next_call_is_silent_about_the_voice(
    house: House, carrier: Carrier, phone: Phone, page: FlaskClient
) -> None:
    taps_twice(page, "delete")
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    again = Phone(carrier, sid="CA" + "2" * 32).dials()
    assert "compare your voice" not in again.text
    assert "<Stream" not in again.text


def test_who_opts_out_is_not_asked_again_until_they_allow_it(
    house: House, phone: Phone, page: FlaskClient, alice: str
) -> None:
    assert "not used any more" in taps_twice(page, "opt_out")
    assert voiceprints.voiceprint(house.database, alice) is None
    assert session_of(house, phone).claim.opted_out
    import_contacts(house.database, ROOT / "flows" / "contacts.csv")
    assert contacts.get(house.database, alice).opted_out_at is not None
    assert "allowed again" in taps_twice(page, "opt_in")
    assert contacts.get(house.database, alice).opted_out_at is None
    assert voiceprints.voiceprint(house.database, alice) is None


def test_a_print_deleted_elsewhere_ends_the_comparison_of_this_call(
    house: House, phone: Phone, page: FlaskClient, alice: str, clock: Clock
) -> None:
    """By another call, on another machine or by the command line."""
    ears = listens(house, phone)
    contacts.delete_voiceprint(house.database, alice, clock())
    verdicts.let_go(house.calls, ears)
    assert ears.questions() == []
    assert session_of(house, phone).voice.reason == "withdrawn"
    assert requests.requests_of(house.database, session_of(house, phone).call) == []


def test_a_verdict_about_a_print_just_deleted_is_inconclusive(
    house: House, phone: Phone, page: FlaskClient, alice: str, clock: Clock
) -> None:
    ears = listens(house, phone)
    contacts.delete_voiceprint(house.database, alice, clock())
    verdicts.answered(house.calls, accepted(ears.asked[0]))
    voice = session_of(house, phone).voice
    assert (voice.verdict, voice.reason) == (Outcome.INCONCLUSIVE, "withdrawn")


def test_a_comparison_under_way_is_left_alone(house: House, phone: Phone, page: FlaskClient) -> None:
    ears = listens(house, phone)
    verdicts.let_go(house.calls, ears)
    assert ears.questions() == ears.asked
    verdicts.answered(house.calls, accepted(ears.asked[0]))
    assert session_of(house, phone).factors == ("page", "voice")


def test_being_recognised_keeps_a_print_and_three_years_without_it_delete_it(
    house: House, phone: Phone, page: FlaskClient, alice: str, clock: Clock
) -> None:
    html = page.get("/v/about").text
    assert "never so far" in html
    assert "on 2029-11-20" in html
    ears = listens(house, phone)
    clock.goes_on(3600)
    verdicts.answered(house.calls, replace(accepted(ears.asked[0]), outcome="REJECTED"))
    assert voiceprints.stored(house.database, alice).last_used_at is None, "only ACCEPTED is a use"
    again = Phone(phone.carrier, sid="CA" + "3" * 32).dials()
    verdicts.answered(house.calls, accepted(listens(house, again).asked[0]))
    assert voiceprints.stored(house.database, alice).last_used_at == clock.now
    clock.goes_on(voiceprints.UNUSED_FOR.total_seconds())
    house.work.expire()
    assert voiceprints.stored(house.database, alice) is not None
    clock.goes_on(3601)
    house.work.expire()
    assert voiceprints.stored(house.database, alice) is None
    assert [one.reason for one in erasures.erasures_of(house.database, alice)] == ["expired"]


def test_forms_of_others_and_ended_calls_change_nothing(
    house: House, phone: Phone, page: FlaskClient, alice: str
) -> None:
    question = page.get("/v/about?sure=delete").text
    token, whose = hidden(question, "form_token"), hidden(question, "whose")
    assert page.post("/v/about/voice", data={"wish": "delete", "whose": whose}).status_code == 403
    assert page.post("/v/about/voice", data={"wish": "x", "whose": whose, "form_token": token}).status_code == 422
    assert "Yes" not in page.get("/v/about?sure=<script>").text
    house.take_turn(session_of(house, phone).call, CallerHungUp(id="hangup"))
    assert page.get("/v/about").headers["Location"] == "/v/call"
    data = {"wish": "delete", "whose": whose, "form_token": token}
    assert page.post("/v/about/voice", data=data).headers["Location"] == "/v/call"
    assert voiceprints.voiceprint(house.database, alice) is not None


def test_a_promised_call_back_of_an_earlier_call_is_shown_and_taken_back(
    house: House, carrier: Carrier, page: FlaskClient
) -> None:
    earlier = Phone(carrier, sid="CA" + "9" * 32).dials().presses("0")
    house.queue.look()  # nobody is signed in
    assert session_of(house, earlier).promised == ALICE_PHONE
    html = page.get("/v/about").text
    assert "to the number ending in 101, by 2026-11-22" in html
    url = re.search(r'action="(/v/about/call-backs/[^"]+)"', html).group(1)
    data = {"form_token": hidden(html, "form_token")}
    assert page.post(url).status_code == 403
    assert "We will not call you back" in page.get(page.post(url, data=data).headers["Location"]).text
    assert house.promises.open() == []
    assert "Promised call backs" not in page.get("/v/about").text


def test_a_call_back_promised_to_somebody_else_cannot_be_taken_back(
    house: House, carrier: Carrier, page: FlaskClient
) -> None:
    Phone(carrier, sid="CA" + "9" * 32, caller="+447700900102").dials().presses("0")
    house.queue.look()
    [promise] = house.promises.open()
    data = {"form_token": hidden(page.get("/v/about?sure=delete").text, "form_token")}
    page.post(f"/v/about/call-backs/{promise.id}/cancel", data=data)
    assert house.promises.open() == [promise]
