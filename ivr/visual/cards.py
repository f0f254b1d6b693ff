"""The card on the page: a picture, a document, a link, or an agent's question, with its words cleaned."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from ivr.flow.cards import ShownDocument, ShownLink, ShownPicture, ShownQuestion, YesNo
from ivr.flow.definition import Flow
from ivr.flow.session import Session
from ivr.flow.waits import TalkingToAgent
from ivr.visual.labels import Labels
from ivr.visual.plain import plain

KIBIBYTE = 1024


class Card(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    by: str  # who shows it; "" = the flow

    @property
    def kind(self) -> str:
        """picture, document, link or question."""
        return str(self.__struct_config__.tag)


class Picture(Card, frozen=True, kw_only=True, tag="picture"):
    file: str
    width: int  # pixels
    height: int


class Document(Card, frozen=True, kw_only=True, tag="document"):
    file: str
    detail: str  # kind and size
    action: str


class WebLink(Card, frozen=True, kw_only=True, tag="link"):
    url: str
    text: str
    detail: str  # where it leads


class Question(Card, frozen=True, kw_only=True, tag="question"):
    id: str
    yes: str
    no: str
    answer: str  # what the caller has answered, in words; "" = not yet


AnyCard = Picture | Document | WebLink | Question


def card_of(flow: Flow, session: Session, agent: str, labels: Labels) -> AnyCard | None:
    """``agent``: name to show. An unanswered question is there only while its agent can hear the answer."""
    shown = session.shown
    if shown is None:
        return None
    title = plain(shown.title)
    by = labels.shown_by.format(name=plain(agent)) if shown.agent and agent else ""
    match shown:
        case ShownPicture() if shown.file in flow.media:
            media = flow.media[shown.file]
            return Picture(title=title, by=by, file=shown.file, width=media.width, height=media.height)
        case ShownDocument() if shown.file in flow.media:
            size = -(-flow.media[shown.file].size // KIBIBYTE)
            kind = shown.file.rsplit(".", 1)[-1].upper()
            return Document(
                title=title, by=by, file=shown.file, detail=f"{kind}, {size} KB", action=labels.open_document
            )
        case ShownLink():
            detail = labels.leads_to.format(host=urlsplit(shown.url).netloc)
            return WebLink(title=title, by=by, url=shown.url, text=plain(shown.text), detail=detail)
        case ShownQuestion() if shown.answer is not None or isinstance(session.waiting_for, TalkingToAgent):
            answers = {None: "", YesNo.YES: labels.answered_yes, YesNo.NO: labels.answered_no}
            return Question(
                title=title, by=by, id=shown.id, yes=labels.answer_yes, no=labels.answer_no,
                answer=answers[shown.answer],
            )  # fmt: skip
        case _:
            return None


def without_personal_words(card: AnyCard | None, session: Session, hidden: str) -> AnyCard | None:
    """``card`` for somebody who may not read the caller's own values: ``hidden`` in place of words that may hold one."""
    if card is None or (session.shown is not None and session.shown.public):
        return card
    return replace(card, title=hidden, text="") if isinstance(card, WebLink) else replace(card, title=hidden)
