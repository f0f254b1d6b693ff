"""The words of the screen that belong to no flow, by language."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from ivr.flow import spoken_persian
from ivr.flow.phrases import phrase


class Labels(msgspec.Struct, frozen=True):
    person: str
    send: str
    captions: str
    on_call: str
    moved: str
    refresh: str
    digits_hint: str
    digits_hint_exact: str
    secret_hint: str
    text_hint: str
    checking_voice: str
    checking_voice_hint: str
    learning_voice: str
    learning_voice_hint: str
    opening_page: str
    opening_page_hint: str
    setting_up: str
    setting_up_hint: str
    in_queue: str
    number_in_queue: str
    next_in_queue: str
    waited: str
    queue_hint: str
    estimate: str
    estimate_one: str
    promised: str
    promised_hint: str
    connecting: str
    connecting_hint: str
    talking: str
    talking_to: str
    talking_hint: str
    ended: str
    ended_hint: str
    lost: str
    unsent: str
    languages: str


_ENGLISH = Labels(
    person="Speak to a person",
    send="Send",
    captions="What the phone says",
    on_call="On your call",
    moved="The call had already moved on. This is where it is now.",
    refresh="Show where the call is now",
    digits_hint="{least} to {most} digits",
    digits_hint_exact="{most} digits",
    secret_hint="Only compared, never shown and never stored.",
    text_hint="Type it, or say it on the phone.",
    checking_voice="Checking your voice…",
    checking_voice_hint="Keep talking on the phone in your normal voice.",
    learning_voice="Learning your voice…",
    learning_voice_hint="Keep talking on the phone in your normal voice.",
    opening_page="Waiting for your page…",
    opening_page_hint="Open the link in the text message we sent.",
    setting_up="Setting up…",
    setting_up_hint="This takes a moment. Stay on the line.",
    in_queue="You are in the queue",
    number_in_queue="number in the queue",
    next_in_queue="You are next",
    waited="waited so far",
    queue_hint="Stay on the line. You keep your place, even if you close this page.",
    estimate="About {minutes} more minutes",
    estimate_one="About one more minute",
    promised="We will call you back",
    promised_hint="On the number ending in {last}, in the place in line you had. You need do nothing; you may close this page.",
    connecting="Putting you through…",
    connecting_hint="An agent is joining your call and already sees what it is about.",
    talking="You are talking to a person",
    talking_to="You are talking to {name}",
    talking_hint="Your agent sees who you are and what you asked for. No need to say it twice.",
    ended="The call has ended",
    ended_hint="This page no longer does anything. You may close it.",
    lost="Reconnecting…",
    unsent="No connection. Your answer is sent as soon as it is back.",
    languages="Language",
)
# Each language in its own name and script, for those who look for it.
_NAMES = {
    "ar": "العربية", "cs": "Čeština", "cy": "Cymraeg", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska",
    "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "zh": "中文",
}  # fmt: skip
_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}


@lru_cache(maxsize=64)
def labels_for(language: str) -> Labels:
    """The words for a BCP 47 ``language``; English where there are none."""
    return Labels(**{name: phrase(getattr(_ENGLISH, name), language) for name in Labels.__struct_fields__})


def name_of(language: str) -> str:
    """What its speakers call a BCP 47 ``language``; the code where we do not know."""
    return _NAMES.get(_primary(language), language)


def numerals(text: str, language: str) -> str:
    """Digits as ``language`` writes them."""
    return spoken_persian.numerals(text) if _primary(language) == "fa" else text


def direction_of(language: str) -> str:
    """``rtl`` or ``ltr``: the writing direction of a BCP 47 ``language``."""
    return "rtl" if _primary(language) in _RIGHT_TO_LEFT else "ltr"


def _primary(language: str) -> str:
    return language.split("-")[0].lower()
