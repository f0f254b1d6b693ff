"""Liquid filters that turn a value into what a voice should say (UK English)."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation

CURRENCIES = {  # ISO 4217 code → (one, many, one hundredth, many hundredths)
    "GBP": ("pound", "pounds", "penny", "pence"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "USD": ("dollar", "dollars", "cent", "cents"),
}


def money(value: object) -> str:
    """ "1204.50 GBP" → "1,204 pounds and 50 pence". A currency without words here keeps its code."""
    amount, code = parse_money(str(value))
    sign = "minus " if amount < 0 else ""
    amount = abs(amount)
    if code not in CURRENCIES:
        return f"{sign}{amount:,.2f} {code}"
    one, many, hundredth, hundredths = CURRENCIES[code]
    whole, rest = divmod(int((amount * 100).to_integral_value()), 100)
    parts = [f"{whole:,} {one if whole == 1 else many}"] if whole or not rest else []
    parts += [f"{rest} {hundredth if rest == 1 else hundredths}"] if rest else []
    return sign + " and ".join(parts)


def parse_money(value: str) -> tuple[Decimal, str]:
    """ "1204.50 GBP" → (Decimal("1204.50"), "GBP"). Raises ValueError on anything else."""
    number, _, code = value.strip().partition(" ")
    try:
        amount = Decimal(number)
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or abs(amount) >= 10**15 or not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError("money is written as a number and a currency, e.g. 1204.50 GBP")
    return amount, code


def digits(value: object) -> str:
    """ "4711" → "4 7 1 1", so that a voice spells it instead of counting thousands."""
    return " ".join(character for character in _whole(value) if not character.isspace())


def last(value: object, count: object = 4) -> str:
    """The last ``count`` characters, e.g. of an account number."""
    text = _whole(value)
    wanted = int(str(count))
    return text[-wanted:] if wanted > 0 else ""


def date(value: object) -> str:
    """ "2026-11-05" → "5 November 2026". Raises ValueError on another form."""
    day = datetime.date.fromisoformat(str(value)[:10])
    return f"{day.day} {day:%B} {day.year}"


def _whole(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
