"""Amounts of money as people say and type them, in English and in Persian. What is in doubt is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from ivr.flow import numerals, numerals_persian, spoken, spoken_persian

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


class _Tongue(NamedTuple):
    tokens_of: Callable[[str], list[str]]
    number: Callable[[Sequence[str]], Decimal | None]
    cardinal: Callable[[Sequence[str]], int | None]
    minus: tuple[str, ...]
    joint: str
    currencies: dict[str, tuple[str, str, str, str]]  # as in ``spoken``


ENGLISH = _Tongue(
    numerals.tokens_of, numerals.spoken_number, numerals.cardinal, ("minus", "negative"), "and", spoken.CURRENCIES
)
PERSIAN = _Tongue(
    numerals_persian.tokens_of, numerals_persian.spoken_number, numerals_persian.cardinal,
    numerals_persian.MINUS, numerals_persian.AND,
    {code: (one, one, hundredth, hundredth) for code, (one, hundredth) in spoken_persian.CURRENCIES.items()},
)  # fmt: skip


def said_amount(text: str, currency: str, tongue: _Tongue) -> Decimal | None:
    """ "£1,204.50", "fifty pounds and twenty pence", "50 pence"; another currency is none."""
    tokens = tongue.tokens_of(text)
    sign = 1
    if tokens and tokens[0] in tongue.minus:
        sign, tokens = -1, tokens[1:]
    marks = (_SYMBOLS.get(currency), currency.casefold())
    if tokens and tokens[0] in marks:
        tokens = tokens[1:]
    elif tokens and tokens[-1] in marks:
        tokens = tokens[:-1]
    one, many, hundredth, hundredths = tongue.currencies.get(currency, ("", "", "", ""))
    small = [token for token in tokens if token in (hundredth, hundredths)]
    if small and tokens[-1] != small[0] or len(small) > 1:
        return None
    tokens = tokens[:-1] if small else tokens
    at = next((at for at, token in enumerate(tokens) if token in (one, many)), None)
    if at is None:
        amount = tongue.number(tokens)
        if small:
            amount = None if amount is None or amount != int(amount) else amount / 100
    else:
        amount, rest = tongue.number(tokens[:at]), tokens[at + 1 :]
        if rest:
            rest = rest[1:] if rest[0] == tongue.joint else rest
            cents = tongue.cardinal(rest)
            whole = amount is not None and amount == int(amount)
            amount = amount + Decimal(cents) / 100 if whole and cents is not None and 0 < cents < 100 else None
        elif small:
            amount = None
    return None if amount is None or amount < 0 else sign * amount
