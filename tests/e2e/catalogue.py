"""Every kind of the caller's screen once, drawn by the real renderer from a session over the double."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from double import CARD, MENU, MESSAGE, PIN, Double

from ivr.flow.asking import CONFIRMATION, YES_NO
from ivr.flow.cards import AnyShown, ShownDocument, ShownLink, ShownQuestion
from ivr.flow.kinds import DateKind, MoneyKind, NumberKind, PhoneKind, SpeechKind, YesNoKind
from ivr.flow.phrases import phrase
from ivr.flow.steps import Factor
from ivr.flow.waits import (
    AnyWait,
    Asked,
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitConfirmation,
    AwaitFact,
    Offered,
    TalkingToAgent,
)
from ivr.visual.hearing import Hearing
from ivr.visual.screen import Live

PERSON = Offered("0", "Speak to a person")


FORM = (
    Asked(name="day", label="Day", kind=DateKind(earliest="2026-11-22", latest="2027-02-19", today="2026-11-21")),
    Asked(name="phone", label="Phone number", kind=PhoneKind(country_code="44"), autofill="tel"),
    Asked(name="sum", label="Amount", kind=MoneyKind(currency="GBP"), optional=True),
    Asked(name="text_me", label="Text me a reminder", kind=YesNoKind(), choices=YES_NO),
    Asked(name="note", label="Anything we should know", kind=SpeechKind(), optional=True),
)
COUNT = Asked(name="count", label="How many people", kind=NumberKind(decimals=0))


class Shown(NamedTuple):
    wait: AnyWait | None
    said: str
    live: Live = Live()
    ended: str | None = None
    card: AnyShown | None = None


SCREENS: dict[str, Shown] = {
    "choices": Shown(MENU, "Welcome to Riverside Bank. How can I help?"),
    "digits": Shown(CARD, "Please key in the last four digits of the card, then press hash."),
    "text": Shown(MESSAGE, "What should we pass on?"),
    "secret": Shown(PIN, "Please key in your PIN, then press hash."),
    "number": Shown(
        AwaitAnswer(fields=(COUNT,), current="count", form=False, timeout_seconds=8, choices=(PERSON,)), "How many?"
    ),
    "form": Shown(
        AwaitAnswer(fields=FORM, current="phone", form=True, timeout_seconds=8, choices=(PERSON,)), "Which number?"
    ),
    "read back": Shown(
        AwaitConfirmation(
            name="day",
            answer="2026-12-05",
            label="Day",
            read_back="5 December 2026",
            timeout_seconds=6,
            choices=CONFIRMATION,
        ),
        "I understood 5 December 2026. Press 1 if that is right, 2 to give it again.",
    ),
    "challenge": Shown(
        AwaitChallenge(
            request="v", words=("4", "7", "1", "2", "9", "0"), timeout_seconds=6, patience="p", choices=(PERSON,)
        ),
        "Please say the digits on your screen.",
        Live(hearing=Hearing(matched=True)),
    ),
    "challenge, words": Shown(
        AwaitChallenge(
            request="v",
            words=("mountain", "candle", "turtle", "window"),
            timeout_seconds=18,
            patience="p",
            choices=(PERSON,),
        ),
        "Please say the words on your screen.",
    ),
    "checking": Shown(AwaitFact(request="r", about="verdict", choices=(PERSON,)), "Please tell me what you need."),
    "page": Shown(
        AwaitFact(request="r", about="page", choices=(Offered("1", "Go on without the page"), PERSON)),
        "Open the link on your phone.",
    ),
    "lookup": Shown(AwaitFact(request="r", about="lookup", choices=(PERSON,)), "One moment, please."),
    "queue": Shown(AwaitAgent(request="r", queue="q", waiting="w"), "Please hold.", Live(place=3, waited_seconds=61)),
    "connecting": Shown(AwaitAgent(request="r", queue="q", waiting="w", agent="sam", room="x"), "Please hold."),
    "talking": Shown(TalkingToAgent(agent="sam", room="x"), "", Live(agent="Sam")),
    "talking, a question": Shown(
        TalkingToAgent(agent="sam", room="x"),
        "",
        Live(agent="Sam"),
        card=ShownQuestion(id="q", title="Shall I block the card now?", agent="sam"),
    ),
    "choices, a link": Shown(
        MENU,
        "How can I help?",
        card=ShownLink(title="Opening hours", url="https://bank.example/hours", text="All branches", public=True),
    ),
    "choices, a document": Shown(
        MENU, "How can I help?", card=ShownDocument(title="Our fees", file="fees.pdf", public=True)
    ),
    "ended": Shown(None, "Goodbye.", ended="flow_finished"),
}


PERSIAN = {  # what the flow of these screens says; our own words have their catalogue
    "Riverside Bank": "بانک ریورساید",
    "Balance and payments": "موجودی و پرداخت‌ها",
    "Report a lost card": "اعلام گم شدن کارت",
    "Set up voice recognition": "راه‌اندازی شناسایی با صدا",
    "Leave a message": "گذاشتن پیام",
    "Welcome to Riverside Bank. How can I help?": "به بانک ریورساید خوش آمدید. چه کاری از من برمی‌آید؟",
    "How can I help?": "چه کاری از من برمی‌آید؟",
    "Your PIN": "رمز شما",
    "Please key in your PIN, then press hash.": "لطفاً رمز خود را وارد کنید و سپس کلید مربع را فشار دهید.",
    "Last four digits of the card": "چهار رقم پایانی کارت",
    "Please key in the last four digits of the card, then press hash.": "لطفاً چهار رقم پایانی کارت را وارد کنید.",
    "What should we pass on?": "چه پیامی را برسانیم؟",
    "How many people": "چند نفر",
    "How many?": "چند نفر هستید؟",
    "Day": "روز",
    "Phone number": "شمارهٔ تلفن",
    "Amount": "مبلغ",
    "Text me a reminder": "یادآوری با پیامک",
    "Anything we should know": "چیزی هست که باید بدانیم؟",
    "Which number?": "با کدام شماره تماس بگیریم؟",
    "5 December 2026": "۱۴ آذر ۱۴۰۵",
    "I understood 5 December 2026. Press 1 if that is right, 2 to give it again.": (
        "متوجه شدم: ۱۴ آذر ۱۴۰۵. اگر درست است کلید ۱ و برای پاسخ دوباره کلید ۲ را فشار دهید."
    ),
    "Please say the digits on your screen.": "لطفاً رقم‌های روی صفحه را بگویید.",
    "Please say the words on your screen.": "لطفاً کلمه‌های روی صفحه را بگویید.",
    "mountain": "درخت",
    "candle": "چراغ",
    "turtle": "خرگوش",
    "window": "آتش",
    "Please tell me what you need.": "لطفاً بگویید چه می‌خواهید.",
    "Open the link on your phone.": "پیوند را در تلفن خود باز کنید.",
    "Please hold.": "لطفاً منتظر بمانید.",
    "Sam": "سام",
    "Shall I block the card now?": "کارت را اکنون مسدود کنم؟",
    "Opening hours": "ساعت‌های کار",
    "All branches": "همهٔ شعبه‌ها",
    "Our fees": "کارمزدهای ما",
}


def translated(value, language: str):
    """A screen's session with every text of it in ``language``."""
    if language.split("-")[0] == "en":
        return value
    match value:
        case str():
            return PERSIAN.get(value) or phrase(value, language)
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **{name: translated(each, language) for name, each in fields.items()})
        case tuple() if type(value) is tuple:
            return tuple(translated(each, language) for each in value)
        case _:
            return value


def show(services: Double, name: str, call: str = "call1") -> int:
    """Bring the call to that screen, in the language of the double's flow; its turn."""
    shown = Shown(*(translated(each, services.flow.language) for each in SCREENS[name]))
    services.facts = shown.live
    said = (shown.said,) if shown.said else ()
    proven = (Factor.PAGE,) if isinstance(shown.wait, AwaitChallenge) else ()  # only there are the words shown
    return services.waits(call, shown.wait, *said, step=name, ended=shown.ended, shown=shown.card, factors=proven).turn
