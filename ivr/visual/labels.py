"""The words of the screen that belong to no flow, by language."""

from __future__ import annotations

import datetime
from functools import lru_cache

import msgspec

from ivr.flow import saying
from ivr.flow.phrases import phrase


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    language: str = "en"
    person: str
    send: str
    captions: str
    on_call: str
    moved: str
    refresh: str
    comfort: str
    more_time: str
    aloud: str
    lost: str
    unsent: str
    back: str
    digits_hint: str
    digits_hint_exact: str
    secret_hint: str
    text_hint: str
    number_hint: str
    money_hint: str
    date_hint: str
    date_between: str
    date_example: str
    date_from: str
    date_until: str
    phone_hint: str
    optional: str
    asked_now: str
    confirm_hint: str
    look_again: str
    checking_voice: str
    checking_voice_hint: str
    keep_talking: str
    keep_talking_for: str
    comparing: str
    voice_accepted: str
    voice_rejected: str
    voice_inconclusive: str
    voice_not_live: str
    challenge_failed: str
    voice_matches: str
    say_aloud: str
    say_aloud_hint: str
    say_what_is_asked: str
    say_what_is_asked_hint: str
    learning_voice: str
    learning_voice_hint: str
    learning_voice_progress: str
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
    languages: str
    about: str
    open_document: str
    leads_to: str
    shown_by: str
    answer_yes: str
    answer_no: str
    answered_yes: str
    answered_no: str
    form_sent: str
    agent_looks: str
    agent_looks_unnamed: str
    stop_looking: str
    nobody_looks: str
    let_look: str
    another_screen: str
    on_the_phone: str
    on_the_phone_hint: str


_ENGLISH = Labels(
    person="Speak to a person",
    send="Send",
    captions="What the phone says",
    on_call="On your call",
    moved="The call had already moved on. This is where it is now.",
    refresh="Show where the call is now",
    comfort="Make it easier",
    more_time="More time to answer",
    aloud="Read out what the phone says",
    lost="Reconnecting…",
    unsent="No connection. Your answer is kept and sent as soon as it is back.",
    back="Connected again.",
    digits_hint="{least} to {most} digits",
    digits_hint_exact="{most} digits",
    secret_hint="Only compared, never shown and never stored.",
    text_hint="Type it, or say it on the phone.",
    number_hint="From {least} to {most}",
    money_hint="In {currency}",
    date_hint="Day, month and year",
    date_between="From {earliest} to {latest}",
    date_example=", for example {day}",
    date_from="Not before {day}",
    date_until="Not after {day}",
    phone_hint="With its leading 0, or with + and the country code",
    optional="optional",
    asked_now="asked on the phone now",
    confirm_hint="Is that right?",
    look_again="Not sent yet: please look at the marked answers.",
    checking_voice="Checking your voice…",
    checking_voice_hint="Keep talking on the phone in your normal voice.",
    keep_talking="Keep talking…",
    keep_talking_for="Keep talking… {seconds} s",
    comparing="That is enough. One moment…",
    voice_accepted="Your voice was recognised.",
    voice_rejected="Your voice did not match.",
    voice_inconclusive="Your voice was not checked.",
    voice_not_live="Your voice matches, but what proves that it is no recording was not said.",
    challenge_failed="What you were asked to say was not said, so your voice was not checked.",
    voice_matches="Voice matches so far",
    say_aloud="Say this aloud on the phone now",
    say_aloud_hint="The phone listens for {seconds} seconds after it has asked.",
    say_what_is_asked="Say what the phone asks you to say",
    say_what_is_asked_hint="Listen to the phone, and speak in your normal voice.",
    learning_voice="Learning your voice…",
    learning_voice_hint="Keep talking on the phone in your normal voice.",
    learning_voice_progress="{accepted} of {needed} parts are learnt.",
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
    languages="Language",
    about="What we hold about you",
    open_document="Open",
    leads_to="Leads to {host}, outside this page.",
    shown_by="{name} shows you this",
    answer_yes="Yes",
    answer_no="No",
    answered_yes="You answered: yes",
    answered_no="You answered: no",
    form_sent="You have sent this.",
    agent_looks="{name} is looking at this screen with you.",
    agent_looks_unnamed="Your agent is looking at this screen with you.",
    stop_looking="Stop",
    nobody_looks="Only you see this screen.",
    let_look="Let my agent look",
    another_screen="Open on another screen",
    on_the_phone="This part is on the phone",
    on_the_phone_hint="This page was opened with a code, so it shows nothing private. Listen, and use the keypad.",
)
# Each language in its own name and script, for those who look for it.
_NAMES = {
    "ar": "العربية", "cs": "Čeština", "cy": "Cymraeg", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska",
    "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "zh": "中文",
}  # fmt: skip
_ENGLISH_NAMES = {
    "ar": "Arabic", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "zh": "Chinese",
}  # fmt: skip
_RIGHT_TO_LEFT = {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}


@lru_cache(maxsize=64)
def labels_for(language: str) -> Labels:
    """The words for a BCP 47 ``language``; English where there are none."""
    words = {name: phrase(getattr(_ENGLISH, name), language) for name in Labels.__struct_fields__}
    return Labels(**{**words, "language": language})


def name_of(language: str) -> str:
    """What its speakers call a BCP 47 ``language``; the code where we do not know."""
    return _NAMES.get(_primary(language), language)


def english_name_of(language: str) -> str:
    """What the desk calls a BCP 47 ``language``; the code where we do not know."""
    return _ENGLISH_NAMES.get(_primary(language), language)


def day_in(language: str, day: datetime.date) -> str:
    """A date to read: of Iran's calendar in Persian, else as ISO 8601 has it."""
    return saying.date(day, language) if saying.is_persian(language) else day.isoformat()


def numerals(text: str, language: str) -> str:
    """Digits as ``language`` writes them."""
    return saying.numerals(text, language)


def direction_of(language: str) -> str:
    """``rtl`` or ``ltr``: the writing direction of a BCP 47 ``language``."""
    return "rtl" if _primary(language) in _RIGHT_TO_LEFT else "ltr"


def _primary(language: str) -> str:
    return language.split("-")[0].lower()
