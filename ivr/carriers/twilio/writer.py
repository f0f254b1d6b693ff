"""TwiML as a pure function of a turn's events and its wait."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from ivr.carriers.base import Addresses
from ivr.carriers.twilio.gathering import challenge_attributes, gather_attributes, spoken_hints
from ivr.carriers.twilio.voices import has_voice
from ivr.flow import phrases
from ivr.flow.definition import Flow
from ivr.flow.events import AnyEvent, Said
from ivr.flow.pace import NORMAL
from ivr.flow.session import Session
from ivr.flow.waits import (
    AwaitAgent,
    AwaitAnswer,
    AwaitChallenge,
    AwaitChoice,
    AwaitConfirmation,
    AwaitDigits,
    AwaitFact,
    AwaitSecret,
    AwaitSpeech,
    TalkingToAgent,
)  # fmt: skip

HEADER = '<?xml version="1.0" encoding="UTF-8"?>'
WAIT_SECONDS = 8  # between two tellings of the place in the queue
POLL_SECONDS = 2  # a hold looks again this often; the fact itself redirects the call at once
AGAIN_SECONDS = 5  # between two tries to draw a call while something of ours does not work
SLOW_PAUSE_SECONDS = 4  # of silence that end what a slow speaker says; "auto" is the first short pause
CHALLENGE_PAUSE_SECONDS = 2  # people breathe between two digits
REMIND_EVERY = 4  # polls between two reminders
# Characters that XML 1.0 cannot carry, and the bidirectional overrides that can make a text read as another.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")


def document(flow: Flow, session: Session, events: Sequence[AnyEvent], to: Addresses, poll: int = 0) -> str:
    """The document of the session's present turn. ``poll``: how often this hold has looked already (0 = first)."""
    said = [event for event in events if isinstance(event, Said)] if not poll else []
    # Whatever must be heard stands outside the Gather, where no key interrupts it, with all that precedes it.
    first = max((i for i, one in enumerate(said) if one.must_hear), default=-1) + 1
    spoken = [_prompt(one.text, one.language or flow.language, str(i), to) for i, one in enumerate(said)]
    lead = "".join(spoken[:first])
    if session.voice.wanted and not session.voice.running and session.ended is None:
        lead += _stream(to)
    elif session.voice.running and not session.voice.wanted:
        lead += '<Stop><Stream name="voice"/></Stop>'  # it turned out that this voice may not be listened to
    inner = "".join(spoken[first:])
    return f"{HEADER}<Response>{lead}{_body(flow, session, inner, to, poll)}</Response>"


def waiting_document(text: str, language: str, chosen: str = "", to: Addresses | None = None) -> str:
    """What a caller in the queue hears: Twilio asks for it again whenever it has run out.

    ``chosen``: where a key goes, if the queue offers choices. Silence runs on, past the Gather.
    """
    said = _say(text, language) if to is None else _prompt(text, language, "waiting", to)
    if chosen:
        keys = f'<Gather input="dtmf" numDigits="1" timeout="{WAIT_SECONDS}" action={quoteattr(chosen)} method="POST">'
        return f"{HEADER}<Response>{keys}{said}</Gather></Response>"
    return f'{HEADER}<Response>{said}<Pause length="{WAIT_SECONDS}"/></Response>'


def leave_document() -> str:
    """Out of the waiting room: the carrier then asks the Enqueue's action where to go."""
    return f"{HEADER}<Response><Leave/></Response>"


def apology(text: str, language: str, *, number: str | None = None, again: str | None = None) -> str:
    """Where nothing else can be drawn: apologise, then a person's number, or another try at ``again``, or the end."""
    if number:
        rest = f"<Dial>{_text(number)}</Dial>"
    elif again:
        rest = f'<Pause length="{AGAIN_SECONDS}"/><Redirect method="POST">{_text(again)}</Redirect>'
    else:
        rest = "<Hangup/>"
    return f"{HEADER}<Response>{_say(text, language)}{rest}</Response>"


def agent_document(text: str, language: str, confirm: str) -> str:
    """The agent's phone: a key confirms that a person, not a voicemail, has answered."""
    gather = (
        f'<Gather input="dtmf" numDigits="1" timeout="10" action={quoteattr(confirm)} method="POST">'
        f"{_say(text, language)}</Gather>"
    )
    return f"{HEADER}<Response>{gather}<Hangup/></Response>"


def agent_room_document(room: str, events_url: str) -> str:
    """The agent joins the room first. When they leave, the conference ends and the caller returns to the flow."""
    conference = (
        f'<Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="true" waitUrl=""'
        f' statusCallback={quoteattr(events_url)} statusCallbackEvent="join leave end">{_text(room)}</Conference>'
    )
    return f"{HEADER}<Response><Dial>{conference}</Dial></Response>"


def hang_up_document() -> str:
    return f"{HEADER}<Response><Hangup/></Response>"


def _body(flow: Flow, session: Session, inner: str, to: Addresses, poll: int) -> str:
    wait = session.waiting_for
    pause = "auto" if session.pace == NORMAL else SLOW_PAUSE_SECONDS
    match wait:
        case None:
            return inner + "<Hangup/>"
        case AwaitAnswer():
            return _gather(inner, to, gather_attributes(wait, flow.language, pause, _clean))
        case AwaitChoice() | AwaitConfirmation():
            hints = ",".join(phrase for c in wait.choices for phrase in spoken_hints(c))[:2000]
            return _gather(
                inner, to, f'input="dtmf speech" numDigits="1" timeout="{wait.timeout_seconds}" speechTimeout="{pause}"'
                f" language={quoteattr(flow.language)} hints={quoteattr(_clean(hints))}",
            )  # fmt: skip
        case AwaitDigits() | AwaitSecret():
            keys = f'input="dtmf" numDigits="{wait.max_length}" finishOnKey="#" timeout="{wait.timeout_seconds}"'
            return _gather(inner, to, keys, action=to.secret if isinstance(wait, AwaitSecret) else to.answer)
        case AwaitSpeech():
            return _gather(
                inner, to, f'input="dtmf speech" numDigits="1" timeout="{wait.timeout_seconds}" speechTimeout="{pause}"'
                f" language={quoteattr(flow.language)}",
            )  # fmt: skip
        case AwaitChallenge():
            pause = CHALLENGE_PAUSE_SECONDS if session.pace == NORMAL else SLOW_PAUSE_SECONDS
            return _gather(inner, to, challenge_attributes(wait, flow.language, pause))
        case AwaitFact():
            if poll and poll % REMIND_EVERY == 0:
                about_voice = wait.about in ("verdict", "enrolment") and session.voice.challenge is None
                text, name = (phrases.KEEP_TALKING, "keep_talking") if about_voice else (phrases.CHECKING, "checking")
                inner = _prompt(phrases.phrase(text, flow.language), flow.language, name, to)
            return _gather(inner, to, f'input="dtmf" numDigits="1" timeout="{POLL_SECONDS}"', poll + 1)
        case AwaitAgent():
            # One Twilio queue for each call: it is only a waiting room, our own queue decides who is next.
            return (
                f'{inner}<Enqueue action={quoteattr(to.left)} method="POST" waitUrl={quoteattr(to.wait)}'
                f' waitUrlMethod="POST">{_text(to.draw.rpartition("/voice/c/")[2].partition("/")[0])}</Enqueue>'
            )
        case TalkingToAgent():
            return (
                f'{inner}<Dial action={quoteattr(to.left)} method="POST"><Conference beep="false"'
                f' startConferenceOnEnter="true" endConferenceOnExit="true" waitUrl="">{_text(wait.room)}'
                "</Conference></Dial>"
            )
        case _:
            assert_never(wait)


def _gather(inner: str, to: Addresses, attributes: str, poll: int = 0, action: str = "") -> str:
    """Silence is an answer too (actionOnEmptyResult); the Redirect only guards against a carrier that ignores it."""
    action = (action or to.answer) + (f"&p={poll}" if poll else "")
    return (
        f'<Gather {attributes} action={quoteattr(action)} method="POST" actionOnEmptyResult="true">{inner}</Gather>'
        f'<Redirect method="POST">{_text(to.draw)}</Redirect>'
    )


def _stream(to: Addresses) -> str:
    return (
        f'<Start><Stream name="voice" url={quoteattr(to.stream)} track="inbound_track"'
        f' statusCallback={quoteattr(to.stream_ended)} statusCallbackMethod="POST">'
        f'<Parameter name="ticket" value={quoteattr(to.ticket)}/></Stream></Start>'
    )


def _prompt(text: str, language: str, name: str, to: Addresses) -> str:
    """Spoken by the carrier where it has a voice, else played from the address of the prompt called ``name``."""
    if to.prompt is None or has_voice(language) or language.partition("-")[0] not in to.played:
        return _say(text, language)
    return f"<Play>{_text(to.prompt(name))}</Play>"


def _say(text: str, language: str) -> str:
    return f"<Say language={quoteattr(language)}>{_text(text)}</Say>"


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub("", text)


def _text(text: str) -> str:
    return escape(_clean(text))
