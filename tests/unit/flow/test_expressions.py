"""What a text says and a condition answers, and what neither can get at."""

from __future__ import annotations

import msgspec
import pytest

from ivr.errors import FlowFault
from ivr.flow.definition import FactDeclaration, FactType, Flow
from ivr.flow.expressions import (
    compile_condition,
    compile_text,
    condition_names,
    evaluate,
    holds,
    render,
    scope,
    text_names,
)
from ivr.flow.inputs import Outcome
from ivr.flow.session import Claim, Page, Session, Voice
from ivr.flow.steps import Factor

FLOW = Flow(
    name="shop",
    file="shop.yaml",
    bundle="",
    title="The Shop",
    language="en-GB",
    start="hello",
    person="clerk",
    prove="proof",
    facts={
        name: FactDeclaration(name, type_, level)
        for name, type_, level in [
            ("town", FactType.TEXT, 0),
            ("name", FactType.TEXT, 1),
            ("debt", FactType.MONEY, 2),
            ("orders", FactType.NUMBER, 0),
        ]
    },
    steps={},
)
SESSION = Session(
    call="c1",
    bundle="",
    flow="shop",
    caller="+447700900123",
    line="+442079460000",
    page=Page(digits="47"),
    claim=Claim("k1", "caller_id", "+447700900123", True, False, True),
    facts={"town": "Bath & Wells", "name": "Ann", "debt": "1204.50 GBP", "orders": 3.0, "undeclared": "x"},
    answers={"size": "42"},
    variables={"pairs": 2.0},
    voice=Voice(verdict=Outcome.ACCEPTED),
)


def at_level(level: int) -> dict:
    factors = (Factor.PAGE, Factor.PIN)[:level]
    return scope(FLOW, msgspec.structs.replace(SESSION, factors=factors))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Hello.", "Hello."),
        ("  Two\n  lines.\n", "Two lines."),
        ("Welcome to {{ flow.title }}.", "Welcome to The Shop."),
        ("{{ contact.town }} <3", "Bath & Wells <3"),  # drawing escapes, not the text
        ("{{ contact.debt | money }}", "1,204 pounds and 50 pence"),
        ("{{ link.digits | digits }}", "4 7"),
        ("{{ caller.number | last: 4 | digits }}", "0 1 2 3"),
        ("{{ vars.pairs }} pairs, {{ contact.orders }} orders", "2 pairs, 3 orders"),
        ("{{ answer.missing | default: 'none' }}", "none"),
        ("{% if voice.verdict == 'ACCEPTED' %}Hello, {{ contact.name }}.{% else %}Hello.{% endif %}", "Hello, Ann."),
        ("{% unless caller.identified %}Who?{% endunless %}", ""),
        ("{% case caller.level %}{% when 2 %}two{% else %}less{% endcase %}", "two"),
        ("a\x00b {{ flow.title }}", "a b The Shop"),  # not to be written in XML
    ],
)
def test_a_text_is_said(source: str, said: str) -> None:
    assert render(source, at_level(2)) == said


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("caller.level >= 1", True),
        ("vars.pairs + 1 == 3", True),
        ("vars.pairs * 1.5", 3.0),
        ("double(answer.size) / 4", 10.5),
        ("contact.orders + 0.5", 3.5),
        ("amount(contact.debt) > 1000", True),
        ("answer.size.startsWith('4') && size(answer.size) == 2", True),
        ("has(answer.missing) ? answer.missing : 'none'", "none"),
        ("contact.town in ['Bath & Wells', \"Wells\"]", True),
        ("voice.verdict == 'ACCEPTED' || !voice.enrolled", True),
        ("'contact.debt'", "contact.debt"),
        ("null", None),
    ],
)
def test_a_condition_is_answered(source: str, value: object) -> None:
    answered = evaluate(source, at_level(2))
    assert answered == value and type(answered) is type(value)


@pytest.mark.parametrize(("level", "readable"), [(0, {"town", "orders"}), (1, {"town", "orders", "name"})])
def test_a_fact_is_not_there_below_its_level(level: int, readable: set[str]) -> None:
    here = at_level(level)
    assert set(here["contact"]) == readable
    with pytest.raises(FlowFault, match="contact.debt is undefined"):
        render("{{ contact.debt }}", here)
    with pytest.raises(FlowFault, match="'debt' has no value here"):
        evaluate("contact.debt == '1204.50 GBP'", here)
    assert render("{{ contact.debt | default: 'secret' }}", here) == "secret"
    assert evaluate("has(contact.debt)", here) is False


def test_the_voice_alone_opens_no_fact() -> None:
    here = scope(FLOW, msgspec.structs.replace(SESSION, factors=(Factor.VOICE,)))
    assert "name" not in here["contact"]


def test_the_place_in_the_queue_is_there_only_when_handed_in() -> None:
    assert render("Number {{ queue.position }}", scope(FLOW, SESSION, queue={"position": 2})) == "Number 2"
    with pytest.raises(FlowFault, match="queue"):
        render("Number {{ queue.position }}", scope(FLOW, SESSION))


@pytest.mark.parametrize(
    "source",
    ["{{ contact.name | money }}", "{{ contact.name | last: 'x' }}", "{{ contact.name | date }}", "{{ vars.none }}"],
)
def test_a_text_that_cannot_be_said_is_a_fault_that_tells_no_value(source: str) -> None:
    with pytest.raises(FlowFault) as caught:
        render(source, at_level(2))
    assert "Ann" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "contact.name + 1",
        "double(contact.name) > 1",
        "amount(contact.name) > 1",
        "1 / 0",
        "[contact.name]",
        "vars.a",
    ],
)
def test_a_condition_without_an_answer_is_a_fault_that_tells_no_value(
    source: str, capfd: pytest.CaptureFixture
) -> None:
    with pytest.raises(FlowFault) as caught:
        evaluate(source, at_level(2))
    captured = capfd.readouterr()
    assert "Ann" not in str(caught.value) + captured.out + captured.err


@pytest.mark.parametrize("source", ["contact.name", "1", "null", "'true'"])
def test_only_true_and_false_decide(source: str) -> None:
    with pytest.raises(FlowFault, match="neither true nor false"):
        holds(source, at_level(2))


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'etc/passwd' %}",
        "{% render 'x' %}",
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% assign contact = 1 %}",
        "{% capture x %}{% endcapture %}",
        "{% liquid echo contact.name %}",
        "{{ contact }}",
        "{{ [contact] }}",
        "{{ contact[answer.size] }}",
        "{{ contact.name.first }}",
        "{{ os.environ }}",
        "{{ contact.name | base64_encode }}",
        "{{ contact.name",
        "{% if true %}" * 50,
        "x" * 2001,
    ],
)
def test_a_text_reaches_nothing_else(source: str) -> None:
    with pytest.raises(ValueError):
        compile_text(source)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "contact",
        "contact['debt']",
        "contact[answer.size]",
        "[1, 2].map(contact, contact)",
        "contact.exists(k, k == 'debt')",
        "unknown(1)",
        "b'debt'",
        "{'a': 1}",
        "a and b",
        "(" * 500 + "1" + ")" * 500,
        "1 + " * 600 + "1",
    ],
)
def test_a_condition_reaches_nothing_else(source: str) -> None:
    with pytest.raises(ValueError):
        compile_condition(source)


def test_a_text_cannot_grow_without_bounds() -> None:
    long_name = msgspec.structs.replace(SESSION, facts={"town": "x" * 1500})
    with pytest.raises(FlowFault):
        render("{{ contact.town }}{{ contact.town }}", scope(FLOW, long_name))


def test_names_are_found_wherever_they_stand() -> None:
    text = "{% if caller.level > 1 %}{{ contact.debt | default: answer.size }}{% elsif vars.pairs %}{% endif %}"
    assert text_names(text) == {("caller", "level"), ("contact", "debt"), ("answer", "size"), ("vars", "pairs")}
    condition = "has(contact.debt) && 'vars.no' != answer . size // contact.no\n"
    assert condition_names(condition) == {("contact", "debt"), ("answer", "size")}


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0 GBP", "0 pounds"),
        ("1 GBP", "1 pound"),
        ("0.01 GBP", "1 penny"),
        ("-5.50 GBP", "minus 5 pounds and 50 pence"),
        ("1234567.89 EUR", "1,234,567 euros and 89 cents"),
        ("2.01 USD", "2 dollars and 1 cent"),
        ("3 CHF", "3.00 CHF"),
    ],
)
def test_money_is_said_in_words(amount: str, said: str) -> None:
    session = msgspec.structs.replace(SESSION, facts={"town": amount})
    assert render("{{ contact.town | money }}", scope(FLOW, session)) == said


def test_a_date_is_said_in_words() -> None:
    session = msgspec.structs.replace(SESSION, facts={"town": "2026-11-05"})
    assert render("{{ contact.town | date }}", scope(FLOW, session)) == "5 November 2026"


def test_a_variable_cannot_grow_without_end() -> None:
    with pytest.raises(FlowFault, match="longer than 2000 characters"):
        evaluate("vars.text + vars.text", {"vars": {"text": "x" * 1500}})
