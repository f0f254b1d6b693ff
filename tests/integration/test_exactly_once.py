"""Two servers on one database: whatever is asked twice, late or at once happens once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.doubled import PUBLIC, Doubled, Phone, action_of, serving, signed, turn_of

AT_ONCE = 50


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    with serving(tmp_path_factory.mktemp("once"), processes=2) as started:
        yield started


def answers_taken(phone: Phone) -> int:
    """How many answers of the caller the log holds; messages and redirects are settled beside them."""
    kept = "SELECT count(*) FROM log WHERE call = ? AND json_extract(input, '$.type') = 'digits'"
    return phone.system.rows(kept, phone.call)[0][0]


def at_once(act, number: int = AT_ONCE) -> list:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(act, range(number)))


def test_fifty_times_the_first_request_is_one_call(system: Doubled) -> None:
    phone = Phone(system, "CA" + "a" * 32)
    answers = at_once(lambda n: phone.post("/voice/bank", at=n % 2))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert system.rows("SELECT count(*) FROM calls") == [(1,)]
    assert system.rows("SELECT count(*) FROM log WHERE call = ? AND revision = 1", phone.call) == [(1,)]


@pytest.mark.parametrize("token", ["", "3f1c-one-token"])
def test_fifty_times_one_answer_is_one_transition(system: Doubled, token: str) -> None:
    phone = Phone(system, "CA" + ("b" if token else "c") * 32).dials()
    action, turn = phone.action, turn_of(phone.text)
    answers = at_once(lambda n: phone.post(action, at=n % 2, token=token, Digits="3"))
    assert {answer.status_code for answer in answers} == {200}
    assert {turn_of(answer.text) for answer in answers} == {turn + 2}  # the code that is said is a turn of its own
    assert len({answer.text for answer in answers}) == 1, "all hear the same"
    assert answers_taken(phone) == 1
    late = phone.post(action, at=1, token=token, Digits="3")
    assert late.text == answers[0].text
    now = phone.asks(action_of(answers[0].text), Digits="3").text
    late = phone.post(action, at=1, token=token, Digits="3")
    assert late.text == now != answers[0].text, "once the call has moved on, it hears the present"


def test_different_keys_at_once_are_one_answer(system: Doubled) -> None:
    phone = Phone(system, "CA" + "d" * 32).dials()
    action = phone.action
    answers = at_once(lambda n: phone.post(action, at=n % 2, Digits=str(n % 3 + 1)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({turn_of(answer.text) for answer in answers}) == 1
    assert answers_taken(phone) == 1


def test_guesses_at_once_are_counted_one_by_one(system: Doubled) -> None:
    """Five wrong PINs an hour and contact, however many calls try at once; the right one after that is not let in."""
    caller = "+447700900102"
    phones = [Phone(system, f"CA{n:032x}", caller, at=n % 2).dials() for n in range(8)]
    for phone in phones:
        phone.presses("1")
        phone.presses("1")  # go on without the page
        phone.hears("PIN")
    at_once(lambda n: phones[n % 8].post(phones[n % 8].action, Digits=f"{n:04d}"), 16)
    wrong = "SELECT count(*) FROM secret_attempts WHERE subject LIKE 'contact:%' AND NOT matched"
    assert system.rows(wrong) == [(5,)]
    last = Phone(system, "CA" + "e" * 32, caller).dials()
    last.presses("1").presses("1").presses("7350").hears("could not confirm who you are")


def test_replies_are_sealed_and_go_with_the_call(system: Doubled) -> None:
    phone = Phone(system, "CA" + "f" * 32).dials()
    phone.presses("3")
    kept = "SELECT count(reply) FROM calls WHERE call = ?"
    assert system.rows(kept, phone.call) == [(1,)]
    for path in system.path.glob("duet.db*"):
        assert b"<Response" not in path.read_bytes(), path
    phone.post("/voice/bank/status", CallStatus="completed")
    assert system.rows(kept, phone.call) == [(0,)]


def test_bad_input_over_the_wire(system: Doubled) -> None:
    url = system.url()
    form = {"CallSid": "CA1"}
    for headers in ({}, {"X-Twilio-Signature": "x"}, {"X-Twilio-Signature": "\u00fc".encode("latin-1")}):
        answer = httpx.post(f"{url}/voice/bank", data=form, headers=headers, trust_env=False)
        assert (answer.status_code, answer.content) == (403, b"")
    big = {"CallSid": "CA1", "SpeechResult": "x" * 70_000}
    answer = httpx.post(f"{url}/voice/bank", data=big, headers=signed(f"{PUBLIC}/voice/bank", big), trust_env=False)
    assert (answer.status_code, answer.content) == (413, b"")

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a=" + b"x" * 4000 + b"&"

    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{url}/voice/bank", content=chunks(), headers=form_type, trust_env=False)
    assert answer.status_code in (403, 413), "a body of unknown length is bounded too"
    answer = httpx.get(f"{url}/voice/../../etc/passwd", trust_env=False)
    assert answer.status_code in (404, 405)
    assert not any("webhook" in server.log() for server in system.servers), "no request has failed inside"
