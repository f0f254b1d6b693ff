"""Questions of ``ask`` and ``form``: each kind of answer with what it needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from ivr.flow.dates import bound
from ivr.flow.kinds import (
    DECIMALS_MAX,
    DIGITS_MAX,
    LARGEST,
    SPEECH_MAX,
    AnyKind,
    AskType,
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.questions import Option, Question, Retry, Text
from ivr.flow.reading.fields import Fields, check_name
from ivr.flow.reading.menu import check_words
from ivr.flow.reading.mistakes import closest, listed
from ivr.flow.steps import Field

FIELDS_MAX = 12  # of one form: more do not fit a call's patience
TIMEOUTS = {AskType.SPEECH: 5, AskType.DIGITS: 5, AskType.YES_NO: 5, AskType.LIST: 5}  # seconds; the others: 8
# Tokens of HTML's autocomplete attribute that tell a browser what it may fill in, by the kind they fit.
AUTOFILL = {
    AskType.DIGITS: ("postal-code", "one-time-code"),
    AskType.DATE: ("bday",),
    AskType.PHONE: ("tel",),
    AskType.SPEECH: ("name", "given-name", "family-name", "organization", "street-address", "postal-code", "email"),
}


def read_question(fields: Fields, label_limit: int) -> Question:
    prompt = fields.text("ask") or Text("")
    kind = fields.one_of("for", AskType, AskType.DIGITS)
    return Question(
        prompt=prompt,
        kind=_KINDS[kind](fields),
        label=fields.text("label", required=False, limit=label_limit),
        options=_options(fields, label_limit) if kind == AskType.LIST else (),
        autofill=_autofill(fields, kind),
        timeout_seconds=fields.number("timeout_seconds", 1, 60, TIMEOUTS.get(kind, 8)),
        retry=read_retry(fields),
    )


def read_retry(fields: Fields) -> Retry:
    retry = fields.table("retry", f"{fields.owner}: retry")
    if retry is None:
        return Retry()
    read = Retry(
        noinput=retry.texts("noinput"),
        nomatch=retry.texts("nomatch"),
        tries=retry.number("tries", 1, 5, 3),
        then=retry.step_name("then", ""),
    )
    retry.finish()
    return read


def read_fields(fields: Fields, label_limit: int) -> tuple[Field, ...]:
    """The fields of a form, each an ask of its own."""
    read = []
    for name, entry in fields.named("fields", required=True):
        owner = f"{fields.owner}: field {name!r}"
        check_name(name, owner, entry.line, fields.report)
        field = fields.fields_of(f"field {name!r}", entry.value, owner)
        if field is None:
            continue
        question = read_question(field, label_limit)
        if question.label is None:
            field.wrong("ask", "has no label", "add label: what stands beside the field on the screen")
        read.append(Field(name=name, question=question, optional=field.flag("optional", False), line=entry.line))
        field.finish()
    if len(read) > FIELDS_MAX:
        fields.wrong("fields", f"{len(read)} fields, too many for one form", f"at most {FIELDS_MAX}: make two forms")
    return tuple(read)


def _digits(fields: Fields) -> DigitsKind:
    shortest, longest = fields.length(1, DIGITS_MAX, (1, DIGITS_MAX))
    return DigitsKind(min_length=shortest, max_length=longest)


def _speech(fields: Fields) -> SpeechKind:
    shortest, longest = fields.length(1, SPEECH_MAX, (1, 200))
    return SpeechKind(min_length=shortest, max_length=longest)


def _number(fields: Fields) -> NumberKind:
    minimum, maximum = _bounds(fields)
    return NumberKind(minimum=minimum, maximum=maximum, decimals=fields.number("decimals", 0, DECIMALS_MAX, 2))


def _money(fields: Fields) -> MoneyKind:
    currency = fields.word("currency", remedy="add currency: its ISO 4217 code, e.g. GBP")
    if currency and not re.fullmatch(r"[A-Z]{3}", currency):
        fields.wrong("currency", f"currency is {currency!r}", "write its ISO 4217 code, e.g. GBP")
        currency = "GBP"
    minimum, maximum = _bounds(fields)
    return MoneyKind(currency=currency, minimum=minimum, maximum=maximum)


def _bounds(fields: Fields) -> tuple[Decimal, Decimal]:
    minimum, maximum = _decimal(fields, "minimum", Decimal(0)), _decimal(fields, "maximum", LARGEST)
    if minimum > maximum:
        fields.wrong("minimum", f"minimum {minimum} is above maximum {maximum}", "no answer could be taken: swap them")
    return minimum, maximum


def _decimal(fields: Fields, key: str, default: Decimal) -> Decimal:
    text = fields.word(key, str(default))
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", text):
        fields.wrong(key, f"{key} is {text!r}", "write a number, e.g. 10 or 12.50")
        return default
    return Decimal(text)


def _date(fields: Fields) -> DateKind:
    earliest, latest = _day(fields, "earliest"), _day(fields, "latest")
    comparable = earliest.startswith("today") == latest.startswith("today")
    if earliest and latest and comparable and bound(earliest, "2000-01-01") > bound(latest, "2000-01-01"):
        fields.wrong("earliest", f"earliest {earliest} is after latest {latest}", "no answer could be taken: swap them")
    return DateKind(earliest=earliest, latest=latest)


def _day(fields: Fields, key: str) -> str:
    text = fields.word(key, "")
    try:
        if text:
            bound(text, "2000-01-01")
    except (ValueError, OverflowError):
        fields.wrong(key, f"{key} is {text!r}", "write a day like 2026-11-05, today, today+90 or today-30")
        return ""
    return text


def _phone(fields: Fields) -> PhoneKind:
    code = fields.word("country_code", remedy="add country_code: what stands before national numbers, e.g. 44")
    if code and not re.fullmatch(r"[1-9][0-9]{0,2}", code):
        fields.wrong("country_code", f"country_code is {code!r}", "write the digits after the +, e.g. 44")
        code = "44"
    return PhoneKind(country_code=code)


def _options(fields: Fields, label_limit: int) -> tuple[Option, ...]:
    options: list[Option] = []
    for key, entry in fields.named("options", required=True):
        owner = f"{fields.owner}: option {key!r}"
        if key not in {*"123456789"}:
            remedy = "key 0 leads to a person" if key == "0" else "use a key from 1 to 9"
            fields.report.wrong(entry.line, f"{owner} is not a key of a list", remedy)
        option = fields.fields_of(f"option {key!r}", entry.value, owner)
        if option is None:
            continue
        read = Option(
            key=key,
            name=option.name("name"),
            label=option.text("label", limit=label_limit) or Text(""),
            words=tuple(word for word, _ in option.words("say", required=False)),
            line=entry.line,
        )
        option.finish()
        if read.name and any(read.name == other.name for other in options):
            option.wrong("name", f"the name {read.name!r} is here twice", "an answer must tell the options apart")
        options.append(read)
    check_words(fields, options)
    return tuple(options)


def _autofill(fields: Fields, kind: AskType) -> str:
    default = "tel" if kind == AskType.PHONE else ""
    token = fields.word("autofill", default)
    if token and token not in AUTOFILL.get(kind, ()):
        fits = AUTOFILL.get(kind, ())
        remedy = closest(token, fits, f"use {listed(fits)}") if fits else "delete it"
        fields.wrong("autofill", f"autofill {token!r} does not fit an answer for {kind.value}", remedy)
        return default
    return token


_KINDS: dict[AskType, Callable[[Fields], AnyKind]] = {
    AskType.DIGITS: _digits,
    AskType.NUMBER: _number,
    AskType.MONEY: _money,
    AskType.DATE: _date,
    AskType.PHONE: _phone,
    AskType.YES_NO: lambda fields: YesNoKind(),
    AskType.LIST: lambda fields: ListKind(),
    AskType.SPEECH: _speech,
}
