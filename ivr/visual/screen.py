"""The screen in the hand: a function of the session and of the live facts handed in. Nothing here has an effect.

Every value is cleaned by ``plain`` on its way in, so that whoever draws a screen only has to escape for its medium.
"""

from __future__ import annotations

import math
from typing import assert_never

import msgspec

from ivr.flow.definition import Flow, in_language
from ivr.flow.enrolling import advice
from ivr.flow.phrases import phrase
from ivr.flow.saying import speaking_seconds
from ivr.flow.session import Session
from ivr.flow.showing import open_form
from ivr.flow.steps import Factor
from ivr.flow.waits import (
    AnyWait,
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitChoice,
    AwaitConfirmation,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    Offered,
    TalkingToAgent,
    Utterances,
)
from ivr.visual.bodies import (
    Body,
    Choices,
    DigitsField,
    Ended,
    InQueue,
    ReadBack,
    SayAloud,
    SecretField,
    Talking,
    TextField,
    Working,
)
from ivr.visual.cards import AnyCard, card_of
from ivr.visual.fields import fields_of
from ivr.visual.hearing import Hearing, verdict_words
from ivr.visual.labels import Labels, direction_of, labels_for, name_of, numerals
from ivr.visual.looking import Looking, looking_of
from ivr.visual.plain import plain

PERSON_KEY = "0"


class Live(msgspec.Struct, frozen=True):
    """What a screen shows that is not in the session."""

    said: tuple[str, ...] = ()  # what the phone says in this turn
    place: int | None = None  # in the queue, 1 = next
    waited_seconds: int | None = None
    estimate_minutes: int | None = None  # that the wait may still take; None: too little is known
    hearing: Hearing | None = None  # how far listening has come; None: not known here
    agent: str = ""  # name to show of the agent on the way or being talked to


class Button(msgspec.Struct, frozen=True):
    """A tap that is a key."""

    key: str
    label: str


class Language(msgspec.Struct, frozen=True):
    """Another language that the page offers, under its own name."""

    code: str  # BCP 47
    name: str
    direction: str


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    language: str
    direction: str  # ltr | rtl
    step: str  # the same question asked again has the same step: what was typed may stay
    turn: int
    revision: int
    captions: tuple[str, ...]
    verdict: str = ""  # what came of comparing the voice, in words
    body: Body
    buttons: tuple[Button, ...] = ()
    person: Button | None = None  # leads to a person
    languages: tuple[Language, ...] = ()  # that the call may go on in
    card: AnyCard | None = None
    looking: Looking | None = None
    slow: bool = False  # the caller has asked for more time
    aloud: bool = False  # it is known here that the page is read out
    veiled: bool = False  # the page joined by a code: see ``veil``

    @property
    def kind(self) -> str:
        """Name of the body: choices, digits, text, fields, confirmation, secret, challenge, working, queue, talking or ended."""
        return str(self.body.__struct_config__.tag)


def screen_for(flow: Flow, session: Session, live: Live) -> Screen:
    """What the caller's page shows of ``session`` now."""
    flow = in_language(flow, session.language)
    labels = labels_for(flow.language)
    body = _body(session, live, labels, flow.language)
    wait = session.waiting_for
    agent_comes = isinstance(wait, AwaitAgent) and wait.agent is not None  # nothing else can be chosen any more
    offered = () if wait is None or session.ended is not None or agent_comes else wait.choices
    if isinstance(wait, AwaitAnswer) and _by_buttons(wait):
        offered = (*wait.asked.choices, *offered)
    return Screen(
        title=plain(flow.title),
        language=flow.language,
        direction=direction_of(flow.language),
        step=session.step,
        turn=session.turn,
        revision=session.revision,
        captions=() if _is_for_the_ear(session) else tuple(caption for text in live.said if (caption := plain(text))),
        verdict="" if session.ended is not None else verdict_words(session.voice.verdict, session.voice.reason, labels),
        body=body,
        buttons=tuple(Button(each.key, plain(each.label)) for each in offered if each.key != PERSON_KEY),
        person=_person(wait, body, offered, labels),
        languages=_languages(flow, session),
        card=card_of(flow, session, live.agent, labels),
        looking=looking_of(session, live.agent, labels),
        slow=session.pace > 1,
        aloud=session.aloud,
    )


def _body(session: Session, live: Live, labels: Labels, language: str) -> Body:
    if session.ended is not None:
        if session.promised:
            return Ended(labels.promised, numerals(labels.promised_hint.format(last=session.promised[-3:]), language))
        return Ended(labels.ended, labels.ended_hint)
    match session.waiting_for:
        case None:
            return Working(labels.setting_up, labels.setting_up_hint, listening=False)
        case AwaitChoice():
            return Choices()
        case AwaitDigits() as wait:
            hint = numerals(_length_hint(wait.min_length, wait.max_length, labels), language)
            return DigitsField(plain(wait.label), hint, wait.min_length, wait.max_length)
        case AwaitSpeech() as wait:
            return TextField(plain(wait.label), labels.text_hint, wait.max_length)
        case AwaitAnswer() as wait:
            return Choices() if _by_buttons(wait) else fields_of(wait, session.answers, labels)
        case AwaitConfirmation() as wait:
            return ReadBack(plain(wait.label), plain(wait.read_back), labels.confirm_hint)
        case AwaitSecret() as wait:
            return SecretField(plain(wait.label), labels.secret_hint, wait.min_length, wait.max_length)
        case AwaitChallenge() as wait:
            return _challenge(session, wait, live, labels)
        case AwaitFact() as wait:
            return _working(session, wait, live.hearing or Hearing(), labels)
        case AwaitAgent() as wait if wait.agent is not None:
            return Working(labels.connecting, labels.connecting_hint, listening=False)
        case AwaitAgent():
            heading = labels.next_in_queue if live.place == 1 else labels.in_queue
            return InQueue(
                heading, labels.queue_hint, live.place, labels.number_in_queue, live.waited_seconds, labels.waited,
                numerals(_estimate(live.estimate_minutes, labels), language),
            )  # fmt: skip
        case TalkingToAgent() if (form := open_form(session)) is not None:
            return fields_of(form, {}, labels)
        case TalkingToAgent():
            name = plain(live.agent)
            return Talking(labels.talking_to.format(name=name) if name else labels.talking, labels.talking_hint)
        case unreachable:
            assert_never(unreachable)


def _by_buttons(wait: AwaitAnswer) -> bool:
    """One question whose answers are few is asked like a menu: a tap answers it."""
    return not wait.form and bool(wait.asked.choices)


def _languages(flow: Flow, session: Session) -> tuple[Language, ...]:
    if session.ended is not None or session.waiting_for is None:
        return ()
    others = (code for code in flow.languages if code != flow.language)
    return tuple(Language(code, name_of(code), direction_of(code)) for code in others)


def _is_for_the_ear(session: Session) -> bool:
    """Words to be said are shown only on a page that was opened by the link to the number on file."""
    return isinstance(session.waiting_for, AwaitChallenge) and Factor.PAGE not in session.factors


def _challenge(session: Session, wait: AwaitChallenge, live: Live, labels: Labels) -> SayAloud | Working:
    if _is_for_the_ear(session):
        return only_heard(labels)
    hearing = live.hearing or Hearing()
    return SayAloud(
        labels.say_aloud,
        numerals(labels.say_aloud_hint.format(seconds=wait.timeout_seconds), labels.language),
        words=tuple(numerals(word, labels.language) for word in wait.words),
        digits=wait.digits,
        seconds=math.ceil(sum(map(speaking_seconds, live.said))) + wait.timeout_seconds,
        hearing_words=hearing.words(labels) if hearing.matched else "",
    )


def only_heard(labels: Labels) -> Working:
    """In place of words to be said, where they must not be shown."""
    return Working(labels.say_what_is_asked, labels.say_what_is_asked_hint, listening=False)


def _working(session: Session, wait: AwaitFact, hearing: Hearing, labels: Labels) -> Working:
    heard = True, hearing, hearing.words(labels)
    match wait.about:
        case "verdict" if session.voice.challenge is not None:  # all that was to be said has been said
            return Working(labels.checking_voice, labels.setting_up_hint, listening=False)
        case "verdict":
            return Working(labels.checking_voice, labels.checking_voice_hint, *heard)
        case "enrolment":
            return Working(labels.learning_voice, _learning_hint(wait.utterances, labels), *heard)
        case "page":
            return Working(labels.opening_page, labels.opening_page_hint, listening=False)
        case _:
            return Working(labels.setting_up, labels.setting_up_hint, listening=False)


def _learning_hint(utterances: Utterances | None, labels: Labels) -> str:
    """The same advice as on the phone, and how many utterances are good."""
    if utterances is None:
        return labels.learning_voice_hint
    progress = labels.learning_voice_progress.format(accepted=utterances.accepted, needed=utterances.needed)
    told = phrase(advice(utterances.refusal), labels.language)
    return f"{numerals(progress, labels.language)} {told}"


def _person(wait: AnyWait | None, body: Body, offered: tuple[Offered, ...], labels: Labels) -> Button | None:
    """The way to a person.

    In the queue only if the wait itself offers it, for the caller is on that way already. Not beside a field that one
    digit answers: there, the key 0 is an answer.
    """
    if isinstance(body, DigitsField) and body.min_length <= 1:
        return None
    given = next((each for each in offered if each.key == PERSON_KEY), None)
    if given is not None:
        return Button(PERSON_KEY, plain(given.label))
    if isinstance(wait, AwaitAgent | TalkingToAgent) or isinstance(body, Ended):
        return None
    return Button(PERSON_KEY, labels.person)


def _estimate(minutes: int | None, labels: Labels) -> str:
    if minutes is None:
        return ""
    return labels.estimate_one if minutes == 1 else labels.estimate.format(minutes=minutes)


def _length_hint(least: int, most: int, labels: Labels) -> str:
    hint = labels.digits_hint_exact if least == most else labels.digits_hint
    return hint.format(least=least, most=most)
