"""Fields for typing answers: what the screen shows of a wait for answers, with the right keyboard for each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import assert_never

import msgspec
from msgspec.structs import replace

from ivr.flow import saying
from ivr.flow.kinds import (
    LARGEST,
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.waits import Asked, AwaitAnswer
from ivr.visual.labels import Labels
from ivr.visual.plain import plain

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST = 40  # characters of a number, an amount, a date or a phone number, with all that people write into them


class Option(msgspec.Struct, frozen=True):
    value: str
    key: str
    label: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to be typed or picked. With ``options`` it is picked, otherwise typed."""

    name: str
    label: str
    hint: str
    value: str  # what stands in it: answered already, or typed before
    answered: str = ""  # what the call has taken for an answer
    control: str  # text | tel | date | words: what is typed into
    keyboard: str = ""  # HTML's inputmode
    autofill: str = "off"  # HTML's autocomplete
    max_length: int = LONGEST
    earliest: str = ""  # of a date
    latest: str = ""
    options: tuple[Option, ...] = ()
    optional: bool = False
    current: bool = False  # the one the phone asks for now
    problem: str = ""


class Fields(msgspec.Struct, frozen=True, tag="fields"):
    """Sent together, taken together."""

    fields: tuple[Field, ...]
    form: bool  # several on one page


def fields_of(wait: AwaitAnswer, answers: Mapping[str, str], labels: Labels) -> Fields:
    """``answers``: what has been answered already, by name."""
    return Fields(tuple(_field(asked, wait, answers.get(asked.name, ""), labels) for asked in wait.fields), wait.form)


def with_typed(body: Fields, typed: Mapping[str, str], problems: Mapping[str, str]) -> Fields:
    """The fields with what was typed into them and what is wrong with it."""
    fields = []
    for field in body.fields:
        value = plain(typed.get(field.name, field.value))
        # A date field of a browser shows nothing but ISO dates: anything else is shown as it was typed.
        control = "text" if field.control == "date" and value and not _ISO.fullmatch(value) else field.control
        fields.append(replace(field, value=value, control=control, problem=problems.get(field.name, "")))
    return replace(body, fields=tuple(fields))


def _field(asked: Asked, wait: AwaitAnswer, answer: str, labels: Labels) -> Field:
    language = labels.language
    field = Field(
        name=asked.name, label=plain(asked.label), hint="", control="text",
        value=plain(saying.typed_answer(asked.kind, answer, language)),
        autofill=asked.autofill or "off", optional=asked.optional, current=wait.form and asked.name == wait.current,
        options=tuple(Option(choice.value, choice.key, plain(choice.label)) for choice in asked.choices),
    )  # fmt: skip
    field = replace(field, answered=field.value)
    match asked.kind:
        case DigitsKind(min_length=least, max_length=most):
            hint = labels.digits_hint_exact if least == most else labels.digits_hint
            length = 2 * most
            hint = saying.numerals(hint.format(least=least, most=most), language)
            return replace(field, hint=hint, keyboard="numeric", max_length=length)
        case NumberKind() as kind:
            least, most = (saying.number(f"{bound:f}", language) for bound in (kind.minimum, kind.maximum))
            hint = labels.number_hint.format(least=least, most=most)
            hint = hint if kind.maximum < LARGEST else ""
            return replace(field, hint=hint, keyboard="decimal" if kind.decimals else "numeric")
        case MoneyKind() as kind:
            least, most = (
                saying.money(f"{bound:.2f} {kind.currency}", language) for bound in (kind.minimum, kind.maximum)
            )
            hint = labels.number_hint.format(least=least, most=most)
            currency = saying.currency_words(kind.currency, language)
            hint = hint if kind.maximum < LARGEST else labels.money_hint.format(currency=currency)
            return replace(field, hint=hint, keyboard="decimal")
        case DateKind() as kind if saying.is_persian(language):
            # A browser's own date field knows the Gregorian calendar only.
            day = saying.typed_answer(kind, kind.earliest or kind.latest or kind.today, language)
            example = labels.date_example.format(day=day) if day else ""
            return replace(field, hint=f"{_date_hint(kind, labels)}{example}")
        case DateKind() as kind:
            return replace(
                field, hint=_date_hint(kind, labels), control="date", earliest=kind.earliest, latest=kind.latest
            )
        case PhoneKind():
            return replace(field, hint=labels.phone_hint, control="tel", keyboard="tel")
        case SpeechKind() as kind:
            return replace(field, hint=labels.text_hint, control="words", max_length=kind.max_length)
        case YesNoKind() | ListKind():
            return replace(field, control="options")
        case unreachable:
            assert_never(unreachable)


def _date_hint(kind: DateKind, labels: Labels) -> str:
    earliest, latest = (saying.date(day, labels.language) if day else "" for day in (kind.earliest, kind.latest))
    if earliest and latest:
        return labels.date_between.format(earliest=earliest, latest=latest)
    if earliest or latest:
        return (labels.date_from if earliest else labels.date_until).format(day=earliest or latest)
    return labels.date_hint
