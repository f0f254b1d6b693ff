"""The Gather of a question: which keys end it, what a recogniser should expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never
from xml.sax.saxutils import quoteattr

from ivr.flow.challenge_words import words_for
from ivr.flow.kinds import (
    DateKind,
    DigitsKind,
    ListKind,
    MoneyKind,
    NumberKind,
    PhoneKind,
    SpeechKind,
    YesNoKind,
)
from ivr.flow.saying import currency_words, is_persian
from ivr.flow.spoken_persian import MONTHS as PERSIAN_MONTHS
from ivr.flow.waits import Asked, AwaitAnswer, AwaitChallenge, Offered

HINTS_MAX = 2000  # characters; Twilio allows 500 phrases
DIGITS = tuple(["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double"])
DIGITS_PERSIAN = tuple(["صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه"])
MONTHS = "January February March April May June July August September October November December"


def gather_attributes(wait: AwaitAnswer, language: str, pause: str, clean: Callable[[str], str]) -> str:
    """Keys and speech both, whichever comes first.

    ``pause``: the silence that ends speech, in seconds or "auto". ``clean`` keeps out what XML cannot carry.
    """
    keys, hints = _expected(wait.asked, language)
    ending = f'numDigits="{keys}" finishOnKey="#"' if keys else 'finishOnKey="#"'
    expecting = f" hints={quoteattr(clean(','.join(hints))[:HINTS_MAX])}" if hints else ""
    return (
        f'input="dtmf speech" {ending} timeout="{wait.timeout_seconds}" speechTimeout="{pause}"'
        f" language={quoteattr(language)}{expecting}"
    )


def challenge_attributes(wait: AwaitChallenge, language: str, pause: int) -> str:
    """One key at most: the way to a person. The recogniser may expect every word there is, not the ones that are right."""
    if wait.digits:
        words = DIGITS_PERSIAN if is_persian(language) else DIGITS
    else:
        words = words_for(language)
    return (
        f'input="dtmf speech" numDigits="1" timeout="{wait.timeout_seconds}" speechTimeout="{pause}"'
        f" language={quoteattr(language)} hints={quoteattr(','.join(words))}"
    )


def spoken_hints(choice: Offered) -> tuple[str, ...]:
    """A comma would part one phrase into two."""
    return tuple(phrase.replace(",", "").replace("،", "") for phrase in (choice.label, *choice.words))


def _expected(asked: Asked, language: str) -> tuple[int, list[str]]:
    """How many keys make it whole (0: only hash or the timeout ends it), and phrases likely to be said."""
    match asked.kind:
        case DigitsKind(max_length=most):
            return most, []
        case NumberKind():
            return 0, ["ممیز" if is_persian(language) else "point"]
        case MoneyKind(currency=currency):
            return 0, [currency_words(currency, language)]
        case DateKind():
            return 8, list(PERSIAN_MONTHS) if is_persian(language) else MONTHS.split()
        case PhoneKind():
            return 0, [] if is_persian(language) else ["double", "triple", "oh", "plus"]
        case YesNoKind() | ListKind():
            return 1, [phrase for choice in asked.choices for phrase in spoken_hints(choice)]
        case SpeechKind():
            return 1, []
        case unreachable:
            assert_never(unreachable)
